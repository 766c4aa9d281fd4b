"""Runs compared: paired on the same clips, refused on others."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import fakes
import numpy as np
import pytest

from fervid.errors import InputError, OutputError
from fervid.evaluation import evaluate, read
from fervid.evaluation.changed_answers import find_changes
from fervid.evaluation.compare import compare
from fervid.folds import k_fold

pytestmark = pytest.mark.usefixtures("no_page")


def run(folder: Path, lost=(), system=None, folds=4, **fields) -> Path:
    store = fakes.store(lost=lost, origin=fields.pop("origin", ""))
    store = replace(store, database=replace(store.database, **fields))
    # Noisy faces, so that the networks err.
    tracks = {
        name: fakes.track(int(name[1:]) % 3, int(name[1:]), noise=0.45) for name in store.tracks
    }
    evaluate(
        system or fakes.FakeSystem(), replace(store, tracks=tracks),
        k_fold(store.database.clips, folds), folder,
    )  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    home = tmp_path_factory.mktemp("runs")
    return run(home / "a"), run(home / "b", lost=(3, 10), system=fakes.FakeSystem(shrink=0.4)), home


def test_two_runs(runs) -> None:
    a, b, _ = runs
    made = compare([a, b])
    first, second = read(a), read(b)
    assert (made.n, made.subjects) == (70, 12)
    assert [entry.name for entry in made.entries] == ["a", "b"]
    assert [entry.left_out for entry in made.entries] == [2, 0]
    kept = np.isin(first.clip, second.clip)
    right = [first.right("joint")[kept].mean(), second.right("joint").mean()]
    assert [entry.accuracy.value for entry in made.entries] == pytest.approx(right)
    (pair,) = made.pairs
    assert pair.accuracy.value == pytest.approx(right[0] - right[1])
    # By hand, clip by clip.
    theirs = dict(zip(second.clip, second.right("joint"), strict=True))
    mine = dict(zip(first.clip, first.right("joint"), strict=True))
    assert pair.only_first == sum(mine[clip] and not theirs[clip] for clip in theirs)


def test_networks_of_one_run(runs) -> None:
    a, _, _ = runs
    made = compare([a])
    report = read(a)
    assert [entry.name for entry in made.entries] == list(report.scores)
    assert len(made.pairs) == 10
    for entry in made.entries:
        score = report.scores[entry.network]
        assert (entry.accuracy, entry.uar) == (score.accuracy, score.uar)
        assert entry.macro_f1.value == pytest.approx(score.macro_f1)
    # The report's own differences are the same figures.
    ours = {(p.first, p.second): p for p in made.pairs}
    for known in report.differences:
        sign = 1 if (known.network, known.other) in ours else -1
        pair = ours.get((known.network, known.other)) or ours[known.other, known.network]
        assert sign * pair.accuracy.value == pytest.approx(known.accuracy.value)
    corrected = compare([f"{a}:{network}" for network in report.scores])
    assert corrected.pairs == made.pairs


def test_a_network_by_name(runs) -> None:
    a, b, _ = runs
    made = compare([f"{a}:dtan", f"{b}:dtgn"])
    assert [entry.network for entry in made.entries] == ["dtan", "dtgn"]
    assert [e.name for e in compare([f"{a}:dtan", a, b]).entries] == [
        "a:dtan",
        "a:joint",
        "b:joint",
    ]
    with pytest.raises(InputError, match="no network 'dtagn': choose one of dtan, dtgn, joint"):
        compare([f"{a}:dtagn", b])


def test_a_folder_with_a_colon(runs, tmp_path: Path) -> None:
    a, b, _ = runs
    odd = tmp_path / "a:dtan"
    odd.symlink_to(a)
    assert [entry.network for entry in compare([odd, f"{odd}:dtgn", b]).entries] == [
        "joint", "dtgn", "joint",
    ]  # fmt: skip


def test_files(runs, tmp_path: Path) -> None:
    a, b, _ = runs
    out = tmp_path / "made" / "here"
    made = compare([a, b, f"{a}:landmarks"], out)
    assert {path.name for path in out.iterdir()} == {
        "compare.csv", "compare-pairs.csv", "compare.json", "compare.png", "compare.txt",
    }  # fmt: skip
    with (out / "compare.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["accuracy"]) for row in rows] == pytest.approx(
        [entry.accuracy.value for entry in made.entries], rel=1e-5
    )
    assert float(rows[0]["accuracy_low"]) <= float(rows[0]["accuracy"])
    with (out / "compare-pairs.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [float(line["mcnemar_holm"]) for line in lines] == pytest.approx(
        [pair.mcnemar_holm for pair in made.pairs], rel=1e-5
    )
    whole = json.loads((out / "compare.json").read_text())
    assert whole["n"] == 70 and len(whole["pairs"]) == 3
    assert (out / "compare.png").read_bytes().startswith(b"\x89PNG")
    assert str(tmp_path) not in "".join(path.read_text() for path in out.glob("*.[cjt]*"))


def test_text(runs, tmp_path: Path) -> None:
    a, b, _ = runs
    text = compare([a, b]).text(120)
    assert "70 clips of 12 subjects" in text and "a − b" in text and "Holm" not in text
    assert "2 of a" in text and "stand-in" not in text
    assert "(Holm)" in compare([a]).text(120)
    drawn = run(tmp_path / "drawn", origin="drawn by fervid")
    assert "a stand-in (drawn by fervid): they compare" in compare([drawn]).text(120)


def test_refusals(runs, tmp_path: Path) -> None:
    a, _, home = runs
    with pytest.raises(InputError, match="different folds of fake"):
        compare([a, run(tmp_path / "five", folds=5)])
    with pytest.raises(InputError, match="compare runs on one database"):
        compare([a, run(tmp_path / "named", name="other")])
    fewer = replace(fakes.store().database, clips=fakes.store().database.clips[:-1])
    with pytest.raises(InputError, match="different clips of fake"):
        compare([a, run(tmp_path / "fewer", clips=fewer.clips)])
    with pytest.raises(InputError, match="cannot be compared"):
        compare([f"{a}:dtan"])
    with pytest.raises(InputError, match="cannot be compared"):
        compare([])
    with pytest.raises(InputError, match="named twice"):
        compare([a, a])
    with pytest.raises(OutputError, match="no complete report"):
        compare([a, home / "nothing"])
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        compare([a], tmp_path / "file")


def test_same_predictions_in_any_order(runs, tmp_path: Path) -> None:
    """Rows of the file in another order change nothing."""
    a, b, _ = runs
    turned = tmp_path / "turned"
    turned.mkdir()
    for name in ("report.json", "predictions.csv"):
        (turned / name).write_text((a / name).read_text())
    header, *lines = (turned / "predictions.csv").read_text().splitlines()
    size = len(lines) // 5  # of each network
    mixed = [line for k in range(5) for line in reversed(lines[k * size : (k + 1) * size])]
    (turned / "predictions.csv").write_text("\n".join([header, *mixed]) + "\n")
    one, other = compare([a, b]).pairs[0], compare([turned, b]).pairs[0]
    assert replace(other, first="a") == one


def test_what_a_second_network_corrects_and_breaks() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.dirichlet(np.ones(4), (2, 60)).astype(np.float32)
    target = rng.integers(0, 4, 60)
    found = find_changes(first, second, target, shown=3)
    slow: dict[str, list[tuple[float, int]]] = {"corrected": [], "broken": []}
    for row in range(60):
        one, two = (int(p[row].argmax()) == target[row] for p in (first, second))
        gain = float(second[row, target[row]] - first[row, target[row]])
        if one != two:
            slow["corrected" if two else "broken"].append((-abs(gain), row))
    assert found.counts == (len(slow["corrected"]), len(slow["broken"]))
    assert found.corrected == tuple(row for _, row in sorted(slow["corrected"])[:3])
    assert found.broken == tuple(row for _, row in sorted(slow["broken"])[:3])
    back = find_changes(second, first, target, shown=3)
    assert (back.corrected, back.broken) == (found.broken, found.corrected)


def test_faces_that_were_turned(runs, tmp_path: Path) -> None:
    a, b, _ = runs
    compare([a, b], tmp_path, store=fakes.store())
    assert (tmp_path / "changed_answers.png").read_bytes().startswith(b"\x89PNG")
    with (tmp_path / "changed_answers.csv").open() as file:
        rows = list(csv.DictReader(file))
    labels = read(a).labels
    for pair in zip(rows[::2], rows[1::2], strict=True):
        assert pair[0]["clip"] == pair[1]["clip"] and pair[0]["change"] == pair[1]["change"]
        called = [max(labels, key=lambda label, r=row: float(r[label])) for row in pair]
        right = [call == row["label"] for call, row in zip(called, pair, strict=True)]
        assert right == [row["change"] == "broken" for row in pair[:1]] + [
            row["change"] == "corrected" for row in pair[1:]
        ]
    with pytest.raises(InputError, match="name two, and --out"):
        compare([a, b], store=fakes.store())
    with pytest.raises(InputError, match="name two, and --out"):
        compare([a], tmp_path, store=fakes.store())
