"""Packages of others join the catalogues; docs/extending.md holds a whole system."""

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import fakes
import pytest

from fervid.evaluation import evaluate
from fervid.folds import make
from fervid.plugins import joined

PAGE = Path(__file__).parents[1] / "docs" / "extending.md"


@pytest.fixture
def package(tmp_path, monkeypatch) -> Path:
    """An installed package: a module and its metadata on the path."""
    code = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert code
    (tmp_path / "mine.py").write_text(code[1] + "\n\ndef load_office(root):\n    return root\n")
    info = tmp_path / "mine-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        textwrap.dedent("""\
        [fervid.systems]
        nearest-mean = mine:SYSTEM
        [fervid.databases]
        office = mine:load_office
        """)
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.modules.pop("mine", None)


def test_a_system_of_another_package_is_evaluated_as_all_others(package, tmp_path) -> None:
    system = joined({}, "fervid.systems")["nearest-mean"]
    assert system.per_frame is False
    store = fakes.store()
    report = evaluate(system, store, make("five-fold", store.database.clips), tmp_path / "run")
    assert report.facts["recipe"] == {"name": "nearest-mean", "sharpness": 1.0}
    assert report.scores["mean"].accuracy.value > 0.5


def test_both_catalogues_and_the_command_know_it(package) -> None:
    code = (
        "from fervid.databases import DATABASES; from fervid.cli import main; "
        "assert DATABASES['office'](7) == 7; main(['systems', 'nearest-mean'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True,
        env={"PYTHONPATH": f"{package}:{Path(__file__).parents[1] / 'src'}"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "sharpness" in done.stdout and "of the probabilities" in done.stdout


def test_a_package_that_cannot_be_loaded_or_takes_our_name_is_left_out(package) -> None:
    (package / "mine.py").write_text("raise RuntimeError('out of date')")
    with pytest.warns(UserWarning, match=r"nearest-mean of mine .*out of date"):
        assert joined({"a": 1}, "fervid.systems") == {"a": 1}
    with pytest.warns(UserWarning, match="has a name that fervid uses"):
        assert joined({"nearest-mean": 1}, "fervid.systems") == {"nearest-mean": 1}
