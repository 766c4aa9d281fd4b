"""Lists as films' and the web's databases bring them."""

import pytest

from fervid.databases import lists
from fervid.errors import DatabaseError, LabelError, ProtocolError
from fervid.folds import make


def test_afew(tmp_path, forge) -> None:
    database = lists.afew(forge("lists").make(tmp_path))
    assert [(c.name, c.label, c.subject, c.groups["part"]) for c in database.clips] == [
        ("Train/Angry/000046280.avi", "anger", "A", "train"),
        ("Train/Happy/a b 1.avi", "happiness", "B", "train"),
        ("Val/Sad/000149120.AVI", "sadness", "C", "validation"),
    ]
    assert database.labels == ("anger", "happiness", "sadness")


def test_subjects_are_asked_for(tmp_path, forge) -> None:
    root = forge("lists").make(tmp_path)
    (root / "subjects.csv").unlink()
    with pytest.raises(ProtocolError, match="add a subject column"):
        make("five-fold", lists.afew(root).clips)


def test_dfew_folds(tmp_path, forge) -> None:
    root = forge("lists").make_dfew(tmp_path)
    found = [(c.name, c.path.name, c.label, c.groups["part"]) for c in lists.dfew(root).clips]
    assert found == [
        ("1", "00001", "happiness", "train"), ("2", "00002", "fear", "train"),
        ("10", "00010", "anger", "test"),
    ]  # fmt: skip
    assert len(lists.load(root, name="dfew", fold=2).clips) == 2
    assert lists.dfew(root, fold=2) == lists.load(root, name="dfew", fold=2)
    assert lists.dfew(root, media=tmp_path / "Clip" / "clip_224x224_16f") == lists.dfew(root)
    with pytest.raises(DatabaseError, match=r"no set_6 .* \(found set_1, set_2\)"):
        lists.load(root, name="dfew", fold=6)


def test_ferv39k(tmp_path, forge) -> None:
    database = lists.ferv39k(forge("lists").make_ferv39k(tmp_path))
    assert {(c.name, c.label, c.groups["part"]) for c in database.clips} == {
        ("Action/Happy/0267", "happiness", "train"), ("War/Sad/0010", "sadness", "test"),
    }  # fmt: skip
    assert all(clip.path.is_dir() for clip in database.clips)


def test_counted_frames(tmp_path, forge) -> None:
    root = forge("lists").make_counted(tmp_path)
    clips = lists.mafw(root).clips
    assert [(c.label, c.end) for c in clips] == [("fear", 12), ("disappointment", 7)]
    with pytest.raises(LabelError, match="line 1: the label is the number 3"):
        lists.load(root)
    assert lists.load(root, codes={3: "fear", 11: "anger"}).labels == ("fear", "anger")


@pytest.mark.parametrize(
    ("line", "error", "said"),
    [
        ("clips/00001 12 99", LabelError, "line 3: no label 99: mafw counts from 1 to 11"),
        ("clips/00009 12 1", DatabaseError, "line 3: no clip 'clips/00009'"),
        ("clips/00001", DatabaseError, "line 3: .* is no 'path label'"),
        ("clips/00001 12 3", DatabaseError, "line 3: .* stands there twice"),
        ("clips/00001 0 3", DatabaseError, "line 3: a clip of no frames"),
        ("clips/00001 12 pride", LabelError, "line 3: label 'pride'"),
    ],
)
def test_bad_line(tmp_path, forge, line, error, said) -> None:
    root = forge("lists").make_counted(tmp_path)
    (root / "train.txt").write_text((root / "train.txt").read_text() + line + "\n")
    with pytest.raises(error, match=said):
        lists.mafw(root)


def test_no_list(tmp_path) -> None:
    (tmp_path / "clip.avi").write_bytes(b"x")
    with pytest.raises(DatabaseError, match=r"expected lists .* found clip.avi"):
        lists.afew(tmp_path)
