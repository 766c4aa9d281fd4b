"""A model that is there already, judged as it is: a system whose `fit` trains nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fervid.errors import WeightsError
from fervid.faces.track import Track
from fervid.learning.run import Run
from fervid.learning.samples import Samples
from fervid.models.shipped import find_model, model_digest, open_model
from fervid.systems.interface import Recognizer, System


@dataclass(frozen=True)
class Pretrained:
    """The system of a model's file; every fold is answered by that one model.

    Whether it was trained on who is tested its card alone can tell (`card.check_unseen`).

    Args:
        name: the system's.
        model: the file's sha256, which stands for it in a run's identity.
        path: the file.
    """

    name: str
    model: str
    path: Path = field(compare=False)  # a run is the same wherever its model lies

    @classmethod
    def of(cls, model: str | Path, system: str = "") -> "Pretrained":
        """A shipped model by its name, or a file.

        Args:
            system: its name, where another system's model is to be refused.

        Raises:
            WeightsError: none of ours, or another system's.
        """
        path = find_model(model)
        held = open_model(path).system.name
        if system and held != system:
            raise WeightsError(f"{path} holds {held}, not {system}: evaluate {held} with it")
        return cls(held, model_digest(path), path)

    @cached_property
    def _recognizer(self) -> Recognizer:
        return open_model(self.path)

    @property
    def recipe(self) -> System:
        """The system it was trained by."""
        return self._recognizer.system

    @property
    def per_frame(self) -> bool:
        """As its own system."""
        return self.recipe.per_frame

    @property
    def landmarks_only(self) -> bool:
        """As its own system."""
        return bool(getattr(self.recipe, "landmarks_only", False))

    def inputs(self, track: Track) -> dict[str, NDArray[Any]]:
        """As its own system makes them."""
        return self.recipe.inputs(track)

    def fit(self, train: Samples, validation: Samples, run: Run) -> "Answering":
        """The model, answering with the labels of `train`.

        Raises:
            WeightsError: it does not know one of them.
        """
        own = self._recognizer.labels
        if strange := [label for label in train.labels if label not in own]:
            raise WeightsError(
                f"{self.path} was not trained to tell {', '.join(strange)}: "
                "use a model that knows every label of the database"
            )
        return Answering(self._recognizer, train.labels)

    def load(self, path: Path) -> Recognizer:
        """A recognizer of the same system."""
        return self.recipe.load(path)


@dataclass(frozen=True)
class Answering:
    """A recognizer whose answers are brought to other labels: those it alone knows are left out.

    What is left of a row is divided by its sum.
    """

    model: Recognizer
    labels: tuple[str, ...]

    @property
    def system(self) -> System:
        """The recipe it was trained by."""
        return self.model.system

    @property
    def output(self) -> str:
        """Name of the network whose output is the prediction."""
        return self.model.output

    def predict(self, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
        """Probabilities, (N, K), by network."""
        order = [self.model.labels.index(label) for label in self.labels]
        found = {name: p[:, order] for name, p in self.model.predict(arrays).items()}
        return {
            name: np.asarray(p / np.maximum(p.sum(1, keepdims=True), 1e-12), np.float32)
            for name, p in found.items()
        }

    def save(self, path: Path, card: Mapping[str, Any]) -> None:
        """The model itself."""
        self.model.save(path, card)
