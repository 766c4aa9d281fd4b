"""Several databases as one, and repeats: who is apart, what is dropped, what is pooled."""

import csv
import itertools
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import fakes
import numpy as np
import pytest

from fervid.errors import LabelError, LeakError, ProtocolError
from fervid.evaluation.cross_database import (
    across,
    dropped_text,
    each_database,
    evaluate_across,
    evaluate_each_database,
    join,
)
from fervid.evaluation.repeated import evaluate_repeated, pool
from fervid.evaluation.statistics import holm
from fervid.folds import cross_database, make
from fervid.learning import weights
from fervid.models.card import check_unseen, trained_on

pytestmark = pytest.mark.usefixtures("no_page")


SYSTEM = fakes.FakeSystem()


def store(name: str, labels=fakes.LABELS, digest="0", lost=(), origin="", noise=0.3, **changes):
    """The fakes' store under another name, its labels renamed one by one."""
    base = fakes.store(lost=lost, origin=origin)
    renamed = dict(zip(fakes.LABELS, labels, strict=True))
    clips = tuple(
        replace(clip, database=name, label=renamed[clip.label]) for clip in base.database.clips
    )
    database = replace(base.database, name=name, labels=tuple(labels), clips=clips, **changes)
    tracks = {n: fakes.track(int(n[1:]) % 3, int(n[1:]), noise=noise) for n in base.tracks}
    return fakes.FakeStore(database, tracks, digest * 64)


A = store("alpha", lost=(3,), origin="drawn", course="onset-apex")
B = store("beta", digest="1", course="onset-apex-offset", licence="for research")
C = store("gamma", ("anger", "contempt", "happiness"), digest="2", origin="drawn")


def test_join() -> None:
    joined = join([A, B, C])
    assert joined.database.labels == ("anger", "fear", "happiness")
    assert joined.dropped == {"alpha": (), "beta": (), "gamma": ("contempt",)}
    assert joined.database.left_out == {"gamma: contempt": 24}
    assert len(joined.database.clips) == 72 + 72 + 48
    assert joined.failed == {"alpha/c003": "the video ends in its header",
                             "beta/c003": "the video ends in its header",
                             "gamma/c003": "the video ends in its header"}  # fmt: skip
    assert joined.database.origin == "alpha: drawn; gamma: drawn"
    assert join([A, C]).database.origin == "drawn"
    assert (joined.database.course, joined.database.licence) == ("unknown", "for research")
    people = Counter(clip.subject for clip in joined.database.clips)
    assert len(people) == 36 and "alpha:S1" in people and "beta:S1" in people


def test_a_card_names_every_joined_database(tmp_path) -> None:
    joined = join([A, B]).database
    only = trained_on(joined, [clip for clip in joined.clips if clip.database == "alpha"])
    assert [(data["name"], data["digest"], data["parts"]) for data in only] == [("alpha", "", [""])]
    assert [data["name"] for data in trained_on(joined, joined.clips)] == ["alpha", "beta"]
    model = tmp_path / "model.safetensors"
    weights.save(model, {}, {"card": {"trained_on": only}})
    check_unseen(model, joined, cross_database(joined.clips, "beta"))
    with pytest.raises(LeakError, match="was trained on alpha, which is to be tested"):
        check_unseen(model, joined, cross_database(joined.clips, "alpha"))
    with pytest.raises(LeakError, match="was trained on alpha"):
        check_unseen(model, A.database, make("five-fold", A.database.clips, 0))


def test_a_card_knows_a_list_of_clips_under_another_name(tmp_path) -> None:
    renamed = store("mine").database
    card = trained_on(renamed, renamed.clips)
    weights.save(tmp_path / "model.safetensors", {}, {"card": {"trained_on": card}})
    folds = make("five-fold", A.database.clips, 0)
    with pytest.raises(LeakError, match="was trained on alpha, which is to be tested"):
        check_unseen(tmp_path / "model.safetensors", A.database, folds)
    others = store("mine", ("anger", "contempt", "happiness")).database
    card = trained_on(others, others.clips)
    weights.save(tmp_path / "model.safetensors", {}, {"card": {"trained_on": card}})
    check_unseen(tmp_path / "model.safetensors", A.database, folds)


def test_every_clip_keeps_its_face() -> None:
    joined = join([A, B, C])
    for clip in joined.database.clips:
        key, name = clip.name.split("/")
        home = {"alpha": A, "beta": B, "gamma": C}[key]
        known = next(one for one in home.database.clips if one.name == name)
        assert joined.main_track(clip) is home.main_track(known)
        assert clip.label == known.label and clip.database == key


def test_digest_tells_stores_and_tables_apart() -> None:
    digests = {
        join(stores, table).digest
        for stores in ([A, B], [A, C], [B, A], [A, store("beta", digest="7")])
        for table in ("basic", "basic and neutral")
    }
    assert len(digests) == 8
    assert join([A, B]).digest == join([A, B]).digest


def test_labels_go_by_the_table() -> None:
    neutral = store("delta", ("anger", "neutral", "happiness"))
    again = store("epsilon", ("anger", "neutral", "surprise"))
    assert join([neutral, C]).database.labels == ("anger", "happiness")
    with pytest.raises(LabelError, match="share 1 labels"):
        join([neutral, again])
    assert join([neutral, again], "basic and neutral").database.labels == ("anger", "neutral")
    assert join([neutral, again], "basic and neutral").database.left_out == {
        "delta: happiness": 24, "epsilon: surprise": 24,
    }  # fmt: skip


def test_labels_of_the_training_databases() -> None:
    """[3, Sec. 4.2.2]: trained on, but not tested, if the tested database alone has them."""
    assert join([A, C], "trained", "alpha").database.labels == ("anger", "happiness", "contempt")
    joined, (fold,) = across([C], A, "trained")
    assert joined.dropped == {"gamma": (), "alpha": ("fear",)}
    assert {joined.database.clips[row].label for row in fold.train} == set(joined.database.labels)
    assert {joined.database.clips[row].label for row in fold.test} == {"anger", "happiness"}
    assert joined.database.left_out == {"alpha: fear": 24}
    with pytest.raises(LabelError, match=", trained"):
        across([C], A, "plutchik")


def test_labels_of_the_training_databases_in_turn() -> None:
    joined, folds = each_database([A, B, C], "trained")
    labels = [clip.label for clip in joined.database.clips]
    for fold in folds:
        assert {labels[row] for row in fold.test} <= {labels[row] for row in fold.train}
    assert {labels[row] for row in folds[0].train} == {"anger", "fear", "happiness", "contempt"}
    assert joined.database.left_out == {"gamma: contempt, not tested": 24}


def test_across(tmp_path: Path) -> None:
    report = evaluate_across(SYSTEM, [A, C], B, tmp_path / "run")
    assert len(report.clip) == 72 and all(name.startswith("beta/") for name in report.clip)
    assert report.facts["database"] == "alpha + gamma + beta"
    assert report.facts["protocol"] == "trained on alpha and gamma, tested on beta"
    assert dropped_text(report) == "left out: 24 of gamma: contempt"
    ((_, _, people),) = [
        json.loads(line) for line in (tmp_path / "run" / "fits.log").read_text().splitlines()
    ]
    assert {person.split(":")[0] for person in people} <= {"alpha", "gamma"}
    assert report.scores["joint"].accuracy.value > 0.4
    assert dropped_text(evaluate_across(SYSTEM, [A], B, tmp_path / "two")) == ""


def test_each_database_once(tmp_path: Path) -> None:
    report = evaluate_each_database(SYSTEM, [A, B, C], tmp_path / "run")
    assert [fold["name"] for fold in report.folds] == ["alpha", "beta", "gamma"]
    assert len(report.clip) == 71 + 72 + 48
    for number, fold in enumerate(report.folds):
        mine = report.fold == fold["name"]
        expected = report.right("joint")[mine].mean()
        assert report.scores["joint"].folds[number] == pytest.approx(expected)
        assert {name.split("/")[0] for name in report.clip[mine]} == {fold["name"]}
    assert [one.clip for one in report.missing] == ["alpha/c003"]
    # The same fit as the single cross-database run's, but for the seed of its place.
    single = evaluate_across(SYSTEM, [B, C], A, tmp_path / "single")
    assert len(single.clip) == (report.fold == "alpha").sum()


def test_people_of_one_database_are_the_same_people(tmp_path: Path) -> None:
    dark = store("beta", digest="5")
    with pytest.raises(LeakError, match=r"two stores of beta share subjects \(S1, S10, "):
        evaluate_across(SYSTEM, [A, dark], B, tmp_path)
    with pytest.raises(LeakError, match="two stores of beta"):
        evaluate_each_database(SYSTEM, [A, B, dark], tmp_path)
    others = replace(
        dark,
        keys={clip.name: f"other {clip.name}" for clip in dark.database.clips},
        database=replace(
            dark.database,
            clips=tuple(replace(c, subject=f"new {c.subject}") for c in dark.database.clips),
        ),
    )
    report = evaluate_across(SYSTEM, [B], others, tmp_path / "run")
    assert all(name.startswith("beta 2/") for name in report.clip)
    # Both are trained on together where neither is tested.
    assert len(evaluate_across(SYSTEM, [B, dark], A, tmp_path / "both").clip) == 71


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(ProtocolError, match="cannot join one store"):
        evaluate_each_database(SYSTEM, [A], tmp_path)
    with pytest.raises(LabelError, match="no label map"):
        evaluate_across(SYSTEM, [A], B, tmp_path, table="plutchik")
    clips = join([A, B]).database.clips
    with pytest.raises(ProtocolError, match="cannot test on 'gamma'"):
        cross_database(clips, "gamma")
    with pytest.raises(ProtocolError, match="cannot test on 'alpha'"):
        cross_database(tuple(c for c in clips if c.database == "alpha"), "alpha")
    raw = A.database.clips + tuple(replace(c, name=f"b/{c.name}") for c in B.database.clips)
    with pytest.raises(LeakError):
        cross_database(raw, "beta")


def test_repeats_are_pooled(tmp_path: Path) -> None:
    made = evaluate_repeated(SYSTEM, A, tmp_path, repeats=2, seed=2)
    assert [report.facts["seed"] for report in made.reports] == [2, 3]
    joint = made.networks["joint"]
    values = [report.scores["joint"].accuracy.value for report in made.reports]
    assert joint.accuracy == pytest.approx(values)
    assert (joint.mean, joint.deviation) == pytest.approx((np.mean(values), np.std(values, ddof=1)))
    assert joint.interval.low < joint.mean < joint.interval.high
    with (tmp_path / "repeats.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["network"] == "joint"]
    assert [row["repeat"] for row in rows] == ["1", "2", "mean"]
    assert float(rows[2]["accuracy"]) == pytest.approx(joint.mean, rel=1e-5)
    assert "5 folds, 2 repeats" in made.text() and "joint fine-tuning *" in made.text()
    fits = (tmp_path / "repeat-01" / "fits.log").read_text()
    evaluate_repeated(SYSTEM, A, tmp_path, repeats=2, seed=2)
    assert (tmp_path / "repeat-01" / "fits.log").read_text() == fits
    # The same repeat three times says no more about people than once.
    once, thrice = (pool(made.reports[:1] * n).networks["joint"] for n in (1, 3))
    assert thrice.interval == once.interval and thrice.deviation == pytest.approx(0)
    with pytest.raises(ProtocolError, match="0 repeats"):
        evaluate_repeated(SYSTEM, A, tmp_path, repeats=0)


def test_gains_over_repeats(tmp_path: Path) -> None:
    """Told again clip by clip; a subject swaps all of its answers at once."""
    made = evaluate_repeated(SYSTEM, A, tmp_path, "losgo", repeats=3)
    # The folds are the same each time, the trainings are not.
    assert len({report.facts["folds"] for report in made.reports}) == 1
    first = made.reports[0]
    others = [name for name in first.scores if name != first.output]
    assert [gain.other for gain in made.gains] == others
    chance = []
    for gain in made.gains:
        each, people = [], Counter[str]()
        for report in made.reports:
            mine, other = report.right(report.output), report.right(gain.other)
            each.append(mine.mean() - other.mean())
            for who, a, b in zip(report.subject, mine, other, strict=True):
                people[str(who)] += int(a) - int(b)
        assert gain.each == pytest.approx(each)
        assert (gain.mean, gain.deviation) == pytest.approx((np.mean(each), np.std(each, ddof=1)))
        assert gain.interval.low <= gain.mean <= gain.interval.high
        moved = np.array([n for n in people.values() if n])
        signs = np.array(list(itertools.product((-1, 1), repeat=len(moved)))).reshape(
            -1, len(moved)
        )
        chance.append(float((abs(signs @ moved) >= abs(moved.sum())).mean()) if len(moved) else 1.0)
    assert [gain.p for gain in made.gains] == pytest.approx(holm(chance), abs=0.02)
    with (tmp_path / "repeats-differences.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["other"] == others[0]]
    assert [row["repeat"] for row in rows] == ["1", "2", "3", "mean"]
    assert float(rows[3]["p"]) == pytest.approx(made.gains[0].p, rel=1e-5)
    assert " minus " in made.text() and "subjects swapped" in made.text()
    # The same repeat again says no more about people than once.
    once, thrice = (pool(made.reports[:1] * n).gains[0] for n in (1, 3))
    assert (thrice.interval, thrice.p) == (once.interval, once.p)
