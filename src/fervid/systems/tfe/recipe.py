"""TFE: the paper's numbers and its training stages [5]."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fervid.errors import InputError, WeightsError
from fervid.faces.track import Track
from fervid.learning import loop, seeding, weights
from fervid.learning.batches import Batch
from fervid.learning.loop import Stage
from fervid.learning.plan import Plan
from fervid.learning.run import Run
from fervid.learning.samples import Samples
from fervid.systems.tfe import identity, inputs, network, targets
from fervid.systems.tfe.augment import Shake, shaken
from fervid.systems.tfe.network import Alone, DeepID, Emotion, Linear, Tandem
from fervid.systems.tfe.recognizer import TFERecognizer
from fervid.systems.tfe.svm import fit_margins

N = TypeVar("N", bound=nn.Module)

# What `answer` may say; all but the first are what the paper compares it with.
ANSWERS = ("joint", "joint-fresh", "resnet", "svm")
# Fields that no stage of training depends on.
OUTSIDE = ("name", "answer", "compare", "mirror", "last_frames", "cost")
# Fields that only a tandem depends on.
TANDEM = (
    *("identity", "identity_size", "local", "hidden", "dropout"),
    *("learning_rate_joint", "epochs_joint"),
)


@dataclass(frozen=True)
class TFE:
    """Tandem facial expression features, by the paper's numbers for FER+ [5].

    A comment names the section a number is from; "open" where the paper gives none.
    """

    still: ClassVar[bool] = True

    name: str = "tfe"
    # Networks: Sec. 3.1, Figs. 2-4.
    emotion: str = network.RESNET18  # notation in network.py
    size: int = 48  # side of the face: FER+'s own, Sec. 3.1
    identity: str = "shipped"  # a file of `training/identity.py`; "none": not learnt beforehand
    identity_size: int = 48  # open
    local: bool = True  # of an identity network that is not read: as in [10]
    hidden: int = 0  # open: units between the tandem feature and the last layer
    dropout: float = 0.4  # Sec. 4.2, on the identity feature
    # Augmentation: Sec. 4.3 names mirroring, shifting and turning; their sizes are open.
    flip: bool = True
    shift: float = 0.08  # of the face's side, at most
    turn: float = 10.0  # degrees, at most
    scale: float = 0.0  # these three are not in the paper
    light: float = 0.0
    erase: float = 0.0
    # Stochastic gradient descent: Sec. 4.2.
    momentum: float = 0.9
    batch_size: int = 128
    learning_rate_emotion: float = 0.1
    learning_rate_joint: float = 0.001
    epochs_emotion: int = 200
    epochs_joint: int = 100
    weight_decay: float = 0.0005  # open
    decay: Literal["cosine", "none"] = (
        "cosine"  # open: the paper says where the learning rate begins
    )
    warmup: int = 0  # epochs
    average: float = 0.0  # decay of a running mean of the weights; not in the paper
    choose: Literal["loss", "accuracy", "last"] = (
        "accuracy"  # departure 5: which epoch is kept, where there is validation
    )
    # What is learnt: the label most people chose [5, Sec. 4.1], or all of their votes.
    targets: str = "majority"  # or "votes"
    teachers: tuple[str, ...] = ()  # files of trained models whose mean answer is learnt, too
    teachers_share: float = 0.5
    cost: float = 1.0  # open: C of the transfer baseline's SVM, see `fit_margins`
    # The answer.
    answer: str = "joint"  # or "joint-fresh", "resnet", "svm"
    compare: bool = False  # train all of these, whichever is the answer
    mirror: bool = False  # the mean of the answers to a face and to its mirror image
    last_frames: int = 0  # of a clip, only so many at its end; 0: all

    def __post_init__(self) -> None:
        """Refuse what no training could use."""
        network.parse(self.emotion)
        choices = {
            "answer": (self.answer, ANSWERS),
            "targets": (self.targets, ("majority", "votes")),
            "decay": (self.decay, ("cosine", "none")),
            "choose": (self.choose, ("loss", "accuracy", "last")),
        }
        for name, (value, allowed) in choices.items():
            if value not in allowed:
                raise InputError(
                    f"{name} of {self.name} is {value!r}: choose one of {', '.join(allowed)}"
                )
        if self.size < self.identity_size or self.identity_size < 32:
            raise InputError(
                f"faces of {self.size} pixels, {self.identity_size} for the identity: give 32 or "
                "more, and no more for the identity than there are"
            )
        if not 0 <= self.average < 1:
            raise InputError(f"average of {self.name} is {self.average}: give 0 or more, below 1")

    @property
    def shake(self) -> Shake:
        """How far faces are changed in training."""
        return Shake(self.flip, self.shift, self.turn, self.scale, self.light, self.erase)

    @property
    def learns_from(self) -> tuple[Path, ...]:
        """Files of trained models, but the package's own, whose knowledge goes into a training."""
        people = () if self.identity in ("none", "shipped") else (self.identity,)
        return tuple(Path(place) for place in (*self.teachers, *people))

    def inputs(self, track: Track) -> dict[str, NDArray[Any]]:
        """A sample for each row with a face: `faces` (N, P, P) uint8, grey; P = `size`."""
        return {"faces": inputs.faces(track, self.size, self.last_frames)}

    def fit(self, train: Samples, validation: Samples, run: Run) -> TFERecognizer:
        """Train the residual network, then the tandem from both trained parts [5, Sec. 3.1].

        Args:
            train: may hold `votes` (N, K) beside `faces`: how many people chose each label.
        """
        train, validation = targets.ready(train), targets.ready(validation)
        if self.teachers:
            train = self._taught(train)
        wanted = [a for a in ANSWERS if self.compare or a == self.answer]
        made: dict[str, nn.Module] = {}
        resnet = self.resnet(len(train.labels), run.seed)
        if wanted != ["svm"]:
            made["resnet"] = resnet
            resnet.body.standardise.learn(train.arrays["faces"])
            loop.train(self.stage("resnet"), resnet, train, validation, run)
        for name in ("joint", "joint-fresh"):
            if name in wanted:
                made[name] = self._tandem(name, resnet.body, train, run.seed)
                loop.train(self.stage(name), made[name], train, validation, run)
        if "svm" in wanted:
            made["svm"] = fit_margins(self.people(), train, self.cost)
        kept = {name: made[name] for name in ANSWERS if name in wanted}
        return TFERecognizer(self, train.labels, kept)

    def resnet(self, labels: int, seed: int = 0) -> Alone:
        """The residual network below its own linear layer, untrained."""
        with seeding.seeded(seed, "resnet", "weights"):
            return _laid(Alone(Emotion(self.emotion, self.size), labels))

    def people(self) -> DeepID:
        """The identity network, trained on people; a copy of its own.

        Raises:
            WeightsError: there is none at the place that `identity` names.
        """
        if self.identity == "none":
            raise WeightsError(
                f"{self.name} needs an identity network that was trained: set identity to a file "
                "of training/identity.py"
            )
        made: DeepID = _laid(identity.load(self.identity))
        if made.size > self.size:
            raise WeightsError(
                f"the identity network looks at {made.size} pixels and {self.name} at "
                f"{self.size}: give faces at least as large"
            )
        return made

    def _tandem(self, name: str, emotion: Emotion | DeepID, train: Samples, seed: int) -> Tandem:
        """Both parts below a new layer; the parts as trained, or a new identity network."""
        assert isinstance(emotion, Emotion)
        with seeding.seeded(seed, name, "weights"):
            fresh = name == "joint-fresh" or self.identity == "none"
            if fresh:
                people = DeepID(self.identity_size, self.local)
                people.standardise.learn(train.arrays["faces"])
            else:
                people = self.people()
            made = Tandem(people, deepcopy(emotion), len(train.labels), self.dropout, self.hidden)
        return _laid(made)

    def stage(self, name: str) -> Stage:
        """What the loop needs to know of a stage: "resnet", "joint" or "joint-fresh"."""
        first = name == "resnet"
        without = {*OUTSIDE, *(TANDEM if first else ())}
        settings = {key: value for key, value in asdict(self).items() if key not in without}
        if name == "joint-fresh":
            settings["identity"] = "none"
        if self.teachers:
            settings["teachers"] = [weights.load(Path(path))[1]["sha256"] for path in self.teachers]
        if name == "joint" and self.identity != "none":
            settings["identity"] = identity.card(self.identity)["sha256"]
        plan = Plan(
            self.epochs_emotion if first else self.epochs_joint,
            self.learning_rate_emotion if first else self.learning_rate_joint,
            self.momentum,
            self.weight_decay,
            batch_size=self.batch_size,
            decay=self.decay,
            warmup=self.warmup if first else 0,
            average=self.average,
            choose=self.choose,
        )
        return Stage(name, plan, self._loss, _logits, given=(settings,))

    def _loss(self, net: Any, batch: Batch, generator: torch.Generator) -> Tensor:
        if len(batch.target) == 1:  # one face alone has no variance to normalise by
            arrays = {name: torch.cat([array, array]) for name, array in batch.arrays.items()}
            batch = Batch(arrays, batch.target.repeat(2), batch.copy.repeat(2))
        logits = net(shaken(batch.arrays["faces"], self.shake, generator))
        share = self.teachers_share if self.teachers else 0.0
        return targets.loss(logits, batch, self.targets == "votes", share)

    def _taught(self, train: Samples) -> Samples:
        """Samples with the teachers' mean probabilities as `teacher`, (N, K)."""
        teachers = [self.load(Path(path), any_name=True) for path in self.teachers]
        total = np.zeros((len(train), len(train.labels)), np.float32)
        for path, teacher in zip(self.teachers, teachers, strict=True):
            if set(teacher.labels) != set(train.labels):
                raise WeightsError(
                    f"{path} knows {', '.join(teacher.labels)}: name teachers of the same labels"
                )
            order = [teacher.labels.index(label) for label in train.labels]
            seen = replace(teacher, system=replace(teacher.system, mirror=True))
            total += seen.predict({"faces": train.arrays["faces"]})[seen.output][:, order]
        return replace(train, arrays={**train.arrays, "teacher": total / len(teachers)})

    def untrained(self, name: str, labels: int, people: tuple[int, bool] = (48, True)) -> nn.Module:
        """A network of the system to load weights into.

        Args:
            name: as in ANSWERS.
            people: the identity network's size, and whether it is local.
        """
        if name == "resnet":
            return self.resnet(labels)
        if name == "svm":
            return _laid(Linear(DeepID(*people), labels))
        emotion = Emotion(self.emotion, self.size)
        return _laid(Tandem(DeepID(*people), emotion, labels, self.dropout, self.hidden))

    def load(self, path: Path, any_name: bool = False) -> TFERecognizer:
        """A recogniser saved earlier, by the recipe it was trained with.

        Args:
            any_name: of any variant of this system.

        Raises:
            WeightsError: not ours, or of another system.
        """
        known = self
        if any_name and (about := weights.load(path)[1]).get("kind") == "tfe":
            known = replace(self, name=about["system"])
        tensors, card, recipe = weights.load_system(path, known)
        labels = tuple(card["labels"])
        made = {
            name: recipe.untrained(name, len(labels), tuple(people))
            for name, people in card["networks"].items()
        }
        found = TFERecognizer(recipe, labels, made)
        found.restore(tensors, path)
        return found


def _laid(net: N) -> N:
    """Pixel-major memory: what convolutions on a CPU and on a GPU in bf16 are fastest on."""
    return net.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def _logits(net: Callable[[Tensor], Tensor], batch: Batch) -> Tensor:
    return net(batch.arrays["faces"])
