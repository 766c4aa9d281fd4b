"""GEMEP-FERA: emotion folders, or one list."""

import pytest

from fervid.databases import gemep_fera
from fervid.errors import DatabaseError, ProtocolError
from fervid.folds import make

CLIPS = [
    ("train_001", "anger", "actor1"), ("train_003", "happiness", "actor1"),
    ("train_002", "fear", "actor2"), ("train_010", "relief", "actor3"),
    ("train_087", "sadness", "actor10"),
]  # fmt: skip


def test_folders(tmp_path, forge) -> None:
    database = gemep_fera.load(forge("gemep_fera").make(tmp_path))
    assert [(c.name, c.label, c.subject) for c in database.clips] == CLIPS
    assert database.left_out == {"second copies": 1}


def test_list(tmp_path, forge) -> None:
    database = gemep_fera.load(forge("gemep_fera").make_list(tmp_path))
    assert [(c.name, c.label, c.subject) for c in database.clips] == CLIPS


def test_subjects_are_asked_for(tmp_path, forge) -> None:
    database = gemep_fera.load(forge("gemep_fera").make_list(tmp_path, subjects=False))
    assert database.subjects == ()
    with pytest.raises(ProtocolError, match="add a subject column"):
        make("five-fold", database.clips)


def test_subject_left_out(tmp_path, forge) -> None:
    root = forge("gemep_fera").make(tmp_path)
    (root / "subjects.csv").write_text("clip,subject\ntrain_001,a\n")
    with pytest.raises(DatabaseError, match="says nobody for 4 clips"):
        gemep_fera.load(root)


def test_no_emotion(tmp_path, forge) -> None:
    root = forge("gemep_fera").make(tmp_path)
    (root / "training" / "joy").rename(root / "training" / "pride")
    with pytest.raises(DatabaseError, match=r"train_003.avi has no emotion \(found pride, train"):
        gemep_fera.load(root)
