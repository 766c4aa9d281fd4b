"""MMI on a forged tree, and on the rendered stand-in."""

from pathlib import Path

import pytest

from fervid.databases import mmi
from fervid.errors import DatabaseError


@pytest.fixture
def root(tmp_path, forge) -> Path:
    return forge("mmi").make(tmp_path)


def test_frontal_sessions_with_an_emotion(root) -> None:
    database = mmi.load(root)
    assert [(c.name, c.label, c.subject) for c in database.clips] == [
        ("1/S001-001", "happiness", "S001"),
        ("2/S001-002", "anger", "S001"),
        ("2401/S003-2401", "sadness", "S003"),
        ("11/S010-011", "fear", "S010"),
    ]
    assert database.left_out == {"without one of the six emotions": 2, "not seen from the front": 2}
    assert database.course == "onset-apex-offset"
    assert database.clips[0].groups == {"sex": "f"}
    assert database.clips[1].path.name == "S001-002.AVI"


def test_doctype_is_refused(root) -> None:
    bomb = '<!DOCTYPE s [<!ENTITY a "x"><!ENTITY b "&a;&a;">]><s>&b;</s>'
    for encoding in ("utf-8", "utf-16"):
        (root / "Sessions" / "1" / "session.xml").write_bytes(bomb.encode(encoding))
        with pytest.raises(DatabaseError, match="document type"):
            mmi.load(root)


def test_broken_xml_names_its_file(root) -> None:
    (root / "Sessions" / "11" / "session.xml").write_text("<session>")
    with pytest.raises(DatabaseError, match=r"11/session.xml is no XML file"):
        mmi.load(root)


def test_session_without_video(root) -> None:
    (root / "Sessions" / "11" / "S010-011.avi").unlink()
    with pytest.raises(DatabaseError, match=r"Sessions/11 has an emotion but no video"):
        mmi.load(root)


def test_session_without_subject(root) -> None:
    path = root / "Sessions" / "11" / "session.xml"
    path.write_text("<session/>")
    with pytest.raises(DatabaseError, match="names its subject"):
        mmi.load(root)


def test_missing_sessions(tmp_path) -> None:
    (tmp_path / "Videos").mkdir()
    with pytest.raises(DatabaseError, match=r"expected the folder Sessions/.* found Videos/"):
        mmi.load(tmp_path)


def test_no_emotion_at_all(root) -> None:
    for path in root.rglob("S*.xml"):
        path.unlink()
    with pytest.raises(DatabaseError, match="none of the 8 sessions"):
        mmi.load(root)


def test_stand_in(shared) -> None:
    database = mmi.load(shared / "mmi_like")
    assert list(database.counts.values()) == [31, 32, 28, 42, 32, 40]
    assert (len(database.clips), len(database.subjects)) == (205, mmi.SUBJECTS)
    assert database.origin == "rendered stand-in (ICT-FaceKit light)"
