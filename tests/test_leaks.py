"""Planted leaks are found, and clean splits are not accused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scenes import scene

from fervid.clip import Clip, Database
from fervid.errors import LeakError, ProtocolError
from fervid.faces.video import write_video
from fervid.folds import digest, fingerprints, from_file, hold_out, k_fold, leaks, splits, subjects
from fervid.folds.splits import Split

SUBJECTS = 12


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("videos")
    for number in range(SUBJECTS):
        write_video(folder / f"c{number}.mp4", scene(number), 25)
    return folder


@pytest.fixture
def clips(home) -> list[Clip]:
    return [Clip(f"c{n}", home / f"c{n}.mp4", "d", "ab"[n % 2], f"S{n}") for n in range(SUBJECTS)]


def plant(clips: list[Clip], name: str, path: Path) -> list[Split]:
    """Clip c0's copy under another subject's name, trained on; c0 is tested."""
    every = (*clips, Clip(name, path, "d", "a", "S99"))
    return [Split(every, tuple(range(3, len(every))), (0, 1, 2), "one")]


def test_clean(clips) -> None:
    folds = k_fold(tuple(clips), 4)
    found = leaks.check(folds, perceptual=True)
    assert found.leaks == () and found.clips == SUBJECTS and found.unread == ()
    found.refuse()
    assert "no leak found" in found.table()


def test_shared_subject(clips) -> None:
    clips[5] = replace(clips[5], subject="S1")
    split = Split(tuple(clips), (4, 5, 6), (0, 1), "x")
    found = leaks.check([split, replace(split, name="y")])
    assert [(leak.kind, leak.train, leak.folds) for leak in found.leaks] == [
        ("shared subject", "S1", 2)
    ]
    with pytest.raises(LeakError, match=r"1 x shared subject \(in fold x: S1 in training"):
        found.refuse()


@pytest.mark.parametrize("spelling", ["s1", "S 01", "S_001"])
def test_subject_under_two_spellings(clips, spelling) -> None:
    clips[5] = replace(clips[5], subject=spelling)
    found = leaks.check([Split(tuple(clips), (4, 5, 6), (0, 1), "x")])
    (leak,) = found.leaks
    assert (leak.kind, leak.train, leak.test) == ("one subject, two spellings", spelling, "S1")


def test_other_numbers_are_other_subjects(clips) -> None:
    clips[1], clips[5] = replace(clips[1], subject="S10"), replace(clips[5], subject="S100")
    assert not leaks.check([Split(tuple(clips), (4, 5, 6), (1,), "x")]).leaks


def test_same_file_under_another_name(clips, home, tmp_path) -> None:
    copy = tmp_path / "another name.mp4"
    copy.write_bytes((home / "c0.mp4").read_bytes())
    (leak,) = leaks.check(plant(clips, "copy", copy)).leaks
    assert (leak.kind, leak.fold, leak.train, leak.test) == ("same content", "one", "copy", "c0")


def test_one_file_on_both_sides(clips, home) -> None:
    (leak,) = leaks.check(plant(clips, "again", home / "c0.mp4")).leaks
    assert leak.kind == "same frames"


@pytest.mark.parametrize(("start", "end", "leaks_there"), [(5, None, True), (6, 8, False)])
def test_spans_of_one_file(clips, home, start, end, leaks_there) -> None:
    clips[0] = replace(clips[0], end=6)
    clips[7] = replace(clips[7], path=home / "c0.mp4", start=start, end=end)
    found = leaks.check([Split(tuple(clips), (6, 7), (0, 1), "x")])
    assert bool(found.leaks) == leaks_there


def test_folders_of_the_same_pictures(clips, tmp_path) -> None:
    for name, prefix in (("one", "a"), ("two", "b")):
        (tmp_path / name).mkdir()
        for number in range(3):
            (tmp_path / name / f"{prefix}{number}.png").write_bytes(bytes([number]) * 50)
        (tmp_path / name / ".DS_Store").write_bytes(name.encode())
    clips[0] = replace(clips[0], path=tmp_path / "one")
    (leak,) = leaks.check(plant(clips, "two", tmp_path / "two")).leaks
    assert (leak.kind, leak.train) == ("same content", "two")


def darker(images):
    return (images * 0.8 + 5).astype(np.uint8)


def rotated(images):
    """By 10 degrees, nearest neighbour, black corners."""
    size, radians = images.shape[1], np.radians(10)
    centre = (size - 1) / 2
    y, x = np.mgrid[:size, :size] - centre
    at_y = np.rint(y * np.cos(radians) + x * np.sin(radians) + centre).astype(int)
    at_x = np.rint(x * np.cos(radians) - y * np.sin(radians) + centre).astype(int)
    inside = (at_y >= 0) & (at_y < size) & (at_x >= 0) & (at_x < size)
    turned = images[:, at_y.clip(0, size - 1), at_x.clip(0, size - 1)]
    return (turned * inside[..., None]).astype(np.uint8)


ALTERED = {
    "re-encoded": (lambda images: images, "same pictures"),
    "smaller": (lambda images: images[:, ::2, ::2], "same pictures"),
    "darker": (darker, "same pictures"),
    "flipped": (lambda images: images[:, :, ::-1], "mirrored"),
    "flipped and darker": (lambda images: darker(images[:, :, ::-1]), "mirrored"),
    "rotated": (rotated, "rotated"),
    "flipped and rotated": (lambda images: rotated(images[:, :, ::-1]), "mirrored and rotated"),
}


@pytest.mark.parametrize("how", ALTERED)
def test_altered_copy(clips, tmp_path, how) -> None:
    alter, kind = ALTERED[how]
    write_video(tmp_path / "copy.mkv", alter(scene(0)), 30)
    split = plant(clips, "copy", tmp_path / "copy.mkv")
    assert not leaks.check(split).leaks  # its bytes do not tell
    found = leaks.check(split, perceptual=True)
    assert [(leak.kind, leak.train, leak.test) for leak in found.leaks] == [(kind, "copy", "c0")]
    assert found.leaks[0].likeness > leaks.ALIKE
    with pytest.raises(LeakError, match=rf"1 x {kind} \(in fold one: copy in training, c0 in test"):
        found.refuse()


def test_copy_of_the_same_person_on_one_side(clips, home) -> None:
    every = (*clips, Clip("again", home / "c0.mp4", "d", "a", "S0"))
    folds = k_fold(every, 4)
    assert not leaks.check(folds, perceptual=True).leaks


def test_clips_without_subject_are_compared(clips, home) -> None:
    every = tuple(replace(clip, subject=None) for clip in clips)
    found = leaks.check([Split(every, (3, 4, 5), (0, 1, 2), "x")], perceptual=True)
    assert not found.leaks and found.nobody == 6
    assert "6 clips have no subject" in found.table()


def test_unreadable_clips_are_told(clips, tmp_path) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    found = leaks.check(plant(clips, "broken", tmp_path / "broken.mp4"), perceptual=True)
    assert found.unread == ("broken",) and not found.leaks


def test_absent_and_empty_files_are_told(clips, tmp_path) -> None:
    (tmp_path / "empty.mp4").touch()
    clips[1] = replace(clips[1], path=tmp_path / "gone.mp4")
    split = plant(clips, "empty", tmp_path / "empty.mp4")
    for perceptual in (False, True):
        found = leaks.check(split, perceptual)
        assert found.unread == ("c1", "empty")
        assert "not checked: 2 clips unreadable (c1 ...)" in found.table()


def test_nothing_readable(clips, tmp_path) -> None:
    every = tuple(replace(clip, path=tmp_path / clip.name) for clip in clips)
    found = leaks.check(k_fold(every, 4), perceptual=True)
    assert not found.leaks and len(found.unread) == SUBJECTS


def test_black_clips_are_not_alike(clips, tmp_path) -> None:
    for name in ("a", "b"):
        images = np.full((4 + (name == "b"), 64, 64, 3), 16, np.uint8)
        write_video(tmp_path / f"{name}.mp4", images, 25)
    clips[0] = replace(clips[0], path=tmp_path / "a.mp4")
    assert not leaks.check(plant(clips, "b", tmp_path / "b.mp4"), perceptual=True).leaks


def test_two_processes_see_the_same(clips) -> None:
    one, there = fingerprints.looks(clips)
    two, _ = fingerprints.looks(clips, jobs=2)
    assert there.all() and (one == two).all()


def test_shrink_is_the_mean_of_cells() -> None:
    image = np.random.default_rng(0).integers(0, 256, (70, 45, 3)).astype(np.uint8)
    small = fingerprints.shrink(image)
    rows, columns = (np.arange(33) * n // 32 for n in (70, 45))
    slow = [
        [image[rows[i] : rows[i + 1], columns[j] : columns[j + 1], 1].mean() for j in range(32)]
        for i in range(32)
    ]
    assert np.abs(small - np.array(slow)).max() <= 0.51
    assert fingerprints.shrink(image[:5, :5]).shape == (32, 32)


def test_turning_back() -> None:
    small = fingerprints.shrink(scene(1)[0])[None]
    back = fingerprints.turned(fingerprints.turned(small, False, 15), False, -15).astype(int)
    inside = fingerprints.disc()
    assert np.abs(back - small)[0, inside].mean() < 3
    assert (fingerprints.turned(small, True, 0) == small[..., ::-1]).all()


def test_nothing_to_check(clips) -> None:
    for wrong in ([], [Split((clips[0],), (0,), (0,)), Split((clips[1],), (0,), (0,))]):
        with pytest.raises(ProtocolError, match="nothing to check"):
            leaks.check(wrong)


# Splits on paper


@pytest.fixture
def database(clips) -> Database:
    return Database("d", ("a", "b"), tuple(clips))


@pytest.mark.parametrize("name", ["s.csv", "s.json"])
def test_export_and_back(database, tmp_path, name) -> None:
    folds = k_fold(database.clips, 4)
    splits.export(folds, tmp_path / name)
    again = from_file(tmp_path / name, database.clips)
    assert digest(again) == digest(folds)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    read = splits.read(tmp_path / name, database)
    assert [(s.train, s.test, s.name) for s in read] == [(f.train, f.test, f.name) for f in folds]


def test_csv_cannot_tell_a_hold_out(database, tmp_path) -> None:
    with pytest.raises(ProtocolError, match=r"export to a .json"):
        splits.export(hold_out(database.clips), tmp_path / "s.csv")


def test_a_leaky_file_is_read_and_refused(database, tmp_path) -> None:
    (tmp_path / "s.json").write_text('[{"train": ["c0", "c1"], "test": ["c1"]}]')
    found = leaks.check(splits.read(tmp_path / "s.json", database))
    assert found.counts == {"shared subject": 1, "same clip": 1}


def test_show(database) -> None:
    table = splits.show(k_fold(database.clips, 4), database).splitlines()
    assert table[0].split() == [
        "fold",
        "train",
        "test",
        "subjects",
        "a",
        "b",
        "test",
        "subjects",
    ]
    assert len(table) == 5
    assert [int(cell) for cell in table[1].split()[:4]] == [1, 9, 3, 3]


def test_parts(clips) -> None:
    parts = ["train", "validation", "test", "train"]
    rows = tuple(
        replace(clip, groups={"part": part}) for clip, part in zip(clips, parts, strict=False)
    )
    found = splits.parts(Database("d", ("a", "b"), rows))
    assert [(s.name, s.train, s.test) for s in found] == [
        ("validation", (0, 3), (1,)), ("test", (0, 1, 3), (2,)),
    ]  # fmt: skip
    with pytest.raises(ProtocolError, match="no fixed training part"):
        splits.parts(Database("d", ("a", "b"), rows[1:3]))


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("S001", "s1"), ("S_001", "S-1"), ("Anna Lee", "anna  lee"), ("Anna-Lee", "Anna_Lee"),
        ("Zo\u00eb", "Zoe\u0308"), ("Zo\u00eb", "Zoe"), ("Ѕ001", "S001"), ("Αnna", "Anna"),
        ("АННА", "анна"), ("Ｓ１", "S1"), ("S\u200b1", "S1"), ("S٣", "S3"), ("straße", "STRASSE"),
    ],
)  # fmt: skip
def test_spellings_of_one_person(one, two) -> None:
    assert subjects.plain(one) == subjects.plain(two)


@pytest.mark.parametrize(
    ("one", "two"),
    [("S1", "S10"), ("S1-2", "S12"), ("1_2_3", "12_3"), ("Anna", "Anne"), ("S100", "S10"),
     ("F1", "M1"), ("日本", "日木"), ("李", "王")],
)  # fmt: skip
def test_other_people_stay_apart(one, two) -> None:
    assert subjects.plain(one) != subjects.plain(two)


def test_signs_alone_are_not_one_person(clips) -> None:
    clips[1], clips[5] = replace(clips[1], subject="+"), replace(clips[5], subject="*")
    assert not leaks.check([Split(tuple(clips), (4, 5, 6), (1,), "x")]).leaks


def test_copies_by_key(clips) -> None:
    """Two clips of one key are one, whatever their names; empty keys tell nothing."""
    split = Split(tuple(clips), (4, 5, 6), (0, 1), "x")
    keys = {clip.name: clip.name for clip in clips}
    assert leaks.copies([split], keys) == []
    assert leaks.copies([split], {**keys, "c0": "", "c4": ""}) == []
    (leak,) = leaks.copies([split, replace(split, name="y")], {**keys, "c0": "k", "c5": "k"})
    assert (leak.kind, leak.train, leak.test, leak.folds) == ("same track", "c5", "c0", 2)


def test_copies_of_another_database_by_their_files(clips, tmp_path) -> None:
    """Keys tell how faces were found, too; the bytes do not."""
    copy = tmp_path / "renamed.mp4"
    copy.write_bytes(clips[0].path.read_bytes())
    clips[5] = replace(clips[5], path=copy, database="other")
    keys = {clip.name: clip.name for clip in clips}
    (leak,) = leaks.copies([Split(tuple(clips), (4, 5, 6), (0, 1), "x")], keys)
    assert (leak.kind, leak.train, leak.test) == ("same content", "c5", "c0")
