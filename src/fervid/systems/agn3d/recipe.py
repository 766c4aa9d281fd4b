"""3DAGN: the paper's numbers [2]."""

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal

from fervid.learning.plan import Plan
from fervid.learning.recipes import Amount, Below1, Count, Range, Scale, Share, check

Side = Annotated[int, Range(32)]
Weight = Annotated[float, Range(0)]

# Sec. 4.1 names Adam and about 100 epochs; all other numbers are open.
ADAM = Plan(
    epochs=100,
    learning_rate=0.001,
    gradient_clip=1.0,  # departure 12
    batch_size=16,
    optimiser="adam",
)


@dataclass(frozen=True)
class Input:
    """What is seen of a clip."""

    size: Side = 299  # side of the films, pixels: of [3], whose details Sec. 3.1 refers to
    frames: Count = 10  # of [3]
    # Fig. 2; the experiment's frames are grey, Sec. 4.1. Departure 15, "change", is not the
    # paper's: grey less the clip's first frame.
    encoding: Literal["lbp", "grey", "change"] = "lbp"
    film: Literal["consecutive", "spread"] = "consecutive"  # departure 5: up to the peak
    peak: Literal["farthest", "parts"] = "farthest"  # departure 5
    fewest_frames: Count = 3  # a longer clip with fewer seen frames gives no sample
    crop_side: Scale = 2.6  # open: the face's square in distances between the eyes
    crop_down: float = 0.55  # open: its centre below the eyes
    shift: Share = 0.04  # departure 10: films are moved by so much at most, in sides

    @property
    def margin(self) -> int:
        """Pixels on each side of a stored film that a shift may bring into sight."""
        return round(self.shift * self.size)

    @property
    def pixels(self) -> int:
        """Side of a stored film."""
        return self.size + 2 * self.margin


@dataclass(frozen=True)
class Appearance:
    """Network 1, on films: Sec. 3.1."""

    kind: Literal["inception", "four"] = "inception"  # or the experiment's, Sec. 4.1
    width: Scale = 1.0  # scales every layer; 1 is as printed
    modules: str = "A-RA-B"  # departure 3: what "shallower" leaves of [3]
    maps: tuple[Count, Count, Count, Count] = (32, 64, 128, 128)  # departure 4: of "four"
    hidden: Count = 512  # departure 4: of "four"
    dropout: Below1 = 0.2  # of [3], which keeps 0.8
    plan: Plan = ADAM


@dataclass(frozen=True)
class Geometry:
    """Network 2, on landmark-difference images: Sec. 3.2."""

    trunk: Literal["own", "shared"] = "own"  # a VGG16 for every pair; or one with a layer for each
    # Departure 16, "points", is not the paper's: point differences, and a small network on them.
    sees: Literal["picture", "points"] = "picture"
    size: Side = 224  # side of the difference images, pixels: VGG16's
    width: Scale = 1.0  # of VGG16's layers
    parts: tuple[Weight, Weight, Weight, Weight, Weight] = (1.0, 2.0, 2.0, 2.0, 2.0)  # departure 6
    spot: Scale = 0.03  # departure 6: of a landmark, standard deviation in sides of the square
    turn: Amount = 0.1  # departure 10: radians, at most
    noise: Amount = 0.003  # departure 10: of landmarks, standard deviation in sides
    dropout: Below1 = 0.5  # VGG16's
    plan: Plan = replace(ADAM, learning_rate=0.0003)


@dataclass(frozen=True)
class Joint:
    """Both networks trained together: Sec. 3.3."""

    lambdas: tuple[Weight, Weight, Weight] = (1.0, 1.0, 1.0)  # Eq. 1
    plan: Plan = replace(ADAM, epochs=10, learning_rate=0.0001)


@dataclass(frozen=True)
class Recipe:
    """3D appearance and geometric network as proposed [2, Sec. III].

    A comment names the section a number is from; "open" where the paper gives none.
    """

    per_frame: ClassVar[bool] = False

    name: str = "agn3d"
    input: Input = Input()
    appearance: Appearance = Appearance()
    geometry: Geometry = Geometry()
    joint: Joint = Joint()
    output: Literal["joint", "appearance"] = "joint"  # network 3, or network 1 alone (Sec. 4.1)
    # Departure 14, False, is not the paper's: nobody chooses epochs, all are trained on.
    validates: bool = True

    def __post_init__(self) -> None:
        """Refuse what no training could use."""
        check(self)
