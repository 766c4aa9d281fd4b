"""Progress of a run over many inputs, in seconds of video."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path

from fervid.faces.video import Frame, seconds_of
from fervid.prediction.sources import Source
from fervid.progress import Tell

DRAWING = 0.4  # time for drawing the overlay, as a share of the time for the first pass

Watch = Callable[[bool, Iterator[Frame]], Iterator[Frame]]
"""Passes frames on and reports progress; the first argument is True while the overlay is drawn."""


def length(source: Source, rate: float, seconds: float | None) -> float:
    """Number of seconds of an input that will be read; 0 if unknown.

    Args:
        rate: frames per second of a folder of images.
        seconds: limit at which reading stops.
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
    """Pass frames on and report progress.

    Args:
        tell: reports the seconds done and a line of text.
        before: seconds of video in inputs that are done.
        seconds: length of this input.
        drawing: whether this is the second pass, for the overlay.
    """
    name = source.name if isinstance(source.path, int) else Path(source.name).name
    for frame in frames:
        yield frame
        done = seconds + DRAWING * frame.time if drawing else frame.time
        tell(before + done, f"{'drawing ' * drawing}{name}, frame {frame.index + 1}")


def unseen(_: bool, frames: Iterator[Frame]) -> Iterator[Frame]:
    """Pass frames on without reporting, for worker processes."""
    return frames
