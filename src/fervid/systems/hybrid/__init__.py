"""Spatial and temporal VGG16, a deep belief network over both, a linear SVM [4]."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fervid.faces.track import Track
from fervid.learning.batches import Batch
from fervid.learning.run import Run
from fervid.learning.samples import Samples
from fervid.systems.hybrid import features, inputs, network, training
from fervid.systems.hybrid.recipe import (
    STREAMS,
    BeliefNetwork,
    Input,
    Pretraining,
    Recipe,
    Streams,
)
from fervid.systems.recognizer import Arrays, Recognizer, load

__all__ = ["BeliefNetwork", "Hybrid", "Input", "Pretraining", "Streams"]


@dataclass(frozen=True)
class Hybrid(Recipe):
    """The recipe together with the functions that use it."""

    predict_batch = 64

    def inputs(self, track: Track) -> dict[str, NDArray[Any]]:
        """See `inputs.samples`."""
        return inputs.samples(self.input, track)

    def networks(self, labels: int) -> nn.ModuleDict:
        """Streams, DBNs, their feature scale and all SVMs, untrained."""
        return network.build(self, labels)

    def answers(self, networks: nn.ModuleDict, batch: Batch) -> dict[str, Tensor]:
        """Features (B, D) of B segments by network, averaged over each segment's pictures."""
        fc7 = {}
        for name in self.streams:
            pictures = batch.arrays[network.PICTURES[name]].flatten(0, 1)
            fc7[name] = features.fc7(networks[name], pictures)
        count = len(batch.target)
        means = {name: f.reshape(count, -1, f.shape[1]).mean(axis=1) for name, f in fc7.items()}
        if self.dbns:
            joined = np.concatenate([fc7[name] for name in STREAMS], axis=1)
            x = networks["scale"](torch.from_numpy(joined).to(batch.target.device))
            for name in self.dbns:
                rows = network.last_hidden(networks[name], x)
                means[name] = rows.reshape(count, -1, rows.shape[1]).mean(axis=1)
        return {name: torch.from_numpy(rows) for name, rows in means.items()}

    def combined(
        self, networks: nn.ModuleDict, answers: dict[str, Tensor], arrays: Arrays
    ) -> dict[str, Tensor]:
        """Probabilities (N, K) by network; a video's segments share them [4, Sec. III-D]."""
        video, _ = features.videos(np.asarray(arrays["video"]))
        probabilities = {
            name: network.svm_of(networks, name).probabilities(features.pooled(rows.numpy(), video))
            for name, rows in answers.items()
        }
        if len(self.streams) == 2:
            both = probabilities["spatial"] + probabilities["temporal"]
            probabilities["score"] = np.float32(0.5) * both
        return {name: torch.from_numpy(p[video]) for name, p in probabilities.items()}

    def fit(self, train: Samples, validation: Samples, run: Run) -> Recognizer["Hybrid"]:
        """See `training.fit`."""
        networks, remarks = training.fit(self, train, validation, run)
        return Recognizer(self, train.labels, networks, remarks)

    def load(self, path: Path) -> Recognizer["Hybrid"]:
        """See `recognizer.load`."""
        return load(path, self)
