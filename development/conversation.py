"""A film of two drawn people: the second shows what the first shows, a second later.

    python development/conversation.py couple.mp4

For pictures in the documentation, and for trying what follows two faces.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fervid.databases.drawn.camera import View
from fervid.databases.drawn.drawing import RATE
from fervid.databases.drawn.face import person
from fervid.databases.drawn.motion import DIFFICULTY, Performance, perform
from fervid.databases.drawn.render import render
from fervid.databases.drawn.scene import expose, lay, set_up
from fervid.faces import write_video

SECONDS, LAG, SIZE = 48.0, 1.0, 240
EMOTIONS = ("happiness", "surprise", "anger", "sadness")
PEOPLE = (15, 18)  # seeds of their faces


def script(seed: int) -> list[tuple[int, Performance]]:
    """First frames of expressions, each with its performance; from one to three seconds apart."""
    rng = np.random.default_rng(seed)
    frame, played = RATE, []
    while frame < (SECONDS - LAG - 4) * RATE:
        each = perform(str(rng.choice(EMOTIONS)), rng, "full", "easy")
        played.append((int(frame), each))
        frame += len(each) + RATE * rng.uniform(1, 3)
    return played


def film(who: int, played: list[tuple[int, Performance]], late: int) -> Iterator[NDArray[np.uint8]]:
    """One person's half of the picture, frame after frame."""
    rng = np.random.default_rng(who)
    face = person(who)
    view = View(scale=SIZE * 0.22, x=SIZE / 2, y=SIZE * 0.52)
    scene = set_up(rng, face.who, view, DIFFICULTY["easy"], (SIZE, SIZE))
    first = played[0][1]
    acts = {late + begin + t: (each, t) for begin, each in played for t in range(len(each))}
    for frame in range(round(SECONDS * RATE)):
        each, t = acts.get(frame, (first, 0))  # at rest as before the first expression
        x, y = each.drift[t] * view.scale
        yaw, pitch, roll = each.pose[t]
        now = View(yaw, pitch, roll, view.scale, view.x + x, view.y + y)
        gaze = (float(each.gaze[t, 0]), float(each.gaze[t, 1]))
        picture, _ = render(face, each.units[t], now, scene.light, scene.background, gaze)
        lay(picture, scene.torso, (0.6 * float(x), 0.6 * float(y)))
        yield expose(picture, scene, rng)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    played = script(0)
    halves = [film(who, played, round(place * LAG * RATE)) for place, who in enumerate(PEOPLE)]
    both = [np.concatenate(pair, axis=1) for pair in zip(*halves, strict=True)]
    write_video(Path(sys.argv[1]), np.stack(both), RATE)
