"""Reads and writes frames as streams: videos, folders of images, stills, webcams."""

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
from fervid.faces.files import is_still, pictures, special
from fervid.faces.picture import read_picture, upright
from fervid.faces.quiet import quiet
from fervid.faces.sampling import Wanted, sampler
from fervid.faces.sound import Sound

RATE = 25.0  # frames per second of a folder of images, which has no times
TOLERANCE = 0.25  # seconds by which a complete video may end earlier than its container claims
TICKS = 90_000  # time units per second, for frames written with their own times
LATE = 0.5  # seconds by which time may run backwards; beyond that, the clock has restarted


@dataclass(frozen=True)
class Frame:
    """One picture of a source.

    Args:
        index: 0-based within the source.
        time: seconds from the start of the source.
        image: (H, W, 3) uint8 RGB, upright; black if it could not be decoded.
        readable: False if the source is damaged here.
    """

    index: int
    time: float
    image: NDArray[np.uint8]
    readable: bool = True


@dataclass(frozen=True)
class Probe:
    """Metadata of a source; only a first frame is decoded.

    Args:
        size: (width, height) after rotation.
        rate: average frames per second.
        count: number of frames, if the container states it.
        duration: seconds, if the container states it.
    """

    size: tuple[int, int]
    rate: float
    count: int | None
    duration: float | None


def frames(
    source: Path | int,
    start: int = 0,
    end: int | None = None,
    rate: float = RATE,
    wanted: Wanted | None = None,
) -> Iterator[Frame]:
    """Decode frames one by one; at most two are held in memory.

    A damaged stretch gives frames with `readable=False`, and reading continues after it.

    Args:
        source: video file, still image, folder of images, or a webcam's index.
        start: first frame.
        end: one past the last frame; None reads to the end.
        rate: frames per second of a folder of images.
        wanted: which frames to return, from `sampling.sampler`; None returns all. The frame that
            stands for a file's missing end is always returned.

    Raises:
        InputError: the source is missing, empty or not a video, or the span has no readable frame.
    """
    wanted = wanted or sampler()
    if isinstance(source, int):
        yield from _webcam(source, start, end, wanted)
        return
    _check(source)
    if source.is_dir():
        stream = _images(source, pictures(source), start, end, rate, wanted)
    elif is_still(source):
        stream = _images(source, [source], start, end, rate, wanted)
    else:
        stream = _video(source, start, end, wanted)
    any_readable = False
    for frame in stream:
        any_readable |= frame.readable
        yield frame
    if not any_readable:
        where = f" from frame {start} on" if start else ""
        raise InputError(f"{source} has no readable frame{where}: check it or copy it again")


def probe(source: Path, rate: float = RATE) -> Probe:
    """Size, rate, count and duration of a file or folder.

    Raises:
        InputError: as for `frames`.
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
        rate = float(stream.average_rate or stream.guessed_rate or RATE)
        seconds = container.duration / 1e6 if container.duration else None
        return Probe((width, height), rate, stream.frames or None, seconds)


def seconds_of(source: Path, rate: float = RATE) -> float:
    """Stated duration of a file or folder in seconds; 0 if unknown, or if it cannot be read."""
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
    """Encode H.264 (yuv420p, on one thread for the same bytes everywhere).

    The file gets its name only when it is complete.

    Args:
        path: ends in .mp4, .mov or .mkv.
        images: (H, W, 3) uint8 RGB each, of one size; odd sides repeat the last row or column.
        rate: frames per second.
        times: seconds at which each image is shown; by default every 1 / rate.
        sound: file whose sound, if any, is copied up to the last image.

    Raises:
        OutputError: the file cannot be written.
        InputError: there are no images.
    """
    with blamed(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as part:
        if not _encode(part, images, rate, times, sound):
            raise InputError(f"{path} would have no frames: give at least one")


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
    # With B frames, x264's macroblock tree reads uninitialised memory: bytes differ between runs.
    options = {"crf": "18", "preset": "veryfast", "mbtree": "0"}
    muxing = {"fflags": "+bitexact"}
    if part.suffix in (".mp4", ".mov"):
        muxing["movflags"] = "+faststart"  # lets a browser play it before it is fully loaded
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
                tick = max(tick + 1, round(next(clock) * TICKS))  # times must increase
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
    """Report missing, empty and special sources before a decoder opens them."""
    if kind := special(path):
        raise InputError(f"{path} is {kind}, which fervid does not read: give a file or a folder")
    if not path.exists():
        raise InputError(f"{path} does not exist: correct the path")
    if path.is_dir():
        if not pictures(path):
            raise InputError(f"{path} contains no image: give a folder of images or a video file")
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
        if shape is None:  # use the size of the first readable picture
            sizes = (other.shape for other in map(_frame, paths) if other is not None)
            shape = next(sizes, (1, 1, 3))
        yield Frame(index, index / rate, np.zeros(shape, np.uint8), readable=False)


def _frame(path: Path) -> NDArray[np.uint8] | None:
    """One picture of a folder; None also if it is too large, so that the others still count."""
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
            stamp = None if decoded is None else decoded.time
            if stamp is None:
                seconds += step
            else:
                if index == 0:
                    origin = min(origin, stamp)
                elif stamp - origin < seconds - LATE:  # negative times, a clock that wraps around
                    origin = stamp - (seconds + step)
                seconds = max(stamp - origin, seconds + 1 / TICKS)
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
    """Duration of the video in seconds according to the container; 0 if unknown."""
    if stream.duration:
        return float(stream.duration * stream.time_base)
    if container.duration and len(container.streams) == 1:  # otherwise sound may last longer
        return float(container.duration / 1e6)
    return 0.0


def _decoded(container: Any, stream: Any) -> Iterator[Any]:
    """Decoded frames; None stands for a packet that could not be decoded or read."""
    import av

    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError:  # the file is truncated
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
            raise InputError(f"webcam {index} cannot be opened: connect it or give another index")
        started = time.monotonic()
        number = 0
        while end is None or number < end:
            success, image = camera.read()
            if not success:
                return
            seconds = time.monotonic() - started
            if number >= start and wanted(number, seconds):
                rgb = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
                yield Frame(number, seconds, rgb)
            number += 1
    finally:
        camera.release()
