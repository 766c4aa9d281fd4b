"""Alignment: the similarity that places a face upright, centred and at a fixed scale in its crop.

The transform is fitted to the points that expressions move least: the eye corners and the bridge
of the nose down to its tip. The mouth, brows, jaw and base of the nose (which rises when the nose
is wrinkled) are not used, so expressions neither shrink nor shift the crop.
"""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from fervid.faces import points68
from fervid.faces.settings import FaceSettings
from fervid.faces.track import SIZE

Floats = NDArray[np.float32]

# Mean positions over 14,000 rendered faces turned by less than 5 degrees, made symmetric. Unit: the
# distance between the eye centres; origin: midway between them; y points down.
RIGID = {
    36: (-0.68, 0.00), 39: (-0.28, 0.03), 42: (0.28, 0.03), 45: (0.68, 0.00),
    27: (0.0, -0.06), 28: (0.0, 0.11), 29: (0.0, 0.27), 30: (0.0, 0.465),
}  # fmt: skip
INTEROCULAR = 0.28  # share of the crop's side; keeps a dropped jaw (2.2 units down) inside
EYES = (0.5, 0.36)  # midpoint between the eyes, as fractions of the crop's side
INERTIA = 0.6  # "smooth" crops only: weight of the previous frame's transform


@lru_cache
def template(size: int = SIZE) -> NDArray[np.float64]:
    """(8, 2) target positions of the rigid points, in pixels of a crop with this side."""
    unit = np.array(list(RIGID.values()))
    middle = np.array(EYES) * size - 0.5  # pixel centres are whole numbers
    return unit * INTEROCULAR * size + middle


def to_crop(landmarks: NDArray[np.floating], size: int = SIZE) -> Floats:
    """Least-squares similarity from frame to crop, in closed form, for all rows at once.

    With centred points p (frame) and q (template) as complex numbers, the rotation and scale that
    minimise sum |a p - q|^2 are a = sum(conj(p) q) / sum |p|^2 (Umeyama's solution in the plane).

    Args:
        landmarks: (T, 68, 2) pixels of the frame; NaN rows give NaN transforms.
        size: side of the crop, pixels.

    Returns:
        (T, 2, 3) transforms, never with a reflection.
    """
    p = landmarks[:, list(RIGID)].astype(np.float64).view(np.complex128)[..., 0]  # (T, 8)
    q = template(size).view(np.complex128)[:, 0]
    p_mean, q_mean = p.sum(axis=1) / len(q), q.sum() / len(q)
    p = p - p_mean[:, None]
    energy = np.maximum((p.real**2 + p.imag**2).sum(axis=1), 1e-12)
    with np.errstate(invalid="ignore"):  # rows without a face
        a = (p.conj() @ (q - q_mean)) / energy
        return _matrix(a, q_mean - a * p_mean)


def inverse(transforms: Floats) -> Floats:
    """(T, 2, 3) inverses of (T, 2, 3) similarities."""
    a, b = _complex(transforms)
    with np.errstate(invalid="ignore"):
        return _matrix(1 / a, -b / a)


def move(points: NDArray[np.floating], transforms: Floats) -> Floats:
    """(T, L, 2) points, moved by (T, 2, 3) transforms."""
    rotated = np.einsum("tij,tlj->tli", transforms[:, :, :2], points)
    return np.asarray(rotated + transforms[:, None, :, 2], np.float32)


def crop(image: NDArray[np.uint8], transform: Floats, size: int = SIZE) -> NDArray[np.uint8]:
    """Crop a face out of a frame.

    Args:
        image: (H, W, 3).
        transform: (2, 3) frame to crop.
        size: side of the crop, pixels.

    Returns:
        (size, size, 3), black outside the frame. A face larger than the crop is sampled at a
        higher resolution and then averaged, so that no pixel is skipped.
    """
    finer = int(np.clip(1 / np.hypot(transform[0, 0], transform[1, 0]), 1, 8))
    fine = transform.astype(np.float64) * finer
    fine[:, 2] += (finer - 1) / 2  # pixel centres are whole numbers
    cut = cv2.warpAffine(image, fine, (size * finer, size * finer))
    if finer > 1:
        cut = cv2.resize(cut, (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(cut, np.uint8)


def normalise(landmarks: NDArray[np.floating]) -> NDArray[np.float64]:
    """(T, 68, 2) landmarks, moved, rotated and scaled: eye centres at (-1/2, 0) and (1/2, 0)."""
    complex_points = landmarks[..., 0].astype(np.float64) + 1j * landmarks[..., 1]  # (T, 68)
    right, left = (complex_points[:, eye].mean(axis=1, keepdims=True) for eye in points68.EYES)
    apart = np.where(left == right, 1, left - right)
    placed = (complex_points - (right + left) / 2) / apart
    return np.stack([placed.real, placed.imag], axis=-1)


class Aligner:
    """Crops the faces of a stream, frame by frame; keeps state per face only to smooth.

    Args:
        settings: size and stabilisation.
        pictures: whether frames have pictures; if not, crops have 0 pixels.
    """

    def __init__(self, settings: FaceSettings, pictures: bool = True) -> None:
        self._pictures = pictures
        self._size, self._smooth = settings.size, settings.stabilise == "smooth"
        self._last: dict[int, Floats] = {}

    def __call__(
        self, image: NDArray[np.uint8], landmarks: Floats, face: int
    ) -> tuple[NDArray[np.uint8], Floats, Floats]:
        """Crop one face.

        Args:
            image: (H, W, 3) the frame.
            landmarks: (68, 2) pixels of the frame.
            face: id of the face, by which "smooth" finds its previous transform.

        Returns:
            crop (S, S, 3), landmarks (68, 2) in its pixels, to_frame (2, 3).
        """
        forward = to_crop(landmarks[None], self._size)
        if self._smooth:
            last = self._last.get(face, forward)
            jump = np.abs(move(landmarks[None], last) - move(landmarks[None], forward)).max()
            weight = INERTIA if jump < 0.1 * self._size else 0.0  # too far: start over
            forward = weight * last + (1 - weight) * forward
            self._last[face] = forward
        if self._pictures:
            face_picture = crop(image, forward[0], self._size)
        else:
            face_picture = np.zeros((0, 0, 3), np.uint8)
        return face_picture, move(landmarks[None], forward)[0], inverse(forward)[0]


def _matrix(a: NDArray[np.complex128], b: NDArray[np.complex128]) -> Floats:
    """z -> a z + b as (T, 2, 3)."""
    out = np.empty((len(a), 2, 3), np.float32)
    out[:, 0, 0] = out[:, 1, 1] = a.real
    out[:, 1, 0], out[:, 0, 1] = a.imag, -a.imag
    out[:, 0, 2], out[:, 1, 2] = b.real, b.imag
    return out


def _complex(t: Floats) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    wide = t.astype(np.float64)
    return wide[:, 0, 0] + 1j * wide[:, 1, 0], wide[:, 0, 2] + 1j * wide[:, 1, 2]
