"""A world that is quick to see: coloured squares are faces, their blue tells the label."""

import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fervid.faces.align import RIGID
from fervid.faces.detections import Detections
from fervid.faces.track import Track
from fervid.faces.video import write_video
from fervid.predict import batch, work

LABELS = ("happiness", "anger")
RED, GREEN = (230, 30), (30, 230)


def _shape() -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    points = np.stack([np.cos(angle), 0.5 + np.sin(angle)], axis=1)
    for index, place in RIGID.items():
        points[index] = place
    return (points - points.min(axis=0)) / np.ptp(points, axis=0)  # in 0..1


SHAPE = _shape()


@dataclass
class Squares:
    """A finder: one face for each colour that covers more than 100 pixels."""

    version: str = "squares 1"
    began: int = 0

    def begin(self) -> None:
        self.began += 1

    def close(self) -> None:
        pass

    def __call__(self, image: np.ndarray, time: float) -> Detections:
        found = []
        for first, second in (RED, GREEN):
            there = np.abs(image[..., 0].astype(int) - first) < 60
            there &= np.abs(image[..., 1].astype(int) - second) < 60
            if there.sum() > 100:
                y, x = np.nonzero(there)
                low, high = np.array([x.min(), y.min()]), np.array([x.max(), y.max()])
                found.append(low + SHAPE * (high - low))
        points = np.array(found, np.float32).reshape(-1, 68, 2)
        return Detections(points, np.ones(len(points), np.float32))


class Blue:
    """A system: how blue a face is, over its window."""

    name = "blue"
    per_frame = False

    def inputs(self, track: Track) -> dict[str, np.ndarray]:
        seen = track.faces[track.seen]
        if not len(seen):
            return {"blue": np.zeros((0, 1), np.float32)}
        return {"blue": np.array([[seen[:, 140:180, 140:180, 2].mean() / 255]], np.float32)}


@dataclass
class BlueRecognizer:
    """Anger is as probable as the square is blue."""

    pause: float = 0.0
    labels: tuple[str, ...] = LABELS
    output: str = "answer"
    system: Blue = field(default_factory=Blue)
    asked: list[int] = field(default_factory=list)

    def predict(self, arrays: Any) -> dict[str, np.ndarray]:
        time.sleep(self.pause)
        blue = arrays["blue"][:, 0]
        self.asked.append(len(blue))
        return {"answer": np.stack([1 - blue, blue], axis=1), "other": np.full((len(blue), 2), 9.0)}


def film(
    path: Path,
    frames: int = 40,
    rate: float = 20.0,
    red: slice = slice(0, None),
    green: slice = slice(0, 0),
    blue: Any = lambda t: 128,
    times: Any = None,
    size: tuple[int, int] = (96, 128),
) -> Path:
    """A grey video in which a red and a green square are there in some of the frames."""

    def images() -> Any:
        for t in range(frames):
            image = np.full((*size, 3), 90, np.uint8)
            for span, colour, left in ((red, RED, 8), (green, GREEN, 72)):
                if t in range(*span.indices(frames)):
                    image[20:68, left : left + 48] = (*colour, blue(t))
            yield image

    write_video(path, images(), rate, times)
    return path


def install(pause: float = 0.0) -> BlueRecognizer:
    """Let `predict` see this world instead of the real one."""
    recognizer = BlueRecognizer(pause)
    work.open_model = lambda path, **_: recognizer  # type: ignore[assignment]
    work.find_by = lambda settings, **_: Squares()  # type: ignore[assignment]
    return recognizer


if __name__ == "__main__":  # squares.py MODEL OUT PAUSE INPUT...
    install(float(sys.argv[3]))
    print(batch.predict(sys.argv[4:], sys.argv[2], model=sys.argv[1], overlay=True).text())
