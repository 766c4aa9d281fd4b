"""Suggested clips -> ELAN -> a person's corrections -> the database with them."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from fervid.agreement.corrections import import_labels
from fervid.clip import Clip, Database
from fervid.databases.corrections import correct
from fervid.errors import DatabaseError, InputError, LabelError
from fervid.faces import write_video
from fervid.suggest.clips import ClipSuggestion
from fervid.suggest.documents import write_elan

RATE = 25
LABELS = ("anger", "fear", "happiness")
SPANS = {"a": (0, 20), "b": (20, 30), "c": (10, 25), "d": (35, None)}  # frames; c overlaps both


@pytest.fixture
def database(tmp_path) -> Database:
    """Four clips of one video and one of another of the same name."""
    clips = []
    for folder, spans in (("one", SPANS), ("two", {"e": (0, None)})):
        path = tmp_path / folder / "film.mp4"
        write_video(path, np.zeros((50, 32, 32, 3), np.uint8), RATE)
        clips += [Clip(name, path, "x", "fear", "S1", start=start, end=end)
                  for name, (start, end) in spans.items()]  # fmt: skip
    return Database("x", LABELS, tuple(clips))


def suggested(database: Database) -> list[ClipSuggestion]:
    return [ClipSuggestion(each.name, "S1", "fear", "anger", 0.1, 0.2, 1.0, ("narrow",))
            for each in reversed(database.clips)]  # fmt: skip


def documents(database: Database, folder: Path) -> list[Path]:
    folder.mkdir()
    clips = {each.name: each for each in database.clips}
    return write_elan(suggested(database), clips, LABELS, folder)


def test_tiers(database, tmp_path, refused_by_elan) -> None:
    from pympi.Elan import Eaf

    other, film = documents(database, tmp_path / "look")
    assert (other.name, film.name) == ("film.suggested.eaf", "film.suggested-2.eaf")
    assert refused_by_elan(film) == refused_by_elan(other) == ""
    read = Eaf(str(film))
    tier = read.get_annotation_data_for_tier
    assert sorted(tier("clips")) == [(0, 800, "fear"), (800, 1200, "fear"), (1400, 2000, "fear")]
    assert [text for *_, text in sorted(tier("clips name"))] == ["a", "b", "d"]
    assert tier("clips 2") == [(400, 1000, "fear")] and tier("clips 2 name")[0][2] == "c"
    assert tier("clips look")[0][2] == "anger? narrow"
    (linked,) = read.get_linked_files()
    assert linked["RELATIVE_MEDIA_URL"] == "../one/film.mp4"


def test_corrected_and_back(database, tmp_path) -> None:
    """One label replaced, one annotation removed, the others as they were; others untouched."""
    from pympi.Elan import Eaf

    _, film = documents(database, tmp_path / "look")
    assert correct(database, film) == (database, 0)
    document = Eaf(str(film))
    document.remove_annotation("clips", 100)
    document.add_annotation("clips", 40, 780, " Happy ")  # its ends moved a little
    document.remove_annotation("clips 2", 500)
    document.to_file(str(film))
    after, changed = correct(database, film)
    labels = {each.name: each.label for each in after.clips}
    assert labels == {"a": "happiness", "b": "fear", "d": "fear", "e": "fear"} and changed == 2
    first = next(each for each in after.clips if each.name == "a")
    assert (first.start, first.end) == (0, 20)


def test_the_same_file_makes_a_manifest(database, tmp_path) -> None:
    _, film = documents(database, tmp_path / "look")
    done = import_labels([film], tmp_path / "manifest.csv", tier="clips")
    assert dict(done.counts) == {"fear": 3}


def test_refusals(database, tmp_path) -> None:
    from pympi.Elan import Eaf

    other, _ = documents(database, tmp_path / "look")
    document = Eaf(str(other))
    document.remove_annotation("clips", 10)
    document.add_annotation("clips", 0, 2000, "boredom")
    document.to_file(str(other))
    with pytest.raises(LabelError, match=r"clips name, 0\.000 s: unknown label 'boredom'"):
        correct(database, other)
    few = dataclasses.replace(database, clips=database.clips[:2])
    with pytest.raises(DatabaseError, match="no clip 'e' in x"):
        correct(few, other)
    Eaf().to_file(str(tmp_path / "own.eaf"))
    with pytest.raises(DatabaseError, match="names no clips"):
        correct(database, tmp_path / "own.eaf")
    (tmp_path / "torn.eaf").write_text("<ANNOTATION")
    with pytest.raises(DatabaseError, match=r"torn\.eaf cannot be read"):
        correct(database, tmp_path / "torn.eaf")
    stills = {"a": Clip("a", tmp_path, "x")}
    with pytest.raises(InputError, match="a is of pictures, and ELAN plays videos"):
        write_elan(suggested(few)[1:], stills, LABELS, tmp_path)
