"""One clip's performance: action units, head pose and gaze over time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fervid.databases.drawn.action_units import UNITS
from fervid.databases.drawn.prototypes import BYPLAY, MOUTH_UNITS, PROTOTYPES, compose

Ways = Literal["apex", "full"]
Level = Literal["easy", "normal", "hard"]
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Difficulty:
    """How hard a clip is to recognise.

    Args:
        intensity: range of the emotion's strength.
        options: factor for the odds of optional components.
        byplay: odds of a movement unrelated to the emotion, and its largest strength.
        uneven: standard deviation between the two sides' strengths.
        idle: size of small idle movements.
        pose: standard deviation of yaw, pitch and roll in degrees.
        light: 0..1, how one-sided and dim the light may be.
        blend: odds of parts of another emotion, and their largest strength.
        noise: range of the camera's noise in grey values.
        blur: range of the camera's blur in pixels at 256 x 256.
    """

    intensity: tuple[float, float]
    options: float
    byplay: tuple[float, float]
    uneven: float
    idle: float
    pose: tuple[float, float, float]
    light: float
    blend: tuple[float, float]
    noise: tuple[float, float]
    blur: tuple[float, float]


DIFFICULTY: Mapping[str, Difficulty] = {
    "easy": Difficulty(
        (0.8, 1.0), 0.3, (0.0, 0.0), 0.05, 0.01, (3, 2, 2), 0.2, (0.0, 0.0), (0.5, 2), (0, 0.4)
    ),
    "normal": Difficulty(
        (0.18, 0.72), 1.3, (0.8, 0.6), 0.18, 0.05, (6, 4, 4), 0.6, (0.4, 0.7), (1, 4), (0.2, 0.8)
    ),
    "hard": Difficulty(
        (0.12, 0.55), 1.6, (0.9, 0.7), 0.2, 0.07, (9, 6, 6), 1.0, (0.6, 0.8), (2, 8), (0.4, 1.4)
    ),
}


@dataclass(frozen=True)
class Performance:
    """The movements in a clip of T frames.

    Args:
        units: (T, units, 2) intensities 0..1 of `action_units.UNITS`, left and right in the image.
        pose: (T, 3) yaw, pitch, roll in radians.
        drift: (T, 2) movement of the head's centre, in pupil distances.
        gaze: (T, 2) where the eyes look, right and down, in eyeball radii.
        apex: frame of the strongest expression.
        intensity: strength of the expression at the apex.
    """

    units: Array
    pose: Array
    drift: Array
    gaze: Array
    apex: int
    intensity: float

    def __len__(self) -> int:
        return len(self.units)


def _ease(t: Array) -> Array:
    """0 to 1 with a smooth start and end."""
    x = np.clip(t, 0, 1)
    eased: Array = x * x * x * (x * (6 * x - 15) + 10)
    return eased


def _wander(rng: np.random.Generator, frames: int, channels: int, slowest: float) -> Array:
    """(T, channels) smooth random movement of unit size, periods from `slowest` frames down."""
    t = np.arange(frames)[:, None, None]
    period = slowest * rng.uniform(0.3, 1, (1, 3, channels))
    phase = rng.uniform(0, 2 * np.pi, (1, 3, channels))
    size = rng.normal(0, 1, (1, 3, channels)) / np.sqrt(1.5)
    moved: Array = (size * np.sin(2 * np.pi * t / period + phase)).sum(axis=1) / np.sqrt(3)
    return moved


def _course(rng: np.random.Generator, way: Ways) -> tuple[int, int, Array, Array]:
    """Number of frames, apex, and each frame's progress (0..1) of onset and of offset."""
    if way == "apex":
        frames = int(rng.integers(10, 23))
        t = np.arange(frames) / (frames - 1)
        return frames, frames - 1, t, np.zeros(frames)
    rise, hold, fall = (int(rng.integers(*r)) for r in ((9, 18), (5, 14), (10, 20)))
    before, after = int(rng.integers(2, 7)), int(rng.integers(2, 7))
    frames = before + rise + hold + fall + after
    t = np.arange(frames, dtype=np.float64)
    apex = before + rise + hold // 2
    return frames, apex, (t - before + 1) / rise, (t - before - rise - hold + 1) / fall


def perform(emotion: str, rng: np.random.Generator, way: Ways, level: Level) -> Performance:
    """Play an emotion once: from neutral to the apex, and back if `way` is "full"."""
    hard = DIFFICULTY[level]
    frames, apex, rising, falling = _course(rng, way)
    intensity = float(rng.uniform(*hard.intensity))
    units = np.zeros((frames, len(UNITS), 2))
    strengths = compose(emotion, rng, hard.options)
    sides = _sides(emotion, rng)
    for unit, strength in strengths.items():
        ahead = sides if unit in MOUTH_UNITS else np.ones(2)
        _play(units, unit, intensity * strength * ahead, rising, falling, rng, uneven=hard.uneven)
    if rng.random() < hard.blend[0]:
        other = compose(str(rng.choice([e for e in PROTOTYPES if e != emotion])), rng, 0.5)
        part = rng.uniform(0.15, hard.blend[1]) * intensity
        for unit, strength in other.items():
            if rng.random() < 0.7:
                _play(
                    units,
                    unit,
                    np.full(2, part * strength),
                    rising,
                    falling,
                    rng,
                    uneven=hard.uneven,
                )
    chance, most = hard.byplay
    for _ in range(2):
        if rng.random() < chance:
            both = np.ones(2) if rng.random() < 0.7 else rng.permutation([1.0, 0.2])
            for unit, strength in BYPLAY[rng.integers(len(BYPLAY))].items():
                _play(
                    units,
                    unit,
                    rng.uniform(0.2, most) * strength * both,
                    rising,
                    falling,
                    rng,
                    uneven=0.1,
                )
    idle = hard.idle * np.abs(_wander(rng, frames, len(UNITS), 60))[..., None]
    idle[:, UNITS.index(45)] = 0
    idle[:, [UNITS.index(25), UNITS.index(26), UNITS.index(27)]] *= 0.3  # the mouth stays shut
    units = np.clip(np.maximum(units, 0) + idle, 0, 1)
    blinks = _blinks(rng, frames, apex)
    units[:, UNITS.index(45)] = np.maximum(units[:, UNITS.index(45)], blinks[:, None])
    pose, drift, gaze = _body(emotion, rng, frames, hard, _ease(rising) * intensity)
    return Performance(units, pose, drift, gaze, apex, intensity)


def _sides(emotion: str, rng: np.random.Generator) -> Array:
    if rng.random() < PROTOTYPES[emotion].one_sided:
        weak = rng.uniform(0, 0.25)
        return rng.permutation([1.0, weak])
    return np.ones(2)


def _play(
    units: Array,
    unit: int,
    peak: Array,
    rising: Array,
    falling: Array,
    rng: np.random.Generator,
    *,
    uneven: float,
) -> None:
    """Add one unit's rise (and fall) with its own delay, speed and asymmetry."""
    delay, haste = rng.uniform(0, 0.25), rng.uniform(0.85, 1.0)
    up = _ease((rising - delay) / (1 - delay) / haste)
    down = _ease((falling - rng.uniform(0, 0.3)) / 0.7)
    sided = peak * np.exp(rng.normal(0, uneven, 2))
    place = UNITS.index(unit)
    units[:, place] = np.maximum(units[:, place], (up * (1 - down))[:, None] * np.clip(sided, 0, 1))


def _blinks(rng: np.random.Generator, frames: int, apex: int) -> Array:
    """(T,) closure of the lids: about one blink every three seconds, none at the apex."""
    shut = np.zeros(frames)
    at = float(rng.exponential(60))
    while at < frames:
        if abs(at - apex) > 4 and at > 3:
            shut = np.maximum(shut, np.exp(-(((np.arange(frames) - at) / 1.3) ** 2)))
        at += float(rng.exponential(75)) + 10
    return shut * (shut > 0.05)


def _body(
    emotion: str, rng: np.random.Generator, frames: int, hard: Difficulty, shown: Array
) -> tuple[Array, Array, Array]:
    """Pose, drift of the head, and gaze."""
    spread = np.radians(hard.pose)
    still = np.clip(rng.normal(0, 1, 3), -2, 2) * spread
    pose = still + 0.25 * spread * _wander(rng, frames, 3, 80)
    nod = {"surprise": -0.04, "fear": -0.05, "sadness": 0.06, "contempt": -0.04, "anger": 0.04}
    pose[:, 1] += nod.get(emotion, 0.0) * shown * rng.uniform(0, 1.5)
    pose[:, 2] += rng.normal(0, 0.03) * shown
    drift = 0.03 * _wander(rng, frames, 2, 90) * (1 + 10 * hard.idle)
    gaze = 0.05 * rng.normal(size=2) + 0.03 * _wander(rng, frames, 2, 40)
    gaze = gaze - 0.5 * np.sin(pose[:, :2])  # the eyes stay on the camera
    return pose, drift, np.clip(gaze, -0.25, 0.25)
