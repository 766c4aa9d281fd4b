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
# The trained `tfe` in this package.
SHIPPED = Path(__file__).parent / "weights" / "tfe.safetensors"
# The networks that can be the output; all but the first are baselines.
OUTPUTS = ("joint", "joint-fresh", "resnet", "svm")

# Sec. 4.2, except weight decay and the cosine, which are open.
SGD = Plan(
    epochs=200,
    learning_rate=0.1,
    weight_decay=0.0005,
    batch_size=128,
    decay="cosine",  # open: the paper gives only the initial learning rate
    choose="accuracy",  # departure 5
)


@dataclass(frozen=True)
class Input:
    """What the networks see of a clip."""

    size: Side = 48  # side of the face in pixels: FER+'s own, Sec. 3.1
    last_frames: Natural = 0  # frames to use at a clip's end (Sec. 4.1 for CK+); 0: all


@dataclass(frozen=True)
class Emotion:
    """The residual network: Sec. 3.1, Figs. 3, 4."""

    layers: str = RESNET18  # in the notation of notation.py
    begin: str = "none"  # departure 10, not the paper's: trained tfe to start from, or "shipped"
    plan: Plan = SGD


@dataclass(frozen=True)
class Identity:
    """DeepID, trained to tell people apart: Sec. 3.1."""

    place: str = "shipped"  # file from training/identity.py; "none": start from random weights
    size: Side = 48  # open: side of its input in pixels; the file's value takes precedence
    local: bool = True  # weights shared only locally, as in [10]; the file's value takes precedence


@dataclass(frozen=True)
class Tandem:
    """Both networks under one linear layer: Sec. 3.2."""

    dropout: Below1 = 0.4  # Sec. 4.2, on the identity feature
    plan: Plan = replace(SGD, epochs=100, learning_rate=0.001)


@dataclass(frozen=True)
class Recipe:
    """Tandem facial expression features, with the paper's numbers for FER+ [5].

    A field's comment names the section its number comes from; "open" means that the paper gives
    none.
    """

    per_frame: ClassVar[bool] = True

    name: str = "tfe"
    input: Input = Input()
    emotion: Emotion = Emotion()
    identity: Identity = Identity()
    tandem: Tandem = Tandem()
    # Sec. 4.3 names shifts and turns, but only for FER+ (departure 11); their sizes are open.
    augmentation: Shake = Shake(shift=0.08, turn=10.0)
    targets: Literal["majority", "votes"] = "majority"  # label with most votes (Sec. 4.1), or votes
    teachers: tuple[str, ...] = ()  # files of trained models whose mean prediction is also learnt
    teachers_share: Share = 0.5  # weight of the teachers in the target
    cost: Amount = 1.0  # open: C of the transfer baseline's SVM, Sec. 4.6
    output: Literal["joint", "joint-fresh", "resnet", "svm"] = "joint"  # Sec. 4.5, 4.6
    compare: bool = False  # train all of these, not only the output
    mirror: bool = False  # average the predictions for a face and its mirror image
    validates: bool = True  # False (departure 12, not the paper's): train on all, keep last epoch

    def __post_init__(self) -> None:
        """Refuse settings that cannot be trained."""
        check(self)
        parse(self.emotion.layers)
        if self.identity.size > self.input.size:
            raise InputError(
                f"identity.size of {self.name} is {self.identity.size}: give no more than "
                f"input.size={self.input.size}"
            )

    @property
    def learns_from(self) -> tuple[Path, ...]:
        """Files of trained models that a training starts from or imitates.

        The package's own identity network is not listed, because it knows no expressions.
        """
        place = self.identity.place
        people = () if place in ("none", "shipped") else (place,)
        start = (self.begin,) if self.begin else ()
        return tuple(Path(file) for file in (*self.teachers, *people, *start))

    @property
    def begin(self) -> Path | None:
        """File of the trained model that the residual network starts from; None for scratch."""
        name = self.emotion.begin
        return None if name == "none" else SHIPPED if name == "shipped" else Path(name)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the networks to train and report."""
        return tuple(name for name in OUTPUTS if self.compare or name == self.output)
