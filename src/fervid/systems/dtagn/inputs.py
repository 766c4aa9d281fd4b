"""Track -> what DTAGN eats: a short grey film of the face, and normalised landmark trajectories.

Nothing is learned here. Sources: [1, Sec. 3.1, 3.3] and [1]'s [26]: Zhou, Zhao, Pietikainen,
CVPR 2011, for the temporal interpolation (TIM).
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fervid.faces.track import Track
from fervid.learning.crops import shares

Floats = NDArray[np.float32]

# Grey of RGB, Rec. 601.
LUMA = np.array([0.299, 0.587, 0.114], np.float32)

# Departure 1: our own finder's points. IntraFace's 49 are the 68 without the jaw (0..16) and the
# inner corners of the mouth.
POINTS = tuple(index for index in range(17, 68) if index not in (60, 64))
# The person's right eye (left in the picture) and left eye, in the 68.
EYES = (slice(36, 42), slice(42, 48))
# What a point becomes in a mirror, in the 68 (jaw left out).
MIRROR = {
    **{17 + i: 26 - i for i in range(10)},
    **{27 + i: 27 + i for i in range(4)},
    **{31 + i: 35 - i for i in range(5)},
    **{36: 45, 37: 44, 38: 43, 39: 42, 40: 47, 41: 46},
    **{45: 36, 44: 37, 43: 38, 42: 39, 47: 40, 46: 41},
    **{48 + i: 54 - i for i in range(7)},
    **{55 + i: 59 - i for i in range(5)},
    **{60 + i: 64 - i for i in range(5)},
    **{65 + i: 67 - i for i in range(3)},
}


def mirrored(points: tuple[int, ...] = POINTS) -> list[int]:
    """For each of `points` (numbers among the 68), the place in `points` of its mirror image."""
    return [points.index(MIRROR[point]) for point in points]


@cache
def tim_matrix(frames: int, length: int) -> NDArray[np.float64]:
    """(length, frames): the temporal interpolation model as weights of the given frames.

    TIM embeds frame i of n at y_k(i/n) = sin(pi k i/n + pi (n - k) / (2 n)), k = 1..n-1, the
    eigenvectors of a path graph, learns by SVD the linear map from that curve to the frames
    (less their mean) and walks the curve at other t in [1/n, 1]. Frames in general position make
    the map exact, and it then cancels out: a resampled frame is the mean plus the frames weighted
    by Y+ y(t), which depends on n and t only. Departure 4: frames that depend on each other (a
    film that stands still) have no learned map of full rank; the same weights serve them.

    Args:
        frames: n >= 1; a single frame is repeated.
        length: how many to make, equally spaced over [1/n, 1].
    """
    if frames == 1:
        return np.ones((length, 1))
    k = np.arange(1, frames)[:, None]
    curve = _curve(k, np.arange(1, frames + 1)[None] / frames, frames)  # (n-1, n)
    asked = _curve(k, np.linspace(1 / frames, 1, length)[None], frames)  # (n-1, length)
    # The rows of `curve` are orthogonal, each of squared length n/2, and orthogonal to 1.
    weights: NDArray[np.float64] = asked.T @ curve * (2 / frames) + 1 / frames
    return weights


def _curve(k: NDArray[Any], t: NDArray[Any], frames: int) -> NDArray[np.float64]:
    wave: NDArray[np.float64] = np.sin(np.pi * k * t + np.pi * (frames - k) / (2 * frames))
    return wave


@cache
def linear_matrix(frames: int, length: int) -> NDArray[np.float64]:
    """(length, frames): linear interpolation between neighbours, the plain alternative to TIM."""
    places = np.linspace(0, frames - 1, length)[:, None]
    weights: NDArray[np.float64] = np.clip(1 - np.abs(places - np.arange(frames)[None]), 0, 1)
    return weights


INTERPOLATIONS = {"tim": tim_matrix, "linear": linear_matrix}


def resample(sequence: NDArray[Any], length: int, interpolation: str = "tim") -> Floats:
    """(T, ...) to (length, ...) along time; the first and last frame stay what they are.

    Args:
        interpolation: "tim" or "linear".
    """
    weights = INTERPOLATIONS[interpolation](len(sequence), length).astype(np.float32)
    flat = np.asarray(sequence, np.float32).reshape(len(sequence), -1)
    out: Floats = (weights @ flat).reshape(length, *sequence.shape[1:])
    return out


def normalised(landmarks: Floats, nose: int) -> Floats:
    """Less the nose, over the frame's own standard deviation, x and y apart [1, Eq. 3].

    Args:
        landmarks: (T, L, 2), any unit.
        nose: which of the L is the nose point.
    """
    spread = landmarks.std(axis=1, keepdims=True)  # (T, 1, 2)
    out: Floats = (landmarks - landmarks[:, nose : nose + 1]) / np.maximum(spread, 1e-6)
    return out


@dataclass(frozen=True)
class Crop:
    """Which square around a face is seen, in units of the distance d between the eyes' centres.

    Args:
        side: of the face's square.
        down: from the point between the eyes to the square's centre.
        size: of the face in pixels; [1, Sec. 3.1] 64.
        margin: pixels kept on each side beyond it, so that a turn by 15 degrees finds picture
            and not a border: 64 (cos 15 + sin 15) = 78.4 <= 64 + 2 * 8.
    """

    side: float = 2.6
    down: float = 0.55
    size: int = 64
    margin: int = 8

    def box(self, landmarks: Floats) -> tuple[float, float, float]:
        """Left, top and side of the square with its margin, one for the whole clip, in pixels.

        Departure 2: the faces are aligned and cut before time is normalised, not after.

        From the medians over the clip, so that the face moves in the box and not the box with
        the face, and an opening mouth does not change the scale.

        Args:
            landmarks: (T, 68, 2).
        """
        right, left = (landmarks[:, eye].mean(axis=1) for eye in EYES)
        distance = float(np.median(np.hypot(*(left - right).T)))
        x, y = np.median((left + right) / 2, axis=0)
        side = self.side * distance * (1 + 2 * self.margin / self.size)
        return float(x - side / 2), float(y + self.down * distance - side / 2), side

    def cut(self, faces: NDArray[np.uint8], landmarks: Floats) -> Floats:
        """Grey squares, (T, P, P) in 0..255, P = size + 2 margin, each pixel the mean of its area.

        Outside the picture its border goes on.

        Args:
            faces: (T, S, S, 3) RGB.
            landmarks: (T, 68, 2) in their pixels.
        """
        left, top, side = self.box(landmarks)
        pixels = self.size + 2 * self.margin
        rows = shares(faces.shape[1], top, side, pixels)
        columns = shares(faces.shape[2], left, side, pixels).T
        out = np.empty((len(faces), pixels, pixels), np.float32)
        for number, face in enumerate(faces):
            grey = face @ LUMA
            out[number] = rows @ grey @ columns
        return out


def film(track: Track, crop: Crop, frames: int, interpolation: str) -> NDArray[np.uint8]:
    """(frames, P, P) uint8: the face over time, as many frames as asked for.

    Args:
        track: every row a face.
    """
    grey = crop.cut(track.faces, track.landmarks)
    # One frame alone is the last one: the apex where a clip runs from onset to apex [1, Fig. 3].
    film = grey[-1:] if frames == 1 else resample(grey, frames, interpolation)
    return np.clip(np.rint(film), 0, 255).astype(np.uint8)


def trajectories(track: Track, frames: int, interpolation: str, nose: int) -> Floats:
    """(frames, 49, 2) float32: landmark trajectories as the geometry network takes them.

    Args:
        track: every row a face.
        nose: number of the nose point among the 68.
    """
    points = resample(track.landmarks[:, list(POINTS)], frames, interpolation)
    return normalised(points, POINTS.index(nose))
