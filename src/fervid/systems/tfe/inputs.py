"""Track -> the input of paper 5's networks: one grey face per frame. Nothing is learned here."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fervid.errors import InputError
from fervid.faces.track import Track

# FER+'s framing: in units of the picture's side, the eyes' centres are 0.367 apart and the point
# between them lies at (0.50, 0.395): medians of fervid's landmarks over 500 of its pictures. The
# tight LFW crops are framed alike (0.364, and 0.50, 0.407).
APART, BETWEEN = 0.367, (0.5, 0.395)
# The same in an aligned track's crop: medians over 1,500 LFW photographs.
TRACK_APART, TRACK_BETWEEN = 0.264, (0.5, 0.354)
# Smallest and largest side of a face picture in pixels.
LEAST, MOST = 16, 8192


def picture(image: NDArray[Any], size: int) -> NDArray[np.uint8]:
    """One cropped face as the networks take it: grey, square, (size, size) uint8.

    Colour is converted to grey (Rec. 601), an alpha channel is dropped, and pictures that are not
    square are cropped at the ends of their longer side. Larger pictures are averaged, smaller ones
    interpolated.

    Args:
        image: (H, W), (H, W, 1), (H, W, 3) RGB or (H, W, 4) RGBA; uint8, or real numbers 0..255.
        size: side of the returned face in pixels.

    Raises:
        InputError: another shape, a side below 16 or above 8192 pixels, or values that are not
            finite or not in 0..255.
    """
    image = np.asarray(image)
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] not in (1, 3, 4)):
        raise InputError(
            f"an array of shape {image.shape} is not a picture: give (H, W) grey or (H, W, 3) RGB"
        )
    height, width = image.shape[:2]
    if min(height, width) < LEAST or max(height, width) > MOST:
        raise InputError(
            f"a face of {width} x {height} pixels cannot be used: give one with sides of "
            f"{LEAST} to {MOST} pixels"
        )
    if image.dtype != np.uint8:
        image = _bytes(image)
    if image.ndim == 3:
        image = image[..., 0] if image.shape[2] == 1 else image[..., :3]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return _small(image[top : top + side, left : left + side], size)


def _bytes(image: NDArray[Any]) -> NDArray[np.uint8]:
    if image.dtype.kind not in "fiu" or not np.isfinite(image).all():
        raise InputError(
            "a face's values are not finite numbers (NaN, infinite or not numeric): give values "
            "in 0..255"
        )
    if image.min() < 0 or image.max() > 255:
        raise InputError(
            f"a face's values range from {image.min():g} to {image.max():g}: give values in 0..255"
        )
    if image.dtype.kind == "f" and image.max() <= 1 and image.max() > 0:
        raise InputError("a face's values are in 0..1: multiply them by 255")
    return np.asarray(np.rint(image), np.uint8)


def _small(image: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """(S, S) or (S, S, 3) to (size, size) grey."""
    if image.shape[0] != size:
        method = cv2.INTER_AREA if image.shape[0] > size else cv2.INTER_LINEAR
        image = np.asarray(cv2.resize(image, (size, size), interpolation=method), np.uint8)
    if image.ndim == 3:
        image = np.asarray(cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY), np.uint8)
    return image


def faces(track: Track, size: int, last: int = 0) -> NDArray[np.uint8]:
    """(N, size, size) uint8: the faces of the rows that show one, in order.

    A track's aligned faces are framed more widely than FER+'s, so they are cropped to FER+'s
    framing. Pictures that were faces to begin with (the finder "cropped") are used whole.

    Args:
        track: the track.
        size: side of the returned faces in pixels.
        last: number of rows to use, counted from the end; 0 for all.
    """
    rows = np.flatnonzero(track.seen)[-last or None :]
    whole = track.found_by.get("finder") == "cropped"
    cropped = np.empty((len(rows), size, size), np.uint8)
    part = slice(None), slice(None)
    if not whole:
        part = _framed(track.faces.shape[1])
    for place, row in enumerate(rows):
        cropped[place] = _small(track.faces[row][part], size)
    return cropped


def _framed(side: int) -> tuple[slice, slice]:
    """Rows and columns that FER+'s framing covers in the crop of an aligned face."""
    extent = TRACK_APART / APART
    eyes = zip(TRACK_BETWEEN, BETWEEN, strict=True)
    start = [(in_track - in_fer_plus * extent) * side for in_track, in_fer_plus in eyes]
    left, top = (max(0, round(edge)) for edge in start)
    length = round(extent * side)
    return slice(top, top + length), slice(left, left + length)
