"""3D appearance and geometric network: binary patterns in 3D convolutions, landmark pairs [2]."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from torch import Tensor, nn

from fervid.faces.track import Track
from fervid.learning.batches import Batch
from fervid.learning.run import Run
from fervid.learning.samples import Samples
from fervid.systems.agn3d import inputs, joint, network, training
from fervid.systems.agn3d.recipe import Appearance, Geometry, Input, Joint, Recipe
from fervid.systems.recognizer import OneByOne, Recognizer, load

__all__ = ["AGN3D", "Appearance", "Geometry", "Input", "Joint"]


@dataclass(frozen=True)
class AGN3D(Recipe, OneByOne):
    """The recipe together with the functions that use it."""

    predict_batch = 16

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of all networks; "joint" is network 3 [2, Sec. 3.3]."""
        first = ("appearance",)
        return first if self.output == "appearance" else (*first, "geometry", "joint")

    def inputs(self, track: Track) -> dict[str, NDArray[Any]]:
        """See `inputs.samples`."""
        return inputs.samples(self.input, track)

    def networks(self, labels: int) -> nn.ModuleDict:
        """Network 1; for network 3 also network 2, and network 1 as trained alone."""
        networks = nn.ModuleDict({"appearance": network.network_1(self, labels)})
        if self.output == "joint":
            networks["geometry"] = network.pair_networks(self, labels)
            networks["alone"] = network.network_1(self, labels)
        return networks

    def answers(self, networks: nn.ModuleDict, batch: Batch) -> dict[str, Tensor]:
        """Probabilities (B, K) by network.

        "appearance" is network 1 as trained alone, "geometry" network 2 of the pair that network 1
        picks (0 for all other labels), "joint" network 3.
        """
        films = inputs.films(self.input, batch)
        first = networks["appearance"](films)
        if self.output == "appearance":
            return {"appearance": first.softmax(1)}
        pair = joint.top_two(first)
        second = networks["geometry"](inputs.images(self.geometry, batch), pair)
        return {
            "appearance": networks["alone"](films).softmax(1),
            "geometry": joint.scatter(second.softmax(1), pair, first.shape[1]),
            "joint": joint.fused(first, second, pair).softmax(1),
        }

    def fit(self, train: Samples, validation: Samples, run: Run) -> Recognizer["AGN3D"]:
        """See `training.fit`."""
        return Recognizer(self, train.labels, training.fit(self, train, validation, run))

    def load(self, path: Path) -> Recognizer["AGN3D"]:
        """See `recognizer.load`."""
        return load(path, self)
