"""Video in and out: every kind of source, every kind of damage."""

import errno
import shutil
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from fervid.errors import InputError, OutputError
from fervid.faces.files import pictures
from fervid.faces.video import Frame, frames, probe, write_video

RED = (255, 0, 0)


def scene(count: int, height: int = 96, width: int = 128) -> Iterator[NDArray[np.uint8]]:
    """A red quarter at the top left, noise, and a quarter whose brightness tells the number."""
    rng = np.random.default_rng(0)
    for i in range(count):
        image = rng.integers(60, 120, (height, width, 3)).astype(np.uint8)
        image[: height // 2, : width // 2] = RED
        image[height // 2 :, width // 2 :] = 5 * i
        yield image


def number(frame: Frame) -> int:
    """Which frame of `scene` this is."""
    h, w = frame.image.shape[:2]
    return round(float(frame.image[h // 2 + 8 :, w // 2 + 8 :].mean()) / 5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("video")


@pytest.fixture(scope="module")
def whole(folder: Path) -> Path:
    write_video(folder / "whole.mp4", scene(50), 25)
    return folder / "whole.mp4"


def cut(path: Path, share: float) -> Path:
    part = path.with_name(f"cut{share}{path.suffix}")
    part.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    return part


def test_what_is_written_is_read(whole: Path) -> None:
    read = list(frames(whole))
    assert [f.index for f in read] == list(range(50))
    assert [number(f) for f in read] == list(range(50))
    assert np.allclose([f.time for f in read], np.arange(50) / 25, atol=1e-4)
    assert np.abs(read[7].image[5, 5].astype(int) - RED).max() < 12
    told = probe(whole)
    assert told.size == (128, 96) and told.count == 50 and told.rate == pytest.approx(25)
    assert told.duration == pytest.approx(2.0, abs=0.05)


def test_a_span_counts_from_the_start_of_the_source(whole: Path) -> None:
    read = list(frames(whole, 10, 13))
    assert [(f.index, number(f)) for f in read] == [(10, 10), (11, 11), (12, 12)]
    assert read[0].time == pytest.approx(0.4)
    with pytest.raises(InputError, match="no readable frame from frame 90 on"):
        list(frames(whole, 90))


def test_writing_is_deterministic_and_pads_odd_sides(folder: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        write_video(folder / name, scene(5, 61, 77), 29.97)
    assert (folder / "a.mp4").read_bytes() == (folder / "b.mp4").read_bytes()
    assert probe(folder / "a.mp4").size == (78, 62)


@pytest.mark.parametrize("turn", [90, 180, -90])
def test_rotation_is_undone(folder: Path, turn: int) -> None:
    path = folder / f"turned{turn}.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        if not hasattr(stream, "set_display_rotation"):
            pytest.skip("this PyAV reads a rotation but cannot write one")
        stream.set_display_rotation(turn)
        for image in scene(3):  # turned the other way, as a camera held askew records it
            askew = np.rot90(image, -turn // 90)
            fitted = np.ascontiguousarray(cv2.resize(askew, (128, 96)))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(fitted, format="rgb24")))
        container.mux(stream.encode(None))
    frame = next(frames(path))
    height, width = frame.image.shape[:2]
    assert (width, height) == ((128, 96) if turn == 180 else (96, 128)) == probe(path).size
    assert np.abs(frame.image[10, 10].astype(int) - RED).max() < 30
    assert frame.image[-10, -10].max() < 60


def test_variable_frame_rate_keeps_its_times(folder: Path) -> None:
    times = [0.0, 0.04, 0.2, 0.21, 0.9, 1.5]
    path = folder / "vfr.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for time, image in zip(times, scene(6), strict=True):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = round(time * 1000), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    read = list(frames(path))
    assert np.allclose([f.time for f in read], times, atol=2e-3)
    assert [number(f) for f in read] == list(range(6))


@pytest.mark.parametrize("share", [0.5, 0.8])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_truncated_video_gives_what_is_there_and_says_so(
    folder: Path, share: float, suffix: str
) -> None:
    path = folder / f"long{suffix}"
    write_video(path, scene(50), 25)
    read = list(frames(cut(path, share)))
    good = [f for f in read if f.readable]
    assert 3 < len(good) < 50 and not all(f.readable for f in read[len(good) - 4 :])
    assert [number(f) for f in good[:-4]] == list(range(len(good) - 4))
    assert [f.index for f in read] == list(range(len(read)))


def test_damage_in_the_middle_costs_only_what_it_hit(folder: Path, whole: Path) -> None:
    data = bytearray(whole.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 300] = np.random.default_rng(1).bytes(300)
    path = folder / "damaged.mp4"
    path.write_bytes(data)
    read = list(frames(path))
    assert len(read) == 50
    assert sum(f.readable for f in read) >= 40
    assert [number(f) for f in read[:15]] == list(range(15))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.mp4", b"", "is empty"),
        ("text.mp4", b"hello, world\n" * 900, "not a video"),
        ("text.txt", b"hello, world\n" * 900, "contains no video"),
        ("noise.avi", bytes(np.random.default_rng(0).bytes(9000)), "not a video"),
        ("noise.png", bytes(np.random.default_rng(0).bytes(900)), "no readable frame"),
        ("list.csv", b"path,label\na.mp4,anger\n", "not a video"),
    ],
)
def test_what_is_no_video_is_one_sentence(
    folder: Path, name: str, content: bytes, words: str
) -> None:
    (folder / name).write_bytes(content)
    for ask in (lambda p: list(frames(p)), probe):
        with pytest.raises(InputError, match=words) as caught:
            ask(folder / name)
        assert name in str(caught.value) and "\n" not in str(caught.value)


def test_missing_and_empty_places(folder: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        next(frames(folder / "nothing.mp4"))
    (folder / "bare").mkdir()
    with pytest.raises(InputError, match="contains no image"):
        next(frames(folder / "bare"))


def test_a_truncated_header_is_an_error(whole: Path) -> None:
    with pytest.raises(InputError, match=r"cut0.02.mp4 .*no"):
        list(frames(cut(whole, 0.02)))


def test_a_folder_is_read_in_natural_order(folder: Path) -> None:
    place = folder / "numbered"
    place.mkdir()
    for i, image in enumerate(scene(12)):
        name = f"f{i}.{'PNG' if i % 2 else 'jpg'}"
        cv2.imwrite(str(place / name), image[..., ::-1])
    (place / "._f3.PNG").write_bytes(b"\0\5\26\7")
    (place / ".hidden.png").write_bytes(b"x")
    (place / "Thumbs.db").write_bytes(b"x")
    assert [p.stem for p in pictures(place)] == [f"f{i}" for i in range(12)]
    read = list(frames(place, rate=10))
    assert [number(f) for f in read] == list(range(12))
    assert [f.time for f in read] == pytest.approx([i / 10 for i in range(12)])
    assert [f.index for f in frames(place, 2, 4)] == [2, 3]
    (place / "f5.PNG").write_bytes(b"")
    assert [f.readable for f in frames(place)] == [i != 5 for i in range(12)]


def test_a_still_is_turned_upright(folder: Path) -> None:
    image = next(scene(1))
    coded = cv2.imencode(".jpg", np.ascontiguousarray(image[..., ::-1]))[1].tobytes()
    # An EXIF block that says "orientation 6: turn clockwise".
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    marker = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
    path = folder / "phone.JPG"
    path.write_bytes(coded[:2] + marker + coded[2:])
    (frame,) = frames(path)
    assert frame.image.shape == (128, 96, 3)
    assert np.abs(frame.image[10, -10].astype(int) - RED).max() < 30


def test_nothing_half_written_is_left(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = folder / "out"

    def failing() -> Iterator[NDArray[np.uint8]]:
        yield from scene(3)
        raise RuntimeError("the source broke")

    with pytest.raises(RuntimeError):
        write_video(place / "x.mp4", failing(), 25)
    with pytest.raises(InputError, match="no frame"):
        write_video(place / "x.mp4", [], 25)

    def full(self: Path, target: Path) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OutputError, match="No space left"):
        write_video(place / "x.mp4", scene(3), 25)
    assert not list(place.iterdir())


def test_a_place_that_is_a_file_cannot_be_written_to(folder: Path) -> None:
    (folder / "file").write_text("")
    with pytest.raises(OutputError, match="another folder"):
        write_video(folder / "file" / "x.mp4", scene(2), 25)


def test_an_unknown_webcam_is_one_sentence() -> None:
    with pytest.raises(InputError, match="webcam 93"):
        next(frames(93))


def test_odd_names_are_names(folder: Path, whole: Path) -> None:
    path = folder / "ü 100% %03d (1).mp4"
    shutil.copy(whole, path)
    assert sum(1 for _ in frames(path)) == 50


def test_real_videos(shared: Path) -> None:
    counts = {"single_face.mp4": 72, "no_face.mp4": 95, "face_noface.mov": 169}
    for name, count in counts.items():
        read = list(frames(shared / "videos" / name))
        assert len(read) == count and all(f.readable for f in read)
        assert all(a.time < b.time for a, b in pairwise(read))


def test_metadata_in_another_encoding(folder: Path) -> None:
    path = folder / "latin1.mkv"
    with av.open(str(path), "w") as container:
        container.metadata["title"] = "Rene EEE"
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(4):
            frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert path.read_bytes().count(b"Rene EEE") == 1
    path.write_bytes(path.read_bytes().replace(b"Rene EEE", b"Rene \xe9\xe8\xe9"))
    assert len(list(frames(path))) == 4


@pytest.mark.parametrize(
    "told", [[None] * 30 + [0.002, 0.042, 0.082], [8.0, 8.04, 0.0, 0.04], [0.0, 0.04, 0.03, 0.08]]
)
def test_times_increase(whole: Path, monkeypatch: pytest.MonkeyPatch, told: list) -> None:
    from fervid.faces import video

    real = video._decoded

    class Told:
        def __init__(self, frame, time):
            self.frame, self.time = frame, time

        def __getattr__(self, name):
            return getattr(self.frame, name)

    def decoded(container, stream):
        for frame, time in zip(real(container, stream), told, strict=False):
            yield Told(frame, time)

    monkeypatch.setattr(video, "_decoded", decoded)
    times = [f.time for f in frames(whole) if f.readable]
    assert len(times) == len(told)
    assert all(a < b for a, b in pairwise(times))
    assert times[-1] - times[0] < 2 or told[0] == 8.0


def test_too_many_pixels(folder: Path, whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import struct
    import zlib

    header = b"IHDR" + struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header
    bomb += struct.pack(">I", zlib.crc32(header)) + b"\0\0\0\0IEND\xae\x42\x60\x82"
    place = folder / "bombs"
    place.mkdir()
    (place / "0.png").write_bytes(bomb)
    with pytest.raises(InputError, match="above the limit of 178,956,970 pixels"):
        list(frames(place / "0.png"))
    cv2.imwrite(str(place / "1.png"), next(scene(1)))
    assert [f.readable for f in frames(place)] == [False, True]
    monkeypatch.setattr("fervid.faces.container.PIXELS", 128 * 96 - 1)
    with pytest.raises(InputError, match="128 x 96 pixels"):
        list(frames(whole))
    with pytest.raises(InputError, match="128 x 96 pixels"):
        list(frames(place / "1.png"))


def test_pictures_in_a_videos_container(folder: Path) -> None:
    path = folder / "photo.avif"
    try:
        with av.open(str(path), "w", format="avif") as container:
            stream = container.add_stream("libsvtav1", rate=1)
            stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
            container.mux(stream.encode(av.VideoFrame.from_ndarray(next(scene(1)), format="rgb24")))
            container.mux(stream.encode(None))
    except (av.FFmpegError, ValueError):
        pytest.skip("this FFmpeg writes no AVIF")
    (folder / "photo.HEIC").write_bytes(path.read_bytes())
    for name in ("photo.avif", "photo.HEIC"):
        (read,) = frames(folder / name)
        assert read.image.shape == (96, 128, 3)
        assert np.abs(read.image[5, 5].astype(int) - RED).max() < 20
    (folder / "cut.heic").write_bytes(path.read_bytes()[:200])
    with pytest.raises(InputError, match=r"cut.heic"):
        list(frames(folder / "cut.heic"))


def test_a_pipe_is_not_waited_for(folder: Path) -> None:
    import os

    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes in folders")
    place = folder / "pipes"
    place.mkdir()
    os.mkfifo(place / "0.png")
    cv2.imwrite(str(place / "1.png"), next(scene(1)))
    assert [p.name for p in pictures(place)] == ["1.png"]
    with pytest.raises(InputError, match="is a pipe"):
        list(frames(place / "0.png"))
