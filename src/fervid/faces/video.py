"""Frames in and out: videos FFmpeg reads, folders of images, stills, a webcam; always streaming."""

import errno
import re
import stat
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fervid.atomic import blamed, whole
from fervid.errors import InputError
from fervid.faces.container import open_container, video_stream
from fervid.faces.picture import STILLS, read_picture, upright
from fervid.faces.quiet import quiet
from fervid.faces.sampling import Wanted, sampler
from fervid.faces.sound import Sound

RATE = 25.0  # frames per second of a folder of images, which tells none
TOLERANCE = 0.25  # seconds a video may end before its container says so, and still be whole
TICKS = 90_000  # a second's parts, where frames are written with times of their own
LATE = 0.5  # seconds a frame's time may lie before the last one's; more, and the clock began anew


@dataclass(frozen=True)
class Frame:
    """One picture of a source.

    Args:
        index: 0-based within the source.
        time: seconds from the start of the source.
        image: (H, W, 3) uint8 RGB, upright; black where it could not be decoded.
        readable: False where the source is damaged here.
    """

    index: int
    time: float
    image: NDArray[np.uint8]
    readable: bool = True


@dataclass(frozen=True)
class Probe:
    """What a source says of itself; nothing is decoded but a first frame.

    Args:
        size: (width, height) after rotation.
        rate: frames per second, on average.
        count: frames, where the container tells.
        duration: seconds, where the container tells.
    """

    size: tuple[int, int]
    rate: float
    count: int | None
    duration: float | None


def is_still(path: Path) -> bool:
    """Whether the name is that of a single picture."""
    return path.suffix.lower() in STILLS


def pictures(folder: Path) -> list[Path]:
    """The numbered images of a folder in natural order (2 before 10); hidden files left out."""

    def key(path: Path) -> list[tuple[int, int, str]]:
        parts = re.split(r"(\d+)", path.name.lower())
        return [(0, int(p), "") if p.isdecimal() else (1, 0, p) for p in parts]

    try:
        inside = sorted(
            p for p in folder.iterdir()
            if is_still(p) and not p.name.startswith(".") and not special(p)
        )  # fmt: skip
    except OSError as error:
        raise InputError(f"{folder} cannot be listed: check its permissions") from error
    return sorted(inside, key=key)


def special(path: Path) -> str:
    """What a path is that is neither file nor folder ("a pipe"), which no reader must wait for."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return "a link that leads back to itself" if error.errno == errno.ELOOP else ""
    kinds = {stat.S_ISFIFO: "a pipe", stat.S_ISSOCK: "a socket", stat.S_ISCHR: "a device",
             stat.S_ISBLK: "a device"}  # fmt: skip
    return next((name for is_kind, name in kinds.items() if is_kind(mode)), "")


def frames(
    source: Path | int,
    start: int = 0,
    end: int | None = None,
    rate: float = RATE,
    wanted: Wanted | None = None,
) -> Iterator[Frame]:
    """Decode one frame after the other; at most two are held.

    A damaged stretch gives rows with `readable=False`, the rest is read on.

    Args:
        source: video file, still image, folder of images, or a webcam's index.
        start: first frame wanted.
        end: one past the last frame wanted; None: to the end.
        rate: frames per second of a folder of images.
        wanted: which frames come out, as `sampling.sampler` says; None: all. A row for a file's
            missing end always does.

    Raises:
        InputError: missing, empty, not a video, or nothing could be decoded within the span.
    """
    wanted = wanted or sampler()
    if isinstance(source, int):
        yield from _webcam(source, start, end, wanted)
        return
    _check(source)
    if source.is_dir():
        found = _images(source, pictures(source), start, end, rate, wanted)
    elif is_still(source):
        found = _images(source, [source], start, end, rate, wanted)
    else:
        found = _video(source, start, end, wanted)
    any_readable = False
    for frame in found:
        any_readable |= frame.readable
        yield frame
    if not any_readable:
        where = f" from frame {start} on" if start else ""
        raise InputError(f"{source} holds no readable frame{where}: check or copy it again")


def probe(source: Path, rate: float = RATE) -> Probe:
    """Size, rate, count and duration of a file or folder.

    Raises:
        InputError: as `frames`.
    """
    first = next(frame for frame in frames(source, rate=rate) if frame.readable)
    height, width = first.image.shape[:2]
    if source.is_dir():
        count = len(pictures(source))
        return Probe((width, height), rate, count, count / rate)
    if is_still(source):
        return Probe((width, height), rate, 1, 0.0)
    with open_container(source) as container:
        stream = video_stream(source, container)
        told = float(stream.average_rate or stream.guessed_rate or RATE)
        seconds = container.duration / 1e6 if container.duration else None
        return Probe((width, height), told, stream.frames or None, seconds)


def seconds_of(source: Path, rate: float = RATE) -> float:
    """How long a file or folder says that it is; 0 where it does not say, or cannot be read."""
    try:
        if source.is_dir():
            return len(pictures(source)) / rate
        if is_still(source) or special(source):
            return 0.0
        with open_container(source) as container:
            return float(container.duration / 1e6) if container.duration else 0.0
    except InputError:
        return 0.0


def write_video(
    path: Path,
    images: Iterable[NDArray[np.uint8]],
    rate: float,
    times: Iterable[float] | None = None,
    sound: Path | None = None,
) -> None:
    """Encode H.264 (yuv420p, one thread: the same bytes everywhere), under its name when whole.

    Args:
        path: ends in .mp4, .mov or .mkv.
        images: (H, W, 3) uint8 RGB each, one size; odd sides get one repeated row or column.
        rate: frames per second.
        times: seconds at which each image is shown; by default every 1 / rate.
        sound: file whose sound is copied, up to the last image; one without sound changes nothing.

    Raises:
        OutputError: the place cannot be written to.
        InputError: there is no image.
    """
    with blamed(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as part:
        if not _encode(part, images, rate, times, sound):
            raise InputError(f"{path} would hold no frame: give at least one")


def _encode(
    part: Path,
    images: Iterable[NDArray[np.uint8]],
    rate: float,
    times: Iterable[float] | None,
    sound: Path | None,
) -> int:
    import av

    written, tick = 0, -1
    clock = None if times is None else iter(times)
    # x264's macroblock tree, with B frames, reads memory it never wrote: other bytes at each run.
    options = {"crf": "18", "preset": "veryfast", "mbtree": "0"}
    muxing = {"fflags": "+bitexact"}
    if part.suffix in (".mp4", ".mov"):
        muxing["movflags"] = "+faststart"  # plays in a browser before it is all there
    with av.open(f"file:{part}", "w", options=muxing) as container:
        stream: Any = None
        track: Sound | None = None
        for image in images:
            odd_y, odd_x = image.shape[0] % 2, image.shape[1] % 2
            if odd_y or odd_x:
                image = np.pad(image, ((0, odd_y), (0, odd_x), (0, 0)), mode="edge")
            if stream is None:
                exact = Fraction(rate).limit_denominator(100_000)
                stream = container.add_stream("libx264", rate=exact, options=options)
                stream.height, stream.width = image.shape[:2]
                stream.pix_fmt = "yuv420p"
                stream.codec_context.thread_count = 1
                if clock is not None:
                    stream.codec_context.time_base = Fraction(1, TICKS)
                track = Sound(sound, container) if sound else None
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
            if clock is not None:
                tick = max(tick + 1, round(next(clock) * TICKS))  # never twice the same
                frame.pts, frame.time_base = tick, Fraction(1, TICKS)
            if track is not None:
                track.copy(tick / TICKS if clock is not None else written / rate)
            container.mux(stream.encode(frame))
            written += 1
        if stream is not None:
            container.mux(stream.encode(None))
        if track is not None:
            track.copy(1 / rate + (tick / TICKS if clock is not None else (written - 1) / rate))
    return written


def _check(path: Path) -> None:
    """Missing, empty and unreadable sources, told before a decoder is asked."""
    if kind := special(path):
        raise InputError(f"{path} is {kind}, which is not read: name a file or a folder")
    if not path.exists():
        raise InputError(f"{path} does not exist: correct the path")
    if path.is_dir():
        if not pictures(path):
            raise InputError(f"{path} holds no image: name a folder of frames or a video file")
    elif path.stat().st_size == 0:
        raise InputError(f"{path} is empty (0 bytes): copy it again")


def _images(
    source: Path, paths: list[Path], start: int, end: int | None, rate: float, wanted: Wanted
) -> Iterator[Frame]:
    shape: tuple[int, ...] | None = None
    for index, path in list(enumerate(paths))[start:end]:
        if not wanted(index, index / rate):
            continue
        image = read_picture(path) if path == source else _frame(path)
        if image is not None:
            shape = image.shape
            yield Frame(index, index / rate, image)
            continue
        if shape is None:  # as large as the first picture that can be read
            sizes = (other.shape for other in map(_frame, paths) if other is not None)
            shape = next(sizes, (1, 1, 3))
        yield Frame(index, index / rate, np.zeros(shape, np.uint8), readable=False)


def _frame(path: Path) -> NDArray[np.uint8] | None:
    """One of many pictures: one that is too large is none, the others count."""
    try:
        return read_picture(path)
    except InputError:
        return None


def _video(path: Path, start: int, end: int | None, wanted: Wanted) -> Iterator[Frame]:
    with open_container(path) as container:
        stream = video_stream(path, container)
        step = 1 / float(stream.average_rate or stream.guessed_rate or RATE)
        origin = float((stream.start_time or 0) * stream.time_base)
        seconds, index = -step, -1
        shape: tuple[int, ...] = (stream.height or 1, stream.width or 1, 3)
        for index, decoded in enumerate(_decoded(container, stream)):
            if end is not None and index >= end:
                return
            told = None if decoded is None else decoded.time
            if told is None:
                seconds += step
            else:
                if index == 0:
                    origin = min(origin, told)
                elif told - origin < seconds - LATE:  # negative times, a clock that wraps around
                    origin = told - (seconds + step)
                seconds = max(told - origin, seconds + 1 / TICKS)
            if index < start or not wanted(index, seconds):
                continue
            if decoded is None:
                yield Frame(index, seconds, np.zeros(shape, np.uint8), readable=False)
                continue
            image = upright(decoded)
            shape = image.shape
            yield Frame(index, seconds, image)
        if seconds + step < _announced(container, stream) - TOLERANCE:
            yield Frame(index + 1, seconds + step, np.zeros(shape, np.uint8), readable=False)


def _announced(container: Any, stream: Any) -> float:
    """Seconds of video the container promises; 0 where it promises none."""
    if stream.duration:
        return float(stream.duration * stream.time_base)
    if container.duration and len(container.streams) == 1:  # else sound may run on alone
        return float(container.duration / 1e6)
    return 0.0


def _decoded(container: Any, stream: Any) -> Iterator[Any]:
    """Decoded frames; None stands for a packet that could not be decoded or read."""
    import av

    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError:  # the file ends in the middle of what it announced
            packet = None
            yield from _flushed(stream)
            yield None
        if packet is None:
            return
        try:
            yield from packet.decode()
        except av.FFmpegError:
            yield None


def _flushed(stream: Any) -> Iterator[Any]:
    import av

    try:
        yield from stream.decode(None)
    except av.FFmpegError:
        return


def _webcam(index: int, start: int, end: int | None, wanted: Wanted) -> Iterator[Frame]:
    with quiet():
        camera = cv2.VideoCapture(index)
    try:
        if not camera.isOpened():
            raise InputError(f"webcam {index} cannot be opened: connect it or name another index")
        begun = time.monotonic()
        number = 0
        while end is None or number < end:
            there, image = camera.read()
            if not there:
                return
            seen = time.monotonic() - begun
            if number >= start and wanted(number, seen):
                upright = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
                yield Frame(number, seen, upright)
            number += 1
    finally:
        camera.release()
