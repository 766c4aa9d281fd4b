"""Deep temporal appearance-geometry network: joint fine-tuning of two small networks [1]."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from torch import Tensor, nn

from fervid.faces.track import Track
from fervid.learning.batches import Batch
from fervid.learning.run import Run
from fervid.learning.samples import Samples
from fervid.systems.dtagn import inputs, network, training
from fervid.systems.dtagn.recipe import Appearance, Geometry, Joint, Recipe
from fervid.systems.recognizer import OneByOne, Recognizer, load

__all__ = ["DTAGN", "Appearance", "Geometry", "Joint"]


@dataclass(frozen=True)
class DTAGN(Recipe, OneByOne):
    """The recipe together with the functions that use it."""

    predict_batch = 64

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of both networks, their weighted sum and every trained fusion."""
        names = (*training.NETWORKS, "weighted", *self.fusions)
        return ("dtgn",) if self.landmarks_only else names

    def inputs(self, track: Track) -> dict[str, NDArray[Any]]:
        """See `inputs.samples`."""
        return inputs.samples(self, track)

    def networks(self, labels: int) -> nn.ModuleDict:
        """DTAN, DTGN and a top for every fusion, untrained; only DTGN if there are no pictures."""
        networks = nn.ModuleDict(
            {name: network.stream(self, name, labels) for name in training.names(self)}
        )
        for fusion in self.fusions:
            networks[fusion] = network.new_top(fusion, *network.streams(networks))
        return networks

    def answers(self, networks: nn.ModuleDict, batch: Batch) -> dict[str, Tensor]:
        """Probabilities (B, K) by network."""
        if self.landmarks_only:
            logits: Tensor = networks["dtgn"](batch.arrays["landmarks"].flatten(1))
            return {"dtgn": logits.float().softmax(1)}
        tensors = (inputs.pictures(self, batch), batch.arrays["landmarks"].flatten(1))
        pair = network.streams(networks)
        hidden = [stream.upper(stream.lower(x)) for stream, x in zip(pair, tensors, strict=True)]
        first, second = (
            stream.top(x).float().softmax(1) for stream, x in zip(pair, hidden, strict=True)
        )
        answers = {"dtan": first, "dtgn": second}
        answers["weighted"] = self.alpha * first + (1 - self.alpha) * second  # [1, Eq. 7]
        for fusion in self.fusions:
            answers[fusion] = network.fused(networks[fusion](*hidden)).float().softmax(1)
        return answers

    def fit(self, train: Samples, validation: Samples, run: Run) -> Recognizer["DTAGN"]:
        """See `training.fit`."""
        return Recognizer(self, train.labels, training.fit(self, train, validation, run))

    def load(self, path: Path) -> Recognizer["DTAGN"]:
        """See `recognizer.load`."""
        return load(path, self)
