"""What every face finder is, and what it finds."""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class Detections(NamedTuple):
    """The faces of one frame.

    Args:
        landmarks: (N, 68, 2) pixels of the frame.
        score: (N,) presence in 0..1.
    """

    landmarks: Floats
    score: Floats


class Finder(Protocol):
    """Finds faces in a stream; what it saw in one frame tells it where to look in the next."""

    version: str
    """Code and model: two finders of one version find the same."""

    def begin(self) -> None:
        """Forget every face: a new stream follows, and must not depend on the one before."""

    def __call__(self, image: NDArray[np.uint8], time: float) -> Detections:
        """Faces of the next frame, (H, W, 3) RGB, at a time in seconds."""

    def close(self) -> None:
        """The stream is over: give back what was held for it."""
