"""The 68 points and their helpers on the face at rest, seen from the front."""

import numpy as np
from numpy.typing import NDArray

from fervid.databases.drawn.identity import Identity

# The half of the mean face on the right of the image: x to the right from the middle line, y
# down from the line through the pupils, in pupil distances; order of Multi-PIE.
HALF: dict[int, tuple[float, float]] = {
    8: (0.0, 1.66), 9: (0.26, 1.63), 10: (0.48, 1.56), 11: (0.675, 1.41), 12: (0.845, 1.17),
    13: (0.975, 0.85), 14: (1.04, 0.54), 15: (1.075, 0.23), 16: (1.09, -0.09),
    22: (0.185, -0.325), 23: (0.36, -0.40), 24: (0.56, -0.425), 25: (0.74, -0.375),
    26: (0.87, -0.26),
    27: (0.0, -0.05), 28: (0.0, 0.13), 29: (0.0, 0.31), 30: (0.0, 0.49),
    33: (0.0, 0.715), 34: (0.10, 0.705), 35: (0.195, 0.69),
    42: (0.262, 0.022), 43: (0.415, -0.088), 44: (0.585, -0.082), 45: (0.712, -0.002),
    46: (0.585, 0.060), 47: (0.415, 0.066),
    51: (0.0, 0.965), 52: (0.105, 0.945), 53: (0.26, 1.01), 54: (0.395, 1.085),
    55: (0.275, 1.165), 56: (0.145, 1.215), 57: (0.0, 1.225),
    62: (0.0, 1.075), 63: (0.155, 1.072), 64: (0.35, 1.084), 65: (0.155, 1.080), 66: (0.0, 1.085),
}  # fmt: skip

# Helpers that carry skin between the landmarks; numbered from 68 on, right half then left half.
EXTRA: dict[str, tuple[float, float]] = {
    "cheek": (0.46, 0.36), "cheekbone": (0.76, 0.42), "fold": (0.40, 0.76), "jowl": (0.68, 0.98),
    "forehead": (0.20, -0.72), "temple": (0.62, -0.72), "wing": (0.17, 0.38), "chin": (0.20, 1.42),
    "bag": (0.50, 0.20), "crown": (0.30, -1.15), "side": (0.95, -0.45), "corner": (0.86, 0.06),
    "lid": (0.50, -0.20), "bridge": (0.14, -0.12),
}  # fmt: skip

# Swaps the halves of the face: landmark i of a mirrored image is landmark MIRROR[i].
MIRROR = np.array(
    [*range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, 35, 34, 33, 32, 31,
     45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40,
     54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65]
)  # fmt: skip

BROW, EYE = range(22, 27), range(42, 48)
COUNT = 68 + 2 * len(EXTRA)


def control(name: int | str) -> tuple[int, int]:
    """Places of a point and of its mirror image among the control points."""
    if isinstance(name, int):
        return name, int(MIRROR[name])
    place = 68 + list(EXTRA).index(name)
    return place, place + len(EXTRA)


def _half(who: Identity) -> dict[int | str, NDArray[np.float64]]:
    """The right half with the identity's proportions, by landmark number or helper name."""
    at: dict[int | str, NDArray[np.float64]] = {k: np.array(v) for k, v in HALF.items()}
    at |= {k: np.array(v) for k, v in EXTRA.items()}
    length = 1 + 0.045 * who.face_length
    for name, p in at.items():
        p[1] *= length if p[1] > 0 else 1.0
        if isinstance(name, int) and name <= 16:
            p[0] *= 1 + 0.04 * who.face_width + 0.04 * who.jaw_width * np.clip(p[1] - 0.5, 0, 1)
            p[1] += 0.05 * who.chin * np.clip(p[1] - 1.1, 0, 0.5)
    eye = np.array([0.485, 0.0])
    turn = 0.09 * who.eye_tilt
    for k in EYE:
        d = at[k] - eye
        d *= (1 + 0.07 * who.eye_width, 1 + 0.18 * who.eye_size)
        turned = np.array([d[0] + turn * d[1] + 0.025 * who.eye_gap, d[1] - turn * d[0]])
        at[k] = eye + turned
    for k in BROW:
        x = at[k][0]
        arch = 1 - ((x - 0.55) / 0.35) ** 2
        at[k][1] -= 0.045 * who.brow_height + 0.03 * who.brow_arch * arch
        at[k][1] -= 0.06 * who.brow_tilt * (x - 0.5)
        at[k][0] += 0.02 * who.eye_gap
    for k in (27, 28, 29, 30, 33, 34, 35):
        at[k][1] = -0.05 + (at[k][1] + 0.05) * (1 + 0.06 * who.nose_length)
        at[k][0] *= 1 + 0.14 * who.nose_width
    middle = 1.08 * length
    for k in (*range(51, 58), *range(62, 67)):
        lip = who.upper_lip if k in (51, 52, 53) else who.lower_lip if k in (55, 56, 57) else 0.0
        at[k][1] = middle + (at[k][1] - middle) * (1 + 0.22 * lip) + 0.035 * who.mouth_height
        at[k][0] *= 1 + 0.08 * who.mouth_width
    return at


def front(who: Identity) -> NDArray[np.float64]:
    """(COUNT, 2) control points at rest seen from the front, in pupil distances."""
    points = np.zeros((COUNT, 2))
    for name, p in _half(who).items():
        right, left = control(name)
        points[right] = p
        points[left] = p * (-1, 1)
    uneven = np.random.default_rng([who.seed, 1]).normal(0, 0.008, (COUNT, 2)) * who.asymmetry
    uneven[[8, 27, 28, 29, 30, 33, 51, 57, 62, 66], 0] *= 0.5
    lips = [60, 61, 62, 63, 64, 65, 66, 67]
    uneven[lips] = uneven[[48, 50, 51, 52, 54, 52, 51, 50]]  # the closed mouth stays closed
    uneven[[55, 56, 57, 58, 59]] = uneven[[53, 52, 51, 50, 49]]
    return points + uneven
