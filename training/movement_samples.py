"""Faces with exact coefficients to train the movement network with: one person, twice."""

import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from landmark_samples import Array, Grey, _cut, beard, camera, hair, light, skin
from numpy.random import Generator

from fervid.faces.action_units import MIRROR, SHAPES
from fervid.faces.landmarks import INPUT
from fervid.faces.movements import crops

sys.path.insert(0, str(Path(__file__).parents[1] / "development"))
from moving_people import Moving

# Expressions move brows and mouth together, but a unit should not be read off its companions. So
# one picture in four has its lower face from another picture of the person: below the seam, a row
# of the crop between eyes and nostrils. Of what moves both halves, nothing is learnt from it.
MIXED = 0.25
SEAM, SOFT = 45, 4
UPPER = np.array([name.startswith(("brow", "eye")) for name in SHAPES])
LOWER = np.array([name.startswith(("mouth", "jaw")) for name in SHAPES])


@dataclass(frozen=True)
class Twice:
    """A map-style data set of pairs: one person, one lamp, one camera, two movements.

    An item is (2, 96, 96) pictures, (2, 51) shapes and (2, 51) which of them are known. In three of
    four pairs the first picture shows the face at rest, in the others another movement.

    Args:
        people: whom to draw from.
        length: how many pairs an epoch has.
        seed: pairs of different seeds differ.
    """

    people: Moving
    length: int
    seed: int

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> tuple[Grey, Array, Array]:
        rng = np.random.default_rng((self.seed, index, 6))
        who = int(rng.integers(len(self.people.pictures)))
        first = 0 if rng.random() < 0.75 else int(rng.integers(1, 12))
        second = int(rng.integers(1, 12))
        below = int(rng.integers(12)) if rng.random() < 2 * MIXED else second
        look = int(rng.integers(2**31))
        both = ((first, first), (second, below))
        pictures = np.stack([self._view(who, *numbers, look, rng) for numbers in both])
        exact = self.people.shapes[who]
        shapes = np.stack([np.where(LOWER, exact[low], exact[up]) for up, low in both])
        known = np.stack([UPPER | LOWER | (up == low) for up, low in both]).astype(np.float32)
        if rng.random() < 0.5:
            pictures = np.ascontiguousarray(pictures[:, :, ::-1])
            shapes = shapes[:, list(MIRROR)]
        return pictures, shapes, known

    def _view(self, who: int, upper: int, lower: int, look: int, rng: Generator) -> Grey:
        nudge = rng.integers(2**31)  # the same for both halves
        cut, unit = self._half(who, upper, nudge)
        if lower != upper:
            other, points = self._half(who, lower, nudge)
            rows = np.arange(INPUT, dtype=np.float32)[:, None]
            below = 1 / (1 + np.exp((SEAM - rows) / SOFT))
            cut = (cut * (1 - below) + other * below).astype(np.uint8)
            unit = np.where(unit[:, 1:] * INPUT > SEAM, points, unit)
        return looks(cut, unit, np.random.default_rng(look), rng)

    def _half(self, who: int, number: int, nudge: int) -> tuple[Grey, Array]:
        """A picture's crop and the landmarks in its unit square."""
        rng = np.random.default_rng(nudge)
        points = self.people.landmarks[who, number]
        crop = nudged(crops(points[None])[0], rng)
        unit = (points - crop[:, 2]) @ np.linalg.inv(crop[:, :2]).T
        return _cut(self.people.pictures[who, number], crop, rng), unit.astype(np.float32)


def nudged(crop: Array, rng: Generator) -> Array:
    """A crop as landmarks cut it that are a little off."""
    angle, scale = rng.normal(0, 0.03), np.exp(rng.normal(0, 0.03))
    shift = rng.normal(0, 0.012, 2)
    cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
    middle = crop[:, :2] @ (0.5 + shift) + crop[:, 2]
    new = crop[:, :2] @ np.array([[cos, -sin], [sin, cos]])
    return np.concatenate([new, (middle - new @ [0.5, 0.5])[:, None]], axis=1).astype(np.float32)


def looks(cut: Grey, unit: Array, common: Generator, own: Generator) -> Grey:
    """What `common` says of person, lamp and camera, and noise of the picture's own."""
    face = np.zeros((INPUT, INPUT), np.float32)
    hull = cv2.convexHull((unit * INPUT).astype(np.int32))
    cv2.fillConvexPoly(face, hull, 1.0)
    look: Array = cut.astype(np.float32)
    if common.random() < 0.3:
        look = skin(look, face, common)
    if common.random() < 0.2:
        look = hair(look, unit, common)
    if common.random() < 0.2:
        look = beard(look, unit, common)
    if common.random() < 0.6:
        look = light(look, common)
    if common.random() < 0.4:
        look = camera(look, common).astype(np.float32)
    noise = own.uniform(0, 4) * own.standard_normal(look.shape, np.float32)
    return np.clip(look + noise, 0, 255).astype(np.uint8)
