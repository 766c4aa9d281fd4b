"""Folds: properties on any subjects, the papers' protocols, users' split files."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fervid.clip import Clip
from fervid.errors import LeakError, ProtocolError
from fervid.folds import (
    PROTOCOLS,
    Fold,
    digest,
    fewer_people,
    hold_out,
    inner_split,
    k_fold,
    leave_one_group_out,
    make,
    ten_fold_by_id,
)


def clips_of(*counts: int, labels: str = "abc") -> tuple[Clip, ...]:
    """Clips of subjects S1, S2, ... with as many clips each."""
    people = [f"S{number}" for number, count in enumerate(counts, 1) for _ in range(count)]
    return tuple(
        Clip(f"c{number}", Path("x"), "d", labels[number % len(labels)], subject)
        for number, subject in enumerate(people)
    )


# Subjects with one to twelve clips; each clip one of three labels, so single-label subjects occur.
@st.composite
def databases(draw, least: int = 2) -> tuple[Clip, ...]:
    counts = draw(st.lists(st.integers(1, 12), min_size=least, max_size=25))
    people = [number for number, count in enumerate(counts) for _ in range(count)]
    order = draw(st.permutations(people))
    labels = draw(st.lists(st.sampled_from("abc"), min_size=len(people), max_size=len(people)))
    return tuple(
        Clip(f"c{i}", Path("x"), "d", label, f"S{person}")
        for i, (person, label) in enumerate(zip(order, labels, strict=True))
    )


@given(databases(least=10), st.sampled_from(sorted(set(PROTOCOLS) - {"hold-out"})))
@settings(max_examples=60, deadline=None)
def test_folds_partition_clips_and_keep_people_apart(clips, name) -> None:
    folds = make(name, clips)
    tested = [row for fold in folds for row in fold.test]
    assert sorted(tested) == list(range(len(clips)))
    for fold in folds:
        assert sorted(fold.train + fold.test) == list(range(len(clips)))
        assert not {clips[r].subject for r in fold.train} & {clips[r].subject for r in fold.test}
    sizes = [len(fold.test_subjects) for fold in folds]
    assert max(sizes) - min(sizes) <= 1
    assert digest(folds) == digest(make(name, clips))


@given(databases(), st.floats(0.05, 0.9), st.integers(0, 3))
@settings(max_examples=80, deadline=None)
def test_inner_split(clips, share, seed) -> None:
    rows = tuple(range(len(clips)))
    inner, validation = inner_split(clips, rows, share, seed)
    assert sorted(inner + validation) == list(rows)
    assert inner and validation
    assert not {clips[r].subject for r in inner} & {clips[r].subject for r in validation}
    assert (inner, validation) == inner_split(clips, rows, share, seed)
    # A label leaves the training only if no choice of one subject could have kept it.
    labels = {clip.label for clip in clips}
    owners = {label: {c.subject for c in clips if c.label == label} for label in labels}
    if any(all(s != {person} for s in owners.values()) for person in {c.subject for c in clips}):
        assert {clips[r].label for r in inner} == labels


def test_inner_split_follows_the_labels() -> None:
    clips = tuple(
        Clip(f"{s}{i}", Path("x"), "d", "abbbb"[i], f"S{s}") for s in range(40) for i in range(5)
    )
    _, validation = inner_split(clips, range(200), 0.2)
    assert Counter(clips[row].label for row in validation) == {"a": 8, "b": 32}


def test_paper_groups_are_neighbours_by_number() -> None:
    folds = ten_fold_by_id(clips_of(*[1] * 118))
    assert [len(fold.test_subjects) for fold in folds] == [12] * 8 + [11] * 2
    assert folds[0].test_subjects == tuple(f"S{n}" for n in range(1, 13))  # S2 before S10
    assert folds[9].test_subjects[-1] == "S118"


def test_losgo_deals_out() -> None:
    folds = leave_one_group_out(clips_of(*[2] * 11))
    assert folds[0].test_subjects == ("S1", "S6", "S11")


def test_shuffle_depends_on_the_seed_only() -> None:
    clips = clips_of(*[1] * 30)
    one, two = (k_fold(clips, seed=seed)[0].test_subjects for seed in (0, 1))
    assert one != two


def test_fewer_people_are_nested_and_the_test_stays() -> None:
    fold = k_fold(clips_of(*range(1, 21)), 5)[0]
    few, more = (fewer_people(fold, people, seed=3) for people in (4, 9))
    assert few.test == more.test == fold.test
    assert [len(each.train_subjects) for each in (few, more)] == [4, 9]
    assert {*few.train_subjects} < {*more.train_subjects} < {*fold.train_subjects}
    assert all(
        row in few.train for row in fold.train if fold.clips[row].subject in few.train_subjects
    )
    assert fewer_people(fold, 4, seed=4).train != few.train
    assert few.protocol.endswith("trained on 4 people")
    assert fewer_people(replace(fold, validation=fold.train[:30]), 4, 3).validation != ()
    for people in (0, 17):
        with pytest.raises(ProtocolError, match="trains on 16 people: choose 1 to 16"):
            fewer_people(fold, people)


def test_hold_out() -> None:
    (fold,) = hold_out(clips_of(*[3] * 10))
    assert len(fold.test_subjects) == 2


def test_fold_names_the_leaking_subjects() -> None:
    clips = clips_of(2, 2, 2)
    with pytest.raises(LeakError, match=r"same subjects \(S1, S2\):"):
        Fold(clips, (0, 2, 4, 5), (1, 3))


@pytest.mark.parametrize(
    ("train", "test", "said"),
    [((), (0,), "nothing to train on"), ((0,), (), "nothing to test on"),
     ((0, 0), (2,), "twice"), ((0,), (99,), "index outside"), ((-1,), (0,), "index outside")],
)  # fmt: skip
def test_bad_folds(train, test, said) -> None:
    with pytest.raises(ProtocolError, match=said):
        Fold(clips_of(2, 2), train, test)


@pytest.mark.parametrize("name", sorted(PROTOCOLS))
def test_too_few_or_unknown_subjects(name) -> None:
    with pytest.raises(ProtocolError, match="folds need at least"):
        make(name, clips_of(5))
    nobody = (*clips_of(1, 1), Clip("lonely", Path("x"), "d", "a"))
    with pytest.raises(ProtocolError, match=r"1 clips have no subject \(the first is lonely\)"):
        make(name, nobody)


def test_unknown_protocol() -> None:
    with pytest.raises(ProtocolError, match="choose one of paper, five-fold"):
        make("elevenfold", clips_of(1, 1))


def split(tmp_path, name: str, text: str) -> str:
    (tmp_path / name).write_text(text)
    return str(tmp_path / name)


def test_csv_split(tmp_path) -> None:
    clips = clips_of(2, 2, 1)
    path = split(tmp_path, "s.csv", "clip,fold\nc0,b\nc1,b\nc2,10\nc3,10\nc4,9\n")
    folds = make(path, clips)
    assert [(fold.name, fold.test) for fold in folds] == [
        ("9", (4,)),
        ("10", (2, 3)),
        ("b", (0, 1)),
    ]
    assert folds[0].train == (0, 1, 2, 3)
    assert folds[0].protocol == "split file s.csv"


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("clip,fold\nc0,1\nc1,2\nc2,1\nc3,2\n", LeakError, r"same subjects \(S1, S2"),
        ("clip,part\n", ProtocolError, "line 1"),
        ("clip,fold\nc9,1\n", ProtocolError, "line 2: the database holds no clip 'c9'"),
        ("clip,fold\nc0,1\nc0,1\n", ProtocolError, "line 3: .* twice"),
        ("clip,fold\nc0,1\nc1,\n", ProtocolError, "line 3: .* no fold"),
        ("clip,fold\nc0,1\nc1,1\n", ProtocolError, r"2 of 4 clips \(the first is clip c2\)"),
    ],
)
def test_bad_csv_split(tmp_path, text, error, said) -> None:
    with pytest.raises(error, match=said):
        make(split(tmp_path, "s.csv", text), clips_of(2, 2))


def test_json_split(tmp_path) -> None:
    text = json.dumps([{"train": ["c0"], "test": ["c3"]}])
    (fold,) = make(split(tmp_path, "s.json", text), clips_of(2, 2))
    assert (fold.train, fold.test, fold.train_names) == ((0,), (3,), ("c0",))


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ('[{"train": ["c0"], "test": ["c1"]}]', LeakError, "S1"),
        ('[{"train": ["c0"], "test": ["zz"]}]', ProtocolError, "no clip 'zz'"),
        ('[{"train": "c0", "test": ["c2"]}]', ProtocolError, "lists of clip names"),
        ('{"train": ["c0"]}', ProtocolError, "is not a list of"),
        ("[[", ProtocolError, "line 1: no JSON"),
    ],
)
def test_bad_json_split(tmp_path, text, error, said) -> None:
    with pytest.raises(error, match=said):
        make(split(tmp_path, "s.json", text), clips_of(2, 2))
