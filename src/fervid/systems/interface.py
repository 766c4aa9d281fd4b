"""What a system and what it learns must offer; nothing inherits from these."""

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
    """A trained system; one with `remarks`, a tuple of sentences, has them said in the report."""

    @property
    def system(self) -> "System":
        """The recipe that it was trained by."""

    @property
    def labels(self) -> tuple[str, ...]:
        """K names, the order of every probability vector."""

    @property
    def output(self) -> str:
        """Which of `predict`'s networks is the system's answer."""

    def predict(self, arrays: Arrays) -> dict[str, NDArray[np.float32]]:
        """Probabilities, (N, K), of every network in the system, by name."""

    def save(self, path: Path, card: Mapping[str, Any]) -> None:
        """One safetensors file, written atomically; labels, recipe and card in its metadata."""


class System(Protocol):
    """A published system as a frozen dataclass: the recipe's numbers, and their use.

    One that begins from, or imitates, trained models names their files as `learns_from`: they must
    not know who is tested.
    """

    @property
    def name(self) -> str:
        """As in `fervid.systems.SYSTEMS`."""

    @property
    def per_frame(self) -> bool:
        """Whether it judges every frame by itself: a row with a face is a sample."""

    def inputs(self, track: Track) -> dict[str, NDArray[Any]]:
        """A track's samples, (N, ...) each; N = 0 where the track holds too little of a face."""

    def fit(self, train: Samples, validation: Samples, run: Run) -> Recognizer:
        """Train; `validation` selects, is never trained on and never holds a subject of `train`.

        Nothing is selected where it is empty: the last epoch counts.
        """

    def load(self, path: Path) -> Recognizer:
        """A recognizer saved earlier.

        Raises:
            WeightsError: not ours, or of another system.
        """


def check_pictures(system: System, track: Track, clip: Clip) -> None:
    """Refuse landmarks without pictures for a system that looks at pictures.

    One that does not says so by `landmarks_only = True`.

    Raises:
        InputError: the system needs pictures, and the track has none.
    """
    if not track.pictured and not getattr(system, "landmarks_only", False):
        raise InputError(
            f"{clip.name} has landmarks without pictures, and {system.name} needs pictures: "
            "evaluate dtgn or linear, or put the video beside the table and prepare again"
        )


class Store(Protocol):
    """What `fervid.faces.Store` offers: a database's clips with the faces found in them."""

    @property
    def database(self) -> Database:
        """The clips."""

    @property
    def digest(self) -> str:
        """Which faces, found by whom, on any machine."""

    @property
    def failed(self) -> Mapping[str, str]:
        """Why a clip (by name) has no track."""

    def main_track(self, clip: Clip) -> Track | None:
        """The face that the clip is about; None where none was found."""

    def key(self, clip: Clip) -> str:
        """Hash of a clip's frames and of how faces were found in them; empty if unreadable."""
