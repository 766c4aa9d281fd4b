"""Hair: where it grows, how far it stands off the head, how its strands run."""

from dataclasses import dataclass

import cv2
import numpy as np

from fervid.databases.drawn.identity import Identity
from fervid.databases.drawn.shape import FINE, LIFT, Map, Surface, angles, grid, smooth

SKIN_PER_UNIT = 100  # texels per pupil distance of all painted maps

# Angle from the middle of the face in degrees, and the lowest y of the hair there; "top" is the
# person's own hairline above the forehead.
AT = (0, 22, 36, 46, 56, 66, 74, 81, 86, 104, 113, 130, 180)
LINES: dict[str, tuple[float, ...]] = {
    "short": (0, 0.0, -0.06, 0.14, 0.42, 0.55, 1.05, 1.25, 0.86, 0.80, 1.5, 1.95, 2.0),
    "fringe": (0.56, 0.54, 0.50, 0.48, 0.50, 0.62, 1.30, 1.70, 1.75, 1.80, 1.9, 2.0, 2.1),
    "bob": (0, 0.0, 0.06, 0.18, 0.45, 1.1, 2.2, 2.42, 2.46, 2.48, 2.5, 2.5, 2.5),
    "long": (0, 0.0, 0.06, 0.20, 0.55, 1.6, 3.5, 3.6, 3.6, 3.6, 3.6, 3.6, 3.6),
    "tied": (0, 0.02, 0.04, 0.16, 0.42, 0.60, 0.98, 0.96, 0.86, 0.82, 1.3, 1.7, 1.8),
}


@dataclass(frozen=True)
class Hair:
    """Hair as maps over the head.

    Args:
        cover: (N, N) 0..1 at SKIN_PER_UNIT, how much skin it hides.
        strands: (N, N) brightness of the strands around 1.
        radius: (SIDE, SIDE) the head with its hair.
    """

    cover: Map
    strands: Map
    radius: Map


def noise(rng: np.random.Generator, side: int, across: float, along: float) -> Map:
    """Blurred noise of unit deviation; sigma in cells, across and along the columns."""
    fewer = max(int(min(across, along) / 2), 1)  # wide blurs do not need fine cells
    raw = rng.standard_normal((side // fewer, side // fewer), dtype=np.float32)
    soft = cv2.GaussianBlur(raw, (0, 0), sigmaX=across / fewer, sigmaY=along / fewer)
    soft = cv2.resize(soft, (side, side), interpolation=cv2.INTER_LINEAR) if fewer > 1 else soft
    even: Map = (soft / soft.std()).astype(np.float32)
    return even


def grow(who: Identity, head: Surface) -> Hair:
    """The hair of a person."""
    rng = np.random.default_rng([who.seed, 2])
    s, y = grid(SKIN_PER_UNIT)
    side = s.shape[1]
    if who.style == "bald":
        bare = np.zeros((side, side), np.float32)
        return Hair(bare, bare + 1, head.radius)
    sin, cos = angles(s)
    angle = np.degrees(np.arctan2(np.abs(sin), cos))
    top = -1.06 - 0.07 * who.hairline
    line = LINES[who.style if who.style in LINES else "short"]
    low = top + np.interp(angle, AT, line)
    low = low - 0.12 * max(who.hairline, 0) * np.exp(-(((angle - 32) / 14) ** 2))
    part = 0.25 * rng.choice([-1, 1])
    if who.style in ("bob", "long", "swept"):
        low = low - 0.05 * np.exp(-(((s - part) / 0.3) ** 2))
    strands = noise(rng, side, 0.8, 18)
    if who.style == "swept":
        columns, rows = np.meshgrid(np.arange(side, dtype=np.float32), np.arange(side))
        lean = 0.9 * np.sign(part) * np.clip(-0.5 - y, 0, 1) * SKIN_PER_UNIT
        columns, rows = (columns + lean).astype(np.float32), rows.astype(np.float32)
        strands = cv2.remap(strands, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    jag = 0.012 if who.style == "buzz" else 0.03
    edge = low - y + jag * strands + 0.02 * noise(rng, side, 12, 12)
    soft = 0.10 if who.style in ("buzz", "short", "swept", "tied") else 0.05
    cover = smooth(0.0, soft, edge)
    radius, wall = _stand(who, head, cover)
    wall = cv2.resize(wall, cover.shape[::-1], interpolation=cv2.INTER_LINEAR)
    inner = wall * smooth(1.66, 1.5, np.abs(s))  # darker towards the neck
    cover = np.maximum(cover, wall)
    return Hair(cover.astype(np.float32), np.exp(0.32 * strands) * (1 - 0.8 * inner), radius)


def _stand(who: Identity, head: Surface, cover: Map) -> tuple[Map, Map]:
    """The head's radius including the hair's volume, and where hanging hair stands free."""
    s, y = grid(FINE)
    small = cv2.resize(cover, head.radius.shape[::-1], interpolation=cv2.INTER_AREA)
    wide = cv2.GaussianBlur(small, (0, 0), 0.05 * FINE)
    rng = np.random.default_rng([who.seed, 3])
    wave = noise(rng, len(small), 4, 14) + 0.5 * noise(rng, len(small), 1, 12)
    wall = np.zeros_like(small)
    lift = LIFT[who.style] * (1 + 0.10 * wave) * (0.8 + 0.4 * smooth(-0.6, -1.4, y))
    radius = head.radius + lift * np.clip(wide * 1.6 - 0.5, 0, 1)
    if who.style in ("bob", "long"):
        curtain = np.interp(y, (-0.2, 0.4, 1.2, 2.0, 2.7), (1.15, 1.26, 1.27, 1.26, 1.3))
        cos = angles(s)[1]
        low = 1.36 if who.style == "bob" else 9.0
        hanging = smooth(0.44, 0.20, cos) * smooth(-0.5, 0.2, y) * smooth(low, low - 0.12, y)
        radius = np.maximum(radius, (curtain + 0.012 * wave) * hanging + radius * (1 - hanging))
        wall = smooth(0.02, 0.18, hanging)
    return radius.astype(np.float32), wall
