"""A trained system: recipe, labels and networks. All systems share this one class."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fervid.learning import batches, weights
from fervid.learning.batches import Batch

Arrays = Mapping[str, NDArray[Any]]


class Networks(Protocol):
    """What a recognizer needs from a system: its networks and their outputs for a batch."""

    @property
    def name(self) -> str:
        """Its key in `fervid.systems.SYSTEMS`."""

    @property
    def output(self) -> str:
        """Name of the network whose output is the prediction."""

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of all networks, in table order."""

    @property
    def predict_batch(self) -> int:
        """Default number of samples to predict at a time."""

    def networks(self, labels: int) -> nn.ModuleDict:
        """All networks for K labels, untrained, by name."""

    def answers(self, networks: nn.ModuleDict, batch: Batch) -> dict[str, Tensor]:
        """Probabilities (B, K) by network, or whatever (B, ...) `combined` needs."""

    def combined(
        self, networks: nn.ModuleDict, answers: dict[str, Tensor], arrays: Arrays
    ) -> dict[str, Tensor]:
        """Probabilities (N, K) by network, from the answers for all N samples."""


class OneByOne:
    """A system whose prediction for a sample depends on no other sample."""

    def combined(
        self, networks: nn.ModuleDict, answers: dict[str, Tensor], arrays: Arrays
    ) -> dict[str, Tensor]:
        """Return the answers unchanged."""
        return answers


S = TypeVar("S", bound=Networks)


@dataclass
class Recognizer(Generic[S]):
    """A trained system.

    Args:
        system: recipe it was trained with.
        labels: K label names, in the order of every probability vector.
        networks: networks by name, as `system.networks` builds them.
        remarks: sentences that the report prints.
    """

    system: S
    labels: tuple[str, ...]
    networks: nn.ModuleDict
    remarks: tuple[str, ...] = field(default=())

    @property
    def output(self) -> str:
        """Name of the network whose output is the prediction."""
        return self.system.output

    @torch.no_grad()
    def predict(self, arrays: Arrays, size: int = 0) -> dict[str, NDArray[np.float32]]:
        """Probabilities (N, K) from every network.

        Args:
            arrays: N samples as the system's `inputs` returns them.
            size: batch size; 0 for the system's default.
        """
        self.networks.eval()
        device = next(self.networks.parameters()).device
        parts: dict[str, list[Tensor]] = {}
        for batch in batches.of_arrays(arrays, size or self.system.predict_batch):
            for name, answer in self.system.answers(self.networks, batch.to(device)).items():
                parts.setdefault(name, []).append(answer.float().cpu())
        if not parts:
            empty = np.zeros((0, len(self.labels)), np.float32)
            return dict.fromkeys(self.system.outputs, empty)
        answers = {name: torch.cat(rows) for name, rows in parts.items()}
        combined = self.system.combined(self.networks, answers, arrays)
        return {name: combined[name].numpy() for name in self.system.outputs}

    def to(self, device: str) -> "Recognizer[S]":
        """Move the networks to a device and return the recognizer."""
        self.networks.to(device)
        return self

    def save(self, path: Path, card: Mapping[str, Any]) -> None:
        """Write one safetensors file with labels, recipe and card in its metadata, atomically.

        Args:
            card: licence, training data and anything else that JSON can hold.
        """
        tensors = self.networks.state_dict()
        weights.save_system(path, tensors, self.system, self.labels, card, remarks=self.remarks)


def load(path: Path, system: S) -> Recognizer[S]:
    """Load a saved recognizer together with the recipe it was trained with.

    Raises:
        WeightsError: fervid did not write the file, or it holds another system.
    """
    tensors, card, recipe = weights.load_system(path, system)
    with weights.restoring(path):
        labels = tuple(card["labels"])
        networks = recipe.networks(len(labels))
        weights.check_shapes(path, tensors, networks.state_dict())
        networks.load_state_dict(tensors)
        return Recognizer(recipe, labels, networks.eval(), tuple(card.get("remarks", ())))
