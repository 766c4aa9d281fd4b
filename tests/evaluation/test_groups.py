"""Accuracy by group: who is in it, and intervals over people."""

import csv
import json
from dataclasses import asdict, replace
from pathlib import Path

import fakes
import numpy as np
import pytest
from scipy.stats import norm, t

from fervid.clip import Clip
from fervid.databases import fer_plus
from fervid.evaluation import evaluate, read
from fervid.evaluation.groups import (
    AGREEMENT,
    CLEAR,
    SPLIT,
    UNKNOWN,
    agreement,
    by_group,
    table,
)
from fervid.folds import k_fold


def data(people: int = 12, each: int = 6, seed: int = 0, better: float = 0.0):
    """Half of the people are F; those are called right more often."""
    rng = np.random.default_rng(seed)
    clips, target, called, subject = [], [], [], []
    for person in range(people):
        sex = "F" if person % 2 else "M"
        for number in range(each):
            name = f"{person}-{number}"
            clips.append(Clip(name, Path("x"), "d", "a", f"S{person}", groups={"sex": sex}))
            truth = int(rng.integers(0, 3))
            good = rng.random() < 0.5 + better * (sex == "F")
            target.append(truth)
            called.append(truth if good else (truth + 1) % 3)
            subject.append(f"S{person}")
    names = np.array([clip.name for clip in clips])
    return clips, names, np.array(target), np.array(called), np.array(subject), 3


def test_against_a_loop() -> None:
    given = data()
    clips, _, target, called, subject, _ = given
    made = {group.value: group for group in by_group(*given)}
    assert set(made) == {"F", "M"}
    sex = np.array([clip.groups["sex"] for clip in clips])
    right = called == target
    for value, group in made.items():
        mine = sex == value
        assert group.n == mine.sum() and group.subjects == len(set(subject[mine]))
        assert group.accuracy.value == pytest.approx(right[mine].mean())
        recalls = [right[mine & (target == k)].mean() for k in range(3)]
        assert group.uar.value == pytest.approx(np.mean(recalls))
        assert group.against.value == pytest.approx(right[mine].mean() - right[~mine].mean())
    assert made["F"].against.value == pytest.approx(-made["M"].against.value)


def test_interval_against_resampling_by_hand() -> None:
    given = data(seed=1)
    clips, _, target, called, subject, _ = given
    sex = np.array([clip.groups["sex"] for clip in clips])
    right, rng = (called == target).astype(float), np.random.default_rng(4)

    def draw(value: str) -> float:
        people = np.unique(subject[sex == value])
        return np.mean([right[subject == one].mean() for one in rng.choice(people, len(people))])

    drawn = [draw("F") - draw("M") for _ in range(3000)]
    group = next(one for one in by_group(*given) if one.value == "F")
    interval = (group.against.low, group.against.high)
    wide = norm.cdf(t.ppf(0.025, 5) * np.sqrt(6 / 5))  # six people on each side are few
    assert interval == pytest.approx(np.quantile(drawn, [wide, 1 - wide]), abs=0.06)


def test_a_real_difference_is_found_and_none_is_not() -> None:
    far = {g.value: g for g in by_group(*data(people=40, better=0.45))}
    assert far["F"].against.low > 0 > far["M"].against.high
    level = by_group(*data(people=40, seed=2))
    assert all(g.against.low < 0 < g.against.high for g in level)


def test_clips_without_the_column_are_a_group_of_their_own() -> None:
    clips, *rest = data()
    bare = [Clip(c.name, c.path, c.database, c.label, c.subject) for c in clips[:12]] + clips[12:]
    made = {group.value: group for group in by_group(bare, *rest)}
    assert made[UNKNOWN].n == 12 and made[UNKNOWN].subjects == 2
    assert sum(group.n for group in made.values()) == 72


def test_columns_that_are_no_groups() -> None:
    clips, *rest = data()
    none = [Clip(c.name, c.path, c.database, c.label, c.subject) for c in clips]
    assert by_group(none, *rest) == ()
    same = [Clip(c.name, c.path, "d", groups={"sex": "F"}) for c in clips]
    assert by_group(same, *rest) == ()
    notes = [Clip(c.name, c.path, "d", groups={"note": c.name}) for c in clips]
    assert by_group(notes, *rest) == ()


def test_agreement_is_the_strict_majority_of_fer_plus() -> None:
    rng = np.random.default_rng(0)
    drawn = rng.multinomial(10, rng.dirichlet(np.full(10, 0.3), 400))
    kept = [row for row in drawn if row.argmax() < 8]
    strict = fer_plus.targets(np.array(kept), "strict majority").any(axis=1)
    assert 0 < strict.sum() < len(kept)
    for row, clear in zip(kept, strict, strict=True):
        votes = {name: int(n) for name, n in zip(fer_plus.COLUMNS, row, strict=True) if n}
        clip = Clip("c", Path("x"), "d", fer_plus.COLUMNS[row.argmax()], votes=votes)
        assert agreement(clip) == {AGREEMENT: CLEAR if clear else SPLIT}


def test_split_votes_are_a_group() -> None:
    clips, *rest = data()
    assert agreement(clips[0]) == {}
    asked = [replace(c, votes={"a": 6, "b": 4 + 3 * (i % 3 == 0)}) for i, c in enumerate(clips)]
    made = {(g.column, g.value): g.n for g in by_group(asked, *rest)}
    assert made == {
        ("sex", "F"): 36,
        ("sex", "M"): 36,
        (AGREEMENT, CLEAR): 48,
        (AGREEMENT, SPLIT): 24,
    }


def test_one_person_has_no_interval() -> None:
    clips, names, target, called, subject, k = data(people=2)
    made = by_group(clips, names, target, called, subject, k)
    assert all(np.isnan(group.accuracy.low) for group in made)
    text = table(asdict(group) for group in made)
    assert text.splitlines()[0].startswith("column,value,clips,subjects,accuracy,low,high")
    assert text.splitlines()[1].split(",")[:4] == ["sex", "F", "6", "1"]
    assert text.splitlines()[1].endswith(",,")


def test_the_report_shows_groups_and_calibration(tmp_path: Path) -> None:
    store = fakes.store(lost=(3,))
    clips = tuple(
        replace(clip, groups={"sex": "F" if int(clip.subject[1:]) % 3 else "M"})
        for clip in store.database.clips
    )
    store = replace(store, database=replace(store.database, clips=clips))
    made = evaluate(fakes.FakeSystem(), store, k_fold(clips, 3), tmp_path / "run")
    with (tmp_path / "run" / "groups.csv").open(newline="") as file:
        rows = {row["value"]: row for row in csv.DictReader(file)}
    assert {value: int(row["clips"]) for value, row in rows.items()} == {"F": 47, "M": 24}
    called = made.right("joint")
    women = np.array([int(name[1:]) % 3 > 0 for name in made.subject])
    assert float(rows["F"]["accuracy"]) == pytest.approx(called[women].mean(), rel=1e-5)
    again = read(tmp_path / "run")
    assert [g["n"] for g in again.facts["groups"]] == [47, 24]
    assert json.loads((tmp_path / "run" / "report.json").read_text())["facts"]["groups"]
    page = (tmp_path / "run" / "report.html").read_text()
    assert "By group" in page and "calibration error" in page
    assert (tmp_path / "run" / "calibration.png").is_file()
    with (tmp_path / "run" / "calibration.csv").open(newline="") as file:
        assert {row["network"] for row in csv.DictReader(file)} == set(made.scores)
    plain = evaluate(
        fakes.FakeSystem(), fakes.store(), k_fold(fakes.store().database.clips, 3),
        tmp_path / "plain",
    )  # fmt: skip
    assert plain.facts["groups"] == [] and not (tmp_path / "plain" / "groups.csv").exists()
    assert "By group" not in (tmp_path / "plain" / "report.html").read_text()
