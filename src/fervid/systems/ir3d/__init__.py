"""3D Inception-ResNet with landmark weights and an LSTM [3]."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from torch import Tensor, nn

from fervid.faces.track import Track
from fervid.learning.batches import Batch
from fervid.learning.run import Run
from fervid.learning.samples import Samples
from fervid.systems.ir3d import inputs, network, training
from fervid.systems.ir3d.recipe import Input, Network, Recipe
from fervid.systems.recognizer import OneByOne, Recognizer, load

__all__ = ["IR3D", "Input", "Network"]


@dataclass(frozen=True)
class IR3D(Recipe, OneByOne):
    """The recipe together with the functions that use it."""

    predict_batch = 8

    @property
    def output(self) -> str:
        """Name of the network whose output is the prediction."""
        return self.name

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of all networks."""
        return tuple(self.trained)

    def inputs(self, track: Track) -> dict[str, NDArray[Any]]:
        """See `inputs.samples`."""
        return inputs.samples(self.input, track)

    def networks(self, labels: int) -> nn.ModuleDict:
        """Every network for K labels, untrained."""
        recipes = self.trained.items()
        return nn.ModuleDict({name: network.build(recipe, labels) for name, recipe in recipes})

    def answers(self, networks: nn.ModuleDict, batch: Batch) -> dict[str, Tensor]:
        """Probabilities (B, K) by network."""
        x = inputs.tensors(self, batch)
        return {name: network.pooled_logits(net(*x)).softmax(1) for name, net in networks.items()}

    def fit(self, train: Samples, validation: Samples, run: Run) -> Recognizer["IR3D"]:
        """See `training.fit`."""
        return Recognizer(self, train.labels, training.fit(self, train, validation, run))

    def load(self, path: Path) -> Recognizer["IR3D"]:
        """See `recognizer.load`."""
        return load(path, self)
