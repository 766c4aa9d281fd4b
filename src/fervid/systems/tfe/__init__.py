"""Joint learning of identity and emotion: the features of two networks in tandem [5]."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from fervid.faces.track import Track
from fervid.learning import weights
from fervid.learning.batches import Batch
from fervid.learning.run import Run
from fervid.learning.samples import Samples
from fervid.systems.recognizer import OneByOne, Recognizer, load
from fervid.systems.tfe import identity, inputs, network, targets, training
from fervid.systems.tfe.recipe import Emotion, Identity, Input, Recipe, Tandem
from fervid.systems.tfe.shake import Shake

__all__ = ["TFE", "Emotion", "Identity", "Input", "Shake", "Tandem", "judge"]


@dataclass(frozen=True)
class TFE(Recipe, OneByOne):
    """The recipe together with the functions that use it."""

    predict_batch = 128

    def inputs(self, track: Track) -> dict[str, NDArray[Any]]:
        """One sample per row with a face: `faces` (N, P, P) uint8, grey; P = `input.size`."""
        return {"faces": inputs.faces(track, self.input.size, self.input.last_frames)}

    def networks(self, labels: int) -> nn.ModuleDict:
        """Every network in `outputs` for K labels, untrained."""
        return nn.ModuleDict({name: network.build(self, name, labels) for name in self.outputs})

    def answers(self, networks: nn.ModuleDict, batch: Batch) -> dict[str, Tensor]:
        """Probabilities (B, K) by network.

        For "svm" they are softmax(margins), which ranks the labels but is not a probability.
        """
        faces = batch.arrays["faces"]
        logits = {name: net(faces).float() for name, net in networks.items()}
        if self.mirror:
            mirrored = faces.flip(2)
            logits = {n: (x + networks[n](mirrored).float()) / 2 for n, x in logits.items()}
        return {name: x.softmax(1) for name, x in logits.items()}

    def fit(self, train: Samples, validation: Samples, run: Run) -> Recognizer["TFE"]:
        """See `training.fit`."""
        train, validation = targets.ready(train), targets.ready(validation)
        if self.teachers:
            train = targets.taught(train, [self.teacher(Path(path)) for path in self.teachers])
        system = self._with_people_of_file()
        return Recognizer(system, train.labels, training.fit(system, train, validation, run))

    def teacher(self, path: Path) -> Recognizer["TFE"]:
        """Load a trained model of any variant of this system.

        Raises:
            WeightsError: fervid did not write the file, or it holds another system.
        """
        name = str(weights.metadata(path).get("system", ""))
        return load(path, replace(self, name=name) if name.startswith("tfe") else self)

    def _with_people_of_file(self) -> "TFE":
        """The recipe with the size and layers of the identity network that its file holds."""
        if self.identity.place == "none" or self.outputs == ("resnet",):
            return self
        card = identity.card(self.identity.place)
        part = replace(self.identity, size=card["size"], local=card["local"])
        return replace(self, identity=part)

    def load(self, path: Path) -> Recognizer["TFE"]:
        """See `recognizer.load`."""
        return load(path, self)


def judge(model: Recognizer[TFE], images: Sequence[NDArray[Any]]) -> NDArray[np.float32]:
    """Probabilities (N, K) for N cropped faces of any size, grey or RGB.

    Raises:
        InputError: an image cannot be a face (see `inputs.picture`).
    """
    size = model.system.input.size
    faces = np.zeros((len(images), size, size), np.uint8)
    for row, image in enumerate(images):
        faces[row] = inputs.picture(image, size)
    return model.predict({"faces": faces})[model.output]
