"""Eyes, the inside of the mouth and glasses, which do not stretch with the skin."""

import cv2
import numpy as np
from numpy.typing import NDArray

from fervid.databases.drawn.camera import Light, View, lift, project
from fervid.databases.drawn.face import Face
from fervid.databases.drawn.shape import EXTENT, FINE, TOP, Map
from fervid.databases.drawn.skin import SHIFT, curve

Points = NDArray[np.float64]
Gaze = tuple[float, float]
Patch = tuple[slice, slice]  # rows and columns of the picture
IRIS, PUPIL, EYEBALL = 0.098, 0.042, 0.23  # radii in pupil distances
TOOTH = 0.078  # width in pupil distances
# Corners and lids of each eye: upper line, lower line, both along their own direction.
EYES = (((36, 37, 38, 39), (39, 40, 41, 36)), ((42, 43, 44, 45), (45, 46, 47, 42)))


def _around(points: Map, margin: float, shape: tuple[int, ...]) -> Patch | None:
    """The part of a picture around some points; None if too little of it lies inside."""
    left, top = np.maximum(np.floor(points.min(0) - margin), 0).astype(int).tolist()
    right, low = (np.ceil(points.max(0) + margin).astype(int) + 1).tolist()
    right, low = min(right, shape[1]), min(low, shape[0])
    return (slice(top, low), slice(left, right)) if min(right - left, low - top) > 2 else None


def _ink(points: Map, at: Patch, shape: tuple[int, ...], thick: int = 0) -> Map:
    """Coverage, 0..1, of a line, or of the area it encloses if `thick` is 0."""
    mask = np.zeros(shape, np.uint8)
    local = np.round((points - (at[1].start, at[0].start)) * (1 << SHIFT)).astype(np.int32)
    if thick:
        cv2.polylines(mask, [local], False, 255, thick, cv2.LINE_AA, SHIFT)
    else:
        cv2.fillPoly(mask, [local], 255, cv2.LINE_AA, SHIFT)
    return mask.astype(np.float32) / 255


def _surface(places: Map) -> tuple[Map, Map]:
    """Cells of the head's maps to s and y."""
    return (places[..., 0] + 0.5) / FINE - EXTENT / 2, (places[..., 1] + 0.5) / FINE + TOP


def eyes(
    colour: Map,
    face: Face,
    points: Map,
    places: Map,
    view: View,
    light: Light,
    *,
    gaze: Gaze,
) -> None:
    """Paint both eyeballs within their lids, lashes and lid edges.

    Args:
        colour: (h, w, 3) linear colour, painted on.
        points: (68, 2) landmarks in its pixels.
        places: (h, w, 2) cells of the head's maps that are seen.
        gaze: as for `render`.
    """
    for along in EYES:
        upper, lower = (curve(points[list(line)], 5) for line in along)
        at = _around(np.concatenate([upper, lower]), 0.08 * view.scale, colour.shape)
        if at is None:
            continue
        patch = colour[at]
        shape = patch.shape[:2]
        mask = _ink(np.concatenate([upper[:-1], lower[:-1]]), at, shape)
        ball = _eyeball(face, sum(along, ()), places[at], view, light, gaze)
        near = cv2.GaussianBlur(mask, (0, 0), max(0.035 * view.scale, 0.6))
        shadow = np.clip(near * 1.25 - 0.12, 0.1, 1)[..., None]  # thickness of the lids
        patch += mask[..., None] * (ball * shadow - patch)
        lash = _ink(upper, at, shape, 2 if view.scale > 40 else 1) * (0.85 - 0.35 * face.who.male)
        edge = 0.25 * _ink(lower, at, shape, 1)
        patch *= (1 - np.maximum(lash, edge))[..., None]


def _eyeball(
    face: Face, eye: tuple[int, ...], places: Map, view: View, light: Light, gaze: Gaze
) -> Map:
    """Linear colour of an eyeball at places on the head."""
    s, y = _surface(places)
    rest = face.head.control[list(eye)]
    centre = rest.mean(axis=0) - (0, 0.008)
    ex, ey = (s - centre[0]) / EYEBALL, (y - centre[1]) / EYEBALL
    flat = np.clip(ex * ex + ey * ey, 0, 0.97)
    towards = view.rotation.T @ (np.array(light.towards) / np.linalg.norm(light.towards))
    lit = np.maximum(ex * towards[0] + ey * towards[1] + np.sqrt(1 - flat) * towards[2] + 0.25, 0)
    lit = lit / 1.25 * light.key + light.ambient
    look = centre + EYEBALL * np.array(gaze)
    dx, dy = s - look[0], y - look[1]
    far = np.hypot(dx, dy)
    soft = 1.2 / view.scale

    def disc(radius: float) -> Map:
        cover: Map = np.clip((radius - far) / soft + 0.5, 0, 1)[..., None]
        return cover

    spokes = 1 + 0.25 * np.sin(23 * np.arctan2(dy, dx) + face.who.seed)
    rim = 1 - 0.75 * np.clip((far - IRIS * 0.82) / (IRIS * 0.18), 0, 1) ** 2
    iris = np.array(face.who.iris) * (spokes * (0.75 + 5 * far) * rim)[..., None]
    ball: Map = np.array([0.62, 0.56, 0.53]) * (1 - 0.35 * flat[..., None])
    ball += disc(IRIS) * (iris - ball)
    ball *= (1 - 0.97 * disc(PUPIL)) * lit[..., None]
    spot = look + np.array([0.036 * np.sign(towards[0]), -0.04])
    apart = (s - spot[0]) ** 2 + (y - spot[1]) ** 2
    glint = np.exp(-apart / (0.020**2 + 0.3 / view.scale**2))
    ball += (0.75 * light.key * glint)[..., None]
    return ball


def mouth(colour: Map, face: Face, now: Points, points: Map, places: Map, light: Light) -> None:
    """Paint teeth, tongue and dark between parted lips.

    Args:
        colour: (h, w, 3) linear colour, painted on.
        now: control points as (s, y).
        points: (68, 2) landmarks in pixels of `colour`.
        places: (h, w, 2) cells of the head's maps that are seen.
    """
    lips = [60, 61, 62, 63, 64], [64, 65, 66, 67, 60]
    outline = np.concatenate([curve(points[line], 5)[:-1] for line in lips])
    at = _around(outline, 4, colour.shape)
    gap = float((points[[65, 66, 67], 1] - points[[63, 62, 61], 1]).max())
    if at is None or gap < 0.9:
        return
    patch = colour[at]
    mask = _ink(outline, at, patch.shape[:2])
    s, y = _surface(places[at])
    rest = face.head.control
    x, slit, jaw = s - rest[62, 0], rest[62, 1], now[8, 1] - rest[8, 1]
    tongue = np.exp(-((x / 0.24) ** 2) - ((y - slit - jaw - 0.06) / 0.13) ** 2)
    inside = np.array([0.045, 0.012, 0.012]) + tongue[..., None] * (0.20, 0.06, 0.06)
    arch = np.clip(1 - (x / 0.42) ** 2, 0, 1)
    bend = (x / 0.3) ** 2
    for edge, sign, bright in (
        (slit + 0.035 - 0.05 * bend, 1, 0.62),
        (slit + jaw + 0.028 + 0.04 * bend, -1, 0.48),
    ):
        joint = np.abs(((np.abs(x) / TOOTH + (0.5 if sign < 0 else 0)) % 1) - 0.5)
        shade = bright * arch * (1 - 0.3 * np.clip((joint - 0.43) / 0.07, 0, 1))
        tooth = np.clip(sign * (edge - y) * 40 + 0.5, 0, 1) * np.sqrt(arch)
        tooth = tooth * (np.abs(y - edge) < 0.16)
        inside += tooth[..., None] * (shade[..., None] * (1, 0.93, 0.82) - inside)
    depth = cv2.GaussianBlur(mask, (0, 0), max(0.7, 0.12 * gap))
    inside *= (light.ambient + 0.6 * light.key) * np.clip(1.6 * depth - 0.4, 0.2, 1)[..., None]
    patch += mask[..., None] * (inside - patch)


def glasses(
    colour: Map, face: Face, radius: Map, view: View, box: tuple[int, int, int, int]
) -> None:
    """Draw a frame before the eyes, its bridge and its sides."""
    mask = np.zeros(colour.shape[:2], np.uint8)
    thick = max(1, round(0.03 * view.scale))
    for line in _frame(face, radius, view):
        seen = np.round((project(line, view) - box[:2]) * (1 << SHIFT)).astype(np.int32)
        cv2.polylines(mask, [seen], False, 255, thick, cv2.LINE_AA, SHIFT)
    cover = mask.astype(np.float32)[..., None] * np.float32(0.9 / 255)
    colour += cover * (np.float32(0.02) - colour)


def _frame(face: Face, radius: Map, view: View) -> list[Points]:
    """The lines of a pair of glasses that the head does not hide, in head axes."""
    flat = face.head.flat
    t = np.linspace(0, 2 * np.pi, 33)
    square = 1 / (np.abs(np.cos(t)) ** 3.2 + np.abs(np.sin(t)) ** 3.2) ** (1 / 3.2)
    oval = np.stack([0.31 * square * np.cos(t), 0.22 * square * np.sin(t) + 0.04], axis=1)
    depth = float(lift(face.head.control[27:28], radius)[0, 2]) + 0.06
    rims, sides = [], []
    for sign, eye, outer in ((-1, slice(36, 42), 16), (1, slice(42, 48), 0)):
        rim = flat[eye].mean(axis=0) + oval
        away = 0.28 * np.clip(np.abs(rim[:, 0]) - 0.2, 0, None) ** 1.4
        rims.append(np.column_stack([rim, depth - away]))
        ear = np.array([sign * 1.16, flat[27, 1] - 0.05, 0.0])
        hinge = rims[-1][outer]
        if sign * view.yaw > -0.1:  # not turned away
            sides.append(np.stack([hinge, (hinge + ear) / 2 + (sign * 0.08, 0, 0.1), ear]))
    ends = rims[0][0], rims[1][16]
    bridge = np.stack([ends[0], (ends[0] + ends[1]) / 2 + (0, -0.05, 0.04), ends[1]])
    return [*rims, *sides, bridge]
