"""Eyes, the inside of the mouth and glasses: what does not stretch with the skin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from fervid.databases.drawn.face import Face
from fervid.databases.drawn.shape import EXTENT, FINE, TOP, Map
from fervid.databases.drawn.skin import SHIFT, curve

if TYPE_CHECKING:
    from fervid.databases.drawn.render import Light, View

Points = NDArray[np.float64]
IRIS = 0.098  # radii in pupil distances
EYEBALL = 0.23


def _window(points: NDArray[np.floating], margin: float, shape: tuple[int, ...]) -> tuple[slice, slice] | None:
    low = np.floor(points.min(0) - margin).astype(int)
    high = np.ceil(points.max(0) + margin).astype(int) + 1
    x0, y0 = max(low[0], 0), max(low[1], 0)
    x1, y1 = min(high[0], shape[1]), min(high[1], shape[0])
    return (slice(y0, y1), slice(x0, x1)) if x1 - x0 > 2 and y1 - y0 > 2 else None


def _fixed(points: NDArray[np.floating], rows: slice, columns: slice) -> NDArray[np.int32]:
    return np.round((points - (columns.start, rows.start)) * (1 << SHIFT)).astype(np.int32)


def _fill(outline: NDArray[np.floating], at: tuple[slice, slice], shape: tuple[int, ...]) -> Map:
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [_fixed(outline, *at)], 255, cv2.LINE_AA, SHIFT)
    return mask.astype(np.float32) / 255


def _line(points: NDArray[np.floating], at: tuple[slice, slice], shape: tuple[int, ...], thick: int) -> Map:
    mask = np.zeros(shape, np.uint8)
    cv2.polylines(mask, [_fixed(points, *at)], False, 255, thick, cv2.LINE_AA, SHIFT)
    return mask.astype(np.float32) / 255


def _units(places: Map) -> tuple[Map, Map]:
    """Cells of the head's maps to s and y."""
    return places[..., 0] / FINE + (0.5 / FINE - EXTENT / 2), places[..., 1] / FINE + (0.5 / FINE + TOP)


def eyes(
    colour: Map,
    face: Face,
    now: Points,
    points: NDArray[np.float32],
    places: Map,
    view: View,
    light: Light,
    gaze: tuple[float, float],
) -> None:
    """Paint both eyeballs within their lids, lashes and lid edges."""
    for upper, lower in ((curve_of(points, (36, 37, 38, 39)), curve_of(points, (39, 40, 41, 36))),
                         (curve_of(points, (42, 43, 44, 45)), curve_of(points, (45, 46, 47, 42)))):  # fmt: skip
        side = 0 if upper[0][0] is points[36][0] or np.allclose(upper[0], points[36]) else 1
        outline = np.concatenate([upper[:-1], lower[:-1]])
        at = _window(outline, 0.08 * view.scale, colour.shape)
        if at is None:
            continue
        patch = colour[at]
        shape = patch.shape[:2]
        mask = _fill(outline, at, shape)
        s, y = _units(places[at])
        ball = _eyeball(face, side, s, y, view, light, gaze)
        near = cv2.GaussianBlur(mask, (0, 0), max(0.035 * view.scale, 0.6))
        above = np.clip(near * 1.25 - 0.12, 0.1, 1)[..., None]
        patch += mask[..., None] * (ball * above - patch)
        thick = 2 if view.scale > 40 else 1
        lash = _line(upper, at, shape, thick) * (0.85 - 0.35 * face.who.male)
        edge = 0.25 * _line(lower, at, shape, 1)
        patch *= (1 - np.maximum(lash, edge))[..., None]


def curve_of(points: NDArray[np.float32], which: tuple[int, ...]) -> Points:
    """The smooth line through some landmarks."""
    return curve(points[list(which)].astype(np.float64), 5)


def _eyeball(face: Face, side: int, s: Map, y: Map, view: View, light: Light, gaze: tuple[float, float]) -> Map:
    """Linear colour of the eyeball at places (s, y)."""
    rest = face.head.control
    corners = rest[[36, 39]] if side == 0 else rest[[42, 45]]
    lids = rest[[37, 38, 40, 41]] if side == 0 else rest[[43, 44, 46, 47]]
    centre = np.array([corners[:, 0].mean(), 0.75 * lids[:, 1].mean() + 0.25 * corners[:, 1].mean() - 0.006])
    ex, ey = (s - centre[0]) / EYEBALL, (y - centre[1]) / EYEBALL
    flat = np.clip(ex * ex + ey * ey, 0, 0.97)
    towards = view.rotation.T @ (np.array(light.towards) / np.linalg.norm(light.towards))
    lit = np.maximum(ex * towards[0] + ey * towards[1] + np.sqrt(1 - flat) * towards[2] + 0.25, 0)
    lit = lit / 1.25 * light.key + light.ambient
    look = centre + EYEBALL * np.array(gaze)
    dx, dy = s - look[0], y - look[1]
    far = np.hypot(dx, dy)
    spokes = 1 + 0.25 * np.sin(23 * np.arctan2(dy, dx) + face.who.seed)
    sclera = np.array([0.62, 0.56, 0.53], np.float32) * (1 - 0.35 * flat[..., None])
    iris = np.array(face.who.iris, np.float32) * (spokes * (0.75 + 5 * far))[..., None]
    soft = 1.2 / view.scale
    ring = np.clip((far - IRIS * 0.82) / (IRIS * 0.18), 0, 1) ** 2
    iris *= (1 - 0.75 * ring)[..., None]
    ball = sclera + np.clip((IRIS - far) / soft + 0.5, 0, 1)[..., None] * (iris - sclera)
    ball *= (1 - np.clip((0.042 - far) / soft + 0.5, 0, 1) * 0.97)[..., None]
    ball *= lit[..., None]
    spot = look + 0.045 * np.array([np.sign(towards[0]) * 0.8, -0.9])
    glint = np.exp(-((s - spot[0]) ** 2 + (y - spot[1]) ** 2) / (0.020**2 + 0.3 / view.scale**2))
    return ball + (0.75 * light.key * glint)[..., None]


def mouth(
    colour: Map, face: Face, now: Points, points: NDArray[np.float32], places: Map, light: Light
) -> None:
    """Paint teeth, tongue and dark between parted lips."""
    upper = curve_of(points, (60, 61, 62, 63, 64))
    lower = curve_of(points, (64, 65, 66, 67, 60))
    outline = np.concatenate([upper[:-1], lower[:-1]])
    at = _window(outline, 4, colour.shape)
    gap = (points[[65, 66, 67], 1] - points[[63, 62, 61], 1]).max()
    if at is None or gap < 0.9:
        return
    patch = colour[at]
    mask = _fill(outline, at, patch.shape[:2])
    s, y = _units(places[at])
    rest = face.head.control
    slit, jaw = rest[62, 1], now[8, 1] - rest[8, 1]
    middle = rest[62, 0]
    x = s - middle
    inside = np.empty((*s.shape, 3), np.float32)
    inside[:] = (0.045, 0.012, 0.012)
    tongue = np.exp(-((x / 0.24) ** 2) - ((y - slit - jaw - 0.06) / 0.13) ** 2)
    inside += tongue[..., None] * np.array([0.20, 0.06, 0.06], np.float32)
    arch = np.clip(1 - (x / 0.42) ** 2, 0, 1)
    for edge, sign, bright in ((slit + 0.035 - 0.05 * (x / 0.3) ** 2, 1, 0.62),
                               (slit + jaw + 0.028 + 0.04 * (x / 0.3) ** 2, -1, 0.48)):  # fmt: skip
        joint = np.abs(((np.abs(x) / 0.078 + (0.5 if sign < 0 else 0)) % 1) - 0.5)
        gaps = 1 - 0.3 * np.clip((joint - 0.43) / 0.07, 0, 1)
        tooth = np.clip(sign * (edge - y) * 40 + 0.5, 0, 1) * np.sqrt(arch) * (np.abs(y - edge) < 0.16)
        shade = bright * gaps * arch
        inside += tooth[..., None] * (shade[..., None] * np.array([1, 0.93, 0.82], np.float32) - inside)
    depth = cv2.GaussianBlur(mask, (0, 0), max(0.7, 0.12 * gap))
    inside *= (light.ambient + 0.6 * light.key) * np.clip(1.6 * depth - 0.4, 0.2, 1)[..., None]
    patch += mask[..., None] * (inside - patch)


def glasses(colour: Map, face: Face, radius: Map, view: View, box: tuple[int, int, int, int]) -> None:
    """Draw a frame before the eyes, its bridge and its sides."""
    from fervid.databases.drawn.render import lift, project

    rest = face.head.control
    flat = face.head.flat
    t = np.linspace(0, 2 * np.pi, 33)
    round_ = 1 / (np.abs(np.cos(t)) ** 3.2 + np.abs(np.sin(t)) ** 3.2) ** (1 / 3.2)
    depth = float(lift(rest[27:28], radius)[0, 2]) + 0.06
    lines = []
    for sign in (-1, 1):
        eye = flat[42:48].mean(0) if sign > 0 else flat[36:42].mean(0)
        rim = np.stack([eye[0] + 0.31 * round_ * np.cos(t), eye[1] + 0.04 + 0.22 * round_ * np.sin(t)], 1)
        z = depth - 0.28 * np.clip(np.abs(rim[:, 0]) - 0.2, 0, None) ** 1.4
        lines.append(np.concatenate([rim, z[:, None]], 1))
        hinge = lines[-1][0 if sign > 0 else 16]
        ear = np.array([sign * 1.16, flat[27, 1] - 0.05, 0.0])
        lines.append(np.stack([hinge, hinge + (ear - hinge) * 0.5 + (sign * 0.08, 0, 0.1), ear]))
    lines.append(np.stack([lines[0][0], (lines[0][0] + lines[2][16]) / 2 - (0, 0.05, -0.04), lines[2][16]]))
    mask = np.zeros(colour.shape[:2], np.uint8)
    thick = max(1, round(0.03 * view.scale))
    for k, line in enumerate(lines):
        seen = project(line, view) - np.array(box[:2])
        hidden = k in (1, 3) and (view.yaw * (1 if k == 3 else -1)) > 0.1
        if not hidden:
            cv2.polylines(mask, [np.round(seen * 16).astype(np.int32)], False, 255, thick, cv2.LINE_AA, 4)
    cover = mask.astype(np.float32)[..., None] * np.float32(0.9 / 255)
    colour += cover * (np.float32(0.02) - colour)
