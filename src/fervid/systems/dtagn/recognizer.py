"""A trained DTAGN."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fervid.learning import weights
from fervid.learning.batches import Batch
from fervid.systems.dtagn.network import ConcatTop, JointTop, Stream, fused

if TYPE_CHECKING:
    from fervid.systems.dtagn.recipe import DTAGN

# The two networks [1, Sec. 3.2, 3.3].
NETWORKS = ("dtan", "dtgn")


@dataclass
class DTAGNRecognizer:
    """DTAN, DTGN and the trained ways to join them.

    Args:
        system: the recipe it was trained by.
        labels: K names, the order of every probability vector.
        tops: what was trained on top of both, by fusion.
    """

    system: DTAGN
    labels: tuple[str, ...]
    dtan: Stream
    dtgn: Stream
    tops: dict[str, JointTop | ConcatTop] = field(default_factory=dict)

    @property
    def output(self) -> str:
        """Which of `predict`'s networks is the answer."""
        return self.system.fusion

    def add(self, fusion: str) -> JointTop | ConcatTop:
        """A new top on copies of both networks, which stay what they are."""
        kind = ConcatTop if fusion == "concat" else JointTop
        self.tops[fusion] = kind(deepcopy(self.dtan), deepcopy(self.dtgn))
        return self.tops[fusion]

    @torch.no_grad()
    def predict(
        self, arrays: Mapping[str, NDArray[Any]], size: int = 64
    ) -> dict[str, NDArray[np.float32]]:
        """Probabilities, (N, K), of "dtan", "dtgn", "weighted" and every trained fusion.

        Args:
            arrays: as the system's `inputs` makes them, N samples.
            size: how many at a time.
        """
        self._modules().eval()
        device = self.dtan.top.weight.device
        parts: dict[str, list[Tensor]] = {}
        for start in range(0, len(arrays["faces"]), size):
            some = {k: torch.tensor(np.asarray(v[start : start + size])) for k, v in arrays.items()}
            none = torch.zeros(len(some["faces"]), dtype=torch.int64)
            batch = Batch(some, none, none).to(device)
            for name, logits in self._logits(batch).items():
                parts.setdefault(name, []).append(logits.float().softmax(1).cpu())
        empty = [torch.zeros(0, len(self.labels))]
        names = (*NETWORKS, *self.tops)
        found = {name: torch.cat(parts.get(name, empty)).numpy() for name in names}
        alpha = np.float32(self.system.alpha)
        found["weighted"] = alpha * found["dtan"] + (1 - alpha) * found["dtgn"]  # [1, Eq. 7]
        return {name: found[name] for name in (*NETWORKS, "weighted", *self.tops)}

    def _logits(self, batch: Batch) -> dict[str, Tensor]:
        """(B, K) before each softmax, by network."""
        lower = (
            self.dtan.lower(self.system.pictures(batch)),
            self.dtgn.lower(batch.arrays["landmarks"].flatten(1)),
        )
        streams = zip(NETWORKS, (self.dtan, self.dtgn), lower, strict=True)
        alone = {name: stream.top(stream.upper(x)) for name, stream, x in streams}
        return alone | {name: fused(top(*lower)) for name, top in self.tops.items()}

    def to(self, device: str) -> DTAGNRecognizer:
        """The same, predicting on a device."""
        self._modules().to(device)
        return self

    def _modules(self) -> nn.ModuleDict:
        return nn.ModuleDict({"dtan": self.dtan, "dtgn": self.dtgn, **self.tops})

    def _tensors(self) -> dict[str, Tensor]:
        """Every weight once: a fusion's top, not its copies of what lies below."""
        state = self._modules().state_dict()
        return {name: tensor for name, tensor in state.items() if ".uppers." not in name}

    def save(self, path: Path, card: Mapping[str, Any]) -> None:
        """One safetensors file, written atomically, with labels, recipe and card in its metadata.

        Args:
            card: licence, what it was trained on, anything else JSON can hold.
        """
        tensors, fusions = self._tensors(), list(self.tops)
        weights.save_system(path, tensors, self.system, self.labels, card, fusions=fusions)

    def restore(self, tensors: Mapping[str, Tensor], path: Path) -> None:
        """Put saved weights in place.

        Raises:
            WeightsError: they are of other names or shapes.
        """
        weights.check_shapes(path, tensors, self._tensors())
        self._modules().load_state_dict(dict(tensors), strict=False)
        for top in self.tops.values():
            for upper, stream in zip(top.uppers, (self.dtan, self.dtgn), strict=True):
                upper.load_state_dict(stream.upper.state_dict())
        self._modules().eval()
