"""Evaluation end to end on a fake store and system: honesty, resuming, refusals, the report."""

import csv
import json
import os
import re
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import fakes
import numpy as np
import pytest
import torch

from fervid.atomic import held, whole
from fervid.clip import Database
from fervid.errors import FervidError, InputError, LeakError, OutputError, ProtocolError
from fervid.evaluation import baseline, evaluate, read
from fervid.evaluation.learning_curve import learning_curve
from fervid.evaluation.page import training_curves
from fervid.evaluation.report import percent, title
from fervid.folds import Fold, k_fold, ten_fold_by_id
from fervid.learning import weights

SYSTEM = fakes.FakeSystem()


def run(folder: Path, store=None, system=SYSTEM, **options):
    store = store or fakes.store()
    return evaluate(system, store, k_fold(store.database.clips, 4), folder, **options)


def fits(folder: Path) -> list:
    return [json.loads(line) for line in (folder / "fits.log").read_text().splitlines()]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished") / "run"
    return run(folder, fakes.store(lost=(3, 10), origin="drawn by fervid")), folder


def test_figures(finished) -> None:
    report, _ = finished
    assert list(report.scores) == ["dtan", "dtgn", "joint", *baseline.YARDSTICKS]
    assert report.output == "joint"
    for name, score in report.scores.items():
        right = report.right(name)
        assert score.n == len(right) == 70
        assert score.accuracy.value == pytest.approx(right.mean())
        assert score.accuracy_all == pytest.approx(right.sum() / 72)
        assert score.accuracy.low <= score.accuracy.value <= score.accuracy.high
        per_fold = [right[report.fold == each["name"]].mean() for each in report.folds]
        assert score.folds == pytest.approx(per_fold)
        assert np.sum(score.confusion) == 70
    assert report.scores["joint"].accuracy.value > 0.7  # the fake system sees what the tracks hide
    assert [d.other for d in report.differences] == ["dtan", "dtgn", *baseline.YARDSTICKS]
    assert sorted(report.clip) == sorted(
        c.name for i, c in enumerate(fakes.store().database.clips) if i not in (3, 10)
    )


def test_clip_is_the_mean_of_its_samples(finished) -> None:
    report, _ = finished
    store = fakes.store(lost=(3, 10))
    clip = report.clip[0]
    fold = next(f for f in report.folds if f["name"] == report.fold[0])
    number = int(clip[1:])
    trained = set(fold["subjects"]) | set(fold["validation_subjects"])
    rows = [i for i, c in enumerate(store.database.clips) if c.subject not in trained]
    points = {
        i: store.tracks[f"c{i:03d}"].landmarks[-2:].reshape(2, 136)
        for i in rows
        if i not in (3, 10)
    }
    means = np.array(
        [np.concatenate([p for i, p in points.items() if i % 3 == k]).mean(0) for k in range(3)]
    )
    samples = store.tracks[f"c{number:03d}"].landmarks[-2:].reshape(2, 136)
    single = fakes.FakeRecognizer(SYSTEM, fakes.LABELS, means).predict({"points": samples})
    assert report.probabilities["joint"][0] == pytest.approx(single["joint"].mean(axis=0), abs=1e-5)


def test_missing_clips_are_named(finished) -> None:
    report, _ = finished
    assert {(m.clip, m.reason) for m in report.missing} == {
        ("c003", "the video ends in its header"), ("c010", "no face found"),
    }  # fmt: skip


def test_nobody_is_on_two_sides(finished) -> None:
    _, folder = finished
    for name, _, trained in fits(folder):
        facts = json.loads((folder / name / "fold.json").read_text())
        sides = [set(trained), set(facts["validation_subjects"]), set(facts["subjects"])]
        assert not sides[0] & sides[1] and not sides[0] & sides[2] and not sides[1] & sides[2]
        assert all(sides)


def test_files(finished) -> None:
    report, folder = finished
    for name in ("predictions.csv", "folds.csv", "subjects.csv"):
        with (folder / name).open(newline="") as file:
            rows = list(csv.reader(file))
        assert len({len(row) for row in rows}) == 1
    about = json.loads((folder / "report.json").read_text())
    assert about["facts"]["data"] == fakes.store().database.digest
    assert about["scores"]["joint"]["accuracy"] == asdict(report.scores["joint"].accuracy)
    pictures = {p.stem for p in folder.glob("*.png")}
    assert pictures >= {"networks", "labels", "alpha", "training", "confusion-joint"}
    assert not list(folder.rglob(".*"))


def test_page_stands_alone(finished) -> None:
    _, folder = finished
    text = (folder / "report.html").read_text()
    assert not re.findall(r"(?:src|href)=\"(?!data:)", text)
    assert "http" not in re.sub(r'"data:[^"]*"', "", text)
    assert "<script" not in text
    body = re.sub(r'"data:[^"]*"', "", text)
    # The origin stands by every section that holds figures.
    for section in re.findall(r"<section>.*?</section>", body, re.S):
        assert "drawn by fervid" in section or "<h2>Training" in section
    assert "the video ends in its header" in body and title("joint") in body
    # What a trained system has to remark, once for all folds.
    assert body.count("<dt>training</dt><dd>the means are means</dd>") == 1


def test_page_escapes(tmp_path) -> None:
    store = fakes.store()
    clips = tuple(replace(c, name=f"<b>{c.name}</b>") for c in store.database.clips)
    nasty = fakes.FakeStore(Database("fake", fakes.LABELS, clips), {})
    tracks = {f"<b>{name}</b>": track for name, track in list(store.tracks.items())[1:]}
    run(tmp_path / "r", replace(nasty, tracks=tracks))
    text = (tmp_path / "r" / "report.html").read_text()
    assert "<b>c000" not in text and "&lt;b&gt;c000&lt;/b&gt;" in text


def test_table(finished) -> None:
    report, _ = finished
    text = report.table()
    assert "drawn by fervid" in text
    assert f"{title('joint')} *" in text
    assert percent(report.scores["joint"].accuracy.value) in text
    assert "2 test clips without a face" in text


def test_read_back(finished) -> None:
    report, folder = finished
    again = read(folder)
    assert again.scores == report.scores
    assert again.differences == report.differences
    assert again.missing == report.missing
    assert again.table() == report.table()


def figures(folder: Path) -> tuple[str, dict]:
    about = json.loads((folder / "report.json").read_text())
    return (folder / "predictions.csv").read_text(), about["scores"]


def test_the_headline_names_yardsticks_and_chance(finished) -> None:
    report, folder = finished
    clips = np.bincount(report.target)
    chance = report.chance
    assert (chance.guess, chance.most) == pytest.approx((1 / 3, clips.max() / 70))
    assert chance.label == report.labels[clips.argmax()]
    line = report.table().splitlines()[1]
    for name in ("joint", *baseline.YARDSTICKS):
        assert f"{title(name)} {percent(report.scores[name].accuracy.value)} %" in line
    assert line.endswith(f"chance 33.3 %; always {chance.label} {percent(chance.most)} %")
    lead = re.search(r"<section>.*?</section>", (folder / "report.html").read_text(), re.S)
    assert lead
    score = report.scores["joint"]
    over = f"{percent(score.fold_mean)} ± {percent(score.fold_deviation)} %"
    for said in ("the yardstick landmarks, linear, reaches", "%. Guessing among 3 labels", over):
        assert said in lead[0]


def test_the_yardstick_is_trained_on_the_networks_clips(tmp_path, monkeypatch) -> None:
    seen: dict[str, list[int]] = {"fit": [], "yardstick": []}
    fit, predictions = fakes.FakeSystem.fit, baseline.predictions

    def fitted(self, train, *rest):
        seen["fit"].append(sorted(set(train.clip.tolist())))
        return fit(self, train, *rest)

    def predicted(points, target, train, *rest):
        seen["yardstick"].append(sorted(train.tolist()))
        return predictions(points, target, train, *rest)

    monkeypatch.setattr(fakes.FakeSystem, "fit", fitted)
    monkeypatch.setattr(baseline, "predictions", predicted)
    run(tmp_path / "r")
    assert seen["fit"] == seen["yardstick"] and all(seen["fit"])


def test_without_validation_everybody_trains(tmp_path) -> None:
    report = run(tmp_path / "r", validation=0)
    assert all(each["validation"] == 0 for each in report.folds)
    assert [each["train"] + each["test"] for each in report.folds] == [72] * 4
    for share in (1.0, -0.1, float("nan")):
        with pytest.raises(ProtocolError, match=r"out of range.*use 0 \(none\)"):
            run(tmp_path / f"r{share}", validation=share)


def test_on_fewer_people_the_test_is_the_same(tmp_path) -> None:
    report = run(tmp_path / "few", people=6, validation=0.0)
    assert all(len(trained) == 6 for _, _, trained in fits(tmp_path / "few"))
    assert sorted(report.clip) == sorted(run(tmp_path / "all").clip)
    assert "trained on 6 people" in report.table()
    with pytest.raises(OutputError):
        run(tmp_path / "few", people=7, validation=0.0)


def test_learning_curve(tmp_path) -> None:
    store = fakes.store()
    counts = (9, 3, 6)
    curve = learning_curve(
        SYSTEM, store, tmp_path / "curve", "five-fold", counts, validation=0.0, seed=2
    )
    assert list(curve.reports) == [3, 6, 9]
    tests = {tuple(sorted(report.clip)) for report in curve.reports.values()}
    assert len(tests) == 1
    text = (tmp_path / "curve" / "learning-curve.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert [int(row["people"]) for row in rows if row["network"] == "joint"] == [3, 6, 9]
    for row in rows:
        score = curve.reports[int(row["people"])].scores[row["network"]]
        assert float(row["accuracy"]) == pytest.approx(score.accuracy.value, rel=1e-5)
    assert (tmp_path / "curve" / "learning-curve.png").read_bytes().startswith(b"\x89PNG")
    assert "   9 people: joint fine-tuning" in curve.text()
    with pytest.raises(ProtocolError, match="choose --people 1 to"):
        learning_curve(SYSTEM, store, tmp_path / "more", "five-fold", (3, 1000))


def test_yardsticks_alone(tmp_path) -> None:
    alone, beside = run(tmp_path / "a", system=baseline.Linear()), run(tmp_path / "b")
    assert list(alone.scores) == list(baseline.YARDSTICKS) and alone.output == baseline.NAME
    assert alone.scores == {name: beside.scores[name] for name in baseline.YARDSTICKS}
    with pytest.raises(InputError, match="leave out --save-models"):
        run(tmp_path / "c", system=baseline.Linear(), save=True)


def test_what_the_yardsticks_see() -> None:
    track = fakes.track(1, 5)
    shape, change = baseline.points(track, "onset-apex")
    first, last = (baseline.normalise(track.landmarks[[row]]).ravel() for row in (0, -1))
    assert shape == pytest.approx(last, rel=1e-5) and change == pytest.approx(
        last - first, abs=1e-5
    )
    still = {n: baseline.points(fakes.track(n % 2, n, frames=1), "still") for n in range(6)}
    rows = np.arange(6)
    target = {n: n % 2 for n in range(6)}
    assert list(baseline.predictions(still, target, rows, rows, 2)) == [baseline.NAME]


def test_resumes_after_a_kill(tmp_path) -> None:
    whole = run(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "r", system=fakes.Mortal("fold 3"))
    assert [name for name, *_ in fits(tmp_path / "r")] == ["fold-01", "fold-02"]
    (tmp_path / "r" / "fold-01" / "fold.json").unlink()  # killed between its two files
    run(tmp_path / "r", system=fakes.Mortal())
    names = [name for name, *_ in fits(tmp_path / "r")]
    assert names == ["fold-01", "fold-02", "fold-01", "fold-03", "fold-04"]
    assert figures(tmp_path / "r") == figures(tmp_path / "whole")
    assert whole.scores


def test_rerun_fits_nothing(tmp_path) -> None:
    one = run(tmp_path / "r")
    two = run(tmp_path / "r")
    assert len(fits(tmp_path / "r")) == 4
    assert one.scores == two.scores


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": 1}, r"seed \(0, not 1\)"),
        ({"system": fakes.FakeSystem(shrink=0.5)}, "shrink in its recipe"),
        ({"store": fakes.store(13)}, "data"),
        ({"store": replace(fakes.store(), digest="1" * 64)}, "faces"),
        ({"validation": 0.3}, "validation"),
    ],
)
def test_another_run_is_refused(tmp_path, change, said) -> None:
    run(tmp_path / "r")
    before = (tmp_path / "r" / "report.json").read_bytes()
    with pytest.raises(OutputError, match=f"another {said}.*choose another folder"):
        run(tmp_path / "r", **change)
    assert (tmp_path / "r" / "report.json").read_bytes() == before


def test_other_folds_are_refused(tmp_path) -> None:
    run(tmp_path / "r")
    store = fakes.store()
    with pytest.raises(OutputError, match="protocol"):
        evaluate(SYSTEM, store, ten_fold_by_id(store.database.clips), tmp_path / "r")


def test_a_strangers_folder_is_refused(tmp_path) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(OutputError, match="is not a run's folder and holds thesis"):
        run(tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="file cannot be written"):
        run(tmp_path / "file")


def test_leak_is_refused(tmp_path) -> None:
    clips = fakes.store().database.clips
    with pytest.raises(LeakError, match="S1"):
        Fold(clips, tuple(range(5)), (5,))


def test_unfit_folds(tmp_path) -> None:
    store = fakes.store()
    clips = store.database.clips
    folds = k_fold(clips, 4)
    with pytest.raises(ProtocolError, match="tested in two folds"):
        evaluate(SYSTEM, store, [*folds, folds[0]], tmp_path / "a")
    with pytest.raises(ProtocolError, match="other clips"):
        evaluate(SYSTEM, fakes.store(5), folds, tmp_path / "b")
    with pytest.raises(ProtocolError, match="no fold"):
        evaluate(SYSTEM, store, [], tmp_path / "c")
    bare = tuple(replace(c, label=None) if c.name == "c007" else c for c in clips)
    unlabelled = replace(store, database=replace(store.database, clips=bare))
    with pytest.raises(ProtocolError, match=r"no label \(the first is c007\)"):
        evaluate(SYSTEM, unlabelled, k_fold(bare, 4), tmp_path / "d")
    assert not list(tmp_path.iterdir())


def test_no_face_at_all(tmp_path) -> None:
    with pytest.raises(ProtocolError, match="no clip has a face"):
        run(tmp_path / "r", replace(fakes.store(), tracks={}))


def test_a_fold_without_a_face_in_its_test(tmp_path) -> None:
    store = fakes.store()
    first = k_fold(store.database.clips, 4)[0]
    report = run(tmp_path / "r", fakes.store(lost=first.test))
    assert np.isnan(report.scores["joint"].folds[0])
    assert len(report.missing) == len(first.test)
    assert report.scores["joint"].n == 72 - len(first.test)
    assert read(tmp_path / "r").table() == report.table()


@pytest.mark.slow
def test_processes_give_the_same_even_when_one_is_killed(tmp_path) -> None:
    run(tmp_path / "one", system=fakes.Mortal())
    with pytest.raises(FervidError, match=r"a worker was killed.*fewer --jobs"):
        run(tmp_path / "two", system=fakes.Mortal("fold 3", hard=True), jobs=2)
    run(tmp_path / "two", system=fakes.Mortal(), jobs=2)
    assert figures(tmp_path / "one") == figures(tmp_path / "two")
    about = json.loads((tmp_path / "two" / "report.json").read_text())
    assert [each["name"] for each in about["folds"]] == ["1", "2", "3", "4"]


def test_kill_minus_nine(tmp_path) -> None:
    run(tmp_path / "whole", system=fakes.Mortal())
    script = (
        "from fervid.folds import k_fold; from fervid.evaluation import evaluate\n"
        "import fakes; store = fakes.store()\n"
        "evaluate(fakes.Mortal('fold 2', hard=True), store, "
        "k_fold(store.database.clips, 4), 'killed')"
    )
    place = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=place)
    assert done.returncode == -9
    run(tmp_path / "killed", system=fakes.Mortal())
    assert figures(tmp_path / "killed") == figures(tmp_path / "whole")
    assert [name for name, *_ in fits(tmp_path / "killed")] == [f"fold-0{n}" for n in (1, 2, 3, 4)]


def test_part_files_are_swept_and_never_drawn(tmp_path) -> None:
    run(tmp_path)
    fold = tmp_path / "fold-01"
    part = fold / ".points.host.1.0123abcd.part.csv"
    part.write_text("epoch,loss\n0,1\n")
    assert list(training_curves(tmp_path)) == ["points"]
    other = fold / ".points.host.2.0123abcd.part.csv"
    with whole(fold / "points.csv") as living:
        living.write_text((fold / "points.csv").read_text())
        run(tmp_path)
        assert living.exists() and not part.exists() and not other.exists()


def test_a_run_s_folder_has_one_owner(tmp_path) -> None:
    with (
        held(tmp_path, "fervid evaluate"),
        pytest.raises(OutputError, match=f"in use by fervid evaluate .process {os.getpid()}"),
    ):
        run(tmp_path)


@pytest.mark.parametrize("name", ["landmarks.npz", "samples/points.npy", "samples/samples.json"])
def test_broken_files_of_a_run_are_made_again(tmp_path, name) -> None:
    before = run(tmp_path)
    content = (tmp_path / name).read_bytes()
    (tmp_path / "fold-01" / "fold.json").unlink()
    (tmp_path / name).write_bytes(b"")
    assert run(tmp_path).table() == before.table()
    assert (tmp_path / name).read_bytes() == content or name == "landmarks.npz"


def test_the_content_of_what_a_system_learns_from_counts(tmp_path) -> None:
    teacher = tmp_path / "teacher.safetensors"
    for number in (1, 2):
        weights.save(teacher, {"a": torch.full((2,), float(number))}, {})
        system = fakes.Pupil(teacher)
        if number == 1:
            run(tmp_path / "run", system=system)
            run(tmp_path / "run", system=system)
    with pytest.raises(OutputError, match="content of a file that its system learns from"):
        run(tmp_path / "run", system=system)
