"""Shapes of the ICT face model, and the FACS action units that they stand for.

The names of the units are those of Ekman and Friesen's Facial Action Coding System (1978; Ekman,
Friesen and Hager 2002). The shapes are the expression shapes of ICT-FaceKit (Li et al., "Learning
Formation of Physically-Based Face Attributes", CVPR 2020), which follow ARKit's `blendShapes` and
add `cheekRaiser`. Which shape stands for which unit is our reading of both: no FACS coder was
asked. L and R are the person's own left and right.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

# Shapes with a left and a right one, and how a name takes a side.
SIDED = (
    "browDown", "browInnerUp", "browOuterUp", "cheekPuff", "cheekRaiser", "cheekSquint", "eyeBlink",
    "eyeLookDown", "eyeLookUp", "eyeSquint", "eyeWide", "mouthDimple", "mouthFrown",
    "mouthLowerDown", "mouthPress", "mouthSmile", "mouthStretch", "mouthUpperUp", "noseSneer",
)  # fmt: skip
# Shapes that move to one side: left ones and right ones are each other's mirror image.
SIDEWAYS = ("jaw", "mouth")
CENTRAL = (
    "jawForward", "jawOpen", "mouthClose", "mouthFunnel", "mouthPucker", "mouthRollLower",
    "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper",
)  # fmt: skip
RIGHT = (*(f"{name}_R" for name in SIDED), *(f"{name}Right" for name in SIDEWAYS))
LEFT = (*(f"{name}_L" for name in SIDED), *(f"{name}Left" for name in SIDEWAYS))

# All shapes that the network estimates. Of the face model's 57, the six that never move in the
# training data (the pupils' size and looking to the side) are left out.
SHAPES = (*RIGHT, *LEFT, *CENTRAL)

# For each shape, the one that takes its place in a mirror image.
MIRROR = tuple(
    SHAPES.index(name) for name in (*LEFT, *RIGHT, *CENTRAL)
)  # fmt: skip


@dataclass(frozen=True)
class ActionUnit:
    """One unit of FACS, or two that one shape stands for.

    Args:
        codes: its number in FACS; two where the shapes do not tell them apart, the one that
            names our columns first.
        name: its name in FACS.
        shapes: names of the shapes whose sum stands for it, without their side.
    """

    codes: tuple[int, ...]
    name: str
    shapes: tuple[str, ...]

    @property
    def sided(self) -> bool:
        """Whether left and right are estimated apart."""
        return self.shapes[0] in SIDED

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of its columns in tables: AU01_L and AU01_R, or AU17."""
        stem = f"AU{self.codes[0]:02d}"
        return (f"{stem}_L", f"{stem}_R") if self.sided else (stem,)


ACTION_UNITS = (
    ActionUnit((1,), "inner brow raiser", ("browInnerUp",)),
    ActionUnit((2,), "outer brow raiser", ("browOuterUp",)),
    ActionUnit((4,), "brow lowerer", ("browDown",)),
    ActionUnit((5,), "upper lid raiser", ("eyeWide",)),
    ActionUnit((6,), "cheek raiser", ("cheekRaiser", "cheekSquint")),
    ActionUnit((7,), "lid tightener", ("eyeSquint",)),
    ActionUnit((9,), "nose wrinkler", ("noseSneer",)),
    ActionUnit((10,), "upper lip raiser", ("mouthUpperUp",)),
    ActionUnit((12,), "lip corner puller", ("mouthSmile",)),
    ActionUnit((14,), "dimpler", ("mouthDimple",)),
    ActionUnit((15,), "lip corner depressor", ("mouthFrown",)),
    ActionUnit((16,), "lower lip depressor", ("mouthLowerDown",)),
    ActionUnit((17,), "chin raiser", ("mouthShrugLower",)),
    ActionUnit((18,), "lip pucker", ("mouthPucker",)),
    ActionUnit((20,), "lip stretcher", ("mouthStretch",)),
    ActionUnit((22,), "lip funneler", ("mouthFunnel",)),
    ActionUnit((24, 23), "lip pressor, lip tightener", ("mouthPress",)),
    ActionUnit((26, 25), "jaw drop, lips part", ("jawOpen",)),
    ActionUnit((45, 43), "blink, eye closure", ("eyeBlink",)),
)

COLUMNS = tuple(column for unit in ACTION_UNITS for column in unit.columns)

NOTE = (
    "estimates of a network trained on rendered faces, not FACS coding: no person coded these "
    "movements, and none should be read as an intensity on FACS's scale"
)


def units(shapes: Array) -> Array:
    """Action units from shapes: each is the sum of its shapes.

    The map is linear, so the difference of two faces' units is the unit of the difference.

    Args:
        shapes: (..., 51), in the order of `SHAPES`.

    Returns:
        (..., 35), in the order of `COLUMNS`.
    """
    return np.asarray(shapes @ _matrix(), np.float32)


def both_sides(values: Array) -> Mapping[int, Array]:
    """The mean of left and right of each unit, by its number in FACS.

    Two units that one shape stands for have the same values.

    Args:
        values: (N, 35), in the order of `COLUMNS`.

    Returns:
        number -> (N,) values.
    """
    means = {}
    for unit in ACTION_UNITS:
        places = [COLUMNS.index(column) for column in unit.columns]
        for code in unit.codes:
            means[code] = np.asarray(values[:, places].mean(axis=1), np.float32)
    return dict(sorted(means.items()))


@cache
def _matrix() -> Array:
    """(51, 35): which shapes a column is the sum of."""
    matrix = np.zeros((len(SHAPES), len(COLUMNS)), np.float32)
    for unit in ACTION_UNITS:
        for column in unit.columns:
            side = column[4:]  # _L, _R or nothing
            for shape in unit.shapes:
                matrix[SHAPES.index(shape + side), COLUMNS.index(column)] = 1
    return matrix
