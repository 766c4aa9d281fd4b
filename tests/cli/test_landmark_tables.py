"""OpenFace's and py-feat's tables from the command line: prepare, evaluate, refuse."""

import json

import numpy as np
import pytest
from forging import forge


@pytest.fixture
def table_store(run, tmp_path):
    """Twelve clips of six people whose mouths open by their label; landmarks alone."""
    openface, root = forge("openface"), tmp_path / "processed"
    for number in range(12):
        label = ("anger", "happy")[number % 2]
        points = openface.face(number)
        points[:, 60:68, 1] += 2.0 * (number % 2) * np.arange(8)[:, None]
        openface.write(root / label / f"S{number // 2}" / f"c{number}.csv", {0: points})
    words = ("prepare", "openface", root, "--store", tmp_path / "store", "--set", "subject=parent")
    done = run(*words)
    assert done.exit_code == 0, done.output
    assert "face finder: table" in done.stdout and "12 clips prepared" in done.stdout
    assert "12 already there" in run(*words).stdout
    return tmp_path / "store"


def test_landmarks_alone(run, refused, table_store, tmp_path, no_page) -> None:
    words = ("--store", table_store, "--protocol", "loso", "--validation", 0)
    quick = ("--set", "geometry.plan.epochs=30", "--set", "geometry.layers=D1176-FC8-FC8-S")
    done = run("evaluate", "dtgn", *words, *quick, "--device", "cpu", "--out", tmp_path / "run")
    assert done.exit_code == 0, done.output
    facts = json.loads((tmp_path / "run" / "report.json").read_text())["facts"]
    assert facts["subjects"] == 6
    assert "dtgn" in done.stdout and "dtan" not in done.stdout
    done = run("evaluate", "linear", *words, "--out", tmp_path / "linear")
    assert done.exit_code == 0 and "landmarks, linear" in done.stdout
    for name in ("tfe", "dtagn"):
        said = refused("evaluate", name, *words, "--out", tmp_path / name)
        assert said.startswith("anger/S0/c0.csv has landmarks without pictures, but")
    model = tmp_path / "model.safetensors"
    said = refused("train", "tfe", "--store", table_store, "--out", tmp_path / "tfe.safetensors")
    assert "tfe needs pictures: evaluate dtgn or linear" in said
    done = run("train", "dtgn", "--store", table_store, "--out", model, *quick)
    assert done.exit_code == 0 and model.is_file(), done.output


def test_a_finder_of_ones_own_is_refused(refused, tmp_path) -> None:
    root = forge("fex").make(tmp_path / "tables")
    said = refused("prepare", "fex", root, "--store", tmp_path / "store", "--faces", "builtin")
    assert said == "fex brings its own landmarks: leave the face finder out"
