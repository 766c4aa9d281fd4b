"""3DAGN: the paper's numbers [2]."""

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal

from fervid.learning.plan import Plan
from fervid.learning.recipes import Amount, Below1, Count, Range, Scale, Share, check

Side = Annotated[int, Range(32)]
Weight = Annotated[float, Range(0)]

# Sec. 4.1 names Adam and about 100 epochs. All other numbers are open.
ADAM = Plan(
    epochs=100,
    learning_rate=0.001,
    gradient_clip=1.0,  # departure 12
    batch_size=16,
    optimiser="adam",
)


@dataclass(frozen=True)
class Input:
    """What the networks see of a clip."""

    size: Side = 299  # side of the films in pixels: from [3], to which Sec. 3.1 refers for details
    frames: Count = 10  # frames of a film: from [3]
    # "grey" is the experiment's, Sec. 4.1. "change" (departure 15) is not the paper's: grey minus
    # the clip's first frame.
    encoding: Literal["lbp", "grey", "change"] = "lbp"  # Fig. 2; "change" is departure 15
    film: Literal["consecutive", "spread"] = "consecutive"  # departure 5: which frames up to peak
    peak: Literal["farthest", "parts"] = "farthest"  # departure 5: rule that picks the peak frame
    fewest_frames: Count = 3  # frames with a face that a longer clip needs to give a sample
    crop_side: Scale = 2.6  # open: side of the face's square, in distances between the eyes
    crop_down: float = 0.55  # open: from the eyes down to its centre, in the same unit
    shift: Share = 0.04  # departure 10: largest random shift of a film, as a share of its side

    @property
    def margin(self) -> int:
        """Pixels kept on each side of a stored film for random shifts."""
        return round(self.shift * self.size)

    @property
    def pixels(self) -> int:
        """Side of a stored film in pixels."""
        return self.size + 2 * self.margin


@dataclass(frozen=True)
class Appearance:
    """Network 1, for films: Sec. 3.1."""

    kind: Literal["inception", "four"] = "inception"  # "four" is the experiment's, Sec. 4.1
    width: Scale = 1.0  # factor on every layer's width; 1 is the printed size
    modules: str = "A-RA-B"  # departure 3: modules of [3] that "shallower" keeps
    maps: tuple[Count, Count, Count, Count] = (32, 64, 128, 128)  # departure 4: only for "four"
    hidden: Count = 512  # departure 4: only for "four"
    dropout: Below1 = 0.2  # from [3], which keeps 0.8
    plan: Plan = ADAM


@dataclass(frozen=True)
class Geometry:
    """Network 2, for landmark-difference images: Sec. 3.2."""

    trunk: Literal["own", "shared"] = "own"  # a VGG16 for each pair, or one for all pairs
    # "points" (departure 16) is not the paper's: a small network on the points' differences.
    sees: Literal["picture", "points"] = "picture"  # Sec. 3.2; "points" is departure 16
    size: Side = 224  # side of the difference images in pixels: VGG16's
    width: Scale = 1.0  # factor on the width of VGG16's layers
    # Weights of the landmarks of jaw, brows, nose, eyes and lips.
    parts: tuple[Weight, Weight, Weight, Weight, Weight] = (1.0, 2.0, 2.0, 2.0, 2.0)  # departure 6
    spot: Scale = 0.03  # departure 6: standard deviation of a landmark's spot, in square sides
    turn: Amount = 0.1  # departure 10: largest random rotation in radians
    noise: Amount = 0.003  # departure 10: standard deviation of landmark noise, in square sides
    dropout: Below1 = 0.5  # VGG16's
    plan: Plan = replace(ADAM, learning_rate=0.0003)


@dataclass(frozen=True)
class Joint:
    """Training both networks together: Sec. 3.3."""

    lambdas: tuple[Weight, Weight, Weight] = (1.0, 1.0, 1.0)  # Eq. 1: weights of L1, L2, L3
    plan: Plan = replace(ADAM, epochs=10, learning_rate=0.0001)


@dataclass(frozen=True)
class Recipe:
    """3D appearance and geometric network as proposed [2, Sec. III].

    A field's comment names the section its number comes from; "open" means that the paper gives
    none.
    """

    per_frame: ClassVar[bool] = False

    name: str = "agn3d"
    input: Input = Input()
    appearance: Appearance = Appearance()
    geometry: Geometry = Geometry()
    joint: Joint = Joint()
    output: Literal["joint", "appearance"] = "joint"  # network 3, or network 1 alone (Sec. 4.1)
    validates: bool = True  # False (departure 14, not the paper's): train on all, keep last epoch

    def __post_init__(self) -> None:
        """Refuse settings that cannot be trained."""
        check(self)
