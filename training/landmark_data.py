"""Faces with exact landmarks to train the landmark network with, and MediaPipe's definition."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from landmark_samples import Array, Grey

from fervid.faces.points68 import MESH, MIRROR
from fervid.progress import bar

# Points that hardly move with an expression: ears' side of the jaw, nose, corners of the eyes.
STEADY = [0, 1, 2, 3, 13, 14, 15, 16, *range(27, 36), 36, 39, 42, 45]


def drawn(count: int, seed: int) -> tuple[Grey, Array]:
    """(count, 128, 128) drawn faces and their (count, 68, 2) exact landmarks in pixels."""
    from fervid.databases.drawn import crops

    pictures, fractions = crops(count, seed)
    return pictures, (fractions * pictures.shape[1] - 0.5).astype(np.float32)


def mediapipe_points(pictures: Grey, model: Path) -> tuple[Array, np.ndarray[Any, Any]]:
    """MediaPipe's 68 points (M, 68, 2) in pixels and the indices (M,) of the pictures it found."""
    import mediapipe as mp

    vision = mp.tasks.vision
    options = vision.FaceLandmarkerOptions(
        base_options=mp.tasks.BaseOptions(model_asset_path=str(model))
    )
    found, where, pad = [], [], 64
    with vision.FaceLandmarker.create_from_options(options) as finder:
        for index, picture in enumerate(bar(pictures, "MediaPipe")):
            wide = cv2.copyMakeBorder(picture, *[pad] * 4, cv2.BORDER_REPLICATE)
            colour = np.ascontiguousarray(np.repeat(wide[:, :, None], 3, axis=2))
            faces = finder.detect(mp.Image(mp.ImageFormat.SRGB, colour)).face_landmarks
            if faces:
                mesh = np.array([(point.x, point.y) for point in faces[0]], np.float32)[list(MESH)]
                found.append(mesh * wide.shape[0] - pad - 0.5)
                where.append(index)
    return np.stack(found), np.array(where)


def definition(exact: Array, other: Array, parts: int = 4) -> Callable[[Array], Array]:
    """A map from exact landmarks to another definition of the same 68 points.

    Each point's offset, in the face's own frame, is a constant plus a linear function of the first
    `parts` principal components of the `STEADY` points: mostly pose, since some points are defined
    by what the camera sees. The frame (centred, turned and scaled by the similarity to the mean
    shape) rests on the same points. No expression moves them much, so the map moves points
    without damping how they move: components of all 68 points would take a quarter of it away.
    Fitted by least squares on the pairs and their mirror images.

    Args:
        exact: (N, 68, 2).
        other: (N, 68, 2), the same faces.
    """
    mirror = np.array([-1, 1], np.float32)
    exact = np.concatenate([exact, exact[:, list(MIRROR)] * mirror])
    other = np.concatenate([other, other[:, list(MIRROR)] * mirror])
    mean = _complex(exact[:, STEADY].mean(axis=0))
    mean = mean - mean.mean()

    def own_frame(points: Array) -> tuple[Any, Any, Any]:
        z = _complex(points)
        middle = z[:, STEADY].mean(axis=1, keepdims=True)
        turn = ((z[:, STEADY] - middle) @ mean.conj() / (abs(mean) ** 2).sum())[:, None]
        return (z - middle) / turn, middle, turn

    def steady(shape: Any) -> Any:
        return np.concatenate([shape[:, STEADY].real, shape[:, STEADY].imag], axis=1)

    shape, middle, turn = own_frame(exact)
    offset = (_complex(other) - middle) / turn - shape
    centre = steady(shape).mean(axis=0)
    axes = np.linalg.svd(steady(shape) - centre, full_matrices=False)[2][:parts]

    def features(shape: Any) -> Any:
        scores = (steady(shape) - centre) @ axes.T
        return np.concatenate([np.ones((len(scores), 1)), scores], axis=1)

    weights = np.linalg.lstsq(features(shape), offset, rcond=None)[0]

    def convert(points: Array) -> Array:
        shape, middle, turn = own_frame(points)
        z = (shape + features(shape) @ weights) * turn + middle
        return np.stack([z.real, z.imag], axis=2).astype(np.float32)

    return convert


def _complex(points: Array) -> Any:
    return points[..., 0].astype(np.float64) + 1j * points[..., 1]
