"""A trained hybrid system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fervid.learning import weights
from fervid.systems.hybrid import features
from fervid.systems.hybrid.dbn import DBN, Scale, by_parts
from fervid.systems.hybrid.network import Stream
from fervid.systems.hybrid.svm import SVM

if TYPE_CHECKING:
    from fervid.systems.hybrid.recipe import Hybrid

Floats = NDArray[np.float32]

# The two convolutional networks [4, Sec. III-B].
STREAMS = ("spatial", "temporal")
# The stored array that each of them sees.
PICTURES = {"spatial": "faces", "temporal": "flows"}
# Segments looked at in one go.
SEGMENTS = 64


@dataclass
class HybridRecognizer:
    """Both streams, the DBNs over them, and an SVM over each.

    Args:
        system: the recipe it was trained by.
        labels: K names, the order of every probability vector.
        streams: by name.
        dbns: by depth, "dbn-1" and so on; on scaled features.
        scale: of the features, where there is a DBN.
        svms: for each stream and DBN.
        begun: what each stream's weights were before training.
    """

    system: Hybrid
    labels: tuple[str, ...]
    streams: dict[str, Stream] = field(default_factory=dict)
    dbns: dict[str, DBN] = field(default_factory=dict)
    scale: Scale | None = None
    svms: dict[str, SVM] = field(default_factory=dict)
    begun: dict[str, str] = field(default_factory=dict)

    @property
    def output(self) -> str:
        """Which of `predict`'s networks is the answer."""
        return self.system.fusion

    @property
    def remarks(self) -> tuple[str, ...]:
        """What each stream's weights were before training."""
        return tuple(f"{name} stream: from {start}" for name, start in self.begun.items())

    def predict(self, arrays: Mapping[str, NDArray[Any]]) -> dict[str, Floats]:
        """Probabilities, (N, K), of each stream, of both by score, and of every DBN.

        All segments of a video have its probabilities.

        Args:
            arrays: as the system's `inputs` makes them, N segments.
        """
        video = np.asarray(arrays["video"])
        if not len(video):
            return {name: np.zeros((0, len(self.labels)), np.float32) for name in self._names()}
        which, _ = features.videos(video)
        parts = [
            self._means({name: a[start : start + SEGMENTS] for name, a in arrays.items()})
            for start in range(0, len(video), SEGMENTS)
        ]
        found = {
            name: self.svms[name].probabilities(
                features.pooled(np.concatenate([part[name] for part in parts]), which)
            )
            for name in self.svms
        }
        if len(self.streams) == 2:
            found["score"] = np.float32(0.5) * (found["spatial"] + found["temporal"])
        return {name: found[name][which] for name in self._names()}

    def _names(self) -> tuple[str, ...]:
        score = ("score",) if len(self.streams) == 2 else ()
        return (*self.streams, *score, *self.dbns)

    def _means(self, arrays: Mapping[str, NDArray[Any]]) -> dict[str, Floats]:
        """Features of N segments, (N, D), by network: the mean over a segment's pictures."""
        self._modules().eval()
        seen: dict[str, Floats] = {}
        for name, stream in self.streams.items():
            pictures = arrays[PICTURES[name]]
            seen[name] = features.fc7(stream, pictures.reshape(-1, *pictures.shape[2:]))
        count, pairs = len(arrays["video"]), self.system.pairs
        means = {n: f.reshape(count, pairs, f.shape[1]).mean(axis=1) for n, f in seen.items()}
        if not self.dbns:
            return means
        each = means if self.system.unit == "segment" else seen
        assert self.scale is not None
        joined = np.concatenate([each[name] for name in STREAMS], axis=1)
        x = self.scale(torch.from_numpy(joined).to(self.scale.shift.device))
        for name in self.dbns:
            rows = self.hidden(name, x)
            means[name] = rows.reshape(count, -1, rows.shape[1]).mean(axis=1)
        return means

    def hidden(self, name: str, x: Tensor) -> Floats:
        """The last hidden layer of a DBN, (B, V) scaled features to (B, H) [4, Sec. III-D]."""
        made: Floats = by_parts(self.dbns[name].hidden, x).cpu().numpy()
        return made

    def to(self, device: str) -> HybridRecognizer:
        """The same, predicting on a device."""
        self._modules().to(device)
        return self

    def _modules(self) -> nn.ModuleDict:
        scale = {} if self.scale is None else {"scale": self.scale}
        return nn.ModuleDict({**self.streams, **self.dbns, **scale})

    def _tensors(self) -> dict[str, Tensor]:
        planes = {}
        for name, svm in self.svms.items():
            planes[f"svm.{name}.weight"] = torch.from_numpy(svm.weight)
            planes[f"svm.{name}.bias"] = torch.from_numpy(svm.bias)
        return dict(self._modules().state_dict()) | planes

    def save(self, path: Path, card: Mapping[str, Any]) -> None:
        """One safetensors file, written atomically, with labels, recipe and card in its metadata.

        The SVMs are stored as the planes they are.

        Args:
            card: licence, what it was trained on, anything else JSON can hold.
        """
        slopes = {name: svm.slope for name, svm in self.svms.items()}
        more = {"svms": slopes, "begun": self.begun}
        weights.save_system(path, self._tensors(), self.system, self.labels, card, **more)

    @classmethod
    def restored(
        cls, recipe: Hybrid, tensors: Mapping[str, Tensor], card: Mapping[str, Any], path: Path
    ) -> HybridRecognizer:
        """What `save` wrote.

        Raises:
            WeightsError: the tensors are of other names or shapes than the recipe's.
        """
        labels = tuple(card["labels"])
        made = cls(recipe, labels, begun=dict(card["begun"]))
        for name in card["svms"]:
            if name in STREAMS:
                made.streams[name] = recipe.stream(len(labels))
            else:
                depth = int(name.rsplit("-")[-1])
                made.dbns[name] = DBN(recipe.machines()[:depth], len(labels))
        if made.dbns:
            made.scale = Scale(recipe.machines()[0].visible_bias.numel(), recipe.visible)
        wanted = dict(made._modules().state_dict())
        for name in card["svms"]:
            width = made.streams[name].vgg.hidden if name in STREAMS else made.dbns[name].size
            wanted[f"svm.{name}.weight"] = torch.empty(len(labels), width)
            wanted[f"svm.{name}.bias"] = torch.empty(len(labels))
        weights.check_shapes(path, tensors, wanted)
        for name, slope in card["svms"].items():
            weight, bias = (tensors[f"svm.{name}.{part}"].numpy() for part in ("weight", "bias"))
            made.svms[name] = SVM(weight, bias, slope)
        kept = {name: t for name, t in tensors.items() if not name.startswith("svm.")}
        made._modules().load_state_dict(kept)
        made._modules().eval()
        return made
