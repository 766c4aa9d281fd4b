"""Corrected labels from a CSV -> the database with them."""

from pathlib import Path

import pytest

from fervid.clip import Clip, Database
from fervid.databases.corrections import correct
from fervid.errors import DatabaseError, LabelError

LABELS = ("anger", "fear", "happiness")


def database() -> Database:
    clips = tuple(Clip(f"c{n}", Path(f"c{n}.mp4"), "x", LABELS[n % 3], f"S{n}") for n in range(6))
    return Database("x", LABELS, clips)


def test_correct(tmp_path) -> None:
    path = tmp_path / "suggestions.csv"
    path.write_text("clip;Label;reasons\nc1;Happy;narrow\nc2;happiness;narrow\nc3;;no face\n")
    before = database()
    after, changed = correct(before, path)
    assert changed == 2 and after.digest != before.digest
    labels = {clip.name: clip.label for clip in after.clips}
    assert labels == {"c0": "anger", "c1": "happiness", "c2": "happiness", "c4": "fear",
                      "c5": "happiness"}  # fmt: skip
    assert after.clips[0] is before.clips[0] and after.clips[1].subject == "S1"


@pytest.mark.parametrize(
    ("content", "error", "said"),
    [
        ("clip,label\nc9,fear\n", DatabaseError, "line 2: no clip 'c9' in x"),
        ("clip,label\nc1,fear\nc1,anger\n", DatabaseError, "line 3: clip 'c1' again"),
        ("clip,label\nc1,boredom\n", LabelError, "line 2: unknown label 'boredom'"),
        ("clip,emotion\nc1,fear\n", DatabaseError, "no column label"),
    ],
)
def test_refusals(tmp_path, content, error, said) -> None:
    path = tmp_path / "corrections.csv"
    path.write_text(content)
    with pytest.raises(error, match=said):
        correct(database(), path)
