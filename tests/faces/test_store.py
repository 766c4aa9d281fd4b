"""The store: what goes in comes out, the same bytes each time, and nothing half done."""

import errno
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import load_file

from fervid.clip import Clip, Database
from fervid.errors import DatabaseError, InputError, OutputError
from fervid.faces import store, trackfile
from fervid.faces.align import Aligner, to_crop
from fervid.faces.settings import FaceSettings
from fervid.faces.store import Row, Store
from fervid.faces.track import STATUS
from fervid.faces.trackfile import Summary, read_summary, read_tracks, write_tracks
from fervid.faces.tracking import FrameFaces, Seen
from fervid.faces.video import Frame

FOUND_BY = {"finder": "script", "version": "1"}
SHAPE = np.random.default_rng(0).uniform(-40, 40, (68, 2)).astype(np.float32)


def stream(count: int = 12) -> Iterator[FrameFaces]:
    """Face 0 in the first half, face 1 (larger) from row 3 on; row 5 unreadable, row 6 empty."""
    rng = np.random.default_rng(0)
    smooth = np.kron(rng.integers(0, 256, (8, 12, 3)), np.ones((25, 25, 1))).astype(np.uint8)
    for i in range(count):
        frame = Frame(i + 100, 4.0 + i / 25, np.roll(smooth, 2 * i, axis=1), readable=i != 5)
        faces = []
        if i < count // 2:
            faces.append(Seen(0, SHAPE + np.float32([90, 90 + i]), 0.75))
        if i >= 3:
            faces.append(Seen(1, SHAPE * 1.5 + np.float32([200 - i, 100]), 0.9))
        yield FrameFaces(frame, () if i in (5, 6) else tuple(faces))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "x.safetensors"


def test_tracks_come_back_as_they_were(file: Path) -> None:
    summary = write_tracks(file, stream(), FaceSettings(lossless=True), FOUND_BY)
    assert summary == Summary(frames=12, faces=2, seen=7, main=1) == read_summary(file)
    first, second = read_tracks(file)
    assert (first.face, second.face) == (0, 1)
    assert first.frames.tolist() == list(range(100, 112))
    assert np.allclose(first.times, 4.0 + np.arange(12) / 25)
    words = [STATUS[code] for code in second.status]
    assert words == ["no face"] * 3 + ["face"] * 2 + ["unreadable", "no face"] + ["face"] * 5
    assert first.found_by["version"] == "1" and "lossless" in first.found_by["settings"]

    align = Aligner(FaceSettings())
    for row, seen in enumerate(stream()):
        for face in seen.faces:
            track = (first, second)[face.face]
            picture, points, back = align(seen.frame.image, face.landmarks, face.face)
            assert np.array_equal(track.faces[row], picture)
            assert np.array_equal(track.landmarks[row], points)
            assert np.array_equal(track.to_frame[row], back)
            assert track.score[row] == np.float32(face.score)
            assert np.allclose(track.landmarks_in_frame[row], face.landmarks, atol=0.01)
    for track in (first, second):
        blank = ~track.seen
        assert not track.faces[blank].any() and not track.score[blank].any()
        assert np.isnan(track.landmarks[blank]).all() and np.isnan(track.to_frame[blank]).all()
    assert to_crop(SHAPE[None]).shape == (1, 2, 3)


def test_jpeg_is_near_and_smaller(tmp_path: Path) -> None:
    sizes = {}
    for lossless in (True, False):
        path = tmp_path / f"{lossless}"
        write_tracks(path, stream(), FaceSettings(lossless=lossless), FOUND_BY)
        sizes[lossless] = next(read_tracks(path, only=1))
    difference = np.abs(sizes[True].faces.astype(int) - sizes[False].faces)
    assert 0 < difference.mean() < 2


def test_the_same_stream_gives_the_same_bytes_a_safetensors_reader_reads(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in "ab"]
    for path in paths:
        write_tracks(path, stream(), FaceSettings(), FOUND_BY)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    arrays = load_file(paths[0])
    assert arrays["times"].shape == (12,) and arrays["1.landmarks"].shape == (12, 68, 2)
    assert arrays["1.ends"][-1] == len(arrays["1.pictures"])


def test_crops_that_outgrow_memory_go_through_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tracks(tmp_path / "a", stream(), FaceSettings(), FOUND_BY)
    monkeypatch.setattr(trackfile, "SPOOL", 1000)
    write_tracks(tmp_path / "b", stream(), FaceSettings(), FOUND_BY)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b"]


def test_nobody_is_a_file_without_tracks(file: Path) -> None:
    nobody = (replace(row, faces=()) for row in stream())
    assert write_tracks(file, nobody, FaceSettings(), FOUND_BY) == Summary(frames=12)
    assert list(read_tracks(file)) == []


def test_a_broken_stream_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> Iterator[FrameFaces]:
        yield from stream(4)
        raise InputError("the clip broke")

    with pytest.raises(InputError):
        write_tracks(tmp_path / "x", broken(), FaceSettings(), FOUND_BY)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_one_sentence_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, target: Path) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OutputError, match="No space left") as caught:
        write_tracks(tmp_path / "x", stream(), FaceSettings(), FOUND_BY)
    assert "\n" not in str(caught.value) and not list(tmp_path.iterdir())


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_damaged_file_is_not_taken_for_a_whole_one(file: Path, share: float) -> None:
    write_tracks(file, stream(), FaceSettings(), FOUND_BY)
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])
    assert read_summary(file) is None
    with pytest.raises(InputError, match="prepare"):
        list(read_tracks(file))


def database(count: int = 3, name: str = "folder") -> Database:
    clips = tuple(
        Clip(f"s{i}/c{i}", Path(f"data/s{i}.mp4"), name, ("fear", None)[i % 2], f"s{i}",
             end=i or None, apex=7 if i else None, groups={"sex": "f", "age": f"{i}"})
        for i in range(count)
    )  # fmt: skip
    return Database(name, ("anger", "fear"), clips, "onset-apex", "rendered", "free", "@misc{x}")


def filled(root: Path, data: Database) -> Path:
    store.begin(root, data)
    rows = []
    for i, clip in enumerate(data.clips):
        key = f"{i:064d}"
        if i == 2:
            rows.append(Row(clip, "", Summary(), "is empty: copy it again"))
            continue
        summary = write_tracks(store.track_path(root, key), stream(), FaceSettings(), FOUND_BY)
        rows.append(Row(clip, key, summary))
    store.write_index(root, data, FaceSettings(max_faces=2), "script 1", rows)
    return root


def test_a_store_gives_back_the_whole_database(tmp_path: Path) -> None:
    data = database()
    opened = Store.open(filled(tmp_path / "s", data))
    assert opened.database == data and opened.database.digest == data.digest
    assert opened.settings == FaceSettings(max_faces=2) and opened.finder == "script 1"
    assert opened.failed == {"s2/c2": "is empty: copy it again"}
    assert [track.face for track in opened.tracks(data.clips[0])] == [0, 1]
    main = opened.main_track(data.clips[1])
    assert main is not None and main.face == 1 and len(main) == 12
    assert opened.tracks(data.clips[2]) == [] and opened.main_track(data.clips[2]) is None
    with pytest.raises(InputError, match="no clip 'other'"):
        opened.tracks(replace(data.clips[0], name="other"))


def test_the_index_is_deterministic_and_the_digest_tells_tracks_apart(tmp_path: Path) -> None:
    roots = [filled(tmp_path / name, database()) for name in "ab"]
    assert len({(root / "index.parquet").read_bytes() for root in roots}) == 1
    assert len({Store.open(root).digest for root in roots}) == 1
    fewer = filled(tmp_path / "c", database(2))
    assert Store.open(fewer).digest != Store.open(roots[0]).digest


def test_the_index_is_a_table_anyone_can_read(tmp_path: Path) -> None:
    table = pq.read_table(filled(tmp_path / "s", database()) / "index.parquet").to_pylist()
    assert [row["name"] for row in table] == ["s0/c0", "s1/c1", "s2/c2"]
    assert (table[1]["label"], table[1]["apex"], table[1]["faces"]) == (None, 7, 2)
    assert json.loads(table[0]["groups"]) == {"sex": "f", "age": "0"}


def test_one_store_holds_one_database(tmp_path: Path) -> None:
    root = filled(tmp_path / "s", database())
    store.begin(root, database(5))  # it may grow
    with pytest.raises(InputError, match="database 'folder'"):
        store.begin(root, database(name="mmi"))
    other = replace(database(), clips=(Clip("else", Path("x"), "folder"),))
    with pytest.raises(InputError, match="other clips"):
        store.begin(root, other)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("")
    with pytest.raises(InputError, match="not empty"):
        store.begin(tmp_path / "mine", database())


def test_what_is_no_store_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a store"):
        Store.open(tmp_path)
    with pytest.raises(InputError, match="not a store"):
        Store.open(tmp_path / "nowhere")
    root = filled(tmp_path / "s", database())
    marker = json.loads((root / "store.json").read_text())
    for text, words in [
        (json.dumps({**marker, "version": 9}), "version 9"),
        (json.dumps({**marker, "format": "zarr"}), "not written by fervid"),
        ("[]", "not written by fervid"),
        ("\0", "not written by fervid"),
        ("[" * 100_000, "not written by fervid"),
    ]:
        (root / "store.json").write_text(text)
        with pytest.raises(InputError, match=words) as caught:
            Store.open(root)
        assert "\n" not in str(caught.value)


def test_an_unfinished_and_a_damaged_index_are_one_sentence(tmp_path: Path) -> None:
    root = filled(tmp_path / "s", database())
    (root / "index.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(InputError, match="prepare again"):
        Store.open(root)
    (root / "index.parquet").unlink()
    with pytest.raises(InputError, match="not finished"):
        Store.open(root)


def test_a_place_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="another folder"):
        store.begin(tmp_path / "file" / "s", database())


def test_a_changed_byte_anywhere_is_noticed(file: Path) -> None:
    write_tracks(file, stream(), FaceSettings(), FOUND_BY)
    whole = file.read_bytes()
    chance = np.random.default_rng(0)
    for place in chance.integers(0, len(whole), 60):
        changed = bytearray(whole)
        changed[place] ^= 1 << chance.integers(8)
        file.write_bytes(changed)
        assert read_summary(file) is None, place
        with pytest.raises(InputError, match=f"{file.name}.*prepare"):
            list(read_tracks(file))
    file.write_bytes(whole)
    assert read_summary(file) is not None


def test_a_file_of_before_there_were_checksums_is_read(file: Path) -> None:
    from safetensors.numpy import save_file

    write_tracks(file, stream(), FaceSettings(), FOUND_BY)
    size = int.from_bytes(file.read_bytes()[:8], "little")
    about = json.loads(file.read_bytes()[8 : 8 + size])
    metadata = {k: v for k, v in about["__metadata__"].items() if k != "crc32"}
    save_file(load_file(file), file, {**metadata, "version": "1"})
    assert read_summary(file) is not None and list(read_tracks(file))
    save_file(load_file(file), file, metadata)  # the checksum is gone
    assert read_summary(file) is None


@pytest.mark.parametrize("key", ["../../etc/passwd", "a/b", "..", "A" * 64, "0" * 63])
def test_an_index_s_keys_stay_in_its_folder(tmp_path: Path, key: str) -> None:
    root = filled(tmp_path / "s", database())
    rows = list(Store.open(root).rows.values())
    store.write_index(root, database(), FaceSettings(), "1", [replace(rows[0], key=key), *rows[1:]])
    with pytest.raises(InputError, match=r"index\.parquet"):
        Store.open(root)


@pytest.mark.parametrize("name", ["../out", "a/b", "..", ".hidden", "a\\b", "c:d", "", "a\nb"])
def test_a_database_s_name_is_no_path(tmp_path: Path, name: str) -> None:
    root = filled(tmp_path / "s", database())
    marker = json.loads((root / "store.json").read_text())
    (root / "store.json").write_text(json.dumps({**marker, "database": name}))
    with pytest.raises(InputError, match=r"store\.json"):
        Store.open(root)
    (root / "store.json").write_text(json.dumps(marker))
    with pytest.raises(DatabaseError, match="not a name for a database"):
        replace(database(), name=name)
    strange = database()
    object.__setattr__(strange, "name", name)  # as a forger writes it
    store.write_index(root, strange, FaceSettings(), "1", list(Store.open(root).rows.values()))
    with pytest.raises(InputError, match=r"index\.parquet"):
        Store.open(root)


def test_what_a_killed_start_left_is_no_stranger(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / ".store.host.1.0123abcd.part.json").write_text("{")
    store.begin(tmp_path / "s", database())
    assert (tmp_path / "s" / "tracks").is_dir()
