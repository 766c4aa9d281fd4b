"""One picture file -> pixels. A picture that is too large is rejected by its header."""

import warnings
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fervid.errors import InputError
from fervid.faces.container import PIXELS, check_size, open_container, video_stream
from fervid.faces.quiet import quiet

# Formats that OpenCV decodes, also in files with another extension.
FORMATS = ("BMP", "DIB", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")


def read_picture(path: Path) -> NDArray[np.uint8] | None:
    """(H, W, 3) RGB, rotated upright by its tag; None if it cannot be decoded.

    Raises:
        InputError: it has too many pixels, or is stored as tiles.
    """
    try:
        size = _size(path)
        data = np.fromfile(path, np.uint8)
    except OSError:
        return None
    if size is None:
        return _heif(path) if data[4:8].tobytes() == b"ftyp" else None
    check_size(path, *size)
    try:
        with quiet():  # libjpeg and libpng print warnings about damaged files
            image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    except cv2.error:
        return None
    return None if image is None else np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def _size(path: Path) -> tuple[int, int] | None:
    """(width, height) from the header; None if no known header is found."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about half the limit, about odd tags
            with Image.open(path, formats=FORMATS) as image:
                return image.size
    except Image.DecompressionBombError:
        raise InputError(f"{path} is above the limit of {PIXELS:,} pixels: scale it down") from None
    except OSError as error:
        if error.errno is not None:  # missing, or no permission to read
            raise
        return None
    except Exception:  # Pillow's parsers raise many kinds of errors on a broken header
        return None


def _heif(path: Path) -> NDArray[np.uint8] | None:
    import av

    try:
        with open_container(path) as container:
            primary = [s for s in container.streams.video if _is_primary(s)]
            if not primary and len(container.streams.video) > 1:
                raise InputError(
                    f"{path} is stored as tiles, which fervid cannot read: convert it to JPEG"
                )
            stream = primary[0] if primary else video_stream(path, container)
            check_size(path, stream.width or 0, stream.height or 0)
            return upright(next(container.decode(stream)))
    except (av.FFmpegError, StopIteration):
        return None


def _is_primary(stream: Any) -> bool:
    """Whether a stream is the file's picture, and not a thumbnail, a depth map or a tile."""
    from av.stream import Disposition

    return bool(stream.disposition & Disposition.default)


def upright(frame: Any) -> NDArray[np.uint8]:
    """(H, W, 3) RGB of a PyAV frame, rotated as its container says."""
    image = frame.to_ndarray(format="rgb24")
    quarters = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(image, quarters)) if quarters else image
