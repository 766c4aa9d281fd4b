"""Clip of any length -> segments of L frames [4, Sec. III-A]."""

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


def segments(frames: int, length: int, step: int, rule: str) -> Rows:
    """(N, L): the frames of each segment; departure 1.

    "trim", the printed rule, takes one segment from the middle of a clip: of T > L frames it drops
    the first and the last (T - L) / 2. That gives one segment per clip (521, 720, 213), but the
    paper counts about 7000, 12000 and 4000. "windows" starts a segment every `step` frames and adds
    one that ends with the clip.

    Under both rules, shorter clips repeat their first and last frame, each for half of the missing
    frames.

    Args:
        frames: T >= 1.
        length: L, 16 in the paper.
        step: frames between the starts of successive windows.
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


def used_pairs(length: int, pairs: int) -> Rows:
    """(P,): the pairs to use of a segment's L - 1 pairs of neighbouring frames, evenly spaced.

    Pair i is frames i and i + 1. Its face is that of the second frame, so that a segment's first
    frame is never shown as a face [4, Sec. III-A.2].
    """
    places = (np.arange(pairs) + 0.5) * (length - 1) / pairs
    return places.astype(np.int64)
