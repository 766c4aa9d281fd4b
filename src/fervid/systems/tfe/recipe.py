"""TFE: the paper's numbers [5]."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from fervid.errors import InputError
from fervid.learning.plan import Plan
from fervid.learning.recipes import Amount, Below1, Natural, Range, Share, check
from fervid.systems.tfe.notation import RESNET18, parse
from fervid.systems.tfe.shake import Shake

Side = Annotated[int, Range(32)]
# The trained `tfe` of this package.
SHIPPED = Path(__file__).parent / "weights" / "tfe.safetensors"
# The networks whose answers may be the output; all but the first are what the paper compares.
OUTPUTS = ("joint", "joint-fresh", "resnet", "svm")

# Sec. 4.2, besides weight decay and the cosine, which are open.
SGD = Plan(
    epochs=200,
    learning_rate=0.1,
    weight_decay=0.0005,
    batch_size=128,
    decay="cosine",  # open: the paper says where the learning rate begins
    choose="accuracy",  # departure 5
)


@dataclass(frozen=True)
class Input:
    """What is seen of a clip."""

    size: Side = 48  # side of the face, pixels: FER+'s own, Sec. 3.1
    last_frames: Natural = 0  # of a clip, only so many at its end (Sec. 4.1 for CK+); 0: all


@dataclass(frozen=True)
class Emotion:
    """The residual network: Sec. 3.1, Figs. 3, 4."""

    layers: str = RESNET18  # notation.py says how to write it
    begin: str = "none"  # departure 10, not the paper's: a trained tfe, or "shipped"
    plan: Plan = SGD


@dataclass(frozen=True)
class Identity:
    """DeepID, which knows people: Sec. 3.1."""

    place: str = "shipped"  # a file of training/identity.py; "none": not learnt beforehand
    size: Side = 48  # open: pixels it looks at; a file's own counts
    local: bool = True  # weights shared only in regions, as in [10]; a file's own counts


@dataclass(frozen=True)
class Tandem:
    """Both networks below one linear layer: Sec. 3.2."""

    dropout: Below1 = 0.4  # Sec. 4.2, on the identity feature
    plan: Plan = replace(SGD, epochs=100, learning_rate=0.001)


@dataclass(frozen=True)
class Recipe:
    """Tandem facial expression features, by the paper's numbers for FER+ [5].

    A comment names the section a number is from; "open" where the paper gives none.
    """

    per_frame: ClassVar[bool] = True

    name: str = "tfe"
    input: Input = Input()
    emotion: Emotion = Emotion()
    identity: Identity = Identity()
    tandem: Tandem = Tandem()
    # Sec. 4.3 names them; the sizes are open, and the text is on FER+: departure 11 for CK+.
    augmentation: Shake = Shake(shift=0.08, turn=10.0)
    # What is learnt: the label most people chose [5, Sec. 4.1], or all of their votes.
    targets: Literal["majority", "votes"] = "majority"
    teachers: tuple[str, ...] = ()  # files of trained models whose mean answer is learnt, too
    teachers_share: Share = 0.5  # of what is learnt
    cost: Amount = 1.0  # open: C of the transfer baseline's SVM, Sec. 4.6
    output: Literal["joint", "joint-fresh", "resnet", "svm"] = "joint"  # Sec. 4.5, 4.6
    compare: bool = False  # train all of these, whichever is the output
    mirror: bool = False  # the mean of the answers to a face and to its mirror image
    # Departure 12, False, is not the paper's: nobody chooses epochs, all are trained on.
    validates: bool = True

    def __post_init__(self) -> None:
        """Refuse what no training could use."""
        check(self)
        parse(self.emotion.layers)
        if self.identity.size > self.input.size:
            raise InputError(
                f"identity.size of {self.name} is {self.identity.size}: give no more than "
                f"input.size={self.input.size}"
            )

    @property
    def learns_from(self) -> tuple[Path, ...]:
        """Files of trained models whose knowledge goes into a training.

        The package's own identity network is none of them: it knows no expression.
        """
        place = self.identity.place
        people = () if place in ("none", "shipped") else (place,)
        begun = (self.begin,) if self.begin else ()
        return tuple(Path(file) for file in (*self.teachers, *people, *begun))

    @property
    def begin(self) -> Path | None:
        """The file of the trained model that the residual network begins from."""
        name = self.emotion.begin
        return None if name == "none" else SHIPPED if name == "shipped" else Path(name)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the networks that are trained to answer."""
        return tuple(name for name in OUTPUTS if self.compare or name == self.output)
