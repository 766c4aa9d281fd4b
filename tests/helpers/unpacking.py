"""What a page's JavaScript does with `fervid.pages.packing`, once more in Python."""

import base64
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray


def unpack(packed: dict[str, Any]) -> NDArray[np.int64]:
    """(N, C) numbers that `pack` packed."""
    size = packed["rows"] * packed["columns"]
    flat = np.frombuffer(zlib.decompress(base64.b64decode(packed["data"])), np.uint8)
    coded = np.zeros(size, np.int64)
    for place, plane in enumerate(flat.reshape(packed["planes"], size)):
        coded |= plane.astype(np.int64) << (8 * place)
    steps = np.where(coded & 1, -(coded >> 1) - 1, coded >> 1)
    return np.cumsum(steps.reshape(packed["columns"], packed["rows"]), axis=1).T
