"""Single faces as a face detector would crop them, for training a landmark network."""

import cv2
import numpy as np
from numpy.typing import NDArray

from fervid.databases.drawn.action_units import UNITS
from fervid.databases.drawn.camera import Light, View
from fervid.databases.drawn.face import Face, build
from fervid.databases.drawn.identity import sample_identity
from fervid.databases.drawn.prototypes import BYPLAY, PROTOTYPES, compose
from fervid.databases.drawn.render import render
from fervid.databases.drawn.scene import Picture, backdrop, lamp, lay, shoulders

SIDE = 128  # side of a crop, in pixels
DRAWN = 160  # side of the picture it is cut from
RIM = 1.45  # a crop's side relative to the detector's box, with room to turn and shift
EACH = 16  # crops per person


def crops(count: int, seed: int = 0) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Random faces in jittered boxes like those of a Haar cascade, with a rim of 22 % around.

    Pose, light, expression, occlusion, background and image quality vary widely.

    Args:
        count: number of crops, N.
        seed: the same seed draws the same crops.

    Returns:
        (N, 128, 128) uint8 grey, and (N, 68, 2) float32 landmarks as fractions of the side; they
        may lie outside 0..1.
    """
    images = np.empty((count, SIDE, SIDE), np.uint8)
    points = np.empty((count, 68, 2), np.float32)
    for first in range(0, count, EACH):
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(first // EACH,)))
        face = build(sample_identity(int(rng.integers(2**31))))
        for k in range(first, min(first + EACH, count)):
            images[k], points[k] = _crop(face, rng)
    return images, points


def _expression(rng: np.random.Generator) -> NDArray[np.float64]:
    """(units, 2): an emotion, byplay, lids anywhere, a mouth anywhere."""
    units = np.zeros((len(UNITS), 2))
    strengths: dict[int, float] = {}
    if rng.random() < 0.7:
        strengths |= compose(str(rng.choice(list(PROTOTYPES))), rng, 1.0)
    for _ in range(int(rng.integers(0, 4))):
        strengths |= BYPLAY[rng.integers(len(BYPLAY))]
    if rng.random() < 0.3:
        strengths |= {45: float(rng.uniform(0.2, 1))}
    if rng.random() < 0.3:
        strengths |= {25: 1.0, 26: float(rng.random()), 27: float(rng.random() ** 3)}
    whole = rng.uniform(0.3, 1.1)
    for unit, strength in strengths.items():
        units[UNITS.index(unit)] = whole * strength * np.exp(rng.normal(0, 0.12, 2))
    return np.clip(units, 0, 1)


def _crop(face: Face, rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    yaw = np.radians(np.clip(rng.normal(0, 17), -42, 42))
    pitch, roll = np.radians(rng.normal((0, 0), (9, 9)))
    view = View(yaw, pitch, roll, DRAWN * rng.uniform(0.21, 0.26), DRAWN / 2, DRAWN * 0.6)
    light = lamp(rng, 1.2) if rng.random() < 0.8 else _harsh(rng)
    wall = backdrop(rng, (DRAWN, DRAWN), 1.5 * rng.random())
    body, shirt = shoulders(rng, face.who, view, light, (DRAWN, DRAWN))
    lay(wall, body)
    gaze = tuple(rng.normal(0, 0.12, 2).clip(-0.3, 0.3).tolist())
    picture, points = render(face, _expression(rng), view, light, wall, (gaze[0], gaze[1]))
    lay(picture, shirt)
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    _occlude(grey, points, view.scale, rng)
    return _cut(grey, points, rng)


def _harsh(rng: np.random.Generator) -> Light:
    """Light from the side, from below or from behind."""
    towards = rng.normal((0, -0.2, 0.5), (1.0, 0.6, 0.4))
    side, low, near = (float(v) for v in towards)
    return Light((side, low, max(near, 0.05)), rng.uniform(0.4, 1.1), rng.uniform(0.15, 0.4))


def _occlude(
    grey: Picture, points: NDArray[np.float32], scale: float, rng: np.random.Generator
) -> None:
    """Occasionally something in front of the face: a bar, a disc, or a patch from elsewhere."""
    if rng.random() > 0.25:
        return
    at = points[rng.integers(68)] + rng.normal(0, 0.3 * scale, 2)
    tone = int(rng.integers(0, 256))
    if rng.random() < 0.5:
        axes = np.abs(rng.normal(0.3, 0.2, 2)) * scale + 3
        oval = (at.tolist(), (2 * axes).tolist(), float(rng.uniform(0, 180)))
        cv2.ellipse(grey, oval, tone, -1, cv2.LINE_AA)
    else:
        turn = rng.uniform(0, np.pi)
        far = 300 * np.array([np.cos(turn), np.sin(turn)])
        a, b = (at - far).astype(int).tolist(), (at + far).astype(int).tolist()
        cv2.line(grey, a, b, tone, int(rng.uniform(0.05, 0.35) * scale) + 1, cv2.LINE_AA)


def _cut(
    grey: Picture, points: NDArray[np.float32], rng: np.random.Generator
) -> tuple[Picture, NDArray[np.float32]]:
    """A jittered square like a Haar cascade's box, then the camera's effects."""
    eyes, mouth = points[36:48].mean(0), points[48:60].mean(0)
    reach = max(
        float(np.linalg.norm(mouth - eyes)), 0.85 * float(np.linalg.norm(points[45] - points[36]))
    )
    side = reach * 2.35 * RIM * np.exp(rng.normal(0, 0.09))
    centre = eyes + 0.2 * (mouth - eyes) + rng.normal(0, 0.05, 2) * side
    scale = SIDE / side
    move = np.array(
        [
            [scale, 0, SIDE / 2 - scale * centre[0] - 0.5],
            [0, scale, SIDE / 2 - scale * centre[1] - 0.5],
        ]
    )
    flag = cv2.INTER_AREA if scale < 0.8 else cv2.INTER_LINEAR
    crop: Picture = cv2.warpAffine(
        grey, move, (SIDE, SIDE), flags=flag, borderMode=cv2.BORDER_REPLICATE
    )
    if rng.random() < 0.5:
        crop = cv2.GaussianBlur(crop, (0, 0), rng.uniform(0.3, 1.6))
    if rng.random() < 0.25:
        small = int(rng.integers(32, 90))
        crop = cv2.resize(
            cv2.resize(crop, (small, small), interpolation=cv2.INTER_AREA), (SIDE, SIDE)
        )
    level = crop.astype(np.float32)
    level = (level - 110) * rng.uniform(0.6, 1.35) + 110 + rng.normal(0, 22)
    level += rng.normal(0, rng.uniform(0, 7), level.shape)
    crop = np.clip(level, 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        done, packed = cv2.imencode(
            ".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 95))]
        )
        crop = np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE)) if done else crop
    placed = (points @ move[:, :2].T + move[:, 2] + 0.5) / SIDE
    return crop, placed.astype(np.float32)
