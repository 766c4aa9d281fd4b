"""Crop the square around a face from a track's pictures, in colour."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fervid.faces.points68 import EYES

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Square:
    """Square around a face, in units of the distance between the eyes' centres.

    All frames share one square, placed by the medians over the frames. The face therefore moves
    within the square instead of the square with the face, and an opening mouth does not change
    the scale.

    Args:
        size: height and width of the crop, in pixels.
        side: side of the square, in eye distances.
        down: distance from the point between the eyes down to the square's centre, in eye
            distances.
    """

    size: int
    side: float = 2.6
    down: float = 0.55

    def place(self, landmarks: Floats) -> tuple[float, float, float]:
        """Left edge, top edge and side in pixels; pixel i covers [i - 1/2, i + 1/2].

        Args:
            landmarks: (T, 68, 2) x, y in pixels.
        """
        right, left = (landmarks[:, eye].mean(axis=1) for eye in EYES)
        distance = float(np.median(np.hypot(*(left - right).T)))
        x, y = np.median((left + right) / 2, axis=0)
        side = self.side * distance
        return float(x - side / 2), float(y + self.down * distance - side / 2), side

    def cut(self, faces: NDArray[np.uint8], landmarks: Floats) -> tuple[NDArray[np.uint8], Floats]:
        """Crop and resize the square; returns (T, size, size, 3) and landmarks (T, 68, 2).

        A pixel is the mean of its area, or a blend of its neighbours if the square is enlarged.
        Outside the picture, border pixels are repeated.

        Args:
            faces: (T, S, S, 3) uint8.
            landmarks: (T, 68, 2) x, y in pixels of `faces`.

        Returns:
            The crops, uint8, and the landmarks in pixels of the crops.
        """
        left, top, side = self.place(landmarks)
        rows = shares(faces.shape[1], top, side, self.size)
        columns = shares(faces.shape[2], left, side, self.size)
        out = np.empty((len(faces), self.size, self.size, faces.shape[3]), np.uint8)
        for number, face in enumerate(faces):
            flat = face.reshape(len(face), -1).astype(np.float32)
            resized = (rows @ flat).reshape(self.size, *face.shape[1:])
            out[number] = np.clip(np.rint(np.matmul(columns, resized)), 0, 255)
        # The first new pixel starts at `left`; its centre is half a new pixel further right.
        moved = (landmarks - np.array([left, top])) * (self.size / side) - 0.5
        return out, moved.astype(np.float32)


def shares(length: int, start: float, extent: float, pixels: int) -> Floats:
    """(pixels, length) weight of each old pixel in each new pixel, along one axis.

    The first and last old pixels extend to infinity.

    Args:
        length: number of old pixels.
        start: left edge of the first new pixel, in old pixels.
        extent: total width of the new pixels, in old pixels.
        pixels: number of new pixels.
    """
    step = extent / pixels
    low: NDArray[Any] = start + step * np.arange(pixels)[:, None]
    edges = np.arange(length + 1)[None] - 0.5
    edges[0, 0], edges[0, -1] = -np.inf, np.inf
    # With less than one old pixel per new one, areas would pick single pixels; a tent blends two.
    if step < 1:
        places = np.clip(low + step / 2, 0, length - 1)
        weights = np.clip(1 - np.abs(places - np.arange(length)[None]), 0, 1)
    else:
        inside = np.minimum(low + step, edges[:, 1:]) - np.maximum(low, edges[:, :-1])
        weights = np.clip(inside, 0, None) / step
    return np.asarray(weights, np.float32)
