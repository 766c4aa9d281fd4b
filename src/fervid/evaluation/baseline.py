"""Yardsticks: linear models of the landmarks, reported beside every network.

A network that does not beat them gains nothing from its video, its pictures or its depth.
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
# Name of each yardstick -> its title, in the order of `points`.
YARDSTICKS: Mapping[str, str] = {
    NAME: "landmarks, linear",
    "landmarks-change": "landmarks less the first frame, linear",
}


def points(track: Track, course: Course) -> NDArray[np.float32] | None:
    """(2, 136) inputs of the yardsticks; None without a face.

    The 68 landmarks of the frame nearest the apex (`apex`), and the same minus the first frame's.
    """
    row = apex(track, course)
    if row is None:
        return None
    first = int(np.flatnonzero(_usable(track))[0])
    shape, rest = normalise(track.landmarks[[row, first]]).reshape(2, -1)
    return np.stack([shape, shape - rest]).astype(np.float32)


def apex(track: Track, course: Course) -> int | None:
    """Row of the frame nearest the apex; None without a face.

    If the course ends at the apex (or is a single frame), this is the last frame with a face.
    Otherwise the position of the apex is unknown [1, Sec. 5.4], and it is the frame whose
    landmarks are farthest from those of the first frame.
    """
    rows = np.flatnonzero(_usable(track))
    if not len(rows):
        return None
    if course in ("onset-apex", "still"):
        return int(rows[-1])
    shapes = normalise(track.landmarks[rows])
    return int(rows[np.linalg.norm(shapes - shapes[0], axis=2).mean(axis=1).argmax()])


def _usable(track: Track) -> NDArray[np.bool_]:
    """(T,) whether each row has a face with all its landmarks."""
    usable: NDArray[np.bool_] = track.seen & np.isfinite(track.landmarks).all(axis=(1, 2))
    return usable


def predictions(
    points: Mapping[int, NDArray[np.float32]],
    target: Mapping[int, int],
    train: NDArray[np.int64],
    test: NDArray[np.int64],
    labels: int,
) -> dict[str, NDArray[np.float32]]:
    """(N, K) probabilities of each yardstick; for stills, the yardstick of change is omitted.

    Args:
        points: clip -> result of `points`.
        target: clip -> index of its label.
        train: clips to fit on, the same as for the networks.
        test: (N,) clips to predict.
        labels: K, the number of labels.
    """
    known = np.array([target[int(clip)] for clip in train], np.int64)
    fitted, tested = (np.stack([points[int(clip)] for clip in side]) for side in (train, test))
    moving = any(shapes[1].any() for shapes in points.values())
    names = list(YARDSTICKS)[: 2 if moving else 1]
    return {
        name: predict(fitted[:, place], known, tested[:, place], labels)
        for place, name in enumerate(names)
    }


def predict(
    train: NDArray[np.float32], target: NDArray[np.int64], test: NDArray[np.float32], labels: int
) -> NDArray[np.float32]:
    """(N, K) probabilities of a logistic regression on standardised points.

    The regularisation is scikit-learn's default (C = 1), not tuned on any data.

    Args:
        train: (M, D) points to fit on.
        target: (M,) label indices.
        test: (N, D) points to predict.
        labels: K, the number of labels.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    probabilities = np.zeros((len(test), labels), np.float32)
    known = np.unique(target)
    if not len(test):
        return probabilities
    if len(known) == 1:
        probabilities[:, known] = 1
        return probabilities
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000))
    with threadpool_limits(1):  # the same bits everywhere, and no waiting for threads of so little
        probabilities[:, known] = model.fit(train, target).predict_proba(test)
    return probabilities


@dataclass(frozen=True)
class Linear:
    """A system without a network: `fervid evaluate linear` reports only the yardsticks."""

    per_frame: ClassVar[bool] = False
    landmarks_only: ClassVar[bool] = True
    output: ClassVar[str] = NAME
    name: str = "linear"
    labels: tuple[str, ...] = ()

    @property
    def system(self) -> "Linear":
        """The system itself, which also serves as its recognizer."""
        return self

    def inputs(self, track: Track) -> dict[str, NDArray[Any]]:
        """One empty sample for every clip with a face."""
        return {"nothing": np.zeros((int(_usable(track).any()), 1), np.float32)}

    def fit(self, train: Samples, validation: Samples, run: Run) -> "Linear":
        """Train nothing, because `predictions` fits the yardsticks."""
        return Linear(labels=train.labels)

    def predict(self, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
        """Predict nothing, because there is no network."""
        return {}

    def save(self, path: Path, card: Mapping[str, Any]) -> None:
        """Raise InputError, because there is no model to save."""
        raise InputError("linear has no model to save: leave out --save-models")

    def load(self, path: Path) -> "Linear":
        """Raise InputError, because there are no model files."""
        raise InputError(f"cannot load {path}: linear has no model files; name another system")
