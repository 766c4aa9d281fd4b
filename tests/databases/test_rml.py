"""RML: names tell all."""

import pytest

from fervid.databases import rml
from fervid.errors import DatabaseError


def test_names(tmp_path, forge) -> None:
    database = rml.load(forge("rml").make(tmp_path) / "RML Emotion Database")
    assert [(c.name, c.label, c.subject) for c in database.clips] == [
        ("s1/an1.avi", "anger", "s1"), ("s1/an2.avi", "anger", "s1"),
        ("s1/di1.avi", "disgust", "s1"), ("s2/English/ha10.AVI", "happiness", "s2"),
        ("s2/English/sa1.avi", "sadness", "s2"), ("s2/Mandarin/ha9.avi", "happiness", "s2"),
        ("s8/fe1.avi", "fear", "s8"), ("s8/su1.avi", "surprise", "s8"),
    ]  # fmt: skip
    assert database.left_out == {"second copies": 1, "videos without an emotion in their name": 1}


def test_outside_a_subject(tmp_path) -> None:
    (tmp_path / "an1.avi").write_bytes(b"x")
    with pytest.raises(DatabaseError, match=r"an1.avi lies in no subject's folder"):
        rml.load(tmp_path)
