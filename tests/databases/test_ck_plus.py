"""CK+ on a forged tree with its quirks, and on the rendered stand-in."""

import shutil
from pathlib import Path

import pytest

from fervid.databases import ck_plus
from fervid.errors import DatabaseError


@pytest.fixture
def root(tmp_path, forge) -> Path:
    return forge("ck_plus").make(tmp_path / "ck plus")


def test_labelled_sequences_only(root) -> None:
    database = ck_plus.load(root)
    assert [(c.name, c.label) for c in database.clips] == [
        ("S005_001", "disgust"), ("S010_002", "surprise"), ("S010_004", "anger"),
        ("S010_006", "happiness"), ("S011_001", "surprise"), ("S011_003", "fear"),
        ("S011_005", "contempt"), ("S132_002", "sadness"), ("S132_008", "disgust"),
        ("S999_001", "anger"), ("S999_003", "happiness"),
    ]  # fmt: skip
    assert database.left_out == {"labelled neutral": 1, "without a label": 3}
    assert (database.course, database.origin) == ("onset-apex", "")


def test_last_frame_is_the_apex(root) -> None:
    clip = ck_plus.load(root).clips[0]
    assert clip.path.is_dir()
    assert clip.apex == 3  # of four; the macOS companions are not counted


def test_names_do_not_depend_on_the_machine(root, tmp_path) -> None:
    before = ck_plus.load(root)
    moved = root.rename(tmp_path / "elsewhere")
    assert ck_plus.load(moved).digest == before.digest


def test_other_case_and_spaces(root) -> None:
    (root / "cohn-kanade-images").rename(root / "Cohn-Kanade-Images ")
    (root / "Emotion" / "S005").rename(root / "Emotion" / "s005")
    assert len(ck_plus.load(root).clips) == 11


@pytest.mark.parametrize("tree", ["cohn-kanade-images", "Emotion"])
def test_missing_tree(root, tree) -> None:
    shutil.rmtree(root / tree)
    with pytest.raises(DatabaseError, match=rf"expected the folder {tree}/.* found .*/"):
        ck_plus.load(root)


def test_no_folder(tmp_path) -> None:
    with pytest.raises(DatabaseError, match="is not a folder"):
        ck_plus.load(tmp_path / "nowhere")


def test_half_copied(root) -> None:
    shutil.rmtree(root / "cohn-kanade-images" / "S011")
    for path in (root / "cohn-kanade-images" / "S999" / "001").iterdir():
        path.unlink()
    with pytest.raises(DatabaseError, match=r"half copied: 4 of 11 .* \(the first is S011/001\)"):
        ck_plus.load(root)


def test_no_labels(root) -> None:
    for path in (root / "Emotion").rglob("*.txt"):
        path.unlink()
    with pytest.raises(DatabaseError, match=r"no \*_emotion.txt"):
        ck_plus.load(root)


@pytest.mark.parametrize("text", ["", "happy", "8", "2.5", "nan"])
def test_bad_label_names_its_file(root, text) -> None:
    path = next((root / "Emotion" / "S005" / "001").glob("S*"))
    path.write_text(text)
    with pytest.raises(DatabaseError, match=path.name):
        ck_plus.load(root)


def test_stand_in(shared) -> None:
    database = ck_plus.load(shared / "ck_like")
    assert database.counts == ck_plus.COUNTS
    assert (len(database.clips), len(database.subjects)) == (327, ck_plus.SUBJECTS)
    assert database.origin == "rendered stand-in (ICT-FaceKit light)"
    stills = ck_plus.stills(shared / "ck_like")
    assert len(stills.clips) == 1308 and len(stills.labels) == 8
    assert stills.counts == {label: 3 * n for label, n in ck_plus.COUNTS.items()} | {"neutral": 327}
    assert stills.origin == database.origin


def test_last_frames(root) -> None:
    whole, last = ck_plus.load(root), ck_plus.load(root, last=3)
    assert {(clip.start, clip.end, clip.apex) for clip in last.clips} == {(1, None, 3)}
    assert last.digest != whole.digest == ck_plus.load(root, last=0).digest
    assert ck_plus.load(root, last=99).digest == whole.digest
    with pytest.raises(DatabaseError, match="use 1 or more"):
        ck_plus.load(root, last=-1)


def test_stills(root) -> None:
    stills, sequences = ck_plus.stills(root), ck_plus.load(root)
    assert len(stills.clips) == 4 * len(sequences.clips)
    assert (stills.course, stills.labels[-1]) == ("still", "neutral")
    assert [(c.name, c.label) for c in stills.clips[:4]] == [
        ("S005_001_00000001", "neutral"), ("S005_001_00000002", "disgust"),
        ("S005_001_00000003", "disgust"), ("S005_001_00000004", "disgust"),
    ]  # fmt: skip
    assert all(clip.path.is_file() and clip.end is None for clip in stills.clips)


@pytest.mark.parametrize(("frames", "each"), [(1, 1), (2, 2), (3, 3), (9, 4)])
def test_stills_of_short_sequences_are_taken_once(tmp_path, forge, frames, each) -> None:
    root = forge("ck_plus").make(tmp_path, frames)
    names = [clip.name for clip in ck_plus.stills(root).clips]
    assert len(names) == len(set(names)) == 11 * each
