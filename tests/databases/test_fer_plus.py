"""FER+: votes to labels and targets, both layouts, archives."""

import zipfile

import numpy as np
import pytest

from fervid.databases import fer_plus
from fervid.errors import DatabaseError, OutputError


@pytest.fixture
def root(tmp_path, forge):
    return forge("fer_plus").make(tmp_path / "fer")


def test_folders(root) -> None:
    database = fer_plus.load(root)
    assert [(c.name, c.label, c.groups["part"]) for c in database.clips] == [
        ("FER2013Train/fer0000000.png", "neutral", "train"),
        ("FER2013Train/fer0000001.png", "happiness", "train"),
        ("FER2013Train/fer0000004.png", "anger", "train"),
        ("FER2013Train/fer0000005.png", "neutral", "train"),
        ("FER2013Valid/fer0000006.png", "sadness", "validation"),
        ("FER2013Valid/fer0000007.png", "disgust", "validation"),
        ("FER2013Test/fer0000008.png", "surprise", "test"),
    ]
    assert database.left_out == {"voted unknown": 1, "voted NF": 1}
    assert database.course == "still" and database.subjects == ()
    assert len(fer_plus.votes(root)) == 9


def test_parts_that_are_there(tmp_path, forge) -> None:
    root = forge("fer_plus").make(tmp_path, parts=("FER2013Test",))
    assert len(fer_plus.load(root).clips) == 1


def test_texts_give_the_same(tmp_path, forge, root) -> None:
    source = forge("fer_plus").make_texts(tmp_path / "texts")
    with pytest.raises(DatabaseError, match="write them out once"):
        fer_plus.load(source)
    folder = fer_plus.unpack(source, tmp_path / "out")
    struck_out = "FER2013Train/fer0000001.png"
    ours = {c.name: (c.label, c.groups["part"]) for c in fer_plus.load(folder).clips}
    theirs = {c.name: (c.label, c.groups["part"]) for c in fer_plus.load(root).clips}
    assert ours == {name: row for name, row in theirs.items() if name != struck_out}
    from fervid.faces.video import frames

    image = next(frames(folder / "FER2013Valid" / "fer0000007.png")).image
    assert image.shape == (48, 48, 3) and (image == 140).all()


def test_zip(tmp_path, forge, root) -> None:
    packed = forge("fer_plus").make_zip(tmp_path / "fer.zip", root)
    folder = fer_plus.unpack(packed, tmp_path / "out")
    assert fer_plus.load(folder).digest == fer_plus.load(root).digest
    with pytest.raises(OutputError, match="not empty"):
        fer_plus.unpack(packed, folder)


def test_unpacked_on_the_way(tmp_path, forge, root) -> None:
    packed = forge("fer_plus").make_zip(tmp_path / "fer.zip", root)
    place = str(tmp_path / "out")
    first = fer_plus.load(packed, unpacked=place)
    assert first.digest == fer_plus.load(root).digest
    packed.unlink()  # not asked for again
    assert fer_plus.load(packed, unpacked=place) == first
    with pytest.raises(DatabaseError, match=r"with --set unpacked=FOLDER"):
        fer_plus.load(packed)


@pytest.mark.parametrize("name", ["../escape.png", "/etc/escape.png", "a/../../b", "C:\\x.png"])
def test_zip_that_leads_out(tmp_path, name) -> None:
    packed = tmp_path / "bad.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("FER2013Train/label.csv", "")
        archive.writestr(name, b"x")
    with pytest.raises(DatabaseError, match="leads out of the folder"):
        fer_plus.unpack(packed, tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.zip"]  # nothing left behind


def test_damaged_zip(tmp_path) -> None:
    (tmp_path / "bad.zip").write_bytes(b"PK\3\4 and no more")
    for name in ("bad.zip", "none.zip"):
        with pytest.raises(DatabaseError, match=r"not a complete zip|does not exist"):
            fer_plus.unpack(tmp_path / name, tmp_path / "out")


@pytest.mark.parametrize(
    ("mode", "votes", "target"),
    [
        ("majority", (4, 0, 0, 4, 0, 0, 0, 0, 0, 2), {"neutral": 1}),
        ("majority", (1, 0, 0, 0, 0, 0, 0, 0, 9, 0), {}),
        ("strict majority", (5, 0, 0, 5, 0, 0, 0, 0, 0, 0), {}),
        ("strict majority", (5, 1, 1, 1, 1, 1, 0, 0, 0, 0), {"neutral": 1}),
        ("cross-entropy", (5, 0, 0, 5, 0, 0, 0, 0, 0, 0), {"neutral": 0.5, "sadness": 0.5}),
        ("cross-entropy", (6, 3, 1, 0, 0, 0, 0, 0, 0, 0), {"neutral": 2 / 3, "happiness": 1 / 3}),
        ("cross-entropy", (8, 2, 0, 0, 0, 0, 0, 0, 0, 0), {"neutral": 1}),
        ("cross-entropy", (2, 2, 2, 2, 2, 0, 0, 0, 0, 0), {}),
        ("cross-entropy", (0, 0, 0, 0, 0, 0, 0, 3, 7, 0), {}),
        ("cross-entropy", (6, 0, 0, 0, 0, 0, 0, 0, 4, 0), {"neutral": 1}),
        ("cross-entropy", (4, 0, 0, 0, 0, 0, 0, 0, 4, 2), {}),
        ("cross-entropy", (1,) * 10, {}),
        ("multi-target", (5, 0, 0, 3, 2, 0, 0, 0, 0, 0), {"neutral": 1, "sadness": 1}),
        ("multi-target", (2, 2, 2, 2, 2, 0, 0, 0, 0, 0), {}),
    ],
)
def test_targets(mode, votes, target) -> None:
    (row,) = fer_plus.targets(np.array([votes]), mode)
    found = dict(zip(fer_plus.FER_PLUS, row.tolist(), strict=True))
    assert {name: value for name, value in found.items() if value} == pytest.approx(target)


def test_probability_draws_from_the_distribution() -> None:
    votes = np.tile((6, 0, 0, 3, 0, 0, 0, 0, 0, 0), (3000, 1))
    drawn = fer_plus.targets(votes, "probability", np.random.default_rng(0))
    assert (drawn.sum(axis=1) == 1).all()
    assert drawn.mean(axis=0)[[0, 3]] == pytest.approx([2 / 3, 1 / 3], abs=0.03)


def test_half_copied(root) -> None:
    (root / "FER2013Valid" / "fer0000006.png").unlink()
    with pytest.raises(DatabaseError, match="1 of 9 listed faces have no picture"):
        fer_plus.load(root)


@pytest.mark.parametrize("row", ["fer1.png,1,2", 'fer1.png,"(0, 0, 48, 48)",1,2,3,4,5,6,7,8,9,x'])
def test_bad_row(root, row) -> None:
    path = root / "FER2013Train" / "label.csv"
    path.write_text(path.read_text() + row + "\n")
    with pytest.raises(DatabaseError, match=r"label.csv, line 7 (is not|has no ten)"):
        fer_plus.load(root)


@pytest.mark.slow
def test_the_parts_at_hand(shared, tmp_path) -> None:
    folder = fer_plus.unpack(shared / "ferplus_train_valid.zip", tmp_path / "fer")
    database = fer_plus.load(folder)
    found = [clip.groups["part"] for clip in database.clips]
    assert {part: found.count(part) for part in set(found)} == fer_plus.COUNTS
    assert len(fer_plus.votes(folder)) == sum(fer_plus.ROWS.values())
