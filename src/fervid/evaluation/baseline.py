"""The yardsticks: what a linear model knows of the landmarks, shown beside every network.

A network that does not beat them has not needed its video, its pictures or its depth.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fervid.clip import Course
from fervid.errors import InputError
from fervid.faces.align import normalise
from fervid.faces.track import Track
from fervid.learning.run import Run
from fervid.learning.samples import Samples

NAME = "landmarks"
# By network: what it is called; the order of `points`.
YARDSTICKS: Mapping[str, str] = {
    NAME: "landmarks, linear",
    "landmarks-change": "landmarks less the first frame, linear",
}


def points(track: Track, course: Course) -> NDArray[np.float32] | None:
    """(2, 136) what the yardsticks see; None without a face.

    The 68 landmarks of the frame nearest the apex (`apex`), and those less the first frame's.
    """
    row = apex(track, course)
    if row is None:
        return None
    first = int(np.flatnonzero(_usable(track))[0])
    shape, rest = normalise(track.landmarks[[row, first]]).reshape(2, -1)
    return np.stack([shape, shape - rest]).astype(np.float32)


def apex(track: Track, course: Course) -> int | None:
    """The row of the frame nearest the apex; None without a face.

    Where the course is known to end in the apex (or is one frame) that is the last frame with a
    face. Elsewhere nobody says where the apex lies [1, Sec. 5.4], and the frame whose landmarks
    lie farthest from the first one's is taken.
    """
    rows = np.flatnonzero(_usable(track))
    if not len(rows):
        return None
    if course in ("onset-apex", "still"):
        return int(rows[-1])
    shapes = normalise(track.landmarks[rows])
    return int(rows[np.linalg.norm(shapes - shapes[0], axis=2).mean(axis=1).argmax()])


def _usable(track: Track) -> NDArray[np.bool_]:
    """(T,) whether a row has a face with all its landmarks."""
    usable: NDArray[np.bool_] = track.seen & np.isfinite(track.landmarks).all(axis=(1, 2))
    return usable


def answers(
    points: Mapping[int, NDArray[np.float32]],
    target: Mapping[int, int],
    train: NDArray[np.int64],
    test: NDArray[np.int64],
    labels: int,
) -> dict[str, NDArray[np.float32]]:
    """(N, K) probabilities by yardstick; stills have no change and no yardstick of it.

    Args:
        points: as the function of that name gives them, by clip.
        target: index of the label, by clip.
        train: clips to fit on, the very ones that the networks are fitted on.
        test: (N,) clips.
        labels: K.
    """
    known = np.array([target[int(clip)] for clip in train], np.int64)
    fit, seen = (np.stack([points[int(clip)] for clip in side]) for side in (train, test))
    moved = any(shapes[1].any() for shapes in points.values())
    names = list(YARDSTICKS)[: 2 if moved else 1]
    return {
        name: predict(fit[:, place], known, seen[:, place], labels)
        for place, name in enumerate(names)
    }


def predict(
    train: NDArray[np.float32], target: NDArray[np.int64], test: NDArray[np.float32], labels: int
) -> NDArray[np.float32]:
    """(N, K) probabilities of a logistic regression on standardised points.

    The regularisation is scikit-learn's default (C = 1); nothing is chosen on any data.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    answer = np.zeros((len(test), labels), np.float32)
    known = np.unique(target)
    if not len(test):
        return answer
    if len(known) == 1:
        answer[:, known] = 1
        return answer
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000))
    answer[:, known] = model.fit(train, target).predict_proba(test)
    return answer


@dataclass(frozen=True)
class Linear:
    """A system without a network: `fervid evaluate linear` reports the yardsticks alone."""

    per_frame: ClassVar[bool] = False
    landmarks_only: ClassVar[bool] = True
    output: ClassVar[str] = NAME
    name: str = "linear"
    labels: tuple[str, ...] = ()

    @property
    def system(self) -> "Linear":
        """It is its own recognizer, as it learns nothing."""
        return self

    def inputs(self, track: Track) -> dict[str, NDArray[Any]]:
        """A sample without content for every clip with a face."""
        return {"nothing": np.zeros((int(_usable(track).any()), 1), np.float32)}

    def fit(self, train: Samples, validation: Samples, run: Run) -> "Linear":
        """Nothing: `answers` fits what is reported."""
        return Linear(labels=train.labels)

    def predict(self, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
        """No network of its own."""
        return {}

    def save(self, path: Path, card: Mapping[str, Any]) -> None:
        """Raises InputError: there is nothing to keep."""
        raise InputError("linear is a yardstick, no model: leave --save-models out")

    def load(self, path: Path) -> "Linear":
        """Raises InputError, as `save`."""
        raise InputError(f"{path}: linear is a yardstick, which no file holds: name another system")
