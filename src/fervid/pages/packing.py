"""Arrays as text in a page: whole numbers, differences along time, split by bytes, deflated.

A decimal that a table prints with D digits is the whole number of its last digit, so nothing is
lost. The page's JavaScript (`unpack` in viewer.js) undoes this.
"""

import base64
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray


def pack(values: NDArray[np.integer[Any]]) -> dict[str, Any]:
    """Pack whole numbers.

    Args:
        values: (N, C) or (N,); neighbours in N are similar.

    Returns:
        `rows` N, `columns` C, `planes` P (bytes of a number) and `data`: the base64 of a zlib
        stream of P planes, lowest byte first, of C columns of N zigzag-coded differences.
    """
    table = np.asarray(values, np.int64)
    table = table[:, None] if table.ndim == 1 else table
    steps = np.diff(table, axis=0, prepend=0).T.ravel()
    coded = np.where(steps < 0, -2 * steps - 1, 2 * steps).astype("<u8")
    most = int(coded.max(initial=0))
    planes = max((most.bit_length() + 7) // 8, 1)
    if planes > 6:
        raise ValueError(f"a step of {most} has more digits than JavaScript's numbers")
    split = coded.view(np.uint8).reshape(-1, 8)[:, :planes].T
    data = base64.b64encode(zlib.compress(np.ascontiguousarray(split).tobytes(), 6)).decode()
    return {"rows": len(table), "columns": table.shape[1], "planes": planes, "data": data}
