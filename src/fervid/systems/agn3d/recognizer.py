"""A trained 3DAGN."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fervid.learning import weights
from fervid.learning.batches import Batch
from fervid.learning.vgg import VGG16
from fervid.systems.agn3d import joint
from fervid.systems.agn3d.network import Joint, OwnPairs, Pairs

if TYPE_CHECKING:
    from fervid.systems.agn3d.recipe import AGN3D

Arrays = Mapping[str, NDArray[Any]]
# Samples at a time.
SIZE = 16


@dataclass
class AGN3DRecognizer:
    """Network 1, and network 2 of each pair of labels.

    Args:
        system: the recipe it was trained by.
        labels: K names, the order of every probability vector.
        appearance: network 1; picks the pair.
        geometry: network 2 of every pair trained so far; None where the answer is network 1's.
        alone: network 1 as it was before both were trained together.
        grow: trains network 2 of a pair by its number, for pairs that no training sample picked.
    """

    system: AGN3D
    labels: tuple[str, ...]
    appearance: nn.Module
    geometry: Pairs | None = None
    alone: nn.Module | None = None
    grow: Callable[[int], VGG16] | None = None

    @property
    def output(self) -> str:
        """Which of `predict`'s networks is the answer: network 3 alone [2, Sec. 3.3]."""
        return "appearance" if self.geometry is None else "joint"

    def begin_joint(self) -> Joint:
        """Both networks to be trained together; what network 1 is now is kept as `alone`."""
        assert self.geometry is not None
        self.alone = deepcopy(self.appearance)
        return Joint(self.appearance, self.geometry)

    @torch.enable_grad()
    def complete(self, pair: Iterable[int]) -> None:
        """Have network 2 of these pairs; each is trained once, whoever asks for it first."""
        if not isinstance(self.geometry, OwnPairs):
            return
        device = next(self.appearance.parameters()).device
        for number in sorted({int(each) for each in pair} - set(self.geometry.trained)):
            assert self.grow is not None, "a saved recogniser holds every pair"
            self.geometry.networks[str(number)] = self.grow(number).to(device)

    @torch.no_grad()
    def pick(self, arrays: Arrays) -> NDArray[np.int64]:
        """(N,) the pair of each sample's two most likely labels, by network 1."""
        pair = [joint.top_two(self._first(self.appearance, batch)) for batch in self._each(arrays)]
        return torch.cat([torch.zeros(0, dtype=torch.int64), *(p.cpu() for p in pair)]).numpy()

    @torch.no_grad()
    def predict(self, arrays: Arrays) -> dict[str, NDArray[np.float32]]:
        """Probabilities, (N, K), by network.

        "appearance" is network 1, trained alone; "geometry" network 2 of the pair that was
        picked, with 0 for all other labels; "joint" network 3.

        Args:
            arrays: as the system's `inputs` makes them, N samples.
        """
        names = ("appearance",) if self.geometry is None else ("appearance", "geometry", "joint")
        found: dict[str, list[Tensor]] = {
            name: [torch.zeros(0, len(self.labels))] for name in names
        }
        if self.geometry is not None:
            self.complete(self.pick(arrays))
        for batch in self._each(arrays):
            for name, p in zip(names, self._answers(batch), strict=True):
                found[name].append(p.float().cpu())
        return {name: torch.cat(parts).numpy() for name, parts in found.items()}

    def _answers(self, batch: Batch) -> Iterator[Tensor]:
        """Probabilities (B, K) of each network."""
        first = self._first(self.appearance, batch)
        yield (first if self.alone is None else self._first(self.alone, batch)).softmax(1)
        if self.geometry is None:
            return
        pair = joint.top_two(first)
        second = self.geometry(self.system.images(batch), pair)
        yield joint.scatter(second.softmax(1), pair, len(self.labels))
        yield joint.fused(first, second, pair).softmax(1)

    def _first(self, network: nn.Module, batch: Batch) -> Tensor:
        logits: Tensor = network(self.system.films(batch))
        return logits

    def _each(self, arrays: Arrays) -> Iterator[Batch]:
        """The samples in their order, on the device of the networks."""
        self._modules().eval()
        device = next(self.appearance.parameters()).device
        for start in range(0, len(arrays["film"]), SIZE):
            here = slice(start, start + SIZE)
            some = {k: torch.tensor(np.asarray(v[here])) for k, v in arrays.items()}
            none = torch.zeros(len(some["film"]), dtype=torch.int64)
            yield Batch(some, none, none).to(device)

    def to(self, device: str) -> AGN3DRecognizer:
        """The same, predicting on a device."""
        self._modules().to(device)
        return self

    def _modules(self) -> nn.ModuleDict:
        parts = {"appearance": self.appearance, "geometry": self.geometry, "alone": self.alone}
        return nn.ModuleDict({name: part for name, part in parts.items() if part is not None})

    def save(self, path: Path, card: Mapping[str, Any]) -> None:
        """One safetensors file, written atomically, with labels, recipe and card in its metadata.

        Pairs that nothing has picked so far are trained before.

        Args:
            card: licence, what it was trained on, anything else JSON can hold.
        """
        self.complete(range(len(joint.pairs(len(self.labels)))))
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
