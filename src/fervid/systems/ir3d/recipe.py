"""The 3D Inception-ResNet with landmarks and LSTM: the paper's numbers [3]."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal

from fervid.errors import InputError
from fervid.learning.plan import Plan
from fervid.learning.recipes import Amount, Below1, Count, Range, Scale, check

# The settings of the networks in [3, Table 1], by our names.
TABLE_1: Mapping[str, Mapping[str, Any]] = {
    "ir2d": {"time": False, "landmarks": False, "head": "frames"},
    "ir3d-shortcut": {"time": True, "landmarks": False, "head": "lstm"},
    "ir3d": {"time": True, "landmarks": True, "head": "lstm"},
}


@dataclass(frozen=True)
class Input:
    """What the network sees of a clip: Sec. 3.1, 4.1, 4.2."""

    size: Annotated[int, Range(49)] = 299  # side of the pictures in pixels
    frames: Count = 10  # frames of a film; a shorter clip's first frame is repeated (open)
    stride: Count = 1  # departure 14, not the paper's: every k-th frame, if the clip is long enough
    change: bool = False  # departure 13, not the paper's: subtract the clip's first picture
    fewest_frames: Count = 3  # frames with a face that a longer clip needs to give a sample
    crop_side: Scale = 2.6  # open: side of the face's square, in distances between the eyes
    crop_down: float = 0.55  # open: from the eyes down to its centre, in the same unit


@dataclass(frozen=True)
class Network:
    """The network of Fig. 2 and its landmark weights, Sec. 3.2, Eq. 2."""

    width: Scale = 1.0  # factor on every printed number of filters
    time: bool = True  # False: kernels span one frame, Table 1's 2D network
    landmarks: bool = True  # False: plain shortcuts, Table 1's 3D network
    head: Literal["lstm", "lstm-pooled", "mean", "frames"] = "lstm"  # departure 4; see network.py
    hidden: Count = 200  # units of the LSTM, Sec. 3.3
    dropout: Below1 = 0.2  # Fig. 2 keeps 0.8
    slope: Amount = 0.1  # Eq. 2: weight lost per cell of distance
    window: Count = 7  # side of a landmark's window in cells, Sec. 3.2
    checkpointing: bool = False  # recompute activations instead of storing them


@dataclass(frozen=True)
class Recipe:
    """3D Inception-ResNet with landmark weights and an LSTM, with its printed numbers [3].

    A field's comment names the section its number comes from; "open" means that the paper gives
    none (see PAPER.md).
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
    mirror: bool = False  # not in the paper: mirror each clip at random in every epoch
    compare: bool = False  # train Table 1's other networks too
    validates: bool = True  # False (departure 15, not the paper's): train on all, keep last epoch

    def __post_init__(self) -> None:
        """Refuse settings that cannot be trained."""
        check(self)
        if self.network.time and self.input.frames < 5:
            raise InputError(f"input.frames of {self.name} is {self.input.frames}: give 5 or more")

    @property
    def trained(self) -> dict[str, "Recipe"]:
        """The recipe of every network to train, by name."""
        others = {
            name: replace(self, network=replace(self.network, **changes))
            for name, changes in TABLE_1.items()
        }
        return {**(others if self.compare else {}), self.name: self}
