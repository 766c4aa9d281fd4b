"""What is painted on the head: skin, lips, brows, beard and hair, as one texture."""

import cv2
import numpy as np
from numpy.typing import NDArray

from fervid.databases.drawn.hair import SKIN_PER_UNIT, Hair, noise
from fervid.databases.drawn.identity import Identity
from fervid.databases.drawn.shape import Map, Surface, bump, cells, grid, smooth

Points = NDArray[np.float64]
SHIFT = 4  # binary digits of sub-pixel places in OpenCV's drawing


def curve(points: Points, steps: int = 6) -> Points:
    """A smooth line through (N, 2) points (Catmull-Rom), `steps` places for each stretch."""
    p = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    t = (np.arange(steps) / steps)[None, :, None]
    a, b, c, d = (p[k : len(p) - 3 + k, None] for k in range(4))
    whole = 0.5 * (
        2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    )
    return np.concatenate([whole.reshape(-1, 2), points[-1:]])


def fixed(points: Points, per_unit: int = SKIN_PER_UNIT) -> NDArray[np.int32]:
    """(s, y) as the fixed-point pixels that OpenCV draws at."""
    return np.round(cells(points, per_unit) * (1 << SHIFT)).astype(np.int32)


def area(outline: Points, side: int, blur: float) -> Map:
    """0..1 inside a closed outline, with soft edges."""
    mask = np.zeros((side, side), np.uint8)
    cv2.fillPoly(mask, [fixed(outline)], 255, cv2.LINE_AA, SHIFT)
    return cv2.GaussianBlur(mask, (0, 0), blur).astype(np.float32) / 255


def stroke(lines: list[Points], side: int, thick: int, blur: float) -> Map:
    """0..1 along lines."""
    mask = np.zeros((side, side), np.uint8)
    cv2.polylines(mask, [fixed(line) for line in lines], False, 255, thick, cv2.LINE_AA, SHIFT)
    return cv2.GaussianBlur(mask, (0, 0), blur).astype(np.float32) / 255 if blur else mask / 255.0


def texture(who: Identity, head: Surface, hair: Hair) -> NDArray[np.uint8]:
    """(N, N, 3) square root of the reflectance, at SKIN_PER_UNIT."""
    rng = np.random.default_rng([who.seed, 4])
    s, y = grid(SKIN_PER_UNIT)
    side = s.shape[1]
    x = cv2.resize(head.x, (side, side), interpolation=cv2.INTER_LINEAR)
    facing = cv2.resize(head.front, (side, side), interpolation=cv2.INTER_LINEAR) > 0.05
    colour = np.empty((side, side, 3), np.float32)
    colour[:] = who.skin
    _complexion(colour, who, rng, x, y)
    _lips(colour, who, head, rng)
    _lines(colour, head)
    _beard(colour, who, head, rng, x, y, facing)
    _brows(colour, who, head, rng)
    shade = np.clip(hair.strands, 0.3, 2.5)[..., None] * np.array(who.hair, np.float32)
    colour += hair.cover[..., None] * (shade - colour)
    return np.round(255 * np.sqrt(np.clip(colour, 0, 1))).astype(np.uint8)


def _complexion(colour: NDArray[np.float32], who: Identity, rng: np.random.Generator, x: Map, y: Map) -> None:
    """Blotches, pores, red cheeks and nose, rings under the eyes, freckles."""
    side = len(colour)
    blotch = 0.035 * noise(rng, side, 22, 22) + 0.02 * noise(rng, side, 6, 6)
    pores = (0.02 + 0.02 * who.age) * noise(rng, side, 0.9, 0.9)
    red = 0.10 * bump(x, y, (0.6, 0.55), 0.3, 0.28) + 0.10 * bump(x, y, (0, 0.5), 0.16, 0.2)
    red += 0.05 * bump(x, y, (0, 1.55), 0.3, 0.15) + 0.012 * noise(rng, side, 14, 14)
    rings = (0.10 + 0.14 * who.age) * bump(x, y, (0.47, 0.13), 0.2, 0.07)
    rings += 0.10 * bump(x, y, (0.46, -0.09), 0.26, 0.09) + 0.08 * bump(x, y, (0.2, 0), 0.08, 0.12)
    colour *= np.exp(blotch + pores - rings)[..., None]
    colour[..., 0] *= 1 + 0.3 * red
    colour[..., 1] *= 1 - 0.9 * red - 0.15 * rings
    colour[..., 2] *= 1 - 0.8 * red
    if rng.random() < 0.15 and who.skin[0] > 0.55:
        spots = smooth(1.9, 2.6, noise(rng, side, 1.2, 1.2)) * bump(x, y, (0.4, 0.35), 0.6, 0.4)
        colour *= 1 - 0.35 * spots[..., None]


def _lips(colour: NDArray[np.float32], who: Identity, head: Surface, rng: np.random.Generator) -> None:
    p = head.control
    outline = np.concatenate([curve(p[48:55])[:-1], curve(p[[54, 55, 56, 57, 58, 59, 48]])[:-1]])
    side = len(colour)
    mask = area(outline, side, 1.6)[..., None]
    grooves = 1 + 0.05 * noise(rng, side, 1.0, 6)[..., None]
    tint = np.array(who.skin) * (0.92, 0.60, 0.62)
    if who.male < 0.5 and rng.random() < 0.45:
        paint = np.array([(0.42, 0.06, 0.08), (0.50, 0.16, 0.17), (0.35, 0.10, 0.10)][rng.integers(3)])
        tint = 0.45 * tint + 0.55 * paint
    colour += 0.85 * mask * (tint.astype(np.float32) * grooves - colour)


def _lines(colour: NDArray[np.float32], head: Surface) -> None:
    """Slit of the mouth, nostrils, creases of the upper lids."""
    p, side = head.control, len(colour)
    slit = stroke([curve(p[[48, 60, 61, 62, 63, 64, 54]])], side, 2, 0.8)
    holes = np.zeros((side, side), np.float32)
    creases = []
    for wing, inner, outer in ((35, 42, 45), (31, 39, 36)):
        at = 0.56 * p[wing] + 0.44 * p[33] + (0, -0.05)
        t = np.linspace(0, 2 * np.pi, 16, endpoint=False)
        holes += area(at + np.stack([0.056 * np.cos(t), 0.030 * np.sin(t)], 1), side, 2.0)
        lid = p[[43, 44]] if wing == 35 else p[[38, 37]]
        line = np.concatenate([p[[inner]] + (0, -0.03), lid + (0, -0.055), p[[outer]] + (0, -0.02)])
        creases.append(curve(line))
    crease = stroke(creases, side, 2, 1.5)
    colour *= (1 - 0.75 * slit - np.clip(0.85 * holes, 0, 0.9) - 0.3 * crease).clip(0.05, 1)[..., None]


def _beard(colour: NDArray[np.float32], who: Identity, head: Surface, rng: np.random.Generator, x: Map, y: Map, facing: NDArray[np.bool_]) -> None:  # fmt: skip
    if who.male < 0.5:
        return
    flat, side = head.flat, len(colour)
    cheek = np.interp(np.abs(x), (0, 0.32, 0.5, 0.75, 0.95, 1.2), (0.98, 0.98, 1.05, 0.92, 0.5, 0.2))
    zone = smooth(-0.05, 0.10, y - cheek) * smooth(-0.12, -0.30, -(-y) - flat[8, 1] - 0.25 + 0.3)
    zone *= 1 - bump(x, y, (0, flat[57, 1] + 0.02), 0.16, 0.05)
    moustache = bump(x, y, (0.17, flat[51, 1] - 0.075), 0.2, 0.06) * 1.1
    hairs = smooth(-0.6, 1.2, noise(rng, side, 0.7, 1.8))
    where = np.clip(np.maximum(zone, moustache), 0, 1) * facing
    lips = area(np.concatenate([head.control[48:60]]), side, 2.0)
    where = where * (1 - lips)
    amount = max(0.10, who.beard) * where * (0.45 + 0.55 * hairs)
    dark = np.array(who.hair, np.float32) * 0.9 + 0.01
    colour += amount[..., None] * 0.9 * (dark - colour)


def _brows(colour: NDArray[np.float32], who: Identity, head: Surface, rng: np.random.Generator) -> None:
    """Single hairs along the brow's curve."""
    side = len(colour)
    mask = np.zeros((side, side), np.uint8)
    thick = 0.055 + 0.018 * who.brow_weight
    for points in (head.control[22:27], head.control[[21, 20, 19, 18, 17]]):
        line = curve(points, 24)
        outwards = np.sign(points[-1, 0] - points[0, 0])
        for at in np.linspace(0, 1, 260):
            base = line[int(at * (len(line) - 1))]
            taper = thick * np.interp(at, (0, 0.15, 0.6, 1), (0.75, 1.0, 0.85, 0.15))
            root = base + (rng.normal(0, 0.012), 0.05 + rng.uniform(-0.6, 1.0) * taper)
            lean = np.radians(np.interp(at, (0, 0.3, 1), (75, 35, 5)) + rng.normal(0, 10))
            tip = root + rng.uniform(0.05, 0.10) * np.array([outwards * np.cos(lean), -np.sin(lean)])
            ends = fixed(np.stack([root, tip]))
            cv2.line(mask, ends[0].tolist(), ends[1].tolist(), int(rng.integers(90, 200)), 1, cv2.LINE_AA, SHIFT)
    soft = cv2.GaussianBlur(mask, (0, 0), 2.5).astype(np.float32) / 255
    cover = np.clip(0.9 * mask / 255.0 + 0.75 * soft, 0, 0.95)[..., None]
    dark = np.minimum(np.array(who.hair, np.float32), 0.16) * 0.8 + 0.004
    colour += cover * (dark - colour)
