"""The head's place in front of the camera, and the light on it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fervid.databases.drawn.shape import EXTENT, FINE, TOP, Map, angles, sample

PIVOT = np.array([0.0, 0.45, 0.25])  # the point the head turns about
DISTANCE = 9.0  # from the camera to the pivot
FACE_DEPTH = 1.1  # distance of the face in front of the pivot, where a view's scale applies


@dataclass(frozen=True)
class View:
    """The head's place and pose.

    Args:
        yaw, pitch, roll: radians; positive turns the face to the image's right, down, clockwise.
        scale: pixels per pupil distance.
        x, y: pixel at which the head's pivot (behind the nose) appears.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    scale: float = 52.0
    x: float = 128.0
    y: float = 140.0

    @property
    def rotation(self) -> NDArray[np.float64]:
        """(3, 3) from the head's axes (x right, y down, z to the viewer) to the camera's."""
        (sy, sp, sr), (cy, cp, cr) = (
            f((self.yaw, self.pitch, self.roll)) for f in (np.sin, np.cos)
        )
        yaw = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
        pitch = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
        roll = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
        turned: NDArray[np.float64] = roll @ pitch @ yaw
        return turned

    @property
    def focal(self) -> float:
        """Focal length: pixels per unit in the plane of the pivot."""
        return self.scale * (DISTANCE - FACE_DEPTH) / DISTANCE


@dataclass(frozen=True)
class Light:
    """One lamp and ambient light.

    Args:
        towards: direction to the lamp in camera axes (x right, y down, z to the viewer).
        key: strength of the lamp.
        ambient: strength of the ambient light.
        tint: colour of the lamp (3).
    """

    towards: tuple[float, float, float] = (-0.35, -0.5, 0.8)
    key: float = 0.85
    ambient: float = 0.32
    tint: tuple[float, float, float] = (1.0, 0.97, 0.93)


def project(points: NDArray[np.float64], view: View) -> NDArray[np.float64]:
    """(N, 3) places in head axes to (N, 2) pixels."""
    seen = (points - PIVOT) @ view.rotation.T
    zoom = view.focal * DISTANCE / (DISTANCE - seen[:, 2:])
    placed: NDArray[np.float64] = seen[:, :2] * zoom + (view.x, view.y)
    return placed


def lift(places: NDArray[np.float64], radius: Map) -> NDArray[np.float64]:
    """(N, 2) places (s, y) on a head to (N, 3) in head axes."""
    at = ((places - (-EXTENT / 2, TOP)) * FINE - 0.5).astype(np.float32)
    r = sample(radius, at[None])[0]
    sin, cos = angles(places[:, 0])  # type: ignore[arg-type]
    return np.stack([r * sin, places[:, 1], r * cos], axis=1).astype(np.float64)
