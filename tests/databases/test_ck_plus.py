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
    with pytest.raises(DatabaseError, match="is no folder"):
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
