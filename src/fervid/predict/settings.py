"""Settings of a prediction: which frames are used, and how they are grouped into windows."""

import math
from dataclasses import dataclass
from typing import Literal

from fervid.errors import InputError
from fervid.faces import sampling
from fervid.faces.settings import FaceSettings

Format = Literal["csv", "parquet"]

# An unknown video may show a distant crowd, but a database's clip shows one subject. Hence these
# defaults differ from those of FaceSettings.
MAX_FACES = 50
MANY_FACES = FaceSettings(max_faces=MAX_FACES, min_size=0.05)
SHORTEST, LONGEST = 0.01, 3600  # seconds of a window, whose face crops are held in memory


@dataclass(frozen=True)
class WindowSettings:
    """Which frames of a stream are used, and how they are grouped into windows.

    Args:
        window: length of the window for one prediction, seconds.
        step: seconds between the starts of two windows.
        least: share of a window's frames that must show the face to predict it.
        smooth: for systems that predict single frames and have no windows: standard deviation of
            the Gaussian over time by which predictions are averaged, seconds.
        seconds: stop after this many seconds (for a webcam); None for the end.
        every: use every so many frames; the others have no row.
        fps: use so many frames per second; None for all.
    """

    window: float = 1.0
    step: float = 0.25
    least: float = 0.5
    smooth: float = 0.1
    seconds: float | None = None
    every: int = 1
    fps: float | None = None

    def __post_init__(self) -> None:
        if not SHORTEST <= self.window <= LONGEST:
            raise InputError(f"--window {self.window}: give {SHORTEST} to {LONGEST} seconds")
        if not SHORTEST <= self.step <= self.window:
            raise InputError(
                f"--step {self.step} with --window {self.window}: give a step from {SHORTEST} "
                "seconds up to the window, because a longer one would skip frames"
            )
        if self.seconds is not None and not 0 < self.seconds < math.inf:
            raise InputError(
                f"--seconds {self.seconds}: give a number above 0, or leave it out to read all"
            )
        if not 0 < self.least <= 1:
            raise InputError(
                f"least={self.least} is not a share of a window: give one above 0 and up to 1"
            )
        if not 0 <= self.smooth <= 60:
            raise InputError(f"--smooth {self.smooth}: give seconds up to 60, or 0 for none")
        sampling.check(self.every, self.fps)
