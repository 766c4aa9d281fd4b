"""Crops faces from frames and landmarks, in the same way for stores and for prediction."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fervid.faces.align import Aligner
from fervid.faces.cropped import Whole
from fervid.faces.settings import FaceSettings

Floats = NDArray[np.float32]


class Cutter(Protocol):
    """Crops the faces of a stream, frame by frame."""

    def __call__(
        self, image: NDArray[np.uint8], landmarks: Floats, face: int
    ) -> tuple[NDArray[np.uint8], Floats, Floats]:
        """Crop (S, S, 3), landmarks (68, 2) in its pixels, to_frame (2, 3)."""


def cutter(settings: FaceSettings, pictures: bool = True) -> Cutter:
    """The cutter for these settings; images that are already face crops are not aligned.

    Args:
        pictures: whether frames have pictures to crop.
    """
    return Whole(settings.size) if settings.finder == "cropped" else Aligner(settings, pictures)
