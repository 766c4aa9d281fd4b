"""The notebooks of the site run from top to bottom, and what they show is what they computed."""

import os
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat", reason="comes with the extra docs")
nbclient = pytest.importorskip("nbclient", reason="comes with the extra docs")
pytest.importorskip("ipykernel", reason="comes with the extra docs")

NOTEBOOKS = sorted((Path(__file__).parents[1] / "docs/notebooks").glob("*.ipynb"))


def kinds(cell):
    """What a cell shows, without numbers, which another processor may round differently."""
    return [output.get("output_type") for output in cell.get("outputs", ())]


def test_notebooks_are_found():
    assert len(NOTEBOOKS) == 2


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_shows_what_is_committed(path, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parents[1] / "src")]))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    committed = nbformat.read(path, as_version=4)
    assert any(kinds(cell) for cell in committed.cells), "run it once, then commit its outputs"
    fresh = nbformat.read(path, as_version=4)
    client = nbclient.NotebookClient(
        fresh, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
    shown = [kinds(cell) for cell in fresh.cells]
    without_streams = [[kind for kind in each if kind != "stream"] for each in shown]
    expected = [[kind for kind in kinds(cell) if kind != "stream"] for cell in committed.cells]
    assert without_streams == expected
