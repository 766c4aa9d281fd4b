"""Everything around the face: background, shoulders, lamp and the camera's effects."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fervid.databases.drawn.camera import Light, View
from fervid.databases.drawn.identity import Identity
from fervid.databases.drawn.motion import Difficulty
from fervid.databases.drawn.shape import Map

Picture = NDArray[Any]  # uint8; OpenCV's own types are wider
DEPTH = 0.93  # scale of the shoulders relative to the face, because they are farther back


@dataclass(frozen=True)
class Scene:
    """Everything that stays the same throughout a clip.

    Args:
        background: (H, W, 3) uint8 RGB.
        torso: (H, W, 4) uint8 RGB and coverage, drawn over the neck.
        light: the lamp.
        blur: blur of the lens, in pixels.
        grain: (H + 32, W + 32, 3) int16 sensor noise, cropped differently for each frame.
        grey: whether the camera is black and white.
    """

    background: Picture
    torso: Picture
    light: Light
    blur: float
    grain: NDArray[np.int16]
    grey: bool


def lamp(rng: np.random.Generator, hardness: float) -> Light:
    """A lamp in front of and above the face; `hardness` 0..1 moves it aside, dims the rest."""
    across = rng.normal(0, 0.25 + 0.55 * hardness)
    height = rng.uniform(-0.9, 0.05 - 0.25 * (1 - hardness))
    ambient = rng.uniform(0.30 - 0.14 * hardness, 0.48)
    key = rng.uniform(0.72, 1.0) * (1.12 - ambient)
    warm = rng.normal(0, 0.05)
    return Light((across, height, 0.9), key, ambient, (1 + warm, 1.0, 1 - warm))


def backdrop(rng: np.random.Generator, size: tuple[int, int], busy: float) -> Picture:
    """A wall out of focus: a gradient, blotches and sometimes straight edges."""
    height, width = size
    y, x = np.mgrid[0 : height // 4, 0 : width // 4].astype(np.float32) * 4 / max(size)
    base = rng.uniform(35, 205)
    colour = base + rng.normal(0, 9, 3)
    tilt = rng.normal(0, 35, 2)
    wall = colour + ((x - 0.5) * tilt[0] + (y - 0.5) * tilt[1])[..., None]
    coarse: Map = rng.normal(0, 1, (5, 5, 1)) + 0.25 * rng.normal(0, 1, (5, 5, 3))
    coarse = coarse.astype(np.float32) * (5 + 22 * busy)
    wall += cv2.resize(coarse, x.shape[::-1], interpolation=cv2.INTER_CUBIC)
    wall = np.ascontiguousarray(wall, np.float32)
    for _ in range(int(rng.poisson(2.5 * busy))):
        a, b = rng.uniform(-0.2, 1.2, (2, 2)) * x.shape[::-1]
        tone = (colour + rng.normal(0, 35) + rng.normal(0, 12, 3)).tolist()
        cv2.rectangle(wall, a.astype(int).tolist(), b.astype(int).tolist(), tone, -1)
    wall = cv2.GaussianBlur(wall, (0, 0), max(size) / rng.uniform(160, 480))
    wall = cv2.resize(wall, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(wall, 0, 255).astype(np.uint8)


def shoulders(
    rng: np.random.Generator, who: Identity, view: View, light: Light, size: tuple[int, int]
) -> tuple[Picture, Picture]:
    """Bare shoulders behind the neck and a shirt in front of it, both (H, W, 4)."""
    broad = 1.0 + 0.12 * who.male
    deep = rng.choice([0.12, 0.2, 0.45], p=[0.4, 0.4, 0.2])
    hang = np.array([(-2.9, 6), (-2.65, 3.7), (-2.35, 2.95), (-1.75, 2.6)]) * (broad, 1)
    left = np.concatenate([hang, [(-1.15, 2.32), (-0.92, 2.10)]])
    right = (left * (-1, 1))[::-1]
    t = np.linspace(-1, 1, 17)[1:-1]
    collar = np.stack([0.9 * t, 2.14 + deep * (1 - t * t)], axis=1)
    body, shirt = (
        np.concatenate([left, between, right]) * (view.scale * DEPTH)
        + (view.x, view.y - 0.45 * view.scale)
        for between in ([(-0.7, 2.2), (0.7, 2.2)], collar)
    )
    tone = np.sqrt(np.array(who.skin) * (light.ambient + 0.55 * light.key)) * 255
    cloth = np.clip(rng.uniform(20, 215) + rng.normal(0, 20, 3), 8, 245)
    return _cut(body, size, tone, rng, 3), _cut(shirt, size, cloth, rng, 14)


def _cut(
    outline: Map, size: tuple[int, int], tone: Map, rng: np.random.Generator, folds: float
) -> Picture:
    """A piece of cloth or skin with soft folds and shaded sides."""
    width_height = size[::-1]
    mask = np.zeros(size, np.uint8)
    cv2.fillPoly(mask, [np.round(outline * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    small = cv2.resize(mask, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), max(size) / 90)
    soft = cv2.resize(small, width_height).astype(np.float32) / 255
    waves: Map = rng.standard_normal((6, 9), dtype=np.float32)
    waves = cv2.resize(waves, width_height, interpolation=cv2.INTER_CUBIC)
    weave = rng.standard_normal(size, dtype=np.float32)
    shade = (0.35 + 0.75 * soft) * (1 + (folds * waves + 0.25 * folds * weave) / 150)
    piece = np.empty((*size, 4), np.uint8)
    piece[..., :3] = np.clip(shade[..., None] * tone, 0, 255)
    piece[..., 3] = mask
    return piece


def lay(picture: Picture, piece: Picture, shift: tuple[float, float] = (0.0, 0.0)) -> None:
    """Composite a piece with coverage over a picture, shifted by a few pixels."""
    first = int(np.argmax(piece[..., 3].any(axis=1)))
    top = max(first - 8, 0)
    cut = piece[top:]
    if shift != (0.0, 0.0):
        move = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float32)
        cut = cv2.warpAffine(cut, move, cut.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    cover = cut[..., 3:].astype(np.uint16)
    under = picture[top:]
    under[:] = (under * (255 - cover) + cut[..., :3] * cover + 127) // 255


def expose(picture: Picture, scene: Scene, rng: np.random.Generator) -> Picture:
    """Apply the camera's effects to a picture: blur, noise, loss of colour."""
    if scene.blur > 0.15:
        picture = cv2.GaussianBlur(picture, (0, 0), scene.blur)
    height, width = picture.shape[:2]
    y, x = rng.integers(0, 32, 2)
    noisy = cv2.add(picture, scene.grain[y : y + height, x : x + width], dtype=cv2.CV_8U)
    if scene.grey:
        noisy = cv2.cvtColor(cv2.cvtColor(noisy, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return np.asarray(noisy, np.uint8)


def set_up(
    rng: np.random.Generator, who: Identity, view: View, hard: Difficulty, size: tuple[int, int]
) -> Scene:
    """The scene of one clip, with the head at `view`."""
    light = lamp(rng, hard.light)
    wall = backdrop(rng, size, 0.5 * hard.light)
    body, shirt = shoulders(rng, who, view, light, size)
    lay(wall, body)
    grain = rng.standard_normal((size[0] + 32, size[1] + 32, 3), dtype=np.float32)
    grain *= rng.uniform(*hard.noise)
    blur = rng.uniform(*hard.blur) * max(size) / 256
    return Scene(wall, shirt, light, blur, grain.astype(np.int16), bool(rng.random() < 0.25))
