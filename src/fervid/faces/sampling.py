"""Which frames of a source are looked at: all, every Nth, or so many a second."""

import math
from collections.abc import Callable

from fervid.errors import InputError

Wanted = Callable[[int, float], bool]
"""Whether the frame of an index and a time in seconds is looked at; asked in order, once each."""

EARLY = 1e-6  # part of a step by which a time stamp may be rounded down


def check(every: int, fps: float | None) -> None:
    """See `sampler`.

    Raises:
        InputError: numbers out of range, or both.
    """
    if every < 1:
        raise InputError(f"every {every} frames: give a whole number from 1")
    if fps is not None and not 0 < fps < math.inf:
        raise InputError(f"{fps} frames per second: give a number above 0")
    if every > 1 and fps is not None:
        raise InputError("--every and --fps both say which frames to look at: give one of them")


def sampler(every: int = 1, fps: float | None = None) -> Wanted:
    """Every `every`th frame from the first one; or of each 1 / `fps` seconds the first frame.

    >>> wanted = sampler(fps=2)
    >>> [wanted(index, index / 5) for index in range(6)]
    [True, False, False, True, False, True]
    """
    if fps is None:
        return lambda index, _: index % every == 0
    last = -1

    def due(_: int, time: float) -> bool:
        nonlocal last
        slot = math.floor(time * fps + EARLY)
        if slot <= last:
            return False
        last = slot
        return True

    return due
