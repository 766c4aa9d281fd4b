"""A person ready for drawing: all maps that stay the same from frame to frame."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from fervid.databases.drawn import action_units
from fervid.databases.drawn.hair import grow
from fervid.databases.drawn.identity import Identity, sample_identity
from fervid.databases.drawn.landmarks import COUNT
from fervid.databases.drawn.shape import SIDE, Map, Surface, sample, surface
from fervid.databases.drawn.skin import texture
from fervid.databases.drawn.warp import COLUMNS, ROWS, backward, nodes

# Control points that carry skin: lids slide over the eye instead.
CARRY = np.array([k for k in range(COUNT) if k not in (*range(36, 48),)])
# Upper lid points, and the lower lid point that each meets when the eye is shut.
UPPER, LOWER = np.array([37, 38, 43, 44]), np.array([41, 40, 47, 46])
SIDE_OF = np.array([0, 0, 1, 1])


@dataclass(frozen=True)
class Face:
    """One person's maps.

    Args:
        who: the person.
        head: the head at rest, without hair.
        radius: (SIDE, SIDE) the head with hair.
        colour: (N, N, 3) painted texture, square root of reflectance.
        gloss: (SIDE, SIDE) strength of specular reflection.
        relief: (2 units, SIDE * SIDE) folds and swellings, left sides first.
        moves: (units, 2, COUNT, 2) displacements of the control points.
        lids: (units, 2) effect of each unit on upper and lower lids.
        nodes: places at which the skin's warp is computed.
        window: (rows, columns, 1) weight of the warp.
    """

    who: Identity
    head: Surface
    radius: Map
    colour: NDArray[np.uint8]
    gloss: Map
    relief: Map
    moves: NDArray[np.float64]
    lids: NDArray[np.float64]
    nodes: NDArray[np.float32]
    window: Map


def build(who: Identity) -> Face:
    """All maps of a person, computed in a fraction of a second."""
    head = surface(who)
    hair = grow(who, head)
    small = cv2.resize(hair.cover, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    shiny = cv2.resize(hair.strands, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    gloss = (0.10 - 0.03 * who.age) * (1 - small) + 0.16 * small * np.clip(shiny, 0, 1.2) ** 2
    mobile = np.array(who.mobility[: len(action_units.UNITS)])[:, None, None, None]
    return Face(
        who,
        head,
        hair.radius,
        texture(who, head, hair),
        gloss.astype(np.float32),
        action_units.relief(head, who.age) * (1 - small).ravel(),
        action_units.moves() * mobile,
        action_units.lids(),
        nodes(),
        _window(),
    )


@lru_cache(maxsize=4)
def person(seed: int) -> Face:
    """The face of `sample_identity(seed)`; the last few are cached."""
    return build(sample_identity(seed))


def _window() -> Map:
    def ends(n: int, first: int, last: int) -> Map:
        places = np.arange(n, dtype=np.float32) + 0.5
        return np.clip(np.minimum(places / first, (n - places) / last), 0, 1)

    rows = ends(ROWS[1] - ROWS[0], 12, 12)
    columns = ends(COLUMNS[1] - COLUMNS[0], 12, 12)
    return np.outer(rows, columns)[..., None].astype(np.float32)


def move(face: Face, units: NDArray[np.float64]) -> NDArray[np.float64]:
    """Control points under action units.

    Args:
        units: (units, 2) intensities 0..1, left and right side of the image.

    Returns:
        (COUNT, 2) as (s, y).
    """
    rest = face.head.control
    now: NDArray[np.float64] = rest + np.einsum("uf,ufpc->pc", units, face.moves)
    _keep_lips_apart(now, rest)
    part = units.T @ face.lids  # (2 sides, upper and lower)
    opening = rest[LOWER, 1] - rest[UPPER, 1]
    lower = rest[LOWER, 1] - np.clip(part[SIDE_OF, 1], -0.2, 0.5) * opening
    shut = np.clip(part[SIDE_OF, 0], -0.5, 1)
    upper = rest[UPPER, 1] + shut * opening
    now[LOWER, 1] = lower
    now[UPPER, 1] = np.minimum(upper, lower - 0.004)
    return now


def _keep_lips_apart(now: NDArray[np.float64], rest: NDArray[np.float64]) -> None:
    """Lips press against each other but never pass through each other."""
    for top, low in ((61, 67), (62, 66), (63, 65)):
        gap = now[low, 1] - now[top, 1]
        least = 0.6 * (rest[low, 1] - rest[top, 1])
        if gap < least:
            now[top, 1] -= (least - gap) / 2
            now[low, 1] += (least - gap) / 2
    for outer, inner in ((50, 61), (51, 62), (52, 63)):
        least = 0.45 * (rest[inner, 1] - rest[outer, 1])
        now[outer, 1] = min(now[outer, 1], now[inner, 1] - least)
    for outer, inner in ((58, 67), (57, 66), (56, 65)):
        least = 0.45 * (rest[outer, 1] - rest[inner, 1])
        now[outer, 1] = max(now[outer, 1], now[inner, 1] + least)


def deform(face: Face, units: NDArray[np.float64], now: NDArray[np.float64]) -> tuple[Map, Map]:
    """The head under action units.

    Returns:
        the current radius, (SIDE, SIDE), and offsets, (SIDE, SIDE, 2) in cells, from each cell to
        its skin on the resting head.
    """
    field = backward(now[CARRY], face.head.control[CARRY], face.nodes)
    columns, rows = COLUMNS[1] - COLUMNS[0], ROWS[1] - ROWS[0]
    fine = cv2.resize(field, (columns, rows), interpolation=cv2.INTER_CUBIC)
    whole = np.zeros((SIDE, SIDE, 2), np.float32)
    whole[slice(*ROWS), slice(*COLUMNS)] = fine * face.window * (SIDE / 4.8)
    weights = np.concatenate([units[:, 0], units[:, 1]]).astype(np.float32)
    used = np.flatnonzero(np.abs(weights) > 1e-3)
    rest = face.radius
    if len(used):
        rest = rest + (weights[used] @ face.relief[used]).reshape(SIDE, SIDE)
    places = whole + _identity_map()
    return sample(rest, places), whole


@lru_cache(maxsize=1)
def _identity_map() -> Map:
    steps = np.arange(SIDE, dtype=np.float32)
    return np.stack(np.meshgrid(steps, steps), axis=-1)
