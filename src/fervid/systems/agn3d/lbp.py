"""Local binary patterns: each pixel becomes eight comparisons with its neighbours [2, Fig. 2].

Bit p = 0..7 of a code says whether neighbour p is at least as bright as the pixel; p counts
anticlockwise from the neighbour on the right. Pixels beyond the picture count as 0. Except for the
order of bits, codes equal those of scikit-image's `multiblock_lbp` on blocks of one pixel.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint8]

# (row, column) offset of neighbour p: the eight pixels around a pixel.
SQUARE = ((0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1))


def encode(pictures: NDArray[np.uint8]) -> Codes:
    """Codes of grey pictures (..., H, W), in the same shape."""
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
    """(256,): the code that each code becomes if the picture is mirrored left to right.

    To mirror a picture of codes, mirror its pixels and look up each code here.
    """
    bits = (np.arange(256)[:, None] >> np.arange(8)) & 1
    codes = bits[:, (4 - np.arange(8)) % 8] @ (1 << np.arange(8))  # left neighbours to the right
    return codes.astype(np.uint8)
