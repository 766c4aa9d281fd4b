"""CASIA-WebFace and LFW: people as subjects; the pairs of LFW."""

import zipfile

import pytest

from fervid.databases import casia_webface, lfw
from fervid.databases.lfw import Pair
from fervid.errors import DatabaseError


def test_casia(tmp_path, forge) -> None:
    root = forge("casia_webface").make(tmp_path)
    database = casia_webface.load(root)
    assert [(c.name, c.subject, c.label) for c in database.clips] == [
        ("0000045/001.jpg", "0000045", None), ("0000045/002.JPG", "0000045", None),
        ("0000045/010.jpg", "0000045", None), ("0000099/001.jpg", "0000099", None),
    ]  # fmt: skip
    assert all(clip.path.is_file() for clip in database.clips)
    assert casia_webface.load(root / "CASIA-WebFace").digest == database.digest


def test_lfw_layouts(tmp_path, forge) -> None:
    folders = lfw.load(forge("lfw").make(tmp_path / "a"))
    flat = lfw.load(forge("lfw").make_flat(tmp_path / "b"))
    assert [c.name for c in folders.clips] == [c.name for c in flat.clips]
    assert folders.subjects == flat.subjects == ("AJ_Cook", "Abel_Pacheco", "Slobodan_Milosevic")
    assert flat.counts == {"neutral": 4, "happiness": 2}
    assert [c.label for c in flat.clips if c.subject == "AJ_Cook"] == [None]


def test_pairs(tmp_path, forge) -> None:
    root = forge("lfw").make(tmp_path)
    folds = lfw.pairs(root / "pairs.txt")
    assert folds == (
        (Pair("Abel_Pacheco_0001", "Abel_Pacheco_0004", True),
         Pair("AJ_Cook_0001", "Slobodan_Milosevic_0002", False)),
        (Pair("Slobodan_Milosevic_0001", "Slobodan_Milosevic_0002", True),
         Pair("Abel_Pacheco_0003", "Nobody_Here_0001", False)),
    )  # fmt: skip
    assert [len(fold) for fold in lfw.covered(folds, lfw.load(root))] == [2, 1]


@pytest.mark.parametrize("text", ["", "x\t300\n", "2\t1\nA\t1\t2\n", "1\nA\tx\t2\nB\t1\tC\t1\n"])
def test_bad_pairs(tmp_path, text) -> None:
    (tmp_path / "pairs.txt").write_text(text)
    with pytest.raises(DatabaseError, match=r"pairs.txt"):
        lfw.pairs(tmp_path / "pairs.txt")


@pytest.mark.parametrize("load", [casia_webface.load, lfw.load])
def test_nothing(load, tmp_path) -> None:
    (tmp_path / "readme.txt").write_text("")
    with pytest.raises(DatabaseError, match=r"expected .*jpg, ... in .* found readme.txt"):
        load(tmp_path)


@pytest.mark.slow
def test_the_faces_at_hand(shared, tmp_path) -> None:
    with zipfile.ZipFile(shared / "lfw_faces.zip") as archive:
        archive.extractall(tmp_path)
    database = lfw.load(tmp_path)
    assert (len(database.clips), len(database.subjects)) == (12_794, 5_616)
    folds = lfw.pairs(tmp_path / "pairs.txt")
    assert [len(fold) for fold in folds] == [2 * lfw.PAIRS] * lfw.FOLDS
    assert sum(map(len, lfw.covered(folds, database))) == 5_605
