"""The hybrid system: the paper's numbers [4]; `stages.py` trains by them."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import torch
from numpy.typing import NDArray

from fervid.errors import InputError
from fervid.faces.track import Track
from fervid.learning import imported, weights
from fervid.learning.plan import Plan
from fervid.learning.run import Run
from fervid.learning.samples import Samples
from fervid.learning.vgg import scaled
from fervid.systems.hybrid import inputs, stages
from fervid.systems.hybrid.dbn import RBM
from fervid.systems.hybrid.network import Stream
from fervid.systems.hybrid.recognizer import STREAMS, HybridRecognizer
from fervid.systems.hybrid.segments import RULES

# What `fusion` may say besides a DBN's depth, "dbn-3": Table 2.
FUSIONS = (*STREAMS, "score")


@dataclass(frozen=True)
class Hybrid:
    """Two streams of VGG16, a deep belief network over both, a linear SVM, by its numbers [4].

    A comment names the section a number is from; "open" where the paper gives none.
    """

    still: ClassVar[bool] = False

    name: str = "hybrid"
    # Segments: Sec. III-A.
    length: int = 16  # L
    rule: str = "windows"  # departure 1; "trim" is the printed rule
    step: int = 8  # open: from one window to the next; gives counts like those of Sec. IV-B
    pairs: int = 15  # L - 1; fewer, evenly spaced, for a laptop
    flow: str = "dis"  # open; or "farneback", "tvl1"
    crop_apart: float = 55.0  # Sec. III-A's [23]: pixels between the eyes of a 150 x 110 crop
    crop_eyes: float = 0.25  # open: their row, as part of the height
    fewest_frames: int = 3  # a longer clip with fewer seen frames gives no sample
    # Streams: Sec. III-B.
    size: int = 227  # Sec. III-A
    width: float = 1.0  # of VGG16's layers and the DBN's; 1 is printed
    pretrained: str = imported.VGG16_IMAGENET  # a name in $FERVID_MODELS, a path, or ""
    dropout: float = 0.5  # VGG16's own
    # Training: Sec. IV-B prints these three and the epochs.
    batch_size: int = 30
    learning_rate: float = 0.001
    epochs: int = 300  # at most, of each stream
    patience: int = 10  # open: stop after so many epochs without a better validation
    momentum: float = 0.9  # open
    weight_decay: float = 0.0005  # open
    gradient_clip: float = 0.0  # open: the longest step; 0 for any
    # Deep belief network: Sec. III-C, Table 1.
    unit: str = "pair"  # departure 9: a vector for each pair; or "segment", their mean
    visible: str = "unit"  # departure 6: Bernoulli units in 0..1, or "gaussian"
    hidden: tuple[int, ...] = (4096, 2048, 1024)  # times width
    gibbs: int = 1  # open: k of CD-k
    persistent: bool = False  # open
    learning_rate_rbm: float = 0.001
    epochs_rbm: int = 100  # of each machine
    loss: str = "both"  # departure 7; or "reconstruction" (Eq. 5), "softmax" (Fig. 1)
    balance: float = 1.0  # open: weight of Eq. 5
    learning_rate_dbn: float = 0.001
    epochs_dbn: int = 100  # at most, of fine-tuning
    # Classification: Sec. III-D, IV-C.
    fusion: str = "dbn-3"  # the answer: "dbn-1" .. "dbn-3", "score", "spatial", "temporal"
    compare: bool = False  # train every DBN of Table 1, whichever is the answer

    def __post_init__(self) -> None:
        """Refuse what no training could use."""
        choices = {
            "fusion": (self.fusion, (*FUSIONS, *self._depths())),
            "rule": (self.rule, RULES),
            "flow": (self.flow, tuple(inputs.FLOWS)),
            "unit": (self.unit, ("pair", "segment")),
            "visible": (self.visible, ("unit", "gaussian")),
            "loss": (self.loss, ("both", "reconstruction", "softmax")),
        }
        for name, (value, allowed) in choices.items():
            if value not in allowed:
                known = ", ".join(allowed)
                raise InputError(f"{name} of {self.name} is {value!r}: choose one of {known}")
        least = {"length": 2, "step": 1, "pairs": 1, "size": 32, "gibbs": 1, "width": 1e-3}
        for name, floor in least.items():
            if getattr(self, name) < floor:
                raise InputError(f"{name} of {self.name} is too small: give at least {floor}")
        if self.pairs >= self.length:
            raise InputError(
                f"{self.name} has {self.length} frames in a segment, so at most "
                f"{self.length - 1} pairs: lower pairs"
            )

    def _depths(self) -> tuple[str, ...]:
        """Table 1: "dbn-1" has one hidden layer, and so on."""
        return tuple(f"dbn-{depth + 1}" for depth in range(len(self.hidden)))

    @property
    def crop(self) -> inputs.Crop:
        """The picture around the face; stored smaller where the networks see smaller ones."""
        kept = self.size if self.size < inputs.WIDTH else 0
        return inputs.Crop(self.crop_apart, self.crop_eyes, kept)

    def inputs(self, track: Track) -> dict[str, NDArray[Any]]:
        """A track's segments: `faces`, `flows` (N, P, h, w, 3) uint8 and `video` (N,) int64.

        No segment (N = 0) where fewer than `fewest_frames` hold a face, unless the clip has no
        more to begin with.
        """
        # Departure 3: rows without a face go.
        seen = track.rows(track.seen)
        if len(seen) < max(1, min(self.fewest_frames, len(track))):
            return inputs.nothing(self.crop, self.pairs)
        cut = (self.length, self.step, self.rule, self.pairs)
        return inputs.sample(seen, self.crop, self.flow, *cut)

    def stream(self, labels: int) -> Stream:
        """One VGG16, untrained [4, Sec. III-B]."""
        made = Stream(labels, self.width, self.size, self.dropout)
        # Pixel-major memory is what convolutions on a CPU and on a GPU in bf16 are fastest on.
        return made.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]

    def machines(self) -> list[RBM]:
        """Untrained machines for a DBN of all layers: 8192-4096-2048-1024 at width 1."""
        sizes = [2 * scaled(4096, self.width), *(scaled(h, self.width) for h in self.hidden)]
        return [
            RBM(below, above, gaussian=self.visible == "gaussian" and not number)
            for number, (below, above) in enumerate(pairwise(sizes))
        ]

    @property
    def trained(self) -> tuple[str, ...]:
        """The networks that `fit` trains, in their order."""
        if self.fusion in STREAMS and not self.compare:
            return (self.fusion,)
        return (*STREAMS, *(d for d in self._depths() if self.compare or d == self.fusion))

    def fit(self, train: Samples, validation: Samples, run: Run) -> HybridRecognizer:
        """Fine-tune both streams, train the machines in turn, tune the DBNs, fit the SVMs.

        Departure 11: `validation` chooses each stage's epoch and every C.
        """
        return stages.fit(self, train, validation, run)

    def plan(self, learning_rate: float, epochs: int) -> Plan:
        """Back-propagation, of a stream or of a DBN [4, Sec. IV-B]."""
        return Plan(
            epochs,
            learning_rate,
            self.momentum,
            self.weight_decay,
            self.gradient_clip,
            self.batch_size,
            decay="none",
            patience=self.patience,
        )

    def load(self, path: Path) -> HybridRecognizer:
        """A recogniser saved earlier, by the recipe it was trained with.

        Raises:
            WeightsError: not ours, or of another system.
        """
        tensors, card, recipe = weights.load_system(path, self)
        return HybridRecognizer.restored(recipe, tensors, card, path)
