"""Track -> DTAGN's input: a short grey film of the face, and normalised landmark trajectories.

Nothing is learned here. Sources: [1, Sec. 3.1, 3.3] and, for the temporal interpolation model
(TIM), reference [26] of [1]: Zhou, Zhao, Pietikainen, CVPR 2011.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fervid.faces.points68 import EYES, POINTS_49  # departure 1
from fervid.faces.track import Track
from fervid.learning.batches import Batch
from fervid.learning.crops import shares
from fervid.systems.dtagn import augment
from fervid.systems.dtagn.recipe import Recipe

Floats = NDArray[np.float32]

# Weights of R, G and B in grey (Rec. 601).
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@cache
def tim_matrix(frames: int, length: int) -> NDArray[np.float64]:
    """(length, frames): the temporal interpolation model as weights on the original frames.

    TIM embeds frame i of n at y_k(i/n) = sin(pi k i/n + pi (n - k) / (2 n)), k = 1..n-1, the
    eigenvectors of a path graph. It learns by SVD the linear map from that curve to the frames
    (minus their mean) and evaluates the curve at other t in [1/n, 1]. For frames in general
    position the map is exact and cancels out: a resampled frame is the mean plus the frames
    weighted by Y+ y(t), which depends only on n and t. Departure 4: linearly dependent frames (a
    still film) have no learned map of full rank; they get the same weights.

    Args:
        frames: n >= 1; a single frame is repeated.
        length: number of frames to produce, equally spaced over [1/n, 1].
    """
    if frames == 1:
        return np.ones((length, 1))
    k = np.arange(1, frames)[:, None]
    curve = _curve(k, np.arange(1, frames + 1)[None] / frames, frames)  # (n-1, n)
    resampled = _curve(k, np.linspace(1 / frames, 1, length)[None], frames)  # (n-1, length)
    # The rows of `curve` are orthogonal to each other and to 1, each with squared length n/2.
    weights: NDArray[np.float64] = resampled.T @ curve * (2 / frames) + 1 / frames
    return weights


def _curve(k: NDArray[Any], t: NDArray[Any], frames: int) -> NDArray[np.float64]:
    wave: NDArray[np.float64] = np.sin(np.pi * k * t + np.pi * (frames - k) / (2 * frames))
    return wave


def resample(sequence: NDArray[Any], length: int) -> Floats:
    """Resample (T, ...) to (length, ...) over time by TIM, which keeps the first and last frame."""
    weights = tim_matrix(len(sequence), length).astype(np.float32)
    flat = np.asarray(sequence, np.float32).reshape(len(sequence), -1)
    out: Floats = (weights @ flat).reshape(length, *sequence.shape[1:])
    return out


def normalised(landmarks: Floats, nose: int) -> Floats:
    """Subtract the nose and divide by the frame's standard deviation, per axis [1, Eq. 3].

    Args:
        landmarks: (T, L, 2), any unit.
        nose: index of the nose point among the L.
    """
    std = landmarks.std(axis=1, keepdims=True)  # (T, 1, 2)
    out: Floats = (landmarks - landmarks[:, nose : nose + 1]) / np.maximum(std, 1e-6)
    return out


@dataclass(frozen=True)
class Crop:
    """The square around a face, in units of the distance between the centres of the eyes.

    Args:
        side: side of the face's square.
        down: from the point between the eyes down to the square's centre.
        size: side of the face's square in pixels; 64 in [1, Sec. 3.1].
        margin: extra pixels kept on each side, so that a rotation by 15 degrees reaches no border:
            64 (cos 15 + sin 15) = 78.4 <= 64 + 2 * 8.
    """

    side: float = 2.6
    down: float = 0.55
    size: int = 64
    margin: int = 8

    def box(self, landmarks: Floats) -> tuple[float, float, float]:
        """Left, top and side of the clip's one square including its margin, in pixels.

        Departure 2: faces are aligned and cropped before time is normalised, not after.

        Position and scale are medians over the clip, so that the face moves within a fixed box
        and an opening mouth does not change the scale.

        Args:
            landmarks: (T, 68, 2), pixels.
        """
        right, left = (landmarks[:, eye].mean(axis=1) for eye in EYES)
        distance = float(np.median(np.hypot(*(left - right).T)))
        x, y = np.median((left + right) / 2, axis=0)
        side = self.side * distance * (1 + 2 * self.margin / self.size)
        return float(x - side / 2), float(y + self.down * distance - side / 2), side

    def cut(self, faces: NDArray[np.uint8], landmarks: Floats) -> Floats:
        """Grey squares (T, P, P) in 0..255, P = size + 2 margin, each pixel the mean of its area.

        Beyond the picture, its border pixels are repeated.

        Args:
            faces: (T, S, S, 3) RGB.
            landmarks: (T, 68, 2) in pixels of `faces`.
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


def film(track: Track, crop: Crop, frames: int) -> NDArray[np.uint8]:
    """(frames, P, P) uint8: the face resampled to `frames` frames.

    Args:
        track: track with a face in every row.
    """
    grey = crop.cut(track.faces, track.landmarks)
    # A single frame is the clip's last: the apex if the clip runs from onset to apex [1, Fig. 3].
    film = grey[-1:] if frames == 1 else resample(grey, frames)
    return np.clip(np.rint(film), 0, 255).astype(np.uint8)


def trajectories(track: Track, frames: int, nose: int) -> Floats:
    """(frames, 49, 2) float32: landmark trajectories as the geometry network takes them.

    Args:
        track: track with a face in every row.
        nose: index of the nose point among the 68.
    """
    points = resample(track.landmarks[:, list(POINTS_49)], frames)
    return normalised(points, POINTS_49.index(nose))


def samples(recipe: Recipe, track: Track) -> dict[str, NDArray[Any]]:
    """One sample: `faces` (1, Ta, P, P) uint8 and `landmarks` (1, Tg, 49, 2) float32.

    A landmarks-only recipe has no `faces`. Rows without a face are dropped before time is
    normalised. There is no sample (N = 0) if fewer than `fewest_frames` rows show a face, unless
    the whole clip is shorter than that and shows a face in every row.
    """
    settings, frames = recipe.input, (recipe.appearance.frames, recipe.geometry.frames)
    crop = Crop(settings.crop_side, settings.crop_down, recipe.size, recipe.margin)
    # Departure 3: rows without a face are dropped, and time is normalised over the others.
    visible = track.rows(track.seen)
    enough = len(visible) >= max(1, min(settings.fewest_frames, len(track)))
    points = np.zeros((0, frames[1], len(POINTS_49), 2), np.float32)
    if enough:
        points = trajectories(visible, frames[1], settings.nose)[None]
        if recipe.geometry.relative:  # departure 15
            points = points - points[:, :1]
    if recipe.landmarks_only:
        return {"landmarks": points}
    pixels = crop.size + 2 * crop.margin
    faces = np.zeros((0, frames[0], pixels, pixels), np.uint8)
    if enough:
        faces = film(visible, crop, frames[0])[None]
    return {"faces": faces, "landmarks": points}


def pictures(recipe: Recipe, batch: Batch) -> Tensor:
    """(B, Ta, H, W): a batch as DTAN takes it."""
    return augment.pictures(batch.arrays["faces"], batch.copy, recipe.size)


def vectors(recipe: Recipe, batch: Batch, generator: torch.Generator) -> Tensor:
    """(B, Tg * 98): a batch as DTGN takes it, frame after frame [1, Eq. 4]."""
    noise, turn = recipe.geometry.noise, recipe.geometry.turn
    points = batch.arrays["landmarks"]
    return augment.trajectories(points, batch.copy, generator, noise, turn).flatten(1)
