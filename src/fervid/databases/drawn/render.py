"""One picture of a face: rays to the head, its shading, then eyes, mouth and glasses."""

import cv2
import numpy as np
from numpy.typing import NDArray

from fervid.databases.drawn import parts
from fervid.databases.drawn.camera import DISTANCE, PIVOT, Light, View, lift, project
from fervid.databases.drawn.face import Face, deform, move
from fervid.databases.drawn.shape import EXTENT, FINE, TOP, A, Map, angles, grid, sample

BEFORE = (-0.2, 0.05, 0.35, 0.7)  # how far in front of the axis a silhouette may lie
NEAR = 0.02  # length along a ray over which the head is treated as flat
LARGEST = 2.0  # no part of a head is farther from its axis


def _lines(
    view: View, box: tuple[int, int, int, int], step: int
) -> tuple[Map, tuple[Map, Map, Map]]:
    """The camera's position and the directions of its rays, in head axes."""
    left, top, right, bottom = box
    half = (step - 1) / 2
    x = (np.arange(left, right, step, dtype=np.float32) + (half - view.x)) / view.focal
    y = (np.arange(top, bottom, step, dtype=np.float32) + (half - view.y)) / view.focal
    turn = view.rotation.T.astype(np.float32)
    start = turn[:, 2] * np.float32(DISTANCE) + PIVOT.astype(np.float32)
    across, down = turn[:, 0] / np.float32(DISTANCE), turn[:, 1] / np.float32(DISTANCE)
    d = [(across[k] * x)[None] + (down[k] * y - turn[k, 2])[:, None] for k in range(3)]
    return start, (d[0], d[1], d[2])


def _rays(radius: Map, view: View, box: tuple[int, int, int, int]) -> tuple[Map, Map]:
    """Where the camera's rays meet the head.

    Rays are traced for every second pixel and row, then refined for each pixel.

    Returns:
        (h, w, 2) column and row in the head's maps, and (h, w) how far inside the silhouette,
        in pixels.
    """
    start, d = _lines(view, box, 2)
    flat = d[0] * d[0] + d[2] * d[2]
    nearest = -(start[0] * d[0] + start[2] * d[2]) / flat
    inside = np.min([_height(radius, start, d, nearest - b)[0] for b in BEFORE], axis=0)
    closest = start[0] ** 2 + start[2] ** 2 - nearest * nearest * flat
    t = nearest - np.sqrt(np.maximum(LARGEST**2 - closest, 0) / flat)
    t = _follow(radius, start, d, t, nearest + 0.2)
    shape = (box[2] - box[0], box[3] - box[1])
    t, inside = (cv2.resize(v, shape, interpolation=cv2.INTER_LINEAR) for v in (t, inside))
    start, d = _lines(view, box, 1)
    above = _height(radius, start, d, t)[0]
    falls = (_height(radius, start, d, t - NEAR)[0] - above) * np.float32(1 / NEAR)
    t += np.clip(above / np.maximum(falls, 0.3), -0.1, 0.1)
    return _height(radius, start, d, t)[2], -inside * view.focal


def _follow(
    radius: Map, start: NDArray[np.float32], d: tuple[Map, Map, Map], t: Map, last: Map
) -> Map:
    """Trace the rays from t until they meet the head: Newton's method, then regula falsi."""
    outer, inner = t, np.full_like(t, np.inf)
    high, deep = np.zeros_like(t), np.zeros_like(t)
    for _ in range(6):
        above, slope, _ = _height(radius, start, d, t)
        air = above > 0
        outer, high = np.where(air, t, outer), np.where(air, above, high)
        inner, deep = np.where(air, inner, t), np.where(air, deep, above)
        ahead = np.minimum(t + above / np.maximum(-slope, 0.3), last)
        met = inner < np.inf
        part = np.clip(high / np.maximum(high - deep, 1e-6), 0.08, 0.92)
        t = np.where(met, outer + part * np.where(met, inner - outer, 0), ahead)
    return t


def _height(
    radius: Map, start: NDArray[np.float32], d: tuple[Map, Map, Map], t: Map
) -> tuple[Map, Map, Map]:
    """Height above the head at t along the rays, its derivative, and the place below."""
    px, py, pz = (start[k] + t * d[k] for k in range(3))
    rho = np.sqrt(px * px + pz * pz) + np.float32(1e-6)
    half = px / np.sqrt(2 * rho * (rho + pz) + np.float32(1e-6))
    places = np.empty((*t.shape, 2), np.float32)
    places[..., 0] = half * np.float32(2 * A * FINE) + np.float32(EXTENT / 2 * FINE - 0.5)
    places[..., 1] = (py - np.float32(TOP)) * np.float32(FINE) - np.float32(0.5)
    r = sample(radius, places)
    return rho - r, (px * d[0] + pz * d[2]) / rho, places


def shade(face: Face, radius: Map, view: View, light: Light) -> Map:
    """(SIDE, SIDE, 4) light at each place: red, green, blue, and specular."""
    s, _ = grid()
    sin, cos = angles(s)
    half = np.sqrt(np.clip(1 - (s / (2 * A)) ** 2, 0.01, 1))
    along = cv2.Sobel(radius, cv2.CV_32F, 1, 0, ksize=3, scale=FINE / 8) * (A * half) / radius
    down = cv2.Sobel(radius, cv2.CV_32F, 0, 1, ksize=3, scale=FINE / 8)
    length = 1 / np.sqrt(1 + along * along + down * down)
    turn = view.rotation.T.astype(np.float32)

    def facing(towards: NDArray[np.float64]) -> Map:
        v = turn @ (towards / np.linalg.norm(towards)).astype(np.float32)
        out = (sin * v[0] + cos * v[2]) - along * (cos * v[0] - sin * v[2]) - down * v[1]
        cosine: Map = out * length
        return cosine

    towards = np.array(light.towards)
    lamp = facing(towards)
    low = cv2.resize(radius, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    soft = cv2.resize(cv2.GaussianBlur(low, (0, 0), 2.0), radius.shape[::-1])
    hollow = np.clip(1 - 4.5 * np.maximum(soft - radius, 0), 0.45, 1)
    sky = light.ambient * (0.75 + 0.25 * facing(np.array([0.0, -1.0, 0.3]))) * hollow
    shine = np.maximum(facing(towards / np.linalg.norm(towards) + (0, 0, 1)), 0)
    shine *= shine
    shine *= shine
    shine *= shine
    lit = np.empty((*radius.shape, 4), np.float32)
    open_ = 0.4 + 0.6 * hollow
    for c, wrap in enumerate((0.22, 0.12, 0.08)):  # red light travels farther under the skin
        direct = np.maximum(lamp + np.float32(wrap), 0) * np.float32(1 / (1 + wrap))
        lit[..., c] = direct * (open_ * (light.key * light.tint[c])) + sky
    lit[..., 3] = face.gloss * (shine + 2 * shine**4) * light.key * open_
    return lit


def landmarks(face: Face, radius: Map, now: NDArray[np.float64], view: View) -> NDArray[np.float32]:
    """(68, 2) in pixels."""
    return project(lift(now[:68], radius), view).astype(np.float32)


def _box(view: View, width: int, height: int) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the part of a picture that may show the head; even sides."""
    lean = abs(np.sin(view.roll))
    across = (1.75 + 1.6 * lean + 0.5 * abs(np.sin(view.yaw))) * view.scale
    up, down = 2.75 * view.scale, (2.6 + 0.5 * lean) * view.scale
    left, top = max(int(view.x - across) & ~1, 0), max(int(view.y - up) & ~1, 0)
    right, low = min(int(view.x + across), width), min(int(view.y + down), height)
    return left, top, right - (right - left) % 2, low - (low - top) % 2


def render(
    face: Face,
    units: NDArray[np.float64],
    view: View,
    light: Light,
    background: NDArray[np.uint8],
    gaze: tuple[float, float] = (0.0, 0.0),
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """A picture of a face in front of a background.

    Args:
        units: (units, 2) intensities of `action_units.UNITS`, left and right side of the image.
        background: (H, W, 3) RGB; sets the picture's size and is not modified.
        gaze: direction of the eyes, right and down, in eyeball radii.

    Returns:
        (H, W, 3) uint8 RGB and (68, 2) float32 landmarks in its pixels.
    """
    now = move(face, units)
    radius, offset = deform(face, units, now)
    points = landmarks(face, radius, now, view)
    height, width = background.shape[:2]
    box = _box(view, width, height)
    picture = background.copy()
    if box[2] - box[0] < 8 or box[3] - box[1] < 8:
        return picture, points
    places, inside = _rays(radius, view, box)
    cover = np.clip(inside + 0.5, 0, 1)
    cover *= places[..., 1] < FINE * EXTENT + 1
    lit = sample(shade(face, radius, view, light), places)
    skin = sample(offset, places)
    skin += places
    skin *= 2
    skin += np.float32(0.5)
    colour = sample(face.colour, skin).astype(np.float32)
    colour *= colour * np.float32(1 / 255**2)
    colour *= lit[..., :3]
    colour += lit[..., 3:]
    local = points - np.array(box[:2], np.float32)
    parts.eyes(colour, face, local, places, view, light, gaze=gaze)
    parts.mouth(colour, face, now, local, places, light)
    if face.who.glasses:
        parts.glasses(colour, face, radius, view, box)
    drawn = cv2.sqrt(np.clip(colour, 0, 1)) * np.float32(255)
    patch = picture[box[1] : box[3], box[0] : box[2]]
    patch[:] = patch + cover[..., None] * (drawn - patch)
    return picture, points
