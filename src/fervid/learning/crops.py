"""The square around a face, cut out of a track's pictures, in colour."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fervid.faces.points68 import EYES

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Square:
    """Which square around a face is seen, in units of the distance between the eyes' centres.

    One square for all frames, from the medians over them: the face moves in the square and not
    the square with the face, and an opening mouth does not change the scale.

    Args:
        size: side of what is cut out, in pixels.
        side: of the square.
        down: from the point between the eyes to the square's centre.
    """

    size: int
    side: float = 2.6
    down: float = 0.55

    def place(self, landmarks: Floats) -> tuple[float, float, float]:
        """Left, top and side in pixels; pixel i covers [i - 1/2, i + 1/2].

        Args:
            landmarks: (T, 68, 2).
        """
        right, left = (landmarks[:, eye].mean(axis=1) for eye in EYES)
        distance = float(np.median(np.hypot(*(left - right).T)))
        x, y = np.median((left + right) / 2, axis=0)
        side = self.side * distance
        return float(x - side / 2), float(y + self.down * distance - side / 2), side

    def cut(self, faces: NDArray[np.uint8], landmarks: Floats) -> tuple[NDArray[np.uint8], Floats]:
        """The squares, (T, size, size, 3), and the landmarks in their pixels, (T, 68, 2).

        A pixel is the mean of its area, or a blend of its neighbours where the square is made
        larger. Outside the picture its border goes on.

        Args:
            faces: (T, S, S, 3).
            landmarks: (T, 68, 2) in their pixels.
        """
        left, top, side = self.place(landmarks)
        rows = shares(faces.shape[1], top, side, self.size)
        columns = shares(faces.shape[2], left, side, self.size)
        out = np.empty((len(faces), self.size, self.size, faces.shape[3]), np.uint8)
        for number, face in enumerate(faces):
            flat = face.reshape(len(face), -1).astype(np.float32)
            tall = (rows @ flat).reshape(self.size, *face.shape[1:])
            out[number] = np.clip(np.rint(np.matmul(columns, tall)), 0, 255)
        # The first new pixel begins at `left`, and its centre is half a new pixel further on.
        moved = (landmarks - np.array([left, top])) * (self.size / side) - 0.5
        return out, moved.astype(np.float32)


def shares(length: int, start: float, extent: float, pixels: int) -> Floats:
    """(pixels, length): the share of each old pixel in each new one, along one axis.

    The first and last old pixel reach on to infinity.

    Args:
        length: old pixels.
        start: where the first new pixel begins, in old ones.
        extent: of all new pixels, in old ones.
        pixels: new ones.
    """
    step = extent / pixels
    low: NDArray[Any] = start + step * np.arange(pixels)[:, None]
    edges = np.arange(length + 1)[None] - 0.5
    edges[0, 0], edges[0, -1] = -np.inf, np.inf
    # Below one old pixel per new one an area would pick single pixels: a tent blends two.
    if step < 1:
        places = np.clip(low + step / 2, 0, length - 1)
        weights = np.clip(1 - np.abs(places - np.arange(length)[None]), 0, 1)
    else:
        inside = np.minimum(low + step, edges[:, 1:]) - np.maximum(low, edges[:, :-1])
        weights = np.clip(inside, 0, None) / step
    return np.asarray(weights, np.float32)
