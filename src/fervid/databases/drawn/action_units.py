"""Facial action units: what each one moves and which folds it forms.

Everything is written for the half of the face on the right of the image, in pupil distances, x
outwards and y down, at intensity 1; the other half mirrors it with its own intensity. A point on
the midline takes half of its displacement from each side.
"""

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from fervid.databases.drawn.landmarks import COUNT, control
from fervid.databases.drawn.shape import FINE, SIDE, Map, Surface, bump, cells, grid

UNITS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 16, 17, 20, 23, 24, 25, 26, 27, 45)

NAMES: Mapping[int, str] = {
    1: "inner brow raiser", 2: "outer brow raiser", 4: "brow lowerer", 5: "upper lid raiser",
    6: "cheek raiser", 7: "lid tightener", 9: "nose wrinkler", 10: "upper lip raiser",
    12: "lip corner puller", 14: "dimpler", 15: "lip corner depressor", 16: "lower lip depressor",
    17: "chin raiser", 20: "lip stretcher", 23: "lip tightener", 24: "lip pressor",
    25: "lips part", 26: "jaw drop", 27: "mouth stretch", 45: "blink",
}  # fmt: skip

Move = tuple[float, float]
_JAW: Mapping[int | str, Move] = {
    8: (0, 1), 9: (0, 0.98), 10: (-0.03, 0.92), 11: (-0.05, 0.72), 12: (-0.05, 0.40),
    13: (-0.03, 0.14), "chin": (0, 1), "jowl": (-0.1, 0.30), 57: (0, 0.98), 56: (0, 0.95),
    55: (-0.06, 0.72), 66: (0, 1.0), 65: (-0.02, 0.88), 54: (-0.12, 0.30), 64: (-0.12, 0.32),
    63: (-0.02, -0.05), 62: (0, -0.05), 52: (0, -0.03), 51: (0, -0.03), "fold": (-0.05, 0.05),
}  # fmt: skip


def _jaw(drop: float) -> dict[int | str, Move]:
    return {name: (drop * dx, drop * dy) for name, (dx, dy) in _JAW.items()}


MOVES: Mapping[int, Mapping[int | str, Move]] = {
    1: {22: (0, -0.16), 23: (0, -0.13), 24: (0, -0.05), 27: (0, -0.02), "bridge": (0, -0.03),
        "forehead": (0, -0.11), "crown": (0, -0.03), "lid": (0, -0.02)},
    2: {24: (0.01, -0.09), 25: (0.015, -0.15), 26: (0.015, -0.14), 23: (0, -0.03),
        "temple": (0, -0.09), "corner": (0, -0.01), "lid": (0, -0.03)},
    4: {22: (-0.06, 0.10), 23: (-0.055, 0.10), 24: (-0.035, 0.065), 25: (-0.01, 0.03),
        "bridge": (-0.02, 0.04), "forehead": (-0.03, 0.05), "lid": (-0.01, 0.04)},
    5: {},
    6: {"bag": (0, -0.045), "cheek": (0, -0.07), "cheekbone": (-0.02, -0.08),
        "fold": (0.02, -0.05), "corner": (-0.02, -0.01), 26: (0, 0.015), 45: (-0.012, 0)},
    7: {"bag": (0, -0.02)},
    9: {35: (0.02, -0.07), 34: (0.01, -0.04), 33: (0, -0.03), 30: (0, -0.03), 29: (0, -0.03),
        "wing": (0.01, -0.07), "cheek": (-0.03, -0.06), "bag": (-0.01, -0.03), 22: (-0.03, 0.07),
        23: (-0.02, 0.05), 27: (0, 0.02), "bridge": (0, 0.05), 51: (0, -0.05), 52: (0.01, -0.06),
        53: (0.01, -0.05), 62: (0, -0.045), 63: (0, -0.045), "fold": (0.02, -0.06)},
    10: {51: (0, -0.10), 52: (0.005, -0.12), 53: (0.02, -0.10), 62: (0, -0.105), 63: (0.01, -0.10),
         54: (0.01, -0.02), 64: (0.01, -0.02), 35: (0.02, -0.035), 34: (0, -0.015),
         "fold": (0.03, -0.08), "cheek": (0, -0.04)},
    12: {54: (0.135, -0.13), 64: (0.125, -0.125), 53: (0.075, -0.065), 52: (0.025, -0.03),
         51: (0, -0.025), 62: (0, -0.03), 63: (0.05, -0.04), 65: (0.05, -0.02), 66: (0, 0),
         55: (0.075, -0.045), 56: (0.03, -0.005), 57: (0, 0), 35: (0.02, -0.01),
         "fold": (0.07, -0.06), "jowl": (0.08, -0.07), "cheek": (0.02, -0.05),
         "cheekbone": (0.02, -0.03), 12: (0.015, -0.01), 11: (0.01, 0)},
    14: {54: (0.075, -0.01), 64: (0.07, -0.005), 53: (0.03, 0.005), 55: (0.03, -0.005),
         "jowl": (-0.02, 0.0), "fold": (0.01, 0.01)},
    15: {54: (0.01, 0.11), 64: (0.01, 0.10), 53: (0.01, 0.035), 55: (0.01, 0.06), 63: (0, 0.02),
         65: (0, 0.02), "jowl": (0.01, 0.05)},
    16: {57: (0, 0.08), 56: (0.01, 0.09), 55: (0.015, 0.06), 66: (0, 0.07), 65: (0.01, 0.07),
         "chin": (0, 0.02)},
    17: {57: (0, -0.055), 56: (0, -0.055), 55: (0, -0.035), 66: (0, -0.035), 65: (0, -0.03),
         62: (0, -0.03), 63: (0, -0.025), 51: (0, -0.03), 52: (0, -0.03), 53: (0, -0.015),
         54: (-0.005, 0.03), 64: (-0.005, 0.025), "chin": (0, -0.09), 8: (0, -0.03),
         9: (0, -0.025), 10: (0, -0.01)},
    20: {54: (0.13, 0.02), 64: (0.125, 0.02), 53: (0.07, 0.015), 55: (0.07, 0.01),
         52: (0.03, 0.005), 56: (0.03, 0.005), 63: (0.05, 0), 65: (0.05, 0.005),
         "jowl": (0.06, 0.01)},
    23: {54: (-0.05, 0), 64: (-0.045, 0), 53: (-0.03, 0.025), 52: (-0.01, 0.03), 51: (0, 0.03),
         55: (-0.03, -0.025), 56: (-0.01, -0.035), 57: (0, -0.035), 63: (-0.02, 0), 65: (-0.02, 0)},
    24: {54: (-0.015, 0), 64: (-0.015, 0), 53: (0, 0.03), 52: (0, 0.045), 51: (0, 0.045),
         55: (0, -0.035), 56: (0, -0.05), 57: (0, -0.05), "chin": (0, -0.02)},
    25: {62: (0, -0.02), 63: (0, -0.02), 66: (0, 0.05), 65: (0, 0.045), 57: (0, 0.05),
         56: (0, 0.045), 55: (0, 0.02), 51: (0, -0.015), 52: (0, -0.015)},
    26: _jaw(0.20),
    27: _jaw(0.46),
    45: {},
}  # fmt: skip

# Lids: how far a unit lowers the upper and raises the lower lid, as a share of the opening.
LIDS: Mapping[int, tuple[float, float]] = {
    5: (-0.42, -0.08),
    6: (0.08, 0.24),
    7: (0.14, 0.34),
    9: (0.08, 0.14),
    12: (0.0, 0.06),
    4: (0.08, 0.0),
    45: (0.94, 0.10),
}

# Folds: unit -> lines (points seen from the front, right half), their width and depth.
Line = tuple[tuple[float, float], ...]
FOLDS: Mapping[int, tuple[tuple[Line, float, float], ...]] = {
    1: ((((-0.02, -0.66), (0.2, -0.69), (0.42, -0.66)), 0.03, 0.022),
        (((-0.02, -0.79), (0.25, -0.83), (0.5, -0.80)), 0.03, 0.018),
        (((0.0, -0.92), (0.25, -0.95), (0.45, -0.92)), 0.03, 0.012)),
    2: ((((0.35, -0.66), (0.6, -0.68), (0.85, -0.56)), 0.03, 0.022),
        (((0.4, -0.80), (0.65, -0.80), (0.85, -0.70)), 0.03, 0.016)),
    4: ((((0.085, -0.22), (0.10, -0.34), (0.08, -0.46)), 0.024, 0.040),
        (((0.0, -0.06), (0.09, -0.10)), 0.03, 0.022)),
    6: ((((0.74, 0.02), (0.87, -0.05)), 0.02, 0.018), (((0.74, 0.06), (0.88, 0.06)), 0.02, 0.018),
        (((0.73, 0.10), (0.85, 0.15)), 0.02, 0.015),
        (((0.28, 0.12), (0.45, 0.19), (0.64, 0.15)), 0.025, 0.024)),
    7: ((((0.30, 0.10), (0.45, 0.14), (0.62, 0.11)), 0.022, 0.016),),
    9: ((((0.0, 0.02), (0.12, 0.06)), 0.022, 0.03), (((0.0, 0.10), (0.13, 0.16)), 0.022, 0.03),
        (((0.05, 0.2), (0.15, 0.28)), 0.022, 0.025),
        (((0.2, 0.56), (0.31, 0.66), (0.36, 0.78)), 0.03, 0.035)),
    10: ((((0.21, 0.56), (0.32, 0.68), (0.41, 0.84), (0.45, 0.96)), 0.032, 0.038),),
    12: ((((0.23, 0.60), (0.35, 0.74), (0.43, 0.87), (0.46, 0.97)), 0.036, 0.024),),
    14: ((((0.47, 0.98), (0.50, 1.08), (0.48, 1.17)), 0.03, 0.04),),
    15: ((((0.40, 1.13), (0.46, 1.22), (0.48, 1.32)), 0.03, 0.032),),
    17: ((((0.0, 1.33), (0.15, 1.34), (0.26, 1.40)), 0.035, 0.035),),
    20: ((((0.44, 1.02), (0.50, 1.10), (0.47, 1.20)), 0.03, 0.024),),
    24: ((((0.0, 1.30), (0.2, 1.29)), 0.04, 0.02),),
}  # fmt: skip

# Swellings: unit -> hills (place, width, height of the blob, how far it stands off).
HILLS: Mapping[int, tuple[tuple[Move, float, float, float], ...]] = {
    4: (((0.22, -0.34), 0.14, 0.09, 0.022),),
    6: (((0.55, 0.40), 0.22, 0.15, 0.045),),
    9: (((0.28, 0.50), 0.12, 0.14, 0.03),),
    10: (((0.38, 0.55), 0.16, 0.16, 0.03), ((0.12, 0.95), 0.14, 0.06, 0.02)),
    12: (((0.58, 0.55), 0.20, 0.18, 0.05), ((0.0, 1.04), 0.42, 0.20, -0.055)),
    14: (((0.50, 1.08), 0.05, 0.07, -0.03), ((0.62, 1.02), 0.12, 0.16, 0.015)),
    15: (((0.52, 1.22), 0.09, 0.12, 0.015),),
    17: (((0.0, 1.48), 0.18, 0.10, 0.035), ((0.0, 1.16), 0.18, 0.06, 0.025)),
    20: (((0.0, 1.08), 0.3, 0.14, -0.025),),
    23: (((0.0, 1.08), 0.22, 0.12, 0.02),),
    24: (((0.0, 1.08), 0.28, 0.09, -0.025), ((0.0, 0.90), 0.25, 0.05, 0.015)),
    26: (((0.65, 0.95), 0.18, 0.25, -0.025), ((0.0, 1.55), 0.4, 0.25, -0.035)),
    27: (((0.65, 0.95), 0.18, 0.25, -0.06), ((0.0, 1.55), 0.4, 0.25, -0.08)),
}


def moves() -> NDArray[np.float64]:
    """(units, 2 sides, COUNT, 2) displacements in the image at intensity 1; side 0 is the left."""
    table = np.zeros((len(UNITS), 2, COUNT, 2))
    for u, unit in enumerate(UNITS):
        for name, (dx, dy) in MOVES[unit].items():
            right, left = control(name)
            if right == left:
                table[u, :, right, 1] = 0.5 * dy
            else:
                table[u, 1, right] = dx, dy
                table[u, 0, left] = -dx, dy
    return table


def lids() -> NDArray[np.float64]:
    """(units, 2) shares of the opening by which the upper lid falls and the lower lid rises."""
    return np.array([LIDS.get(unit, (0.0, 0.0)) for unit in UNITS])


def relief(head: Surface, age: float) -> Map:
    """(2 units, SIDE * SIDE) change of the radius at intensity 1: left sides, then right sides."""
    _, y = grid(FINE)
    ours: Map = (head.x > 0).astype(np.float32)
    ours = cv2.GaussianBlur(ours, (0, 0), 0.04 * FINE) * head.front**0.5
    table = np.zeros((2, len(UNITS), SIDE, SIDE), np.float32)
    for u, unit in enumerate(UNITS):
        height = np.zeros((SIDE, SIDE), np.float32)
        for line, wide, deep in FOLDS.get(unit, ()):
            height += deep * (0.7 + 0.9 * age) * _crease(head, line, wide)
        for at, wide, tall, high in HILLS.get(unit, ()):
            height += high * bump(head.x, y, at, wide, tall)
        table[1, u], table[0, u] = height * ours, height * (1 - ours) * head.front**0.5
    return table.reshape(2 * len(UNITS), -1)


def _crease(head: Surface, line: Line, wide: float) -> Map:
    """A valley of depth 1 along a line on both halves, with low banks."""
    mask = np.zeros((SIDE, SIDE), np.uint8)
    at = np.array(line)
    angle = np.arcsin(np.clip(at[:, 0] / np.interp(at[:, 1], (0, 1.7), (1.33, 1.36)), -0.95, 0.95))
    for sign in (-1, 1):
        places = np.stack([sign * 2.4 * np.sin(angle / 2), at[:, 1]], axis=1)
        ends = np.round(cells(places) * 16).astype(np.int32)
        cv2.polylines(mask, [ends], False, 255, 1, cv2.LINE_AA, 4)
    soft = mask.astype(np.float32) / 255
    valley = cv2.GaussianBlur(soft, (0, 0), wide * FINE)
    banks = cv2.GaussianBlur(soft, (0, 0), 2.4 * wide * FINE)
    valley = (valley - 0.9 * banks) / max(float((valley - 0.9 * banks).max()), 1e-6)
    return -valley.astype(np.float32)
