"""The 3D Inception-ResNet with landmarks and LSTM: the paper's numbers [3]."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal

from fervid.errors import InputError
from fervid.learning.plan import Plan
from fervid.learning.recipes import Amount, Below1, Count, Range, Scale, check

# The columns of [3, Table 1], by which of our networks answers them.
TABLE_1: Mapping[str, Mapping[str, Any]] = {
    "ir2d": {"time": False, "landmarks": False, "head": "frames"},
    "ir3d-shortcut": {"time": True, "landmarks": False, "head": "lstm"},
    "ir3d": {"time": True, "landmarks": True, "head": "lstm"},
}


@dataclass(frozen=True)
class Input:
    """What is seen of a clip: Sec. 3.1, 4.1, 4.2."""

    size: Annotated[int, Range(49)] = 299  # side of the pictures, pixels
    frames: Count = 10  # of a film; a shorter clip's first frame is repeated (open)
    stride: Count = 1  # departure 14, not the paper's: every k-th frame, so far as the clip reaches
    change: bool = False  # departure 13, not the paper's: pictures less the clip's first
    fewest_frames: Count = 3  # a longer clip with fewer seen frames gives no sample
    crop_side: Scale = 2.6  # open: the face's square in distances between the eyes
    crop_down: float = 0.55  # open: its centre below the eyes


@dataclass(frozen=True)
class Network:
    """The network of Fig. 2 and its landmark weights, Sec. 3.2, Eq. 2."""

    width: Scale = 1.0  # of every printed number of filters
    time: bool = True  # False: kernels see one frame, Table 1's 2D network
    landmarks: bool = True  # False: plain shortcuts, Table 1's 3D network
    head: Literal["lstm", "lstm-pooled", "mean", "frames"] = "lstm"  # departure 4; see network.py
    hidden: Count = 200  # units of the LSTM, Sec. 3.3
    dropout: Below1 = 0.2  # Fig. 2 keeps 0.8
    slope: Amount = 0.1  # Eq. 2: weight lost for each place of distance
    window: Count = 7  # places, side of a landmark's window, Sec. 3.2
    checkpointing: bool = False  # computes activations twice instead of keeping them


@dataclass(frozen=True)
class Recipe:
    """3D Inception-ResNet with landmark weights and an LSTM, by its printed numbers [3].

    A comment names where a number is from; "open" where the paper gives none (see PAPER.md).
    """

    per_frame: ClassVar[bool] = False

    name: str = "ir3d"
    input: Input = Input()
    network: Network = Network()
    plan: Plan = Plan(  # Sec. 3.3; batch size and epochs are open
        epochs=100,
        learning_rate=0.01,
        weight_decay=0.0001,
        batch_size=8,
        decay="none",
        choose="accuracy",  # departure 8
    )
    mirror: bool = False  # each epoch mirrors every clip or does not, at random; not printed
    compare: bool = False  # train Table 1's other networks too
    # Departure 15, False, is not the paper's: nobody chooses epochs, all are trained on.
    validates: bool = True

    def __post_init__(self) -> None:
        """Refuse what no training could use."""
        check(self)
        if self.network.time and self.input.frames < 5:
            raise InputError(f"input.frames of {self.name} is {self.input.frames}: give 5 or more")

    @property
    def trained(self) -> dict[str, "Recipe"]:
        """The recipe of every network that is trained, by name."""
        others = {
            name: replace(self, network=replace(self.network, **changes))
            for name, changes in TABLE_1.items()
        }
        return {**(others if self.compare else {}), self.name: self}
