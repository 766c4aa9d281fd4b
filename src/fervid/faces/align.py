"""Alignment: the similarity that puts a face upright, centred and at one scale into its crop.

The transform is fitted to the points of a face that expressions move least: the corners of the
eyes and the bridge of the nose down to its tip. Mouth, brows, jaw and the nose's base (which
rises when the nose is wrinkled) take no part, so no expression shrinks or shifts the crop.
"""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from fervid.faces import points68
from fervid.faces.settings import FaceSettings
from fervid.faces.track import SIZE

Floats = NDArray[np.float32]

# Mean positions over 14,000 rendered faces turned less than 5 degrees, made symmetric; unit: the
# distance between the eyes' centres, origin midway between them, y down.
RIGID = {
    36: (-0.68, 0.00), 39: (-0.28, 0.03), 42: (0.28, 0.03), 45: (0.68, 0.00),
    27: (0.0, -0.06), 28: (0.0, 0.11), 29: (0.0, 0.27), 30: (0.0, 0.465),
}  # fmt: skip
INTEROCULAR = 0.28  # of the crop's side: a dropped jaw (2.2 units down) stays inside
EYES = (0.5, 0.36)  # where the point between the eyes lies, as parts of the crop's side
INERTIA = 0.6  # of the "smooth" crop: weight of the place it had one frame ago


@lru_cache
def template(size: int = SIZE) -> NDArray[np.float64]:
    """(8, 2) where the rigid points go, pixels of a crop of this side."""
    unit = np.array(list(RIGID.values()))
    middle = np.array(EYES) * size - 0.5  # pixel centres are whole numbers
    return unit * INTEROCULAR * size + middle


def to_crop(landmarks: NDArray[np.floating], size: int = SIZE) -> Floats:
    """Least-squares similarity from frame to crop, in closed form, for all rows at once.

    With centred points p (frame) and q (template) as complex numbers, the turn and scale that
    minimise sum |a p - q|^2 are a = sum(conj(p) q) / sum |p|^2 (Umeyama's solution in the plane).

    Args:
        landmarks: (T, 68, 2) pixels of the frame; NaN rows give NaN transforms.
        size: side of the crop, pixels.

    Returns:
        (T, 2, 3), no mirroring.
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
    """(T, 2, 3) the way back of (T, 2, 3) similarities."""
    a, b = _complex(transforms)
    with np.errstate(invalid="ignore"):
        return _matrix(1 / a, -b / a)


def move(points: NDArray[np.floating], transforms: Floats) -> Floats:
    """(T, L, 2) points through (T, 2, 3) transforms."""
    turned = np.einsum("tij,tlj->tli", transforms[:, :, :2], points)
    return np.asarray(turned + transforms[:, None, :, 2], np.float32)


def crop(image: NDArray[np.uint8], transform: Floats, size: int = SIZE) -> NDArray[np.uint8]:
    """The face cut out of a frame.

    Args:
        image: (H, W, 3).
        transform: (2, 3) frame to crop.

    Returns:
        (size, size, 3), black beyond the frame; a face larger than the crop is cut out finer and
        averaged, so that no pixel is skipped.
    """
    finer = int(np.clip(1 / np.hypot(transform[0, 0], transform[1, 0]), 1, 8))
    fine = transform.astype(np.float64) * finer
    fine[:, 2] += (finer - 1) / 2  # pixel centres are whole numbers
    cut = cv2.warpAffine(image, fine, (size * finer, size * finer))
    if finer > 1:
        cut = cv2.resize(cut, (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(cut, np.uint8)


def normalise(landmarks: NDArray[np.floating]) -> NDArray[np.float64]:
    """(T, 68, 2) moved, turned and scaled: the eyes' centres come to (-1/2, 0) and (1/2, 0)."""
    complex_points = landmarks[..., 0].astype(np.float64) + 1j * landmarks[..., 1]  # (T, 68)
    right, left = (complex_points[:, eye].mean(axis=1, keepdims=True) for eye in points68.EYES)
    apart = np.where(left == right, 1, left - right)
    placed = (complex_points - (right + left) / 2) / apart
    return np.stack([placed.real, placed.imag], axis=-1)


class Aligner:
    """Cuts a stream's faces out, frame after frame; remembers each face only if it is to smooth.

    Args:
        settings: size and stabilisation.
        pictures: whether frames have pictures; without, crops are of 0 pixels.
    """

    def __init__(self, settings: FaceSettings, pictures: bool = True) -> None:
        self._pictures = pictures
        self._size, self._smooth = settings.size, settings.stabilise == "smooth"
        self._last: dict[int, Floats] = {}

    def __call__(
        self, image: NDArray[np.uint8], landmarks: Floats, face: int
    ) -> tuple[NDArray[np.uint8], Floats, Floats]:
        """Cut one face out.

        Args:
            image: (H, W, 3) the frame.
            landmarks: (68, 2) pixels of the frame.
            face: the face's id, by which "smooth" knows its earlier place.

        Returns:
            crop (S, S, 3), landmarks (68, 2) in its pixels, to_frame (2, 3).
        """
        forward = to_crop(landmarks[None], self._size)
        if self._smooth:
            last = self._last.get(face, forward)
            jump = np.abs(move(landmarks[None], last) - move(landmarks[None], forward)).max()
            weight = INERTIA if jump < 0.1 * self._size else 0.0  # too far: start afresh
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
