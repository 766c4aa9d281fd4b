"""Which frames of a source are used: all, every Nth, or so many per second."""

import math
from collections.abc import Callable

from fervid.errors import InputError

Wanted = Callable[[int, float], bool]
"""Whether to use the frame with an index and a time in seconds; called once per frame, in order."""

EARLY = 1e-6  # share of a step by which a time stamp may be rounded down


def check(every: int, fps: float | None) -> None:
    """Check the arguments of `sampler`.

    Raises:
        InputError: a number is out of range, or both are given.
    """
    if every < 1:
        raise InputError(f"--every {every}: give a whole number from 1")
    if fps is not None and not 0 < fps < math.inf:
        raise InputError(f"--fps {fps}: give a number above 0")
    if every > 1 and fps is not None:
        raise InputError("--every and --fps both choose frames: give only one of them")


def sampler(every: int = 1, fps: float | None = None) -> Wanted:
    """Choose every `every`th frame, or the first frame of every 1 / `fps` seconds.

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
