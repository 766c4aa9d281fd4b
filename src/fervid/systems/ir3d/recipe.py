"""The 3D Inception-ResNet with landmarks and LSTM: the paper's numbers and its training [3]."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from fervid.errors import InputError
from fervid.faces.track import Track
from fervid.learning import loop, seeding, weights
from fervid.learning.batches import Batch
from fervid.learning.crops import Square
from fervid.learning.inception3d import Style
from fervid.learning.loop import Plan, Stage
from fervid.learning.run import Run
from fervid.learning.samples import Samples
from fervid.systems.ir3d import inputs
from fervid.systems.ir3d.network import HEADS, InceptionResNet, last_grid
from fervid.systems.ir3d.recognizer import IR3DRecognizer, answer

# The columns of [3, Table 1], by which of our networks answers them.
TABLE_1: Mapping[str, Mapping[str, Any]] = {
    "ir2d": {"time": False, "landmarks": False, "head": "frames"},
    "ir3d-shortcut": {"time": True, "landmarks": False, "head": "lstm"},
    "ir3d": {"time": True, "landmarks": True, "head": "lstm"},
}
# Fields that no trained weight depends on.
IDLE = ("name", "compare", "checkpointing", "checkpoint_seconds")


@dataclass(frozen=True)
class IR3D:
    """3D Inception-ResNet with landmark weights and an LSTM, by its printed numbers [3].

    A comment names where a number is from; "open" where the paper gives none (see PAPER.md).
    """

    still: ClassVar[bool] = False

    name: str = "ir3d"
    # Input: Sec. 3.1, 4.1, 4.2.
    size: int = 299
    frames: int = 10
    fill: str = "first"  # open: a shorter clip's first frame is repeated; or "stretch" it
    fewest_frames: int = 3  # a longer clip with fewer seen frames gives no sample
    crop_side: float = 2.6  # open: the face's square in distances between the eyes
    crop_down: float = 0.55  # open: its centre below the eyes
    values: str = "film"  # open: each film is brought to mean 0, deviation 1; or "range", to -1..1
    # Network: Fig. 2.
    width: float = 1.0  # of every printed number of filters
    time: bool = True  # False: kernels see one frame, Table 1's 2D network
    landmarks: bool = True  # False: plain shortcuts, Table 1's 3D network
    head: str = "lstm"  # departure 4; or "lstm-pooled", "mean", "frames": network.py says what
    hidden: int = 200  # units of the LSTM, Sec. 3.3
    dropout: float = 0.2  # Fig. 2 keeps 0.8
    norm: bool = True  # departure 5: batch norm after every convolution that is not linear
    stem_pool: str = "max"  # open; or "average"
    head_pool: int = 3  # open: the last pooling is over 1 x 3 x 3
    # Landmark weights: Sec. 3.2, Eq. 2.
    slope: float = 0.1
    window: int = 7
    outside: float = 0.0  # open: weight of places in no window
    rounded: bool = True  # open: a landmark lies in the middle of a place, so its window has 49
    averaged: bool = True  # departure 12: smaller maps are averages of those of the printed size
    # Stochastic gradient descent: Sec. 3.3.
    learning_rate: float = 0.01
    momentum: float = 0.9
    weight_decay: float = 0.0001
    decay: str = "none"  # of the learning rate: none is printed; or "cosine"
    gradient_clip: float = 0.0  # the longest step; none is printed
    batch_size: int = 8  # open
    epochs: int = 100  # open
    choose: str = "accuracy"  # departure 8: of validation, which keeps an epoch; or "loss"
    patience: int = 0  # epochs without a better validation before training stops; 0: never
    mirror: bool = False  # each epoch mirrors every clip or does not, at random; not printed
    compare: bool = False  # train Table 1's other networks too
    checkpointing: bool = False  # computes activations twice instead of keeping them
    checkpoint_seconds: float = 120.0

    def __post_init__(self) -> None:
        """Refuse what no training could use."""
        choices = {
            "head": (self.head, HEADS),
            "fill": (self.fill, inputs.FILLS),
            "values": (self.values, ("film", "range")),
            "stem_pool": (self.stem_pool, ("max", "average")),
            "decay": (self.decay, ("none", "cosine")),
            "choose": (self.choose, ("accuracy", "loss")),
        }
        for name, (value, allowed) in choices.items():
            if value not in allowed:
                known = ", ".join(allowed)
                raise InputError(f"{name} of {self.name} is {value!r}: choose one of {known}")
        if last_grid(self.size) < 1:
            raise InputError(f"size of {self.name} is {self.size}: take 49 pixels or more")
        if self.time and self.frames < 5:
            raise InputError(f"frames of {self.name} is {self.frames}: take 5 or more")

    def inputs(self, track: Track) -> dict[str, NDArray[Any]]:
        """`faces` (N, 10, size, size, 3) uint8 and `landmarks` (N, 10, 66, 2) float32.

        Rows without a face are left out first. N = 1 for clips that end at their apex and for
        short ones, as many tens as there are else; N = 0 where fewer than `fewest_frames` hold a
        face, unless the clip has no more to begin with.
        """
        seen = track.rows(track.seen)
        if len(seen) < max(1, min(self.fewest_frames, len(track))):
            faces = np.zeros((0, self.frames, self.size, self.size, 3), np.uint8)
            return {"faces": faces, "landmarks": np.zeros((0, self.frames, 66, 2), np.float32)}
        rows = inputs.tens(len(seen), self.frames, inputs.ends_at_apex(track), self.fill)
        square = Square(self.size, self.crop_side, self.crop_down)
        used = seen.rows(slice(int(rows[0, 0]), None))
        faces, points = square.cut(used.faces, used.landmarks)
        rows = rows - rows[0, 0]
        return {"faces": faces[rows], "landmarks": points[rows][:, :, list(inputs.POINTS)]}

    def network(self, labels: int) -> InceptionResNet:
        """The network, untrained [3, Fig. 2]."""
        maps = {
            "slope": self.slope,
            "window": self.window,
            "outside": self.outside,
            "rounded": self.rounded,
        }
        made = InceptionResNet(
            labels,
            Style(self.width, self.time, self.norm, self.stem_pool),
            self.size,
            self.head,
            maps if self.landmarks else None,
            self.averaged,
            self.head_pool,
            self.dropout,
            self.hidden,
            self.checkpointing,
        )
        # As the films lie in memory, and what convolutions are fastest on.
        return made.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload, no-any-return]

    @property
    def compared(self) -> dict[str, "IR3D"]:
        """The recipe of every network that `fit` trains, by name."""
        others = {name: replace(self, **changes) for name, changes in TABLE_1.items()}
        return {**(others if self.compare else {}), self.name: self}

    def fit(self, train: Samples, validation: Samples, run: Run) -> IR3DRecognizer:
        """Train from scratch, end to end [3, Sec. 3.2].

        Departure 8: `validation` chooses the epoch; the paper tells of no such set.
        """
        made = {}
        for name, recipe in self.compared.items():
            with seeding.seeded(run.seed, "ir3d", "weights"):
                network = recipe.network(len(train.labels))
            loop.train(recipe.stage(name), network, train, validation, run)
            made[name] = network
        return IR3DRecognizer(self, train.labels, made)

    def stage(self, name: str) -> Stage:
        """What the loop needs to know."""
        plan = Plan(
            self.epochs,
            self.learning_rate,
            momentum=self.momentum,
            weight_decay=self.weight_decay,
            clip=self.gradient_clip,
            batch_size=self.batch_size,
            decay=self.decay,
            choose=self.choose,
            patience=self.patience,
            checkpoint_seconds=self.checkpoint_seconds,
        )
        settings = {key: value for key, value in asdict(self).items() if key not in IDLE}
        copies = 2 if self.mirror else 1
        return Stage(name, plan, self._loss, self._logits, copies, False, settings)

    def eaten(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """A batch as the network takes it: (B, 3, T, H, W) and (B, T, 66, 2).

        Copy 1 of a film is its mirror image. Its landmarks keep their order, which the weights
        do not depend on.
        """
        faces, points = batch.arrays["faces"], batch.arrays["landmarks"]
        if bool((mirror := batch.copy == 1).any()):
            faces = torch.where(mirror[:, None, None, None, None], faces.flip(3), faces)
            other = torch.cat([self.size - 1 - points[..., :1], points[..., 1:]], dim=-1)
            points = torch.where(mirror[:, None, None, None], other, points)
        pixels = faces.float()
        if self.values == "range":
            pixels = pixels / 127.5 - 1
        else:
            spread, mean = torch.std_mean(pixels, (1, 2, 3, 4), correction=0, keepdim=True)
            pixels = (pixels - mean) / spread.clamp(min=1)
        return pixels.permute(0, 4, 1, 2, 3), points

    def _loss(self, network: Any, batch: Batch, _: torch.Generator) -> Tensor:
        logits = network(*self.eaten(batch))
        if logits.ndim == 2:
            return F.cross_entropy(logits, batch.target)
        # Every frame learns its clip's label by itself.
        each = batch.target.repeat_interleave(logits.shape[1])
        return F.cross_entropy(logits.flatten(0, 1), each)

    def _logits(self, network: Any, batch: Batch) -> Tensor:
        # The loop validates many at once; activations of this size are for a few.
        split = (torch.split(x, self.batch_size) for x in self.eaten(batch))
        return torch.cat([answer(network(*part)) for part in zip(*split, strict=True)])

    def load(self, path: Path) -> IR3DRecognizer:
        """A recogniser saved earlier, by the recipe it was trained with.

        Raises:
            WeightsError: not ours, or of another system.
        """
        tensors, card, recipe = weights.load_system(path, self)
        with weights.restoring(path):
            labels = tuple(card["labels"])
            made = {name: each.network(len(labels)) for name, each in recipe.compared.items()}
            recognizer = IR3DRecognizer(recipe, labels, made)
            recognizer.restore(tensors, path)
            return recognizer
