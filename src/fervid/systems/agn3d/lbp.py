"""Local binary patterns: each pixel as eight comparisons with its neighbours [2, Fig. 2].

Bit p = 0..7 of a code says whether neighbour p is at least as bright as the pixel; p counts
anticlockwise from the neighbour on the right. Beyond the picture everything is 0. Codes are
scikit-image's `multiblock_lbp` on blocks of one pixel but for the order of the bits.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint8]

# (row, column) of neighbour p: the eight pixels of the 3 x 3 square around one.
SQUARE = ((0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1))


def encode(pictures: NDArray[np.uint8]) -> Codes:
    """The codes of grey pictures, (..., H, W) to the same shape."""
    picture = pictures.astype(np.int16)
    height, width = picture.shape[-2:]
    wide = np.pad(picture, [(0, 0)] * (picture.ndim - 2) + [(1, 1), (1, 1)])
    code = np.zeros(picture.shape, np.uint8)
    for p, (row, column) in enumerate(SQUARE):
        neighbour: NDArray[Any] = wide[
            ..., 1 + row : 1 + row + height, 1 + column : 1 + column + width
        ]
        code |= (neighbour >= picture).astype(np.uint8) << np.uint8(p)
    return code


@cache
def mirrored() -> Codes:
    """(256,): what a code becomes when the picture is mirrored left to right.

    The codes of a mirrored picture are the mirrored picture of the codes, each looked up here.
    """
    bits = (np.arange(256)[:, None] >> np.arange(8)) & 1
    other = bits[:, (4 - np.arange(8)) % 8] @ (1 << np.arange(8))  # left neighbours to the right
    return other.astype(np.uint8)
