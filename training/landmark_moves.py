"""What moves when a person goes from a resting to a moved face: pairs, and losses on the motion.

A loss on places alone is nearly as low for a network that answers with the mean expression. Here
the network sees one person twice, and its *difference* is held against the exact one.
"""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from landmark_samples import Array, Grey, _cut, _moved, camera, light
from numpy.random import Generator
from torch import Tensor

from fervid.faces.landmarks import crops_of_landmarks
from fervid.faces.points68 import CORNERS, MIRROR, MOVING

TRAIN, CHOOSE = range(600), range(600, 700)  # people of movement_pairs.zip

# Points, and the weight of their motion; in training also those that no expression moves.
WEIGHTS = {"brows": 2.0, "lids": 3.0, "nose": 1.0, "lips": 1.0, "corners": 1.0}
TRAINED = {
    name: (points, WEIGHTS[name]) for name, points in (MOVING | {"corners": CORNERS}).items()
}

# What motions of these parts have for a mean square, to divide by where a batch has less.
ENOUGH = {"brows": 4e-4, "lids": 1e-4, "nose": 7e-4, "lips": 3e-3, "corners": 1e-4}


@dataclass(frozen=True)
class People:
    """Renders of people, each at rest and moved.

    Args:
        pictures: (P, 12, 128, 128) uint8; number 0 is at rest.
        exact: (P, 12, 68, 2) float32, pixels of the pictures.
        points: as `exact`, in the definition that is to be learnt.
    """

    pictures: Grey
    exact: Array
    points: Array


def people(path: Path, numbers: range) -> People:
    """The people of movement_pairs.zip with these numbers; `points` are the exact ones."""
    with zipfile.ZipFile(path) as archive:
        with np.load(io.BytesIO(archive.read("pairs.npz")), allow_pickle=False) as file:
            ids, exact = file["id"], file["landmarks"]
        rows = np.flatnonzero(np.isin(ids[:, 0], numbers))
        rows = rows[np.lexsort((ids[rows, 1], ids[rows, 0]))]
        names = [f"images/{person:04d}_{number:02d}.jpg" for person, number in ids[rows]]
        data = [np.frombuffer(archive.read(name), np.uint8) for name in names]
    pictures = np.stack([cv2.imdecode(one, cv2.IMREAD_GRAYSCALE) for one in data])
    # Theirs is a pixel's corner at whole numbers, ours its centre: measured, see docs/landmarks.md.
    exact = exact[rows].reshape(len(numbers), -1, 68, 2) - np.float32(0.5)
    return People(pictures.reshape(*exact.shape[:2], *pictures.shape[1:]), exact, exact)


@dataclass(frozen=True)
class Pairs:
    """A map-style data set of two pictures of one person under one lamp and camera.

    An item is (2, 96, 96) pictures, (2, 68, 2) points and (2, 68, 2) exact points, both in the
    crop's unit square, and (2, 2, 3) maps from it to pixels of the uncropped pictures. The first
    picture shows the face at rest, but for one pair in four, where it shows another movement.

    Args:
        people: whom to draw from.
        length: how many pairs an epoch has.
        seed: pairs of different seeds differ.
        plain: no lamps and cameras, as for measuring.
    """

    people: People
    length: int
    seed: int
    plain: bool = False

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> tuple[Grey, Array, Array, Array]:
        rng = np.random.default_rng((self.seed, index, 5))
        who = int(rng.integers(len(self.people.exact)))
        start = 0 if self.plain or rng.random() < 0.75 else int(rng.integers(1, 12))
        numbers = (start, int(rng.integers(1, 12)))
        mirrored = bool(rng.random() < 0.5)
        look = int(rng.integers(2**31))  # both pictures: one lamp, one camera
        views = [self._view(who, number, mirrored, look, rng) for number in numbers]
        pictures, points, exact, crops = (np.stack(part) for part in zip(*views, strict=True))
        return pictures, points, exact, crops

    def _view(
        self, who: int, number: int, mirrored: bool, look: int, rng: Generator
    ) -> tuple[Grey, Array, Array, Array]:
        points, exact = self.people.points[who, number], self.people.exact[who, number]
        crop = _moved(crops_of_landmarks(points[None])[0], rng)
        cut = _cut(self.people.pictures[who, number], crop, rng)
        back = np.linalg.inv(crop[:, :2]).T
        units = [((one - crop[:, 2]) @ back).astype(np.float32) for one in (points, exact)]
        if mirrored:
            cut = np.ascontiguousarray(cut[:, ::-1])
            units = [one[list(MIRROR)] * np.float32([-1, 1]) + np.float32([1, 0]) for one in units]
            # From the mirrored square to the mirrored picture (its left edge's place is free).
            sides = np.array([[-1, 0], [0, 1]], np.float32)
            shift = crop[:, :2] @ np.array([1, 0], np.float32) + crop[:, 2]
            crop = np.concatenate([sides @ crop[:, :2] @ sides, (sides @ shift)[:, None]], axis=1)
        if not self.plain:
            common = np.random.default_rng(look)
            if common.random() < 0.6:
                cut = np.clip(light(cut, common), 0, 255).astype(np.uint8)
            if common.random() < 0.4:
                cut = camera(cut, common)
            noise = rng.uniform(0, 4) * rng.standard_normal(cut.shape, np.float32)
            cut = np.clip(cut + noise, 0, 255).astype(np.uint8)
        return cut, units[0], units[1], crop.astype(np.float32)


def motion(points: Tensor, crops: Tensor, frame: Tensor | None = None) -> Tensor:
    """What moved from the first to the second picture, in the face's own frame.

    The frame has its origin midway between the outer eye corners, its first axis towards the left
    eye, and their distance as its unit, so the head's place, size and turn are gone.

    Args:
        points: (B, 2, 68, 2) in the crops' unit squares.
        crops: (B, 2, 2, 3) from there to pixels.
        frame: as `points`, whose corners make the frame; by default `points`. A loss needs the
            exact ones: in its own frame, a network makes its errors small by eyes set wide apart.

    Returns:
        (B, 68, 2) second minus first.
    """
    pixels = _pixels(points, crops)
    corners = pixels if frame is None else _pixels(frame, crops)
    right, left = corners[..., 36:37, :], corners[..., 45:46, :]
    axis = left - right
    moved = pixels - (left + right) / 2
    along = (moved * axis).sum(-1)
    across = moved[..., 1] * axis[..., 0] - moved[..., 0] * axis[..., 1]
    own = torch.stack([along, across], -1) / (axis**2).sum(-1, keepdim=True).clamp(min=1e-6)
    return own[:, 1] - own[:, 0]


def _pixels(points: Tensor, crops: Tensor) -> Tensor:
    return points @ crops[..., :2].transpose(-1, -2) + crops[..., None, :, 2]


def motion_loss(found: Tensor, exact: Tensor) -> Tensor:
    """Mean error of motions (B, 68, 2), in 1/100 of the outer eye corners' distance, and gain.

    The second term is the squared difference from 1 of each part's slope of found on exact motion:
    the error alone is least for a network that moves less than the truth where it is not sure.
    """
    total = found.new_zeros(())
    for name, (ids, weight) in TRAINED.items():
        points = list(ids)
        x, y = exact[:, points], found[:, points]
        error = torch.sqrt(((y - x) ** 2).sum(-1) + 1e-6).mean()
        power = (x**2).sum(-1).mean().clamp(min=ENOUGH[name])
        short = ((y - x) * x).sum(-1).mean() / power
        total = total + weight * (error * 20 + short**2)
    return total / sum(weight for _, weight in TRAINED.values())


def gains(found: Tensor, exact: Tensor) -> dict[str, float]:
    """The slope of found on exact motion, (B, 68, 2) each, for each part."""
    slopes = {}
    for name, ids in MOVING.items():
        x, y = exact[:, list(ids)], found[:, list(ids)]
        slopes[f"gain {name}"] = float((x * y).sum() / (x**2).sum())
    return slopes
