"""A yardstick: a linear model of what moved, from the built-in movement network's estimates.

A clip is one sample: the mean estimate of its `FARTHEST` frames farthest from the first one, less
the first one's. So no annotation of the apex is needed, and a clip that ends at the apex and one
that returns to rest are treated alike.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fervid.atomic import digest_of
from fervid.errors import InputError
from fervid.evaluation.baseline import predict
from fervid.faces.action_units import SHAPES
from fervid.faces.movements import Movements
from fervid.faces.track import Track
from fervid.faces.versions import MOVEMENTS as WEIGHTS
from fervid.learning.run import Run
from fervid.learning.samples import Samples

NAME = "movements"
FARTHEST = 3

Floats = NDArray[np.float32]


@lru_cache(maxsize=1)
def _network() -> Movements:
    return Movements()


def moved(shapes: Floats) -> Floats:
    """(51,) what moved in a clip: the mean of the frames farthest from the first one, less that.

    Args:
        shapes: (T, 51) estimates of the frames with a face, in order.
    """
    change = shapes - shapes[0]
    farthest = np.argsort(-np.linalg.norm(change, axis=1), kind="stable")[:FARTHEST]
    return np.asarray(change[farthest].mean(axis=0), np.float32)


@dataclass(frozen=True)
class LinearMovements:
    """A system of one linear model: `fervid evaluate movements` reports it and the yardsticks.

    Args:
        labels: K names; empty before it is fitted.
        weights: digest of the movement network, so that runs with another one are told apart.
    """

    per_frame: ClassVar[bool] = False
    validates: ClassVar[bool] = False
    output: ClassVar[str] = NAME
    name: str = NAME
    labels: tuple[str, ...] = ()
    weights: str = field(default_factory=lambda: digest_of(WEIGHTS)[:8])
    known: tuple[Floats, NDArray[np.int64]] | None = field(default=None, compare=False, repr=False)

    @property
    def system(self) -> "LinearMovements":
        """The system itself, which also serves as its recognizer."""
        return self

    def inputs(self, track: Track) -> dict[str, NDArray[Any]]:
        """One sample, (1, 51); none for a clip without a face."""
        usable = track.seen & np.isfinite(track.landmarks).all(axis=(1, 2))
        if not usable.any():
            return {NAME: np.zeros((0, len(SHAPES)), np.float32)}
        shapes = _network()(track.faces[usable], track.landmarks[usable])
        return {NAME: moved(shapes)[None]}

    def fit(self, train: Samples, validation: Samples, run: Run) -> "LinearMovements":
        """Keep the training samples; the linear model is fitted when it predicts."""
        known = (np.asarray(train.arrays[NAME], np.float32), train.target)
        return LinearMovements(labels=train.labels, weights=self.weights, known=known)

    def predict(self, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
        """Probabilities (N, K) of a logistic regression, not tuned on any data."""
        assert self.known is not None  # only a fitted one predicts
        test = np.asarray(arrays[NAME], np.float32)
        return {NAME: predict(*self.known, test, len(self.labels))}

    def save(self, path: Path, card: Mapping[str, Any]) -> None:
        """Raise InputError, because there is no model to save."""
        raise InputError("movements has no model to save: leave out --save-models")

    def load(self, path: Path) -> "LinearMovements":
        """Raise InputError, because there are no model files."""
        raise InputError(f"cannot load {path}: movements has no model files; name another system")
