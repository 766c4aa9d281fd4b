"""Runs' out-of-fold predictions -> clips to look at."""

import csv
from pathlib import Path

import numpy as np
import pytest

from fervid.clip import Clip
from fervid.errors import InputError, OutputError
from fervid.evaluation.report import assemble
from fervid.evaluation.tables import write_tables
from fervid.suggest import suggest_clips
from fervid.suggest.clips import NONE, confident_label

LABELS = ("anger", "fear", "happiness")


def forged(folder: Path, rows: dict[str, tuple[str, tuple[float, ...]]], second=None) -> Path:
    """A run whose clips have these labels and probabilities; perhaps of a second network, too."""
    clips = np.array(list(rows))
    subjects = np.array([f"S{number % 4}" for number in range(len(rows))])
    target = np.array([LABELS.index(label) for label, _ in rows.values()])
    networks = {"joint": np.array([values for _, values in rows.values()], np.float32)}
    if second is not None:
        networks["other"] = np.array(second, np.float32)
    folds = ({"name": "1", "train": 1, "validation": 0, "test": 1, "tested": 1, "seconds": 0.0,
              "subjects": sorted(set(subjects))},)  # fmt: skip
    report = assemble({"system": "test"}, LABELS, "", "joint", folds, missing=(),
                      names=(clips, subjects), fold=np.full(len(clips), "1"), target=target,
                      probabilities=networks)  # fmt: skip
    write_tables(report, folder)
    return folder


# Mean self-confidence: anger (0.9 + 0.8 + 0.1) / 3 = 0.6, fear (0.7 + 0.5) / 2 = 0.6, happiness
# (0.8 + 0.02) / 2 = 0.41.
ROWS = {
    "a1": ("anger", (0.9, 0.05, 0.05)),
    "a2": ("anger", (0.8, 0.1, 0.1)),
    "a3": ("anger", (0.1, 0.7, 0.2)),  # fear reaches 0.6: likely wrong
    "f1": ("fear", (0.2, 0.7, 0.1)),
    "f2": ("fear", (0.05, 0.5, 0.45)),  # happiness reaches 0.41, fear not 0.6: likely wrong
    "h1": ("happiness", (0.1, 0.1, 0.8)),
    "h2": ("happiness", (0.5, 0.48, 0.02)),  # nothing is reached: no error, but narrow
}


def test_confident_label_by_hand() -> None:
    given = np.array([LABELS.index(label) for label, _ in ROWS.values()])
    probabilities = np.array([values for _, values in ROWS.values()])
    names = [LABELS[c] if c != NONE else "" for c in confident_label(probabilities, given)]
    assert names == ["anger", "anger", "fear", "fear", "happiness", "happiness", ""]


def test_confident_label_slowly() -> None:
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.full(5, 0.4), 200)
    given = np.where(rng.random(200) < 0.7, p.argmax(axis=1), rng.integers(4, size=200))  # 4: none
    t = [np.mean([p[n, j] for n in range(200) if given[n] == j] or [np.inf]) for j in range(5)]
    for n, found in enumerate(confident_label(p, given)):
        above = [j for j in range(5) if p[n, j] >= t[j]]
        assert found == (max(above, key=lambda j, n=n: p[n, j]) if above else NONE)


def test_one_run(tmp_path) -> None:
    found = suggest_clips([forged(tmp_path / "run", ROWS)])
    assert (found.errors, found.clips) == (2, 7)
    named = [(each.clip, each.label, each.suggested) for each in found.suggestions]
    assert named == [("a3", "anger", "fear"), ("f2", "fear", "happiness"),
                     ("h2", "happiness", "anger")]  # fmt: skip
    first, second, third = found.suggestions
    assert first.self_confidence == pytest.approx(0.1) and first.agreement == 1
    assert first.reasons == ("likely label error: fear 0.70, its label 0.10",)
    assert second.reasons[1] == "narrow: 0.05 between the two likeliest"
    assert third.reasons == ("narrow: 0.02 between the two likeliest",)
    assert "2 of 7 clips are likely label errors" in found.text()
    assert [each.clip for each in suggest_clips([tmp_path / "run"], n=2).suggestions] == [
        "a3",
        "f2",
    ]


def test_repeats_and_networks_that_disagree(tmp_path) -> None:
    """Three repeats; one calls a2 fear with little doubt."""
    turned = ROWS | {"a2": ("anger", (0.3, 0.6, 0.1))}
    for number, rows in enumerate((ROWS, turned, ROWS), 1):
        forged(tmp_path / "run" / f"repeat-{number:02d}", rows)
    found = suggest_clips([tmp_path / "run"])
    a2 = next(each for each in found.suggestions if each.clip == "a2")
    assert a2.agreement == pytest.approx(2 / 3)
    assert a2.reasons == ("runs disagree: 2 anger, 1 fear",)
    assert a2.self_confidence == pytest.approx((0.8 + 0.3 + 0.8) / 3)
    order = [each.clip for each in found.suggestions]
    assert order.index("a2") < order.index("h2")  # before what is only narrow

    second = [(0.1, 0.1, 0.8)] * len(ROWS)
    run = forged(tmp_path / "two", ROWS, second)
    both = suggest_clips([run, f"{run}:other"])
    assert {e.agreement for e in both.suggestions} == {0.5}
    assert suggest_clips([f"{run}:other"]).clips == 7


def test_clips_that_all_answered(tmp_path) -> None:
    run = forged(tmp_path / "a", ROWS)
    fewer = forged(tmp_path / "b", {name: ROWS[name] for name in reversed(list(ROWS)[1:])})
    found = suggest_clips([run, fewer])
    assert found.clips == 6
    a3 = next(each for each in found.suggestions if each.clip == "a3")
    assert a3.self_confidence == pytest.approx(0.1) and a3.agreement == 1


def test_table(tmp_path) -> None:
    found = suggest_clips([forged(tmp_path / "run", ROWS)])
    clips = {name: Clip(name, Path(f"videos/{name}.mp4"), "x", start=3) for name in ROWS}
    rows = list(csv.DictReader(found.table(clips).splitlines()))
    assert [row["clip"] for row in rows] == ["a3", "f2", "h2"]
    assert (rows[0]["path"], rows[0]["start"], rows[0]["end"]) == ("videos/a3.mp4", "3", "")
    assert rows[0]["label"] == "anger" and rows[0]["suggested"] == "fear"
    assert "path" not in found.table().splitlines()[0]


def test_refusals(tmp_path) -> None:
    run = forged(tmp_path / "run", ROWS)
    relabelled = forged(tmp_path / "new", ROWS | {"a3": ("fear", (0.1, 0.7, 0.2))})
    strangers = forged(tmp_path / "far", {f"x{name}": row for name, row in ROWS.items()})
    with pytest.raises(InputError, match="has no network 'vgg': choose one of joint"):
        suggest_clips([f"{run}:vgg"])
    with pytest.raises(InputError, match="other labels for the same clips"):
        suggest_clips([run, relabelled])
    with pytest.raises(InputError, match="other clips or labels"):
        suggest_clips([run, strangers])
    with pytest.raises(OutputError, match="no complete report"):
        suggest_clips([tmp_path])


def test_runs_at_chance_are_not_to_be_trusted(tmp_path) -> None:
    assert "warning" not in suggest_clips([forged(tmp_path / "good", ROWS)]).text()
    blind = {name: (label, (0.2, 0.3, 0.5)) for name, (label, _) in ROWS.items()}
    found = suggest_clips([forged(tmp_path / "blind", blind)])
    assert found.accuracy == pytest.approx(2 / 7) and found.most == pytest.approx(3 / 7)
    assert "right about 28.6 % of the clips, and always naming the most frequent" in found.text()
