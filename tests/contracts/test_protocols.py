"""One contract for every protocol, on the two stand-ins where they are at hand."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fervid.clip import Clip, Database
from fervid.databases import load
from fervid.errors import FervidError, LeakError, ProtocolError
from fervid.folds import (
    FURTHER,
    PROTOCOLS,
    SHUFFLED,
    Clips,
    Fold,
    cross_database,
    digest,
    from_file,
    inner_split,
    make,
    strangers,
    unseen,
)
from fervid.folds.splits import export, show

PARTS = ("train", "train", "validation", "test")


def forged(databases: int = 1) -> Clips:
    """23 people of each database, one to seven clips each, in fixed parts by person."""
    return tuple(
        Clip(f"d{d}/c{s}-{i}", Path("x"), f"d{d}", "abcdef"[(s + i) % 6], f"d{d}:S{s:03d}",
             groups={"part": PARTS[s % 4]})
        for d in range(databases)
        for s in range(23)
        for i in range(1 + s % 7)
    )  # fmt: skip


def data(source: str, request) -> Clips:
    if source == "forged":
        return forged()
    root = request.getfixturevalue("shared") / source
    return load({"ck_like": "ck_plus", "mmi_like": "mmi"}[source], root).clips


def keeps_people_apart(clips: Clips, folds: list[Fold]) -> None:
    assert len({fold.name for fold in folds}) == len(folds)
    assert all(fold.protocol == folds[0].protocol and fold.protocol for fold in folds)
    for fold in folds:
        assert fold.train and fold.test and not set(fold.train) & set(fold.test)
        assert not set(fold.train_subjects) & set(fold.test_subjects)
        inner, validation = inner_split(clips, fold.train)
        assert sorted(inner + validation) == list(fold.train)
        assert not {clips[r].subject for r in inner} & {clips[r].subject for r in validation}
        assert {clips[r].label for r in inner} == {clips[r].label for r in fold.train}


@pytest.mark.parametrize("name", sorted(PROTOCOLS))
@pytest.mark.parametrize("source", ["forged", "ck_like", "mmi_like"])
def test_contract(name, source, request) -> None:
    clips = data(source, request)
    folds = PROTOCOLS[name](clips)
    assert digest(folds) == digest(PROTOCOLS[name](clips))
    keeps_people_apart(clips, folds)
    tested = [row for fold in folds for row in fold.test]
    assert len(set(tested)) == len(tested)
    assert name == "hold-out" or sorted(tested) == list(range(len(clips)))


@pytest.mark.parametrize(
    ("name", "protocol", "folds"),
    [
        ("leave-one-database-out", FURTHER["leave-one-database-out"], 3),
        ("parts", FURTHER["parts"], 1),
        ("cross-database", lambda clips: cross_database(clips, "d1"), 1),
    ],
)
def test_contract_of_several_databases(name, protocol, folds) -> None:
    clips = forged(3)
    made = protocol(clips)
    assert len(made) == folds and digest(made) == digest(protocol(clips))
    keeps_people_apart(clips, made)
    if name == "leave-one-database-out":
        assert sorted(row for fold in made for row in fold.test) == list(range(len(clips)))
        assert [{clips[r].database for r in fold.test} for fold in made] == [{"d0"}, {"d1"}, {"d2"}]
    if name == "parts":
        (fold,) = made
        assert {clips[r].groups["part"] for r in fold.train} == {"train", "validation"}
        assert {clips[r].groups["part"] for r in fold.validation} == {"validation"}
        assert {clips[r].groups["part"] for r in fold.test} == {"test"} and fold.name == "test"
        bare = tuple(
            replace(c, label=None) if c.groups["part"] == "test" else c for c in clips
        )  # as AFEW comes
        (fold,) = protocol(bare)
        assert (fold.name, fold.validation) == ("validation", ())
        assert {clips[r].groups["part"] for r in fold.train} == {"train"}


def test_what_a_trained_model_may_be_judged_on() -> None:
    clips = forged(3)
    (fold,) = unseen(clips)
    assert fold.train == () and fold.validation == () and fold.name == "test"
    assert {clips[r].groups["part"] for r in fold.test} == {"test"}
    some = tuple(c for c in clips if c.groups["part"] != "test")
    assert {some[r].groups["part"] for r in unseen(some)[0].test} == {"validation"}
    with pytest.raises(ProtocolError, match="only a training part"):
        unseen(tuple(c for c in clips if c.groups["part"] == "train"))
    bare = tuple(replace(c, groups={}, label=None if n else c.label) for n, c in enumerate(clips))
    assert unseen(bare)[0].test == (0,)
    with pytest.raises(ProtocolError, match="nothing to test on"):
        Fold(clips, (), (), ready=True)
    with pytest.raises(ProtocolError, match="nothing to train on"):
        Fold(clips, (), (0,))


@pytest.mark.parametrize("name", [*PROTOCOLS, *FURTHER])
def test_contract_of_seeds(name) -> None:
    clips = forged(2)
    made = [make(name, clips, seed) for seed in (4, 4, 5)]
    assert digest(made[0]) == digest(made[1])
    assert (digest(made[0]) != digest(made[2])) == (name in SHUFFLED)
    keeps_people_apart(clips, made[2])


def test_counts_of_the_papers(shared) -> None:
    """[1, Sec. 5.2]: ten groups of 118 and of 30; [4, Sec. IV-B]: five of 30."""
    ck, mmi = load("ck_plus", shared / "ck_like").clips, load("mmi", shared / "mmi_like").clips
    assert [len(f.test_subjects) for f in make("paper", ck)] == [12] * 8 + [11] * 2
    assert [len(f.test_subjects) for f in make("paper", mmi)] == [3] * 10
    assert [len(f.test_subjects) for f in make("losgo", mmi)] == [6] * 5
    assert len(make("loso", mmi)) == 30 and len(make("hold-out", ck)[0].test_subjects) == 24
    stills = load("ck_plus_stills", shared / "ck_like").clips
    assert sum(len(f.test) for f in make("ten-fold", stills)) == 1308


def test_parts_that_share_people_are_refused() -> None:
    clips = tuple(replace(clip, groups={"part": PARTS[n % 4]}) for n, clip in enumerate(forged()))
    with pytest.raises(LeakError, match=r"same subjects \(d0:S001"):
        make("parts", clips)


def test_strangers() -> None:
    clips = tuple(replace(c, subject=c.subject if n % 2 else None) for n, c in enumerate(forged()))
    made = strangers(clips)
    assert all(clip.subject for clip in made)
    assert [m.subject for m, c in zip(made, clips, strict=True) if c.subject] == [
        c.subject for c in clips if c.subject
    ]
    unknown = {m.subject for m, c in zip(made, clips, strict=True) if not c.subject}
    assert len(unknown) == sum(not clip.subject for clip in clips)


# One to four databases with the same names of people, of any sizes; a person may have one label.
@st.composite
def several(draw) -> Clips:
    clips = []
    for d in range(draw(st.integers(1, 4))):
        for s in range(draw(st.integers(1, 14))):
            labels = draw(st.lists(st.sampled_from("ab"), min_size=1, max_size=4))
            clips += [
                Clip(f"{d}/{s}/{i}", Path("x"), f"d{d}", label, f"d{d}:S{s}",
                     groups={"part": PARTS[s % 4]})
                for i, label in enumerate(labels)
            ]  # fmt: skip
    return tuple(draw(st.permutations(clips)))


EVERY = {**PROTOCOLS, **FURTHER, "cross-database": partial(cross_database, test="d0")}


@given(clips=several(), name=st.sampled_from(sorted(EVERY)))
@settings(max_examples=80, deadline=None)
def test_any_clips_give_clean_folds_or_one_sentence(clips, name) -> None:
    try:
        folds = EVERY[name](clips)
    except FervidError as error:
        assert str(error) and "\n" not in str(error)
        return
    for fold in folds:
        assert fold.train and fold.test
        assert not {clips[r].subject for r in fold.train} & {clips[r].subject for r in fold.test}
    assert digest(folds) == digest(EVERY[name](clips))
    table = show(folds, Database("d", ("a", "b"), clips)).splitlines()
    assert len(table) == len(folds) + 1


@given(clips=several(), name=st.sampled_from(sorted(EVERY)))
@settings(max_examples=30, deadline=None)
def test_any_folds_survive_a_file(clips, name, tmp_path_factory) -> None:
    try:
        folds = EVERY[name](clips)
    except FervidError:
        return
    path = tmp_path_factory.mktemp("split") / "s.json"
    export(folds, path)
    again = from_file(path, clips)
    assert digest(again) == digest(folds)
    assert [(f.train, f.test, f.name) for f in again] == [(f.train, f.test, f.name) for f in folds]


@given(clips=several(), data=st.data())
@settings(max_examples=50, deadline=None)
def test_no_fold_with_a_shared_subject_can_be_built(clips, data) -> None:
    rows = st.lists(st.integers(0, len(clips) - 1), min_size=1, max_size=8, unique=True)
    train, test = data.draw(rows), data.draw(rows)
    shared = {clips[r].subject for r in train} & {clips[r].subject for r in test}
    if shared:
        with pytest.raises(LeakError) as told:
            Fold(clips, tuple(train), tuple(test))
        assert all(f"{subject}" in str(told.value) for subject in shared)
    else:
        assert Fold(clips, tuple(train), tuple(test)).test == tuple(test)
