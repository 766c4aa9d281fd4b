"""DISFA: action units to labels, frames to sequences, by hand and against a slow transcription."""

import numpy as np
import pytest

from fervid.databases import disfa
from fervid.errors import DatabaseError


@pytest.fixture
def root(tmp_path, forge):
    return forge("disfa").make(tmp_path)


def test_sequences(root) -> None:
    database = disfa.load(root)
    assert [(c.name, c.label, c.start, c.end) for c in database.clips] == [
        ("SN001_00000", "neutral", 0, 10), ("SN001_00010", "neutral", 10, 20),
        ("SN001_00025", "happiness", 25, 35), ("SN001_00035", "happiness", 35, 45),
        ("SN001_00055", "surprise", 55, 65), ("SN001_00069", "fear", 69, 79),
        ("SN032_00000", "disgust", 0, 10), ("SN032_00020", "anger", 20, 30),
        ("SN032_00035", "anger", 35, 45), ("SN032_00047", "sadness", 47, 57),
    ]  # fmt: skip
    assert database.subjects == ("SN001", "SN032")
    assert database.clips[-1].path.name == "LeftVideoSN032_Comp.avi"
    assert database.left_out == {
        "frames that match no emotion": 20,
        "dropped frames": 3,
        "frames left over at the end of a run": 5 + 4 + 2 + 2,
    }


def slow(frame) -> str:
    """One frame by the four sentences of the module's docstring."""
    if any(value < 0 for value in frame):
        return "dropped"
    if not any(frame):
        return "neutral"
    units = dict(zip(disfa.UNITS, frame, strict=True))
    fired = [
        (len(rule), label)
        for label, rules in disfa.EMFACS.items()
        for rule in rules
        if all(least <= units[unit] <= most for unit, (least, most) in rule.items())
    ]
    if not fired:
        return "unmatched"
    most = max(size for size, _ in fired)
    winners = {label for size, label in fired if size == most}
    return winners.pop() if len(winners) == 1 else "unmatched"


def test_rules_against_a_slow_transcription() -> None:
    rng = np.random.default_rng(0)
    coded = rng.integers(1, 6, (4000, 12)) * (rng.random((4000, 12)) < 0.25)
    coded[rng.random((4000, 12)) < 0.002] = -1
    names = {disfa.UNMATCHED: "unmatched", disfa.DROPPED: "dropped"}
    ours = [names.get(c) or disfa.LABELS[c] for c in disfa.labels(coded.astype(np.int8))]
    assert ours == [slow(frame) for frame in coded.tolist()]
    assert len(set(ours)) == 9  # every outcome occurs


def test_prototypes() -> None:
    for label, units in {
        "anger": (4, 5), "disgust": (9, 17), "fear": (1, 2, 4, 5, 20, 25), "happiness": (6, 12, 25),
        "sadness": (1, 4, 15, 17), "surprise": (1, 2, 5, 26),
    }.items():  # fmt: skip
        frame = np.array([[2 * (unit in units) for unit in disfa.UNITS]], np.int8)
        assert disfa.LABELS[disfa.labels(frame)[0]] == label


def test_other_camera(root) -> None:
    assert "RightVideo" in disfa.load(root, camera="right").clips[0].path.name
    with pytest.raises(DatabaseError, match=r"no camera 'top'"):
        disfa.load(root, camera="top")


def test_missing_parts(root) -> None:
    (root / "Videos_LeftCamera" / "LeftVideoSN001_comp.avi").unlink()
    with pytest.raises(DatabaseError, match=r"SN001 has coded units but no video of the left"):
        disfa.load(root)
    (root / "ActionUnit_Labels" / "SN001" / "SN001_au26.txt").unlink()
    with pytest.raises(DatabaseError, match=r"no sn001_au26.txt"):
        disfa.load(root, camera="right")


@pytest.mark.parametrize("text", ["", "1,6\n", "0,1\n", "1\n", "one,two\n"])
def test_bad_units(root, text) -> None:
    (root / "ActionUnit_Labels" / "SN001" / "SN001_au4.txt").write_text(text)
    with pytest.raises(
        DatabaseError, match=r"SN001_au4.txt(, line 1: .* is no 'frame,intensity'| is empty)"
    ):
        disfa.load(root)
