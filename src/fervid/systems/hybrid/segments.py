"""A clip of any length -> segments of L frames [4, Sec. III-A]."""

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


def segments(frames: int, length: int, step: int, rule: str) -> Rows:
    """(N, L) which frames each segment holds; departure 1.

    "trim", the printed rule, takes one segment from a clip's middle: of T > L frames the first and
    the last (T - L) / 2 go. It gives as many segments as clips (521, 720, 213), where the paper
    counts about 7000, 12000 and 4000. "windows" lays a segment every `step` frames, and one that
    ends with the clip.

    Shorter clips have their first and last frame repeated on both rules, half of what lacks at
    each end.

    Args:
        frames: T >= 1.
        length: L, 16 in the paper.
        step: frames from one window's start to the next.
        rule: "windows" or "trim".
    """
    spare = frames - length
    if spare <= 0:
        starts = np.array([-((-spare) // 2)])
    elif rule == "trim":
        starts = np.array([spare // 2])
    else:
        starts = np.unique(np.append(np.arange(0, spare + 1, step), spare))
    rows: Rows = np.clip(starts[:, None] + np.arange(length), 0, frames - 1).astype(np.int64)
    return rows


def kept(length: int, pairs: int) -> Rows:
    """(P,) which of a segment's L - 1 pairs of neighbours are used, evenly spaced; all by default.

    Pair i is frames i and i + 1. Its face is the second one's, so a segment's first frame is
    never shown alone [4, Sec. III-A.2].
    """
    places = (np.arange(pairs) + 0.5) * (length - 1) / pairs
    return places.astype(np.int64)
