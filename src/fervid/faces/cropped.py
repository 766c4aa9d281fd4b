"""The finder "cropped": pictures that are faces already, taken whole, as FER+ and LFW come.

No cascade looks for a face and nothing is cut away or turned. The landmark network says where the
68 points lie; how sure it is of a face is kept as the score, and does not leave a picture out.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from fervid.faces.detections import Detections
from fervid.faces.settings import FaceSettings

Floats = NDArray[np.float32]


class Cropped:
    """A finder (see `found.Finder`) whose every frame holds one face, as large as the frame."""

    def __init__(self, settings: FaceSettings, threads: int | None = 1) -> None:
        from fervid.faces.landmarks import Landmarker

        self._landmarker = Landmarker(settings.model, threads)
        self.version = f"{self._landmarker.version}, whole pictures"

    def begin(self) -> None:
        """Nothing is remembered."""

    def close(self) -> None:
        """Nothing is held."""

    def __call__(self, image: NDArray[np.uint8], time: float) -> Detections:
        """The one face of a frame, (H, W, 3) RGB."""
        left, top, side = middle(image)
        found = self._landmarker(image, np.array([[left, top, side, side]], np.float32))
        return Detections(*found)


def middle(image: NDArray[np.uint8]) -> tuple[int, int, int]:
    """Left, top and side of the largest square in the middle of a picture, pixels."""
    height, width = image.shape[:2]
    side = min(height, width)
    return (width - side) // 2, (height - side) // 2, side


class Whole:
    """Takes pictures as faces (what `align.Aligner` is to others): the square in their middle.

    All are as large as the first one, and no larger than `size`.

    Args:
        size: side in pixels above which faces are made smaller.
    """

    def __init__(self, size: int) -> None:
        self._most, self._size = size, 0

    def __call__(
        self, image: NDArray[np.uint8], landmarks: Floats, face: int
    ) -> tuple[NDArray[np.uint8], Floats, Floats]:
        """Picture (S, S, 3), landmarks (68, 2) in its pixels, to_frame (2, 3)."""
        left, top, side = middle(image)
        self._size = self._size or min(side, self._most)
        square = image[top : top + side, left : left + side]
        if side != self._size:
            way = cv2.INTER_AREA if side > self._size else cv2.INTER_LINEAR
            square = np.asarray(cv2.resize(square, (self._size,) * 2, interpolation=way), np.uint8)
        scale = side / self._size
        # Pixel centres are whole numbers: the first one's is half a pixel from the edge.
        shift = np.array([left, top]) + (scale - 1) / 2
        back = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]], np.float32)
        points = np.asarray((landmarks - shift) / scale, np.float32)
        return np.ascontiguousarray(square), points, back
