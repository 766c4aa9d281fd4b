"""Evaluate an existing model: a system whose `fit` returns that model without training."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fervid.atomic import digest_of
from fervid.device import moved
from fervid.errors import WeightsError
from fervid.faces.track import Track
from fervid.learning.run import Run
from fervid.learning.samples import Samples
from fervid.models.shipped import find_model, open_model, system_of
from fervid.systems.interface import Recognizer, System


@dataclass(frozen=True)
class Pretrained:
    """A system that uses one model file for the predictions in every fold.

    Only the model's card says whether it was trained on the test data (`card.check_unseen`).

    Args:
        name: name of the model's system.
        model: SHA-256 of the file, which represents it in a run's identity.
        path: the model file.
    """

    name: str
    model: str
    path: Path = field(compare=False)  # a run does not depend on where its model is stored

    @classmethod
    def of(cls, model: str | Path, system: str = "") -> "Pretrained":
        """Open a shipped model, given by name, or a model file.

        Args:
            system: name of the system that the model must belong to; empty for any.

        Raises:
            WeightsError: fervid did not write the file, or it is for another system.
        """
        path = find_model(model)
        held = system_of(path)
        if system and held != system:
            raise WeightsError(f"{path} holds {held}, not {system}: evaluate {held} with it")
        return cls(held, digest_of(path), path)

    @cached_property
    def _recognizer(self) -> Recognizer:
        return open_model(self.path)

    @property
    def recipe(self) -> System:
        """The recipe that the model was trained with."""
        return self._recognizer.system

    @property
    def per_frame(self) -> bool:
        """Whether the model's system predicts every frame by itself."""
        return self.recipe.per_frame

    @property
    def landmarks_only(self) -> bool:
        """As its own system."""
        return bool(getattr(self.recipe, "landmarks_only", False))

    def inputs(self, track: Track) -> dict[str, NDArray[Any]]:
        """The track's samples, as made by the model's system."""
        return self.recipe.inputs(track)

    def fit(self, train: Samples, validation: Samples, run: Run) -> "Relabelled":
        """Return the model with its predictions restricted to the labels of `train`.

        Raises:
            WeightsError: the model lacks one of these labels.
            InputError: there is no such device as the run asks for.
        """
        own = self._recognizer.labels
        if unknown := [label for label in train.labels if label not in own]:
            raise WeightsError(
                f"{self.path} was not trained on the labels {', '.join(unknown)}: "
                "use a model that has every label of the database"
            )
        return Relabelled(moved(self._recognizer, run.device), train.labels)

    def load(self, path: Path) -> Recognizer:
        """Load a recognizer of the same system."""
        return self.recipe.load(path)


@dataclass(frozen=True)
class Relabelled:
    """A recognizer restricted to some of its labels, in a new order.

    Probabilities of the other labels are dropped, and each row is divided by its new sum.
    """

    model: Recognizer
    labels: tuple[str, ...]

    @property
    def system(self) -> System:
        """The recipe that the model was trained with."""
        return self.model.system

    @property
    def output(self) -> str:
        """Name of the network whose output is the prediction."""
        return self.model.output

    def predict(self, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
        """Probabilities (N, K) by network."""
        order = [self.model.labels.index(label) for label in self.labels]
        selected = {name: p[:, order] for name, p in self.model.predict(arrays).items()}
        return {
            name: np.asarray(p / np.maximum(p.sum(1, keepdims=True), 1e-12), np.float32)
            for name, p in selected.items()
        }

    def save(self, path: Path, card: Mapping[str, Any]) -> None:
        """Save the underlying model, with all its labels."""
        self.model.save(path, card)
