"""The finder "cropped", for images that are already face crops, such as those of FER+ and LFW.

No detector runs, and nothing is cut away or rotated. The landmark network places the 68 points; its
presence is kept as the score but does not exclude any image.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from fervid.faces.detections import Detections
from fervid.faces.settings import FaceSettings
from fervid.faces.versions import version_of

Floats = NDArray[np.float32]


class Cropped:
    """A finder (see `detections.Finder`) for frames that each show one face, filling the frame."""

    def __init__(
        self, settings: FaceSettings, threads: int | None = 1, device: str = "cpu"
    ) -> None:
        from fervid.faces.landmarks import Landmarker

        self.version = version_of(settings)
        self._landmarker = Landmarker(settings.model, threads, device)

    def begin(self) -> None:
        """Do nothing: no state is kept between frames."""

    def close(self) -> None:
        """Do nothing: no resources are held."""

    def __call__(self, image: NDArray[np.uint8], time: float) -> Detections:
        """The one face of a frame, (H, W, 3) RGB."""
        left, top, side = middle(image)
        return Detections(*self._landmarker(image, np.array([[left, top, side, side]], np.float32)))


def middle(image: NDArray[np.uint8]) -> tuple[int, int, int]:
    """Left, top and side of the largest centred square of a picture, in pixels."""
    height, width = image.shape[:2]
    side = min(height, width)
    return (width - side) // 2, (height - side) // 2, side


class Whole:
    """Takes the centred square of each picture as its face, in place of `align.Aligner`.

    All crops are as large as the first one, and no larger than `size`.

    Args:
        size: maximum side of a crop in pixels; larger pictures are scaled down.
    """

    def __init__(self, size: int) -> None:
        self._largest, self._size = size, 0

    def __call__(
        self, image: NDArray[np.uint8], landmarks: Floats, face: int
    ) -> tuple[NDArray[np.uint8], Floats, Floats]:
        """Picture (S, S, 3), landmarks (68, 2) in its pixels, to_frame (2, 3)."""
        left, top, side = middle(image)
        self._size = self._size or min(side, self._largest)
        square = image[top : top + side, left : left + side]
        if side != self._size:
            method = cv2.INTER_AREA if side > self._size else cv2.INTER_LINEAR
            resized = cv2.resize(square, (self._size,) * 2, interpolation=method)
            square = np.asarray(resized, np.uint8)
        scale = side / self._size
        # Pixel centres are whole numbers, so the first one lies half a pixel from the edge.
        shift = np.array([left, top]) + (scale - 1) / 2
        to_frame = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]], np.float32)
        points = np.asarray((landmarks - shift) / scale, np.float32)
        return np.ascontiguousarray(square), points, to_frame
