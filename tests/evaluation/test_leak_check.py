"""What a run refuses or warns of before it trains: copies, and people spelt two ways."""

from dataclasses import replace
from pathlib import Path

import fakes
import pytest

from fervid.clip import Database
from fervid.databases import load
from fervid.databases.drawn import draw
from fervid.errors import LeakError
from fervid.evaluation import evaluate, read
from fervid.evaluation.cross_database import evaluate_across, split
from fervid.faces import FaceSettings, Store, prepare
from fervid.folds import leave_one_subject_out

pytestmark = pytest.mark.usefixtures("no_page")
SYSTEM = fakes.FakeSystem()


def renamed(store: fakes.FakeStore, name: str) -> fakes.FakeStore:
    """The very same files under another database's name, clips and people named anew."""
    clips = tuple(
        replace(clip, name=f"x-{clip.name}", subject=f"P{clip.subject}", database=name)
        for clip in store.database.clips
    )
    return fakes.FakeStore(
        replace(store.database, name=name, clips=clips),
        {f"x-{clip}": track for clip, track in store.tracks.items()},
        keys={f"x-{clip.name}": store.key(clip) for clip in store.database.clips},
    )


def test_the_same_files_under_two_names(tmp_path: Path) -> None:
    store = fakes.store()
    with pytest.raises(
        LeakError, match=r"72 test clips are copies of training clips \(other/x-c000 of fake/c000"
    ):
        evaluate_across(SYSTEM, [store], renamed(store, "other"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_copy_within_one_database(tmp_path: Path) -> None:
    store = fakes.store()
    clips = store.database.clips
    folds = leave_one_subject_out(clips)
    keys = {"c070": store.key(clips[0])}  # of S12; the original is of S1
    with pytest.raises(
        LeakError, match=r"1 test clips are copies of training clips \(c070 of c000\)"
    ):
        evaluate(SYSTEM, replace(store, keys=keys), folds, tmp_path / "run")
    same = {"c001": store.key(clips[0])}  # both of S1, who is never on two sides
    assert evaluate(SYSTEM, replace(store, keys=same), folds, tmp_path / "run").scores


def test_copies_across_a_database_s_own_parts_are_counted(tmp_path: Path, capsys) -> None:
    store = fakes.store()
    clips = tuple(
        replace(clip, subject=None, groups={"part": "train" if n < 50 else "validation"})
        for n, clip in enumerate(store.database.clips)
    )
    store = replace(store, database=replace(store.database, clips=clips))
    store = replace(store, keys={"c060": store.key(clips[3]), "c061": store.key(clips[4])})
    report = evaluate(SYSTEM, *split(store, "parts"), tmp_path / "run")
    said = "2 test clips are copies of training clips (c060 of c003)"
    assert said in capsys.readouterr().err and said in report.table()


def test_one_person_spelt_two_ways(tmp_path: Path, capsys) -> None:
    store = fakes.store()
    clips = tuple(
        replace(clip, subject="s_012") if clip.name == "c000" else clip
        for clip in store.database.clips
    )
    store = replace(store, database=Database("fake", fakes.LABELS, clips, "onset-apex"))
    folds = leave_one_subject_out(clips)
    report = evaluate(SYSTEM, store, folds, tmp_path / "run")
    said = "S12 and s_012 may be one subject spelt in two ways"
    assert said in capsys.readouterr().err
    assert said in report.table() and said in read(tmp_path / "run").table()


@pytest.mark.slow
def test_a_copied_folder_prepared_otherwise(tmp_path: Path) -> None:
    """Other settings give other keys: the files tell."""
    draw(tmp_path / "one", subjects=3, clips_per_emotion=1, seed=0)
    (tmp_path / "one").rename(tmp_path / "two")
    draw(tmp_path / "one", subjects=3, clips_per_emotion=1, seed=0)
    stores = []
    for name, size in (("one", 112), ("two", 96)):
        database = replace(load("drawn", tmp_path / name), name=name)
        clips = tuple(
            replace(clip, database=name, subject=f"{name}{clip.subject}") for clip in database.clips
        )
        prepare(replace(database, clips=clips), tmp_path / f"s-{name}", FaceSettings(size=size))
        stores.append(Store.open(tmp_path / f"s-{name}"))
    assert not {r.key for r in stores[0].rows.values()} & {r.key for r in stores[1].rows.values()}
    with pytest.raises(LeakError, match="copies of training clips"):
        evaluate_across(SYSTEM, stores[:1], stores[1], tmp_path / "run")
