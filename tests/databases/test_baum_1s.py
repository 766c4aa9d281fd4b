"""BAUM-1s: the annotation file decides."""

import sys

import pytest

from fervid.databases import baum_1s
from fervid.errors import DatabaseError

CLIPS = [
    ("S001_010", "happiness", "S001"), ("S001_014", "sadness", "S001"),
    ("S001_015", "anger", "S001"), ("S010_007", "happiness", "S010"),
    ("S010_008", "fear", "S010"), ("S010_009", "disgust", "S010"),
    ("S031_002", "surprise", "S031"),
]  # fmt: skip


def test_six_emotions(tmp_path, forge) -> None:
    database = baum_1s.load(forge("baum_1s").make(tmp_path))
    assert [(c.name, c.label, c.subject) for c in database.clips] == CLIPS
    assert database.clips[0].groups == {"sex": "female"}
    assert database.left_out == {
        "labelled neutral": 1, "labelled contempt": 1, "labelled concentrating": 1,
        "rows about the same clip": 1,
    }  # fmt: skip


def test_sheet(tmp_path, forge) -> None:
    pytest.importorskip("openpyxl")
    database = baum_1s.load(forge("baum_1s").make_sheet(tmp_path))
    assert [(c.name, c.label, c.subject) for c in database.clips] == CLIPS


def test_sheet_without_openpyxl(tmp_path, forge, monkeypatch) -> None:
    forge("baum_1s").videos(tmp_path)
    (tmp_path / "Annotations_BAUM1s.xlsx").write_bytes(b"PK")
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(DatabaseError, match=r"pip install 'fervid\[excel\]', or save it as CSV"):
        baum_1s.load(tmp_path)


def test_missing_parts(tmp_path, forge) -> None:
    root = forge("baum_1s").make(tmp_path)
    (root / "BAUM1s_MP4 - All" / "s031" / "S031_002.mp4").unlink()
    with pytest.raises(DatabaseError, match=r"1 of 7 clips .* the first is S031_002"):
        baum_1s.load(root)
    (root / "Annotations_BAUM1s.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DatabaseError, match=r"no line names a clip"):
        baum_1s.load(root)
    (root / "Annotations_BAUM1s.csv").unlink()
    with pytest.raises(DatabaseError, match=r"expected Annotations_BAUM1s.xlsx .* found BAUM1s_M"):
        baum_1s.load(root)
