"""DTAGN: the paper's numbers [1]."""

from dataclasses import dataclass, replace
from math import pi
from typing import Annotated, ClassVar, Literal

from fervid.errors import InputError
from fervid.faces.points68 import POINTS_49  # departure 1
from fervid.learning.plan import Plan
from fervid.learning.recipes import Amount, Below1, Count, Range, Scale, Share, check
from fervid.systems.dtagn.notation import parse

# Sec. 3.2 names stochastic gradient descent and weight decay but gives no numbers: all are open.
SGD = Plan(
    epochs=60,
    learning_rate=0.01,
    weight_decay=0.0005,
    gradient_clip=1.0,  # departure 8
    batch_size=16,
    decay="cosine",  # departure 13
    choose="loss",  # departure 12
)


@dataclass(frozen=True)
class Input:
    """What the networks see of a clip: Sec. 3.1, 3.3."""

    fewest_frames: Count = 3  # frames with a face that a longer clip needs to give a sample
    crop_side: Scale = 2.6  # open: side of the face's square, in distances between the eyes
    crop_down: float = 0.55  # open: from the eyes down to its centre, in the same unit
    nose: Annotated[int, Range(27, 35)] = 30  # index among the 68; Fig. 1 marks the nose's tip


@dataclass(frozen=True)
class Appearance:
    """DTAN, the network on pictures: Sec. 3.2, 5.1."""

    layers: str = "I64-C(5,64)-L5-P2-C(5,64)-L3-P2-FC500-FC500-S"  # Sec. 5.1; S: one unit a label
    frames: Count = 3  # Ta: open, except that Fig. 5 shows a network of three frames
    init_std: Scale = 0.01  # departure 7: standard deviation of the initial weights
    dropout: Below1 = 0.5  # Sec. 3.2 names it; its rate and the units it acts on are open
    plan: Plan = SGD


@dataclass(frozen=True)
class Geometry:
    """DTGN, the network on landmark trajectories: Sec. 3.3, 5.1."""

    layers: str = "D1176-FC100-FC600-S"  # Sec. 5.1; D: numbers per clip
    frames: Count = 12  # Tg: 1176 = 12 frames of 49 points, Sec. 5.1
    init_std: Scale = 0.05  # departure 7: standard deviation of the initial weights
    dropout: Below1 = 0.5  # Sec. 3.3 names it; its rate is open
    noise: Amount = 0.01  # Eq. 5: standard deviation
    turn: Amount = pi / 10  # Eq. 6: largest angle in radians, drawn for each frame
    relative: bool = False  # departure 15, not the paper's: subtract the clip's first frame
    plan: Plan = replace(SGD, epochs=200, learning_rate=0.02)


@dataclass(frozen=True)
class Joint:
    """Joint fine-tuning: Sec. 3.5.2."""

    lambdas: tuple[Amount, Amount, Amount] = (1.0, 1.0, 0.1)  # Eq. 8: weights of L1, L2, L3
    plan: Plan = replace(SGD, epochs=6, learning_rate=0.001)


@dataclass(frozen=True)
class Concat:
    """One linear layer over both networks' activations: Sec. 6, Table 9."""

    plan: Plan = replace(SGD, epochs=6, learning_rate=0.001)


@dataclass(frozen=True)
class Recipe:
    """Deep temporal appearance-geometry network with its numbers for CK+ and Oulu-CASIA [1].

    A field's comment names the section its number comes from. "open" means that the paper gives
    none and that the default was chosen on training subjects only (see PAPER.md).
    """

    per_frame: ClassVar[bool] = False

    name: str = "dtagn"
    input: Input = Input()
    appearance: Appearance = Appearance()
    geometry: Geometry = Geometry()
    joint: Joint = Joint()
    concat: Concat = Concat()
    output: Literal["joint", "joint-l3", "concat", "weighted", "dtgn"] = "joint"  # Sec. 3.5
    alpha: Share = 0.5  # Eq. 7: DTAN's weight in "weighted"
    compare: bool = False  # train every fusion, not only the output
    validates: bool = True  # False (departure 16, not the paper's): train on all, keep last epoch

    def __post_init__(self) -> None:
        """Refuse settings that cannot be trained."""
        check(self)
        if not dict(parse(self.appearance.layers)).get("I"):
            raise InputError(
                f"appearance.layers of {self.name} does not begin with I and a size: "
                "write I64 for 64 pixels"
            )
        inputs = self.geometry.frames * len(POINTS_49) * 2
        if dict(parse(self.geometry.layers)).get("D") != (inputs,):
            raise InputError(
                f"geometry.layers of {self.name} is {self.geometry.layers!r}: begin it with "
                f"D{inputs} for geometry.frames={self.geometry.frames}"
            )

    @property
    def size(self) -> int:
        """Side of the face's picture in pixels; 64 in [1, Sec. 3.1]."""
        return dict(parse(self.appearance.layers))["I"][0]

    @property
    def margin(self) -> int:
        """Pixels kept on each side of the picture, so that it can be rotated."""
        return -(-self.size // 8)

    @property
    def landmarks_only(self) -> bool:
        """Whether landmarks without pictures are enough."""
        return self.output == "dtgn"

    @property
    def fusions(self) -> tuple[str, ...]:
        """Names of the fusions to train; "weighted" needs no training."""
        tuned = () if self.landmarks_only else ("joint", "joint-l3", "concat")
        return tuple(name for name in tuned if self.compare or name == self.output)
