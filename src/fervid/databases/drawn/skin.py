"""The head's texture: skin, lips, brows, beard and hair."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fervid.databases.drawn.hair import SKIN_PER_UNIT, Hair, noise
from fervid.databases.drawn.identity import Identity
from fervid.databases.drawn.shape import Map, Surface, bump, cells, grid, smooth

Points = NDArray[np.float64]
LIPSTICKS = ((0.42, 0.06, 0.08), (0.50, 0.16, 0.17), (0.35, 0.10, 0.10))  # linear reflectance
SHIFT = 4  # fractional bits of coordinates in OpenCV's drawing functions


def curve(points: Points, steps: int = 6) -> Points:
    """A smooth line through (N, 2) points (Catmull-Rom), `steps` places per segment."""
    p = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    t = (np.arange(steps) / steps)[None, :, None]
    a, b, c, d = (p[k : len(p) - 3 + k, None] for k in range(4))
    whole = 0.5 * (
        2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    )
    return np.concatenate([whole.reshape(-1, 2), points[-1:]])


def fixed(points: Points, per_unit: int = SKIN_PER_UNIT) -> NDArray[np.int32]:
    """(s, y) as the fixed-point pixels of OpenCV's drawing functions."""
    return np.round(cells(points, per_unit) * (1 << SHIFT)).astype(np.int32)


def area(outline: Points, side: int, blur: float) -> Map:
    """Coverage, 0..1, of a closed outline, with soft edges."""
    mask = np.zeros((side, side), np.uint8)
    cv2.fillPoly(mask, [fixed(outline)], 255, cv2.LINE_AA, SHIFT)
    return cv2.GaussianBlur(mask, (0, 0), blur).astype(np.float32) / 255


def stroke(lines: list[Points], side: int, thick: int, blur: float) -> Map:
    """Coverage, 0..1, of lines."""
    mask = np.zeros((side, side), np.uint8)
    cv2.polylines(mask, [fixed(line) for line in lines], False, 255, thick, cv2.LINE_AA, SHIFT)
    return cv2.GaussianBlur(mask, (0, 0), blur).astype(np.float32) / 255 if blur else mask / 255.0


@dataclass(frozen=True)
class _Canvas:
    """The canvas: (N, N, 3) linear colour, and where its texels appear from the front."""

    colour: Map
    who: Identity
    head: Surface
    rng: np.random.Generator
    x: Map
    y: Map

    @property
    def side(self) -> int:
        return len(self.colour)

    def mix(self, cover: Map, colour: NDArray[Any]) -> None:
        """Blend a colour (3) or colours (N, N, 3) over the canvas."""
        self.colour[:] += cover[..., None] * (colour.astype(np.float32) - self.colour)

    def noise(self, across: float, along: float) -> Map:
        return noise(self.rng, self.side, across, along)


def texture(who: Identity, head: Surface, hair: Hair) -> NDArray[np.uint8]:
    """(N, N, 3) square root of the reflectance, at SKIN_PER_UNIT."""
    rng = np.random.default_rng([who.seed, 4])
    s, y = grid(SKIN_PER_UNIT)
    side = s.shape[1]
    colour = np.empty((side, side, 3), np.float32)
    colour[:] = who.skin
    canvas = _Canvas(colour, who, head, rng, cv2.resize(head.x, (side, side)), y)
    for paint in (_complexion, _lips, _lines, _beard, _brows):
        paint(canvas)
    shade = np.clip(hair.strands, 0.3, 2.5)[..., None] * np.array(who.hair, np.float32)
    canvas.mix(hair.cover, shade)
    return np.round(255 * np.sqrt(np.clip(colour, 0, 1))).astype(np.uint8)


def _complexion(c: _Canvas) -> None:
    """Blotches, pores, red cheeks and nose, rings under the eyes, freckles."""
    x, y, age = c.x, c.y, c.who.age
    blotch = 0.035 * c.noise(22, 22) + 0.02 * c.noise(6, 6)
    pores = (0.02 + 0.02 * age) * c.noise(0.9, 0.9)
    red = 0.10 * bump(x, y, (0.6, 0.55), 0.3, 0.28) + 0.10 * bump(x, y, (0, 0.5), 0.16, 0.2)
    red += 0.05 * bump(x, y, (0, 1.55), 0.3, 0.15) + 0.012 * c.noise(14, 14)
    rings = (0.10 + 0.14 * age) * bump(x, y, (0.47, 0.13), 0.2, 0.07)
    rings += 0.10 * bump(x, y, (0.46, -0.09), 0.26, 0.09) + 0.08 * bump(x, y, (0.2, 0), 0.08, 0.12)
    c.colour[:] *= np.exp(blotch + pores - rings)[..., None]
    c.colour[..., 0] *= 1 + 0.3 * red
    c.colour[..., 1] *= 1 - 0.9 * red - 0.15 * rings
    c.colour[..., 2] *= 1 - 0.8 * red
    if c.rng.random() < 0.15 and c.who.skin[0] > 0.55:
        spots = smooth(1.9, 2.6, c.noise(1.2, 1.2)) * bump(x, y, (0.4, 0.35), 0.6, 0.4)
        c.colour[:] *= 1 - 0.35 * spots[..., None]


def _lips(c: _Canvas) -> None:
    p, skin = c.head.control, np.array(c.who.skin)
    outline = np.concatenate([curve(p[48:55])[:-1], curve(p[[54, 55, 56, 57, 58, 59, 48]])[:-1]])
    grooves = 1 + 0.05 * c.noise(1.0, 6)[..., None]
    tint = skin * (0.92, 0.60, 0.62)
    if c.who.male < 0.5 and c.rng.random() < 0.45:
        tint = 0.45 * tint + 0.55 * np.array(LIPSTICKS[c.rng.integers(len(LIPSTICKS))])
    c.mix(0.85 * area(outline, c.side, 1.6), tint * grooves)


def _lines(c: _Canvas) -> None:
    """Slit of the mouth, nostrils, creases of the upper lids."""
    p = c.head.control
    slit = stroke([curve(p[[48, 60, 61, 62, 63, 64, 54]])], c.side, 2, 0.8)
    holes = np.zeros((c.side, c.side), np.float32)
    creases = []
    t = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    oval = np.stack([0.056 * np.cos(t), 0.030 * np.sin(t)], axis=1)
    for wing, eye in ((35, (42, 43, 44, 45)), (31, (39, 38, 37, 36))):
        holes += area(0.56 * p[wing] + 0.44 * p[33] - (0, 0.05) + oval, c.side, 2.0)
        creases.append(curve(p[list(eye)] - np.array([(0, y) for y in (0.03, 0.055, 0.055, 0.02)])))
    crease = stroke(creases, c.side, 2, 1.5)
    dark = 1 - 0.75 * slit - np.clip(0.85 * holes, 0, 0.9) - 0.3 * crease
    c.colour[:] *= dark.clip(0.05, 1)[..., None]


def _beard(c: _Canvas) -> None:
    """Shaven shadow, stubble or beard."""
    if c.who.male < 0.5:
        return
    x, y, flat = c.x, c.y, c.head.flat
    widths, heights = (0, 0.32, 0.5, 0.75, 0.95, 1.2), (0.98, 0.98, 1.05, 0.92, 0.5, 0.2)
    low = flat[8, 1]
    zone = smooth(-0.05, 0.10, y - np.interp(np.abs(x), widths, heights))
    zone = zone * smooth(low + 0.20, low + 0.02, y)
    zone *= 1 - bump(x, y, (0, flat[57, 1] + 0.02), 0.16, 0.05)
    moustache = 1.1 * bump(x, y, (0.17, flat[51, 1] - 0.075), 0.2, 0.06)
    hairs = smooth(-0.6, 1.2, c.noise(0.7, 1.8))
    facing = cv2.resize(c.head.front, (c.side, c.side)) > 0.05
    where = np.clip(np.maximum(zone, moustache), 0, 1) * facing
    where = where * (1 - area(c.head.control[48:60], c.side, 2.0))
    amount = max(0.10, c.who.beard) * where * (0.45 + 0.55 * hairs)
    c.mix(0.9 * amount, np.array(c.who.hair) * 0.9 + 0.01)


def _brows(c: _Canvas) -> None:
    """Single hairs along the brow's curve."""
    rng, mask = c.rng, np.zeros((c.side, c.side), np.uint8)
    thick = 0.055 + 0.018 * c.who.brow_weight
    for points in (c.head.control[22:27], c.head.control[[21, 20, 19, 18, 17]]):
        line = curve(points, 24)
        outwards = np.sign(points[-1, 0] - points[0, 0])
        at = np.linspace(0, 1, 260)
        lean = np.radians(np.interp(at, (0, 0.3, 1), (75, 35, 5)) + rng.normal(0, 10, len(at)))
        across = thick * np.interp(at, (0, 0.15, 0.6, 1), (0.75, 1.0, 0.85, 0.15))
        roots = line[(at * (len(line) - 1)).astype(int)]
        roots[:, 0] += rng.normal(0, 0.012, len(at))
        roots[:, 1] += 0.05 + rng.uniform(-0.6, 1.0, len(at)) * across
        along = np.stack([outwards * np.cos(lean), -np.sin(lean)], axis=1)
        ends = fixed(np.stack([roots, roots + rng.uniform(0.05, 0.10, (len(at), 1)) * along], 1))
        for hair, tone in zip(ends, rng.integers(90, 200, len(at)).tolist(), strict=True):
            cv2.line(mask, hair[0].tolist(), hair[1].tolist(), tone, 1, cv2.LINE_AA, SHIFT)
    soft = cv2.GaussianBlur(mask, (0, 0), 2.5).astype(np.float32) / 255
    cover = np.clip(0.9 * mask / 255.0 + 0.75 * soft, 0, 0.95)
    c.mix(cover, np.minimum(np.array(c.who.hair), 0.16) * 0.8 + 0.004)
