"""The script that makes a card's figures."""

import importlib.util
from pathlib import Path
from types import ModuleType, SimpleNamespace

import fakes
import numpy as np
import pytest

from fervid.evaluation import evaluate
from fervid.folds import k_fold

pytestmark = pytest.mark.usefixtures("no_page")


@pytest.fixture
def script() -> ModuleType:
    path = Path(__file__).parents[2] / "training" / "card.py"
    spec = importlib.util.spec_from_file_location("card", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_figures_against_counting(script, tmp_path) -> None:
    store = fakes.store()
    report = evaluate(fakes.FakeSystem(), store, k_fold(store.database.clips, 3), tmp_path / "run")
    keys = {name: SimpleNamespace(key=name) for name in report.clip.tolist()}
    keys["trained on"] = SimpleNamespace(key=report.clip[3])
    copy = script.copied(report, SimpleNamespace(rows=keys))
    assert np.flatnonzero(copy).tolist() == [3]
    lines = script.card(report, copy).splitlines()
    right, called = report.right(report.output), report.probabilities[report.output].argmax(1)
    drawn = report.scores[report.output].accuracy
    between = f"[{100 * drawn.low:.1f}, {100 * drawn.high:.1f}]"
    assert lines[0] == f"all: {100 * right.mean():.1f} {between} of {len(right)} clips"
    assert lines[1].startswith(f"without 1 copies: {100 * right[~copy].mean():.1f} [")
    assert lines[1].endswith(f"of {len(right) - 1}")
    for place, (label, line) in enumerate(zip(report.labels, lines[5:], strict=True)):
        mine, said = report.target == place, called == place
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        assert cells[:2] == [label, str(mine.sum())]
        assert cells[2].startswith(f"{100 * right[mine].mean():.1f} [")
        assert cells[3] == (f"{100 * right[said].mean():.1f}" if said.any() else "–")
