"""Local binary patterns: each pixel as the eight comparisons with its neighbours [2, Fig. 2].

Bit p = 0..7 of a code says whether neighbour p is at least as bright as the pixel; p counts
anticlockwise from the neighbour on the right. Beyond the picture everything is 0. Codes of the
circle are scikit-image's `local_binary_pattern(image, 8, 1)`, those of the square its
`multiblock_lbp` on blocks of one pixel but for the order of the bits.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint8]

# (row, column) of neighbour p: the eight pixels of the 3 x 3 square around one, as in Fig. 2 ...
SQUARE = ((0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1))
# ... or eight places on the circle of radius 1, the diagonal ones between pixels (Ojala et al.,
# PAMI 2002); rounded as scikit-image does.
CIRCLE = tuple(
    (float(np.round(-np.sin(2 * np.pi * p / 8), 5)), float(np.round(np.cos(2 * np.pi * p / 8), 5)))
    for p in range(8)
)
NEIGHBOURS = {"square": SQUARE, "circle": CIRCLE}
# How many values a kind of code may take.
VALUES = {"default": 256, "ror": 256, "uniform": 10, "nri-uniform": 59}


def encode(pictures: NDArray[Any], neighbours: str = "square", kind: str = "default") -> Codes:
    """The codes of grey pictures.

    Args:
        pictures: (..., H, W).
        neighbours: "square" or "circle".
        kind: "default", the code itself; "ror", the least of its rotations; "uniform", how many
            bits are set where at most two neighbouring bits differ around the circle, 9 elsewhere;
            "nri-uniform", each such code for itself, 58 elsewhere.

    Returns:
        (..., H, W) uint8 below `VALUES[kind]`.
    """
    picture = np.asarray(pictures)
    picture = picture.astype(np.int16 if picture.dtype == np.uint8 else np.float64)
    seen = _at_pixels if neighbours == "square" else _between_pixels
    code = np.zeros(picture.shape, np.uint8)
    for p, (row, column) in enumerate(NEIGHBOURS[neighbours]):
        code |= (seen(picture, row, column) >= picture).astype(np.uint8) << np.uint8(p)
    values: Codes = table(kind)[code]
    return values


def _at_pixels(picture: NDArray[Any], row: float, column: float) -> NDArray[Any]:
    """The picture moved by whole pixels, 0 where it has none."""
    edges = [(0, 0)] * (picture.ndim - 2) + [(1, 1), (1, 1)]
    wide = np.pad(picture, edges)
    top, left = 1 + int(row), 1 + int(column)
    moved: NDArray[Any] = wide[..., top : top + picture.shape[-2], left : left + picture.shape[-1]]
    return moved


def _between_pixels(picture: NDArray[Any], row: float, column: float) -> NDArray[Any]:
    """The picture moved and blended bilinearly.

    In scikit-image's own order of steps: where neighbours are as bright as the pixel, the last
    bit of the blend decides.
    """
    height, width = picture.shape[-2:]
    edges = [(0, 0)] * (picture.ndim - 2) + [(1, 1), (1, 1)]
    wide = np.pad(picture.astype(np.float64), edges)
    high, low, below = _parts(height, row)
    left, right, beside = _parts(width, column)
    below = below[:, None]

    def at(rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[Any]:
        return wide[..., rows + 1, :][..., columns + 1]

    top = (1 - beside) * at(high, left) + beside * at(high, right)
    bottom = (1 - beside) * at(low, left) + beside * at(low, right)
    blend: NDArray[Any] = (1 - below) * top + below * bottom
    return blend


def _parts(length: int, shift: float) -> tuple[NDArray[np.int64], ...]:
    """For each place on an axis the pixels around it when moved, and how far it lies between."""
    places = np.arange(length) + shift
    first, last = np.floor(places), np.ceil(places)
    return first.astype(np.int64), last.astype(np.int64), places - first


@cache
def table(kind: str) -> Codes:
    """(256,): the value of a kind of code for every code; see `encode`."""
    bits = (np.arange(256)[:, None] >> np.arange(8)) & 1  # (256, 8)
    ones = bits.sum(axis=1)
    changes = (bits != np.roll(bits, 1, axis=1)).sum(axis=1)
    if kind == "default":
        return np.arange(256, dtype=np.uint8)
    if kind == "ror":
        turned = [np.roll(bits, turn, axis=1) @ (1 << np.arange(8)) for turn in range(8)]
        return np.asarray(np.min(turned, axis=0), np.uint8)
    if kind == "uniform":
        return np.where(changes <= 2, ones, 9).astype(np.uint8)
    # The run of ones turned so far that it ends at bit 7: once for each number of ones and turn.
    begins = (bits == 1) & (np.roll(bits, 1, axis=1) == 0)
    turn = (-begins.argmax(axis=1)) % 8
    runs = 1 + (ones - 1) * 8 + turn
    found = np.select([changes > 2, ones == 0, ones == 8], [58, 0, 57], runs)
    return found.astype(np.uint8)


@cache
def mirrored(kind: str) -> Codes:
    """(256,): what a value becomes when the picture is mirrored left to right.

    The codes of a mirrored picture are the mirrored picture of the codes, each looked up here
    (with the circle but for ties that rounding decides).
    """
    codes = np.arange(256)
    bits = (codes[:, None] >> np.arange(8)) & 1
    other = bits[:, (4 - np.arange(8)) % 8] @ (1 << np.arange(8))  # left neighbours to the right
    out = np.arange(256, dtype=np.uint8)
    out[table(kind)] = table(kind)[other]
    return out
