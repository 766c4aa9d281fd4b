"""A drawn face in a person's place: our own pixels, bent onto the person's landmarks."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from fervid.databases.drawn.action_units import UNITS
from fervid.databases.drawn.camera import Light, View
from fervid.databases.drawn.face import person
from fervid.databases.drawn.render import render

PEOPLE = (3, 8, 15, 21, 27, 30, 34, 42)  # seeds of the faces that stand in, by turns
SIDES = (96, 192, 384, 768)  # of a portrait in pixels; the smallest that is fine enough is drawn
PUPILS = 0.21  # distance of a portrait's pupils, as part of its side
FADE = 0.12  # part of a portrait's side over which the neck fades out
BACKDROP = (58, 62, 68)

Points = NDArray[np.float32]


@dataclass(frozen=True)
class Portrait:
    """A drawn face, ready to be bent.

    Args:
        picture: (S, S, 4) float32 RGB and how much it covers, 0..1.
        points: (68 + 8, 2) landmarks and the picture's rim, pixels.
        triangles: (M, 3) points that span the picture.
    """

    picture: NDArray[np.float32]
    points: Points
    triangles: NDArray[np.int32]


def backdrop(shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """(H, W, 3) an empty frame to put drawn faces into."""
    return np.full((*shape[:2], 3), BACKDROP, np.uint8)


def put(canvas: NDArray[np.uint8], landmarks: Points, number: int = 0) -> None:
    """Draw a face into a frame so that its landmarks lie where the person's do.

    Args:
        canvas: (H, W, 3) RGB, changed in place.
        landmarks: (68, 2) pixels of the frame.
        number: which person stands in; the same number is always the same face.
    """
    size = float(np.linalg.norm(landmarks[36:42].mean(axis=0) - landmarks[42:48].mean(axis=0)))
    side = next((side for side in SIDES if side * PUPILS >= size), SIDES[-1])
    portrait = _portrait(PEOPLE[number % len(PEOPLE)], side)
    goal = _placed(portrait.points, landmarks)
    low = np.clip(np.floor(goal.min(axis=0)).astype(int), 0, canvas.shape[1::-1])
    high = np.clip(np.ceil(goal.max(axis=0)).astype(int) + 1, 0, canvas.shape[1::-1])
    if (high - low).min() < 2:
        return
    places = _places(portrait, goal - low.astype(np.float32), (high - low).tolist())
    column, row = cv2.split(places)
    bent = cv2.remap(portrait.picture, column, row, cv2.INTER_LINEAR)  # nothing outside: cover 0
    part = canvas[low[1] : high[1], low[0] : high[0]]
    part[:] = (part + bent[..., 3:] * (bent[..., :3] - part)).round().astype(np.uint8)


@lru_cache(maxsize=2 * len(PEOPLE))
def _portrait(seed: int, side: int) -> Portrait:
    from scipy.spatial import Delaunay

    view = View(scale=PUPILS * side, x=side / 2, y=0.52 * side)
    units = np.zeros((len(UNITS), 2))
    for unit, strength in ((25, 0.7), (26, 0.5)):  # a mouth that has an inside to show
        units[UNITS.index(unit)] = strength
    pictures = []
    for grey in (0, 255):
        wall = np.full((side, side, 3), grey, np.uint8)
        picture, landmarks = render(person(seed), units, view, Light(), wall)
        pictures.append(picture.astype(np.float32))
    dark, bright = pictures
    cover = np.clip(1 - (bright - dark).mean(axis=2) / 255, 0, 1)
    colour = dark / np.maximum(cover, 1e-3)[..., None]
    cover *= np.clip((side - 1 - np.arange(side)) / (FADE * side), 0, 1)[:, None]
    layers = np.dstack([np.clip(colour, 0, 255), cover]).astype(np.float32)
    last = side - 1
    steps = (0, last / 2, last)
    rim = [(x, y) for y in steps for x in steps if (x, y) != (last / 2, last / 2)]
    points = np.concatenate([landmarks, np.array(rim, np.float32)])
    return Portrait(layers, points, Delaunay(points).simplices.astype(np.int32))


def _placed(points: Points, landmarks: Points) -> Points:
    """Where a portrait's points come to lie: the landmarks themselves, its rim as they turn."""
    known = np.column_stack([points[:68], np.ones(68)])
    turn = np.linalg.lstsq(known, landmarks, rcond=None)[0]
    rim = np.column_stack([points[68:], np.ones(len(points) - 68)]) @ turn
    return np.concatenate([landmarks, rim]).astype(np.float32)


def _places(portrait: Portrait, goal: Points, size: list[int]) -> NDArray[np.float32]:
    """(h, w, 2) which place of the portrait is seen at each pixel; -1 where none is."""
    corners = np.concatenate([goal, np.ones((len(goal), 1), np.float32)], axis=1)
    spans = corners[portrait.triangles].astype(np.float64)  # (M, 3, 3)
    flat = np.abs(np.linalg.det(spans)) < 1e-2  # a shut eye, lips that touch
    spans[flat] = np.eye(3)
    moves = np.linalg.solve(spans, portrait.points[portrait.triangles])  # (M, 3, 2)
    number = np.full((size[1], size[0]), -1, np.int32)
    for k in np.flatnonzero(~flat):
        corner = np.round(goal[portrait.triangles[k]] * 16).astype(np.int32)
        cv2.fillConvexPoly(number, corner, int(k), cv2.LINE_8, 4)
    x, y = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    move = moves[number]
    places = x[..., None] * move[..., 0, :] + y[..., None] * move[..., 1, :] + move[..., 2, :]
    places[number < 0] = -1e4
    return np.asarray(places, np.float32)
