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

# Sec. IV-B prints the batch size, the learning rate and the epochs of each stage.
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

    length: Annotated[int, Range(2)] = 16  # L
    rule: Literal["windows", "trim"] = "windows"  # departure 1; "trim" is the printed rule
    step: Count = 8  # open: from one window to the next; gives counts like those of Sec. IV-B
    pairs: Count = 15  # L - 1; fewer, evenly spaced, for a laptop
    size: Annotated[int, Range(32)] = 227  # side of what the streams see, pixels, Sec. III-A
    crop_apart: Scale = 55.0  # Sec. III-A's [23]: pixels between the eyes of a 150 x 110 crop
    crop_eyes: Share = 0.25  # open: their row, as part of the height
    # Where a flow begins. Departure 12: the segment's or the clip's first frame is not the paper's.
    since: Literal["previous", "segment", "clip"] = "previous"
    flow_scale: Amount = 16.0  # a of Eq. 1; flows since a clip's first frame are longer
    fewest_frames: Count = 3  # a longer clip with fewer seen frames gives no sample


@dataclass(frozen=True)
class Streams:
    """Both VGG16s: Sec. III-B."""

    width: Scale = 1.0  # of VGG16's layers; 1 is printed
    pretrained: str = VGG16_IMAGENET  # departure 5: a name in $FERVID_MODELS, a path, or ""
    dropout: Below1 = 0.5  # VGG16's own
    plan: Plan = SGD


@dataclass(frozen=True)
class Pretraining:
    """Contrastive divergence: Sec. III-C."""

    epochs: Count = 100  # of each machine, Sec. IV-B
    learning_rate: Amount = 0.001  # epsilon, Eq. 4
    batch_size: Count = 30
    gibbs: Count = 1  # open: k of CD-k


@dataclass(frozen=True)
class BeliefNetwork:
    """Deep belief network: Sec. III-C, Table 1."""

    hidden: tuple[Count, ...] = (4096, 2048, 1024)  # units of each machine
    width: Scale = 1.0  # of `hidden`
    balance: Amount = 1.0  # departure 7: weight of Eq. 5
    pretraining: Pretraining = Pretraining()
    plan: Plan = replace(SGD, epochs=100)  # of fine-tuning


@dataclass(frozen=True)
class Recipe:
    """Two streams of VGG16, a deep belief network over both, a linear SVM, by its numbers [4].

    A comment names the section a number is from; "open" where the paper gives none.
    """

    per_frame: ClassVar[bool] = False

    name: str = "hybrid"
    input: Input = Input()
    stream: Streams = Streams()
    dbn: BeliefNetwork = BeliefNetwork()
    # Sec. III-D, IV-C, Tables 1, 2.
    output: Literal["dbn-1", "dbn-2", "dbn-3", "score", "spatial", "temporal"] = "dbn-3"
    compare: bool = False  # train every DBN of Table 1, whichever is the output
    # Departure 15, False, is not the paper's: nobody chooses epochs, all are trained on.
    validates: bool = True

    def __post_init__(self) -> None:
        """Refuse what no training could use."""
        check(self)
        if self.input.pairs >= self.input.length:
            raise InputError(
                f"input.pairs of {self.name} is {self.input.pairs}: give at most "
                f"{self.input.length - 1}, one less than input.length"
            )
        if self.output.startswith("dbn") and self.output not in self._depths():
            raise InputError(
                f"output of {self.name} is {self.output}: dbn.hidden has {len(self.dbn.hidden)} "
                "layers, give one of these depths"
            )

    @property
    def learns_from(self) -> tuple[Path, ...]:
        """The file that `stream.pretrained` names, where there is one and it fits."""
        path = find(self.stream.pretrained) if self.stream.pretrained and self.fits else None
        return (path,) if path else ()

    @property
    def fits(self) -> bool:
        """Whether what `stream.pretrained` names fits the streams' size."""
        printed = (self.stream.width, self.input.size) == (1.0, 227)
        return printed or self.stream.pretrained != VGG16_IMAGENET

    def _depths(self) -> tuple[str, ...]:
        """Table 1: "dbn-1" has one hidden layer, and so on."""
        return tuple(f"dbn-{depth + 1}" for depth in range(len(self.dbn.hidden)))

    @property
    def streams(self) -> tuple[str, ...]:
        """The streams that are trained."""
        return (self.output,) if self.output in STREAMS and not self.compare else STREAMS

    @property
    def dbns(self) -> tuple[str, ...]:
        """The DBNs that are trained."""
        return tuple(d for d in self._depths() if self.compare or d == self.output)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of all answers: each stream, both by score, and every DBN."""
        score = ("score",) if len(self.streams) == 2 else ()
        return (*self.streams, *score, *self.dbns)
