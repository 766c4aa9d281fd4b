"""The head at rest as a height map: the radius around a vertical axis.

A place on the head is (s, y): y as seen from the front, s = 2 A sin(theta / 2) for the angle theta
from the middle of the face. Near the middle s is an arc length; it runs once around the head in
-2A..2A and takes no arc tangent to compute. Maps are square arrays over the whole range.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fervid.databases.drawn.identity import Identity
from fervid.databases.drawn.landmarks import front

Map = NDArray[Any]  # float32; OpenCV's own types are wider

A = 1.2
EXTENT = 4.8  # range of s and of y
TOP = -2.1  # the smallest y
FINE = 50  # map cells per pupil distance
SIDE = round(EXTENT * FINE)
# Thickness of the hair, by style.
LIFT = {
    "buzz": 0.02, "short": 0.09, "swept": 0.15, "fringe": 0.12, "bob": 0.14, "long": 0.14,
    "tied": 0.05,
}  # fmt: skip
# Angle of the jaw's landmarks 16, 15, ..., 8 around the axis, in degrees: ear to chin.
JAW_ANGLE = (90, 86, 81, 73, 58, 38, 23, 10.5, 0)


@dataclass(frozen=True)
class Surface:
    """The head at rest.

    Args:
        radius: (SIDE, SIDE) distance from the axis.
        x: (SIDE, SIDE) frontal coordinate of each cell, before the features.
        front: (SIDE, SIDE) cosine of the angle from the middle, 0 behind.
        control: (COUNT, 2) control points as (s, y).
        flat: (COUNT, 2) the same, seen from the front.
    """

    radius: Map
    x: Map
    front: Map
    control: NDArray[np.float64]
    flat: NDArray[np.float64]


def grid(per_unit: int = FINE) -> tuple[Map, Map]:
    """s as a row (1, N) and y as a column (N, 1) at the centres of the cells."""
    n = round(EXTENT * per_unit)
    steps = (np.arange(n, dtype=np.float32) + 0.5) / per_unit
    return (steps - EXTENT / 2)[None], (steps + TOP)[:, None]


def angles(s: Map) -> tuple[Map, Map]:
    """Sine and cosine of the angle that belongs to s."""
    half = np.clip(s / (2 * A), -1, 1)
    return 2 * half * np.sqrt(1 - half**2), 1 - 2 * half**2


def cells(points: NDArray[np.float64], per_unit: int = FINE) -> NDArray[np.float32]:
    """(s, y) to columns and rows of a map."""
    shifted = (points - (-EXTENT / 2, TOP)) * per_unit - 0.5
    return shifted.astype(np.float32)


def sample(source: Map, places: Map) -> Map:
    """Values of a map at (h, w, 2) columns and rows: linear between cells, edge values outside."""
    rim = cv2.BORDER_REPLICATE
    found: Map = cv2.remap(source, places, None, cv2.INTER_LINEAR, borderMode=rim)  # type: ignore[call-overload]
    return found


def smooth(low: float, high: float, x: Map) -> Map:
    """0 below low, 1 above high, smooth in between."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def bump(x: Map, y: Map, at: tuple[float, float], wide: float, tall: float) -> Map:
    """A Gaussian hill of height 1 on the right half and its mirror image on the left."""
    return np.exp(-(((np.abs(x) - at[0]) / wide) ** 2) - ((y - at[1]) / tall) ** 2)


def _skull(who: Identity, flat: NDArray[np.float64], s: Map, y: Map) -> Map:
    """Skull, jaw and neck without features."""
    sin, cos = angles(s)
    length = flat[8, 1] / 1.66
    below = np.where(y > 0, y / length, y)
    depth = np.interp(
        below,
        (-1.3, -0.9, -0.5, -0.3, 0, 0.4, 0.75, 1.05, 1.26, 1.5, 1.62, 1.76),
        (1.30, 1.39, 1.44, 1.45, 1.39, 1.40, 1.44, 1.45, 1.41, 1.46, 1.43, 1.30),
    )
    jaw = flat[8:17][::-1] * (1, 1)
    tangent = np.tan(np.radians(JAW_ANGLE[:-1]))
    at = np.interp(jaw[:-1, 1], y[:, 0], depth[:, 0])
    n = 2.25
    part = np.minimum(jaw[:-1, 0] / tangent / at, 0.9)
    wide = jaw[:-1, 0] / (1 - part**n) ** (1 / n)
    width = np.interp(y, [*jaw[:-1, 1], jaw[-1, 1]], [*wide, wide[-1] * 0.75])
    width = np.where(y < 0, wide[0] * (1 + 0.08 * np.sin(np.clip(-y, 0, 1.4) * 2.0)), width)
    top = 1.33 + LIFT.get(who.style, 0.0)
    rest = 1 - np.clip((-0.5 - y) / top, 0, 2) ** 2.3
    crown = np.sign(rest) * np.sqrt(np.abs(rest))  # negative above the head: no ray hits
    back = np.interp(y, (-1.2, -0.4, 0.6, 1.4), (1.35, 1.5, 1.35, 1.0))
    deep = np.where(cos > 0, depth, back)
    head = ((np.abs(sin) / width) ** n + (np.abs(cos) / deep) ** n) ** (-1 / n) * crown
    thick = 0.70 + 0.15 * who.male + 0.16 * smooth(1.9, 2.6, y) ** 2
    neck = -0.22 * cos + np.sqrt(np.clip(thick**2 - (0.22 * sin) ** 2, 0, None))
    nape = 180 - np.degrees(np.arccos(cos))
    edge = np.interp(
        180 - nape, (*JAW_ANGLE[::-1], 120, 180), (*jaw[::-1, 1], jaw[0, 1] + 0.1, 0.7)
    )
    steep = 0.26 + 0.6 * np.clip(1 - cos, 0, 1)
    under = smooth(
        0.0,
        1.0,
        (y - edge - 0.05 - 0.11 * np.clip(cos, 0, 1)) / steep + 0.25 * np.clip(1 - cos, 0, 1),
    )
    skull: Map = (head * (1 - under) + neck * under).astype(np.float32)
    return skull


def _features(who: Identity, flat: NDArray[np.float64], x: Map, y: Map) -> Map:
    """Heights of brows, eye sockets, nose, cheeks, lips and chin above the skull."""
    h = _nose(who, flat, x, y)
    eye = np.mean(flat[42:48], axis=0)
    h -= (0.13 + 0.04 * who.eye_depth) * bump(x, y, (eye[0] - 0.03, eye[1] - 0.05), 0.26, 0.2)
    h -= 0.04 * bump(x, y, (0.2, 0.0), 0.1, 0.16)
    h += 0.10 * bump(x, y, (eye[0], eye[1]), 0.20, 0.14)
    brow = flat[22:27].mean(axis=0)
    h += (0.03 + 0.035 * who.male) * bump(x, y, (brow[0] - 0.12, brow[1] + 0.08), 0.34, 0.13)
    h += (0.05 + 0.03 * who.cheekbones) * bump(x, y, (0.72, 0.38), 0.26, 0.22)
    h -= 0.02 * bump(x, y, (0.78, 0.95), 0.2, 0.25)
    h += _mouth(flat, x, y)
    chin = flat[8, 1] - 0.11
    h += (0.05 + 0.02 * who.chin) * bump(x, y, (0.0, chin), 0.22, 0.13)
    h -= 0.018 * who.male * bump(x, y, (0.0, chin + 0.03), 0.03, 0.08)
    return h


def _nose(who: Identity, flat: NDArray[np.float64], x: Map, y: Map) -> Map:
    """Bridge, ball of the tip, wings with the groove behind them, nostrils."""
    root, tip, base, wing = flat[27, 1], flat[30, 1] - 0.02, flat[33, 1] - 0.04, flat[35, 0]
    high = 1 + 0.14 * who.nose_height
    rise = np.interp(
        y,
        (root - 0.22, root, root + 0.2, tip - 0.12, tip, tip + 0.07, base - 0.03, base + 0.06),
        (0.0, 0.05, 0.13, 0.25, 0.27, 0.24, 0.12, 0.0),
    )
    half = np.interp(y, (root - 0.2, root, tip - 0.2, tip), (0.13, 0.10, 0.115, 0.13))
    h = high * rise * np.exp(-((np.abs(x) / half) ** 2.2))
    ball = np.clip(1 - (x / 0.15) ** 2 - ((y - tip - 0.005) / 0.135) ** 2, 0, 1)
    h += 0.085 * high * ball
    middle = wing - 0.075
    away = ((np.abs(x) - middle) / 0.10) ** 2 + ((y - base + 0.105) / 0.125) ** 2
    h += 0.15 * np.sqrt(np.clip(1 - away, 0, 1)) * (1 - np.exp(-((x / 0.07) ** 2)))
    h -= 0.02 * np.exp(-(((np.sqrt(away) - 1.12) / 0.16) ** 2)) * (np.abs(x) > middle)
    return h - 0.05 * bump(x, y, (0.085, base - 0.015), 0.05, 0.03)


def _mouth(flat: NDArray[np.float64], x: Map, y: Map) -> Map:
    """The muzzle, two rolls of lip and the slit between them."""
    corner, slit, top, low = flat[54], flat[62, 1], flat[51, 1], flat[57, 1]
    wide = corner[0]
    inside = np.clip(1 - (x / wide) ** 2, 0, 1)
    h: Map = 0.10 * np.exp(-((np.abs(x) / (wide * 1.15)) ** 2.5) - ((y - slit) / 0.28) ** 2)
    upper, lower = slit - top, low - slit
    h += 0.055 * inside * np.exp(-(((y - slit + 0.42 * upper) / (0.6 * upper)) ** 2))
    h += 0.065 * inside * np.exp(-(((y - slit - 0.48 * lower) / (0.6 * lower)) ** 2))
    h -= 0.05 * np.sqrt(inside) * np.exp(-(((y - slit) / 0.018) ** 2))
    h -= 0.03 * np.sqrt(inside) * np.exp(-(((y - low - 0.07) / 0.06) ** 2))
    h -= 0.022 * np.exp(-((x / 0.045) ** 2) - ((y - top + 0.09) / 0.08) ** 2)
    h -= 0.03 * bump(x, y, (wide + 0.03, corner[1]), 0.05, 0.06)
    return h


def _ears(s: Map, y: Map, sin: Map, cos: Map) -> Map:
    """Shells standing off behind the jaw's upper end."""
    angle = np.degrees(np.arctan2(np.abs(sin), cos))
    centre = 95 + 10 * (y - 0.25)
    shell = np.exp(-(np.abs((angle - centre) / 11) ** 3) - np.abs((y - 0.2) / 0.42) ** 4)
    bowl = np.exp(-(((angle - centre + 1) / 5.5) ** 2) - ((y - 0.18) / 0.26) ** 2)
    ear: Map = 0.22 * shell - 0.10 * bowl
    return ear


def surface(who: Identity) -> Surface:
    """The head of a person at rest."""
    s, y = grid()
    flat = front(who)
    sin, cos = angles(s)
    skull = _skull(who, flat, s, y)
    skull = cv2.GaussianBlur(skull, (0, 0), 2.0)
    x = skull * sin
    facing = smooth(-0.1, 0.35, cos)
    radius = skull + facing * _features(who, flat, x, y) + _ears(s, y, sin, cos)
    radius = radius.astype(np.float32)
    wide = np.ascontiguousarray(np.broadcast_to(np.clip(cos, 0, 1), radius.shape), np.float32)
    points = on_surface(radius, flat)
    return Surface(radius, x.astype(np.float32), wide, points, flat)


def on_surface(radius: Map, flat: NDArray[np.float64]) -> NDArray[np.float64]:
    """(s, y) of the places that appear at `flat` from the front."""
    s, _ = grid()
    sin, cos = angles(s)
    right = (s[0] > 0) & (cos[0] > -0.05)
    left = (s[0] < 0) & (cos[0] > -0.05)
    s_half, sin_half = (np.concatenate([[0.0], v[0][right]]) for v in (s, sin))
    found = flat.copy()
    for k, (x, row) in enumerate(flat):
        level = cells(np.array([[0.0, row]]))[0, 1]
        low = int(np.clip(level, 0, SIDE - 2))
        line = radius[low] + (level - low) * (radius[low + 1] - radius[low])
        half = line[right] if x >= 0 else line[left][::-1]
        reach = np.concatenate([half[:1], half]) * sin_half
        falls = np.append(np.diff(reach) <= 0, True) & (s_half > 0.4)
        widest = int(np.argmax(falls))  # where the outline turns back, at the jaw's edge
        reach = np.maximum.accumulate(reach[: widest + 1])
        found[k, 0] = np.copysign(np.interp(abs(x), reach, s_half[: widest + 1]), x)
    return found
