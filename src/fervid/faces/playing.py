"""What a page needs to know of a video: whether browsers play it, from when; and a thumbnail."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fervid.errors import InputError
from fervid.faces.container import open_container, video_stream
from fervid.faces.files import is_still, pictures
from fervid.faces.picture import read_picture, upright

# What Chromium, Firefox and Safari all play: suffix -> codecs.
PLAYED: Mapping[str, tuple[str, ...]] = {
    ".mp4": ("h264", "av1", "vp9"),
    ".m4v": ("h264",),
    ".mov": ("h264",),
    ".webm": ("vp8", "vp9", "av1"),
}
DEPTHS = ("yuv420p", "yuvj420p", "yuva420p")  # others are decoded by few browsers
SHOWN = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".webp", ".avif")  # pictures
QUALITY = 72  # of a thumbnail's JPEG


@dataclass(frozen=True)
class Playing:
    """How a browser shows a file.

    Args:
        size: (width, height), upright.
        shift: seconds to add to our times for the browser's, which count from the first sound too.
        problem: why most browsers do not show it; empty if they do.
    """

    size: tuple[int, int]
    shift: float
    problem: str


def playing(path: Path) -> Playing:
    """How a browser shows a video or a picture.

    Raises:
        InputError: the file cannot be read.
    """
    suffix = path.suffix.lower()
    if is_still(path):
        image = _need(path, read_picture(path))
        problem = "" if suffix in SHOWN else f"few browsers show {suffix} pictures"
        return Playing((image.shape[1], image.shape[0]), 0.0, problem)
    with open_container(path) as container:
        stream = video_stream(path, container)
        codec, depth = stream.codec_context.name, str(stream.pix_fmt)
        codec = {"libdav1d": "av1", "libvpx": "vp8", "libvpx-vp9": "vp9"}.get(codec, codec)
        begin = float((stream.start_time or 0) * stream.time_base)
        shift = max(begin - float((container.start_time or 0) / 1e6), 0.0)
        turned = abs(round(_first(container, stream).rotation / 90)) % 2
        size = (stream.width, stream.height)
    if suffix not in PLAYED:
        problem = f"few browsers play {suffix or 'such'} files"
    elif codec not in PLAYED[suffix]:
        problem = f"few browsers play {codec} in {suffix}"
    else:
        problem = "" if depth in DEPTHS else f"few browsers play {depth} pixels"
    return Playing(size[::-1] if turned else size, shift, problem)


def thumbnail(path: Path, seconds: float, width: int, height: int) -> bytes:
    """A JPEG of the frame shown at a time, scaled to fit.

    Args:
        path: video, picture, or folder of pictures, of which the middle one is taken.
        seconds: from the start of the video.
        width: most pixels across.
        height: most pixels down.

    Raises:
        InputError: the file cannot be read.
    """
    if path.is_dir():
        inside = pictures(path)
        if not inside:
            raise InputError(f"{path} contains no image: give a folder of images or a video file")
        path = inside[len(inside) // 2]
    image = _need(path, read_picture(path) if is_still(path) else _frame_at(path, seconds))
    scale = min(width / image.shape[1], height / image.shape[0], 1)
    size = [max(round(side * scale), 1) for side in image.shape[1::-1]]
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    options = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    _, data = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), options)
    return bytes(data.tobytes())


def _frame_at(path: Path, seconds: float) -> NDArray[np.uint8] | None:
    """The frame shown at a time; where a file cannot be searched, its first."""
    with open_container(path) as container:
        stream = video_stream(path, container)
        begin = float((stream.start_time or 0) * stream.time_base)
        target = int((begin + seconds) / stream.time_base)
        for search in (lambda: container.seek(target, stream=stream), lambda: container.seek(0)):
            if (frame := _until(container, stream, begin + seconds, search)) is not None:
                return upright(frame)
    return None


def _until(container: Any, stream: Any, seconds: float, search: Callable[[], None]) -> Any:
    import av

    frame = None
    try:
        search()
        for frame in container.decode(stream):
            if frame.time is None or frame.time >= seconds - 1e-4:
                break
    except av.FFmpegError:  # damaged here: what came before it will do
        pass
    return frame


def _first(container: Any, stream: Any) -> Any:
    import av

    try:
        return next(container.decode(stream))
    except (av.FFmpegError, StopIteration):
        raise InputError(f"{container.name} has no readable frame: copy it again") from None


def _need(path: Path, image: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
    if image is None:
        raise InputError(f"{path} has no readable frame: check it or copy it again")
    return image
