"""What a system and a trained recognizer must offer. Nothing inherits from these protocols."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fervid.clip import Clip, Database
from fervid.errors import InputError
from fervid.faces.track import Track
from fervid.learning.run import Run
from fervid.learning.samples import Samples

Arrays = Mapping[str, NDArray[Any]]


class Recognizer(Protocol):
    """A trained system. The report prints its `remarks` (a tuple of sentences) if it has any."""

    @property
    def system(self) -> "System":
        """The recipe it was trained with."""

    @property
    def labels(self) -> tuple[str, ...]:
        """K label names, in the order of every probability vector."""

    @property
    def output(self) -> str:
        """Name of the network in `predict`'s result whose output is the prediction."""

    def predict(self, arrays: Arrays) -> dict[str, NDArray[np.float32]]:
        """Probabilities (N, K) from every network in the system, by name."""

    def save(self, path: Path, card: Mapping[str, Any]) -> None:
        """Write one safetensors file atomically, with labels, recipe and card in its metadata."""


class System(Protocol):
    """A published system: a frozen dataclass that holds the recipe's numbers and applies them.

    A system that starts from trained models, or imitates them, lists their files in `learns_from`,
    so that models trained on the test subjects can be refused.
    """

    @property
    def name(self) -> str:
        """Its key in `fervid.systems.SYSTEMS`."""

    @property
    def per_frame(self) -> bool:
        """Whether it classifies single frames, so that each row with a face is a sample."""

    def inputs(self, track: Track) -> dict[str, NDArray[Any]]:
        """Samples from a track, (N, ...) per array; N = 0 if too few frames show a face."""

    def fit(self, train: Samples, validation: Samples, run: Run) -> Recognizer:
        """Train on `train` and select epochs on `validation`, which shares no subject with it.

        If `validation` is empty, nothing is selected and the last epoch is kept.
        """

    def load(self, path: Path) -> Recognizer:
        """Load a saved recognizer.

        Raises:
            WeightsError: fervid did not write the file, or it holds another system.
        """


def check_pictures(system: System, track: Track, clip: Clip) -> None:
    """Refuse a track without pictures unless the system needs only landmarks.

    Such a system says so with `landmarks_only = True`.

    Raises:
        InputError: the system needs pictures, but the track has none.
    """
    if not track.pictured and not getattr(system, "landmarks_only", False):
        raise InputError(
            f"{clip.name} has landmarks without pictures, but {system.name} needs pictures: "
            "evaluate dtgn or linear, or put the video beside the table and prepare again"
        )


class Store(Protocol):
    """The part of `fervid.faces.Store` used here: a database's clips and the faces in them."""

    @property
    def database(self) -> Database:
        """The clips."""

    @property
    def digest(self) -> str:
        """Hash of the clips' faces and of the finder; the same on every machine."""

    @property
    def failed(self) -> Mapping[str, str]:
        """By clip name, why a clip has no track."""

    def main_track(self, clip: Clip) -> Track | None:
        """Track of the clip's main face, or None if no face was found."""

    def key(self, clip: Clip) -> str:
        """Hash of a clip's frames and of how faces were found in them; empty if unreadable."""
