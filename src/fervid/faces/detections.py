"""The interface of all face finders, and their result."""

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
    """Finds faces in a stream; may use the faces of one frame to find those of the next."""

    version: str
    """Identifies code and model: two finders of the same version give the same results."""

    def begin(self) -> None:
        """Start a new stream and forget all faces, so that streams do not affect each other."""

    def __call__(self, image: NDArray[np.uint8], time: float) -> Detections:
        """Find the faces of the next frame, (H, W, 3) RGB, at a time in seconds."""

    def close(self) -> None:
        """End the stream and release its resources."""
