"""3DAGN: the paper's numbers and its training stages [2]."""

from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from fervid.errors import InputError
from fervid.faces.track import Track
from fervid.learning import loop, seeding, weights
from fervid.learning.batches import Batch
from fervid.learning.crops import Square
from fervid.learning.inception3d import Style
from fervid.learning.loop import Stage
from fervid.learning.plan import Plan
from fervid.learning.run import Run
from fervid.learning.samples import Samples
from fervid.learning.vgg import VGG16, scaled
from fervid.systems.agn3d import inputs, joint, lbp, network, pictures
from fervid.systems.agn3d.network import OwnPairs, Pairs, SharedPairs
from fervid.systems.agn3d.recognizer import AGN3DRecognizer

# What a batch may hold of a sample: itself and its mirror image.
COPIES = 2


@dataclass(frozen=True)
class AGN3D:
    """3D appearance and geometric network as proposed [2, Sec. III].

    A comment names the section a number is from; "open" where the paper gives none.
    """

    still: ClassVar[bool] = False

    name: str = "agn3d"
    # What is seen of a clip.
    size: int = 299  # side of the films: of [3], whose details Sec. 3.1 refers to
    size_geometry: int = 0  # side of the difference images; 0: `size`, but 224 (VGG16's) at most
    width: float = 1.0  # scales every layer of every network; 1 is as printed
    width_geometry: float = 0.0  # of network 2; 0: `width`
    frames: int = 10  # of [3]
    film: str = "peak"  # open: which frames, see `inputs.chosen`; or "spread", "runs"
    peak: str = "displacement"  # open: how the peak is found, see `inputs.pair`; or "last", "apex"
    fewest_frames: int = 3  # a longer clip with fewer seen frames gives no sample
    crop_side: float = 2.6  # open: the face's square in distances between the eyes
    crop_down: float = 0.55  # open: its centre below the eyes
    # Network 1, on appearance: Sec. 3.1.
    encoding: str = "default"  # LBP, Fig. 2; or "ror", "uniform", "nri-uniform", or "grey"
    neighbours: str = "square"  # of a pixel, Fig. 2: its 3 x 3 square; or "circle"
    appearance: str = "inception"  # or "four": the experiment's, Sec. 4.1
    modules: str = "A-RA-B"  # open: what "shallower" leaves of [3]
    maps: tuple[int, ...] = (32, 64, 128, 128)  # of "four": open
    hidden: int = 512  # of "four": open
    dropout_appearance: float = 0.2  # of [3], which keeps 0.8
    # Network 2, on geometry: Sec. 3.2.
    geometry: bool = True  # without it, the answer is network 1's
    trunk: str = "own"  # a VGG16 for every pair; or "shared": one, with a last layer for each
    parts: tuple[float, ...] = (1.0, 2.0, 2.0, 2.0, 2.0)  # open: jaw, brows, nose, eyes, lips
    spot: float = 0.03  # open: of a landmark, standard deviation in sides of the square
    dropout_geometry: float = 0.5  # VGG16's
    # Losses: Eq. 1.
    lambdas: tuple[float, ...] = (1.0, 1.0, 1.0)
    # Augmentation: departure 10, none is told.
    mirror: bool = True
    shift: float = 0.04  # of the films, at most, in sides
    landmark_turn: float = 0.1  # at most, radians
    landmark_noise: float = 0.003  # standard deviation, in sides
    # Adam: Sec. 4.1, which tells about 100 epochs; all other numbers are open.
    epochs_appearance: int = 100
    learning_rate_appearance: float = 0.001
    epochs_pair: int = 100
    learning_rate_pair: float = 0.0003
    epochs_joint: int = 10
    learning_rate_joint: float = 0.0001
    batch_size: int = 16
    momentum: float = 0.9  # Adam's first decay rate
    weight_decay: float = 0.0
    gradient_clip: float = 1.0
    decay: Literal["cosine", "none"] = "cosine"  # of the learning rate; or "none"
    patience: int = 0  # epochs without a better validation before a stage stops; 0: never

    def __post_init__(self) -> None:
        """Refuse what no training could use."""
        choices: dict[str, tuple[str, ...]] = {
            "film": inputs.FILMS,
            "peak": inputs.PEAKS,
            "encoding": (*lbp.VALUES, "grey"),
            "neighbours": tuple(lbp.NEIGHBOURS),
            "appearance": ("inception", "four"),
            "trunk": ("own", "shared"),
            "decay": ("cosine", "none"),
        }
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                known = ", ".join(allowed)
                raise InputError(
                    f"{name} of {self.name} is {getattr(self, name)!r}: choose one of {known}"
                )
        for name, wanted in {"parts": 5, "lambdas": 3, "maps": 4}.items():
            if len(getattr(self, name)) != wanted:
                raise InputError(f"{name} of {self.name} are {wanted} numbers: give so many")
        if min(self.size, self.image_size) < 32:
            raise InputError(f"the pictures of {self.name} are too small: give 32 pixels or more")

    # Inputs

    @property
    def image_size(self) -> int:
        """Side of the difference images, pixels."""
        return self.size_geometry or min(self.size, 224)

    @property
    def margin(self) -> int:
        """Pixels on each side of a stored film that a shift may bring into sight."""
        return round(self.shift * self.size)

    def inputs(self, track: Track) -> dict[str, NDArray[Any]]:
        """A clip's samples: `film` (N, T, P, P) uint8 and `points` (N, 2, 68, 2) float32.

        The film is encoded; P = size + 2 margin. The points are those of the non-peak and of the
        peak frame, in units of the square's side. One sample, or as many as the clip has films
        ("runs"). Rows without a face are left out. None (N = 0) where fewer than `fewest_frames`
        hold a face, unless the clip has no more to begin with.
        """
        pixels = self.size + 2 * self.margin
        seen = track.rows(track.seen)
        if len(seen) < max(1, min(self.fewest_frames, len(track))):
            return inputs.nothing(self.frames, pixels)
        rest, peak = inputs.pair(seen, seen.landmarks, self.peak)
        rows = inputs.chosen(len(seen), peak, self.frames, self.film)
        used = np.unique([*rows.ravel(), rest, peak])
        square = Square(pixels, self.crop_side * pixels / self.size, self.crop_down)
        grey, points = inputs.cut(seen.rows(used), square)
        film = inputs.encoded(grey, self.encoding, self.neighbours)
        ends = (points[np.searchsorted(used, [rest, peak])] + 0.5 - self.margin) / self.size
        shown = film[np.searchsorted(used, rows)]
        return {"film": shown, "points": np.repeat(ends[None], len(rows), axis=0)}

    def films(self, batch: Batch, generator: torch.Generator | None = None) -> Tensor:
        """A batch as network 1 takes it, (B, T, H, W); with a generator, shifted and mirrored."""
        codes, count = batch.arrays["film"], len(batch.target)
        shift = torch.full((count, 2), self.margin)
        if generator is not None:
            shift = torch.randint(2 * self.margin + 1, (count, 2), generator=generator)
        table = torch.arange(256, dtype=torch.uint8)
        if self.encoding != "grey":
            table = torch.from_numpy(lbp.mirrored(self.encoding))
        shift, table = shift.to(codes.device), table.to(codes.device)
        seen = pictures.films(codes, batch.copy == 1, table, shift, self.size).float()
        if self.encoding != "grey":  # departure 2: codes go in as numbers, -1..1
            return seen * (2 / (lbp.VALUES[self.encoding] - 1)) - 1
        mean, spread = (f((1, 2, 3), keepdim=True) for f in (seen.mean, seen.std))
        return (seen - mean) / spread.clamp(min=1)

    def images(self, batch: Batch, generator: torch.Generator | None = None) -> Tensor:
        """A batch as network 2 takes it, (B, 1, H, W); with a generator, turned and noisy."""
        points = batch.arrays["points"]
        angle, noise = torch.zeros(len(points)), torch.zeros(points.shape)
        if generator is not None:
            angle = (torch.rand(len(points), generator=generator) * 2 - 1) * self.landmark_turn
            noise = torch.randn(points.shape, generator=generator) * self.landmark_noise
        angle, noise = angle.to(points.device), noise.to(points.device)
        moved = pictures.placed(points, batch.copy == 1, angle, noise)
        return pictures.difference(
            moved, pictures.point_weights(self.parts), self.image_size, self.spot
        )

    # Networks

    def network_1(self, labels: int) -> nn.Module:
        """The appearance network, untrained."""
        if self.appearance == "inception":
            style = Style(self.width)
            return network.ShallowInception(self.modules, labels, style, self.dropout_appearance)
        maps = tuple(scaled(each, self.width) for each in self.maps)
        hidden = scaled(self.hidden, self.width)
        shape = (self.frames, self.size)
        return network.FourConvolutions(maps, hidden, labels, *shape, self.dropout_appearance)

    def network_2(self, classes: int = 2) -> VGG16:
        """A geometric network, untrained."""
        width = self.width_geometry or self.width
        return VGG16(classes, width, self.image_size, dropout=self.dropout_geometry)

    def pair_networks(self, labels: int) -> Pairs:
        """Those of all pairs of K labels; "own" ones come in as they are trained."""
        if self.trunk == "own":
            return OwnPairs(labels)
        return SharedPairs(labels, self.network_2(2 * len(joint.pairs(labels))))

    # Training

    def fit(self, train: Samples, validation: Samples, run: Run) -> AGN3DRecognizer:
        """Train network 1, then network 2 for the pairs it is unsure of, then both together.

        Departure 11: `validation` chooses each stage's epoch; the paper tells of no such set.
        """
        labels = len(train.labels)
        with seeding.seeded(run.seed, "appearance", "weights"):
            appearance = self.network_1(labels)
        loop.train(self.stage("appearance"), appearance, train, validation, run)
        if not self.geometry:
            return AGN3DRecognizer(self, train.labels, appearance)
        with seeding.seeded(run.seed, "pairs", "weights"):
            geometry = self.pair_networks(labels)
        if isinstance(geometry, SharedPairs):
            sides = _points(train), _points(validation)
            loop.train(self.stage("pairs"), geometry.network, *sides, run)
        grow = partial(self._pair, train, validation, run)
        made = AGN3DRecognizer(self, train.labels, appearance, geometry, grow=grow)
        picked = self._picked(made, train, run), self._picked(made, validation, run)
        made.complete(np.concatenate([some.arrays["pair"] for some in picked]))
        loop.train(self.stage("joint"), made.begin_joint(), *picked, run)
        return made

    def stage(self, name: str) -> Stage:
        """What the loop needs to know of "appearance", "pair-a-b", "pairs" or "joint"."""
        functions = {
            "appearance": (self._loss_appearance, self._logits_appearance),
            "pair": (self._loss_pair, self._logits_pair),
            "pairs": (self._loss_pairs, self._logits_pairs),
            "joint": (self._loss_joint, self._logits_joint),
        }
        first = name.split("-")[0]
        kind = "pair" if first == "pairs" else first
        plan = Plan(
            getattr(self, f"epochs_{kind}"),
            getattr(self, f"learning_rate_{kind}"),
            self.momentum,
            self.weight_decay,
            self.gradient_clip,
            self.batch_size,
            self.decay,
            patience=self.patience,
            optimiser="adam",
        )
        told = {key: value for key, value in asdict(self).items() if key != "name"}
        copies = COPIES if self.mirror else 1
        loss, logits = functions[first]
        return Stage(name, plan, loss, logits, copies, given=(told,))

    def _pair(self, train: Samples, validation: Samples, run: Run, number: int) -> VGG16:
        """Train, or load, the network of one pair on the samples of its two labels alone."""
        pair = joint.pairs(len(train.labels))[number]
        name = f"pair-{pair[0]}-{pair[1]}"
        with seeding.seeded(run.seed, name, "weights"):
            made = self.network_2()
        sides = _two(_points(train), pair), _two(_points(validation), pair)
        loop.train(self.stage(name), made, *sides, run)
        return made

    def _picked(self, made: AGN3DRecognizer, samples: Samples, run: Run) -> Samples:
        """The samples with the pair that network 1 alone, as it is now, picks for each.

        Departure 7: these picks stay while both networks are trained together.
        """
        made.to(str(loop.fabric_of(run).device))
        pair = made.pick(samples.arrays)
        made.to("cpu")
        return replace(samples, arrays={**samples.arrays, "pair": pair})

    def _loss_appearance(self, net: Any, batch: Batch, generator: torch.Generator) -> Tensor:
        return F.cross_entropy(net(self.films(batch, generator)), batch.target)

    def _logits_appearance(self, net: Any, batch: Batch) -> Tensor:
        logits: Tensor = net(self.films(batch))
        return logits

    def _loss_pair(self, net: Any, batch: Batch, generator: torch.Generator) -> Tensor:
        return F.cross_entropy(_three(net, self.images(batch, generator)), batch.target)

    def _logits_pair(self, net: Any, batch: Batch) -> Tensor:
        return _three(net, self.images(batch))

    def _loss_pairs(self, vgg: Any, batch: Batch, generator: torch.Generator) -> Tensor:
        """The mean cross entropy over the K - 1 pairs that hold a sample's label."""
        second = _three(vgg, self.images(batch, generator)).view(len(batch.target), -1, 2)
        return joint.pairs_loss(second, batch.target)

    def _logits_pairs(self, vgg: Any, batch: Batch) -> Tensor:
        second = _three(vgg, self.images(batch)).view(len(batch.target), -1, 2)
        return joint.votes(second)

    def _loss_joint(self, both: Any, batch: Batch, generator: torch.Generator) -> Tensor:
        pair = batch.arrays["pair"]
        l1, l2 = both(self.films(batch, generator), self.images(batch, generator), pair)
        return joint.three_losses(l1, l2, pair, batch.target, self.lambdas)

    def _logits_joint(self, both: Any, batch: Batch) -> Tensor:
        pair = batch.arrays["pair"]
        l1, l2 = both(self.films(batch), self.images(batch), pair)
        return joint.fused(l1, l2, pair)

    def load(self, path: Path) -> AGN3DRecognizer:
        """A recogniser saved earlier, by the recipe it was trained with.

        Raises:
            WeightsError: not ours, or of another system.
        """
        tensors, card, recipe = weights.load_system(path, self)
        labels = tuple(card["labels"])
        made = AGN3DRecognizer(recipe, labels, recipe.network_1(len(labels)))
        if recipe.geometry:
            made.geometry = recipe.pair_networks(len(labels))
            made.grow = lambda _: recipe.network_2()
            made.complete(range(len(joint.pairs(len(labels)))))
            made.begin_joint()
        made.restore(tensors, path)
        return made


def _three(vgg: Any, images: Tensor) -> Tensor:
    """VGG16 takes three channels: (B, 1, H, W) goes in thrice."""
    logits: Tensor = vgg(images.expand(-1, 3, -1, -1))
    return logits


def _points(samples: Samples) -> Samples:
    """The samples without their films."""
    return replace(samples, arrays={"points": samples.arrays["points"]})


def _two(samples: Samples, pair: tuple[int, int]) -> Samples:
    """The samples of two labels, as 0 and 1."""
    some = samples.take(np.flatnonzero(np.isin(samples.target, pair)))
    names = (samples.labels[pair[0]], samples.labels[pair[1]])
    return replace(some, target=(some.target == pair[1]).astype(np.int64), labels=names)
