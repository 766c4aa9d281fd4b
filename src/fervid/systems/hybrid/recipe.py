"""The hybrid system: the paper's numbers [4]."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from fervid.errors import InputError
from fervid.learning.plan import Plan
from fervid.learning.recipes import Amount, Below1, Count, Range, Scale, Share, check
from fervid.networks.imported import VGG16_IMAGENET, find

# The two convolutional networks [4, Sec. III-B].
STREAMS = ("spatial", "temporal")

# Sec. IV-B gives the batch size, the learning rate and the epochs of each stage.
SGD = Plan(
    epochs=300,
    learning_rate=0.001,
    weight_decay=0.0005,  # open
    batch_size=30,
    decay="none",
    choose="loss",  # departure 11
    patience=10,  # open
)


@dataclass(frozen=True)
class Input:
    """Segments: Sec. III-A."""

    length: Annotated[int, Range(2)] = 16  # L, frames of a segment
    rule: Literal["windows", "trim"] = "windows"  # departure 1; "trim" is the printed rule
    step: Count = 8  # open: frames between windows; gives counts like those of Sec. IV-B
    pairs: Count = 15  # L - 1 pairs of frames per segment; fewer are spaced evenly
    size: Annotated[int, Range(32)] = 227  # side of the streams' input in pixels, Sec. III-A
    crop_apart: Scale = 55.0  # pixels between the eyes in a 150 x 110 crop: [23] of Sec. III-A
    crop_eyes: Share = 0.25  # open: row of the eyes as a share of the crop's height
    # "segment" and "clip", their first frames, are not the paper's.
    since: Literal["previous", "segment", "clip"] = "previous"  # departure 12: start of a flow
    flow_scale: Amount = 16.0  # a of Eq. 1; lower for the longer flows since a clip's first frame
    fewest_frames: Count = 3  # frames with a face that a longer clip needs to give a sample


@dataclass(frozen=True)
class Streams:
    """Both VGG16s: Sec. III-B."""

    width: Scale = 1.0  # factor on the width of VGG16's layers; 1 is the printed size
    pretrained: str = VGG16_IMAGENET  # departure 5: a name in $FERVID_MODELS, a path, or ""
    dropout: Below1 = 0.5  # VGG16's own
    plan: Plan = SGD


@dataclass(frozen=True)
class Pretraining:
    """Contrastive divergence: Sec. III-C."""

    epochs: Count = 100  # per RBM, Sec. IV-B
    learning_rate: Amount = 0.001  # epsilon, Eq. 4
    batch_size: Count = 30  # Sec. IV-B
    gibbs: Count = 1  # open: k of CD-k


@dataclass(frozen=True)
class BeliefNetwork:
    """Deep belief network: Sec. III-C, Table 1."""

    hidden: tuple[Count, ...] = (4096, 2048, 1024)  # hidden units of each RBM
    width: Scale = 1.0  # factor on `hidden`
    balance: Amount = 1.0  # departure 7: weight of Eq. 5
    pretraining: Pretraining = Pretraining()
    plan: Plan = replace(SGD, epochs=100)  # fine-tuning


@dataclass(frozen=True)
class Recipe:
    """Two VGG16 streams, a deep belief network over both and a linear SVM, with their numbers [4].

    A field's comment names the section its number comes from; "open" means that the paper gives
    none.
    """

    per_frame: ClassVar[bool] = False

    name: str = "hybrid"
    input: Input = Input()
    stream: Streams = Streams()
    dbn: BeliefNetwork = BeliefNetwork()
    # Sec. III-D, IV-C, Tables 1, 2.
    output: Literal["dbn-1", "dbn-2", "dbn-3", "score", "spatial", "temporal"] = "dbn-3"
    compare: bool = False  # train every DBN of Table 1, not only the output
    validates: bool = True  # False (departure 15, not the paper's): train on all, keep last epoch

    def __post_init__(self) -> None:
        """Refuse settings that cannot be trained."""
        check(self)
        if self.input.pairs >= self.input.length:
            raise InputError(
                f"input.pairs of {self.name} is {self.input.pairs}: give at most "
                f"{self.input.length - 1}, one less than input.length"
            )
        if self.output.startswith("dbn") and self.output not in self._depths():
            raise InputError(
                f"output of {self.name} is {self.output}, but dbn.hidden has "
                f"{len(self.dbn.hidden)} layers: give {' or '.join(self._depths())}"
            )

    @property
    def learns_from(self) -> tuple[Path, ...]:
        """The file that `stream.pretrained` names, if it exists and fits."""
        path = find(self.stream.pretrained) if self.stream.pretrained and self.fits else None
        return (path,) if path else ()

    @property
    def fits(self) -> bool:
        """Whether the weights that `stream.pretrained` names fit the streams' size."""
        printed = (self.stream.width, self.input.size) == (1.0, 227)
        return printed or self.stream.pretrained != VGG16_IMAGENET

    def _depths(self) -> tuple[str, ...]:
        """Names of the DBNs of Table 1; "dbn-1" has one hidden layer, and so on."""
        return tuple(f"dbn-{depth + 1}" for depth in range(len(self.dbn.hidden)))

    @property
    def streams(self) -> tuple[str, ...]:
        """Names of the streams to train."""
        return (self.output,) if self.output in STREAMS and not self.compare else STREAMS

    @property
    def dbns(self) -> tuple[str, ...]:
        """Names of the DBNs to train."""
        return tuple(d for d in self._depths() if self.compare or d == self.output)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of all predictions: each stream, their score-level fusion and every DBN."""
        score = ("score",) if len(self.streams) == 2 else ()
        return (*self.streams, *score, *self.dbns)
