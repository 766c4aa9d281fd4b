"""A trained 3D Inception-ResNet."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fervid.learning import weights
from fervid.learning.batches import Batch
from fervid.systems.ir3d.network import InceptionResNet

if TYPE_CHECKING:
    from fervid.systems.ir3d.recipe import IR3D


def answer(logits: Tensor) -> Tensor:
    """(B, K) logits whose softmax is the answer: of steps, the mean of their probabilities.

    Args:
        logits: (B, K) or (B, T, K).
    """
    logits = logits.float()
    if logits.ndim == 2:
        return logits
    return logits.log_softmax(2).logsumexp(1) - math.log(logits.shape[1])


@dataclass
class IR3DRecognizer:
    """The network, and those it is compared with.

    Args:
        system: the recipe it was trained by.
        labels: K names, the order of every probability vector.
        networks: by name.
    """

    system: IR3D
    labels: tuple[str, ...]
    networks: dict[str, InceptionResNet]

    @property
    def output(self) -> str:
        """Which of `predict`'s networks is the answer."""
        return self.system.name

    @torch.no_grad()
    def predict(
        self, arrays: Mapping[str, NDArray[Any]], size: int = 8
    ) -> dict[str, NDArray[np.float32]]:
        """Probabilities, (N, K), of every network.

        Args:
            arrays: as the system's `inputs` makes them, N samples.
            size: how many at a time.
        """
        device = next(self._modules().eval().parameters()).device
        found = {name: [torch.zeros(0, len(self.labels))] for name in self.networks}
        for start in range(0, len(arrays["faces"]), size):
            some = {k: torch.tensor(np.asarray(v[start : start + size])) for k, v in arrays.items()}
            none = torch.zeros(len(some["faces"]), dtype=torch.int64)
            eaten = self.system.eaten(Batch(some, none, none).to(device))
            for name, network in self.networks.items():
                found[name].append(answer(network(*eaten)).softmax(1).cpu())
        return {name: torch.cat(parts).numpy() for name, parts in found.items()}

    def to(self, device: str) -> IR3DRecognizer:
        """The same, predicting on a device."""
        self._modules().to(device)
        return self

    def _modules(self) -> nn.ModuleDict:
        return nn.ModuleDict(self.networks)

    def save(self, path: Path, card: Mapping[str, Any]) -> None:
        """One safetensors file, written atomically, with labels, recipe and card in its metadata.

        Args:
            card: licence, what it was trained on, anything else JSON can hold.
        """
        tensors = self._modules().state_dict()
        weights.save_system(path, tensors, self.system, self.labels, card)

    def restore(self, tensors: Mapping[str, Tensor], path: Path) -> None:
        """Put saved weights in place.

        Raises:
            WeightsError: they are of other names or shapes.
        """
        weights.check_shapes(path, tensors, self._modules().state_dict())
        self._modules().load_state_dict(dict(tensors))
        self._modules().eval()
