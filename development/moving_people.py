"""The rendered people that training/ learns movements from and benchmarks/ measures on."""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fervid.faces.action_units import SHAPES
from fervid.faces.landmarks import Landmarker, crops_of_boxes
from fervid.progress import bar

Grey = NDArray[np.uint8]
Array = NDArray[np.float32]

TRAIN, CHOOSE = range(600), range(600, 700)  # people of movement_pairs.zip
INNER = 88  # pixels of the 128 that the detector's box covers


@dataclass(frozen=True)
class Moving:
    """Renders of P people in 12 pictures each; number 0 is at rest.

    Args:
        pictures: (P, 12, 128, 128) uint8.
        landmarks: (P, 12, 68, 2) that the landmark network finds, pixels.
        shapes: (P, 12, 51) exact coefficients, in the order of `SHAPES`.
        pose: (P, 12, 3) yaw, pitch and roll in degrees.
    """

    pictures: Grey
    landmarks: Array
    shapes: Array
    pose: Array


def moving(path: Path, numbers: range, find: Landmarker, kept: Path | None = None) -> Moving:
    """The people of movement_pairs.zip with these numbers.

    Args:
        kept: a file to keep the landmarks in for the next time.
    """
    with zipfile.ZipFile(path) as archive:
        with np.load(io.BytesIO(archive.read("pairs.npz")), allow_pickle=False) as file:
            table = {key: file[key] for key in ("id", "coefficients", "names", "pose")}
        ids = table["id"]
        rows = np.flatnonzero(np.isin(ids[:, 0], numbers))
        rows = rows[np.lexsort((ids[rows, 1], ids[rows, 0]))]
        names = [f"images/{person:04d}_{number:02d}.jpg" for person, number in ids[rows]]
        data = [np.frombuffer(archive.read(name), np.uint8) for name in names]
    pictures = np.stack([cv2.imdecode(one, cv2.IMREAD_GRAYSCALE) for one in data])
    known = [str(name) for name in table["names"]]
    shapes = table["coefficients"][rows][:, [known.index(name) for name in SHAPES]]
    points = _kept(kept, find.version, numbers) if kept else None
    if points is None:
        points = found(pictures, find)
        if kept:
            np.savez(_place(kept, numbers), points=points, version=find.version)
    group = (len(numbers), -1)
    return Moving(
        pictures.reshape(*group, 128, 128),
        points.reshape(*group, 68, 2),
        shapes.astype(np.float32).reshape(*group, len(SHAPES)),
        table["pose"][rows].reshape(*group, 3),
    )


def found(pictures: Grey, find: Landmarker) -> Array:
    """(N, 68, 2) landmarks that the network finds in (N, 128, 128) crops of a detector."""
    box = np.array([[(128 - INNER) / 2, (128 - INNER) / 2, INNER, INNER]], np.float32)
    crop = crops_of_boxes(box, np.zeros(1, np.float32))
    return np.stack([find.place(one, crop)[0][0] for one in bar(pictures, "landmarks")])


def _place(kept: Path, numbers: range) -> Path:
    return kept.with_name(f"{kept.stem}-{numbers.start}-{numbers.stop}.npz")


def _kept(kept: Path, version: str, numbers: range) -> Array | None:
    """Landmarks of an earlier run by the same landmark network."""
    if not (place := _place(kept, numbers)).is_file():
        return None
    with np.load(place, allow_pickle=False) as file:
        points: Array = file["points"]
        return points if str(file["version"]) == version else None
