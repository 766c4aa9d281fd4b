"""How far a run over many inputs is, in seconds of video."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path

from fervid.faces.video import Frame, seconds_of
from fervid.predict.sources import Source
from fervid.progress import Tell

DRAWING = 0.4  # time that the pass for the overlay takes, as part of the first one's

Watch = Callable[[bool, Iterator[Frame]], Iterator[Frame]]
"""Passes frames on and shows how far the work is; the first argument says whether it is drawing."""


def length(source: Source, rate: float, seconds: float | None) -> float:
    """Seconds of an input that will be read, as far as that is known; 0 where it is not.

    Args:
        rate: frames per second of a folder of images.
        seconds: after which reading stops.
    """
    if isinstance(source.path, int):
        return seconds or 0.0
    return min(seconds_of(source.path, rate), seconds or math.inf)


def watched(
    tell: Tell,
    source: Source,
    before: float,
    seconds: float,
    drawing: bool,
    frames: Iterator[Frame],
) -> Iterator[Frame]:
    """Pass frames on and tell how far the work is.

    Args:
        before: seconds of video that are done.
        seconds: of this input.
        drawing: in the second pass, for the overlay.
    """
    name = source.name if isinstance(source.path, int) else Path(source.name).name
    for frame in frames:
        yield frame
        done = seconds + DRAWING * frame.time if drawing else frame.time
        tell(before + done, f"{'drawing ' * drawing}{name}, frame {frame.index + 1}")


def unseen(_: bool, frames: Iterator[Frame]) -> Iterator[Frame]:
    """Shows nothing: in a process of its own."""
    return frames
