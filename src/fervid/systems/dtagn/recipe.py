"""DTAGN: the paper's numbers and its training stages [1]."""

from dataclasses import asdict, dataclass, replace
from functools import partial
from math import pi
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from fervid.errors import InputError
from fervid.faces.track import Track
from fervid.learning import batches, loop, seeding, weights
from fervid.learning.batches import Batch
from fervid.learning.loop import Stage
from fervid.learning.losses import three_losses
from fervid.learning.plan import Plan
from fervid.learning.run import Run
from fervid.learning.samples import Samples
from fervid.systems.dtagn import augment, inputs, network
from fervid.systems.dtagn.network import Stream
from fervid.systems.dtagn.recognizer import NETWORKS, DTAGNRecognizer

# How many clips the mean input is taken over, at most.
CENTRED = 500
# What `fusion` may say.
FUSIONS = ("joint", "joint-l3", "concat", "weighted")
# The fusions that are trained; "weighted" needs no training.
TUNED = ("joint", "joint-l3", "concat")


@dataclass(frozen=True)
class DTAGN:
    """Deep temporal appearance-geometry network, by its numbers for CK+ and Oulu-CASIA [1].

    A comment names the section a number is from; "open" where the paper gives none, and then the
    default was chosen on training subjects alone (see PAPER.md).
    """

    still: ClassVar[bool] = False

    name: str = "dtagn"
    # Networks, in the paper's notation (network.py); S takes as many outputs as labels: Sec. 5.1.
    appearance: str = "I64-C(5,64)-L5-P2-C(5,64)-L3-P2-FC500-FC500-S"
    geometry: str = "D1176-FC100-FC600-S"
    # Input: Sec. 3.1, 3.3.
    frames_appearance: int = 3  # Ta: open but for Fig. 5, which shows a network of three frames
    frames_geometry: int = 12  # Tg: 1176 = 12 frames of 49 points, Sec. 5.1
    interpolation: str = "tim"  # Sec. 3.1; or "linear"
    nose: int = 30  # among the 68; Fig. 1 marks a point on the nose: its tip
    crop_side: float = 2.6  # open: the face's square in distances between the eyes
    crop_down: float = 0.55  # open: its centre below the eyes
    fewest_frames: int = 3  # a longer clip with fewer seen frames gives no sample
    # Layers: open.
    padding: str = "valid"  # of convolutions; or "same"
    contrast_across: bool = (
        True  # departure 11: local contrast normalisation over the maps too, or each alone
    )
    contrast_window: str = "gaussian"  # or "uniform"
    dropout: float = 0.5  # Sec. 3.2, 3.3 name dropout; on which units and how often is open
    # Augmentation: Sec. 3.4. Departure 9: an epoch holds each clip once, as one of its 14 copies
    # drawn at random.
    landmark_noise: float = 0.01  # Eq. 5
    landmark_turn: float = pi / 10  # Eq. 6, radians
    one_turn: bool = False  # one angle for a sequence; as printed, one for each frame
    # Stochastic gradient descent: Sec. 3.2 names it and weight decay; all numbers are open.
    momentum: float = 0.9
    weight_decay: float = 0.0005
    gradient_clip: float = 1.0  # departure 8: the longest step; without it units die
    spread_appearance: float = 0.01  # departure 7: standard deviation of the initial weights
    spread_geometry: float = 0.05
    batch_size: int = 16
    learning_rate_appearance: float = 0.01
    epochs_appearance: int = 60
    learning_rate_geometry: float = 0.02
    epochs_geometry: int = 200
    learning_rate_joint: float = 0.001
    epochs_joint: int = 6
    patience: int = 0  # epochs without a better validation before a stage stops; 0: never
    # Integration: Sec. 3.5.
    fusion: str = "joint"  # the answer: "joint", "weighted", "concat" or "joint-l3"
    lambdas: tuple[float, float, float] = (1.0, 1.0, 0.1)  # Eq. 8
    alpha: float = 0.5  # Eq. 7
    compare: bool = False  # train every fusion, whichever is the answer

    def __post_init__(self) -> None:
        """Refuse what no training could use."""
        layers = dict(network.parse(self.appearance)) | dict(network.parse(self.geometry))
        wanted = self.frames_geometry * len(inputs.POINTS) * 2
        choices = {
            "fusion": (self.fusion, FUSIONS),
            "interpolation": (self.interpolation, tuple(inputs.INTERPOLATIONS)),
            "padding": (self.padding, ("valid", "same")),
            "contrast_window": (self.contrast_window, ("gaussian", "uniform")),
            "nose": (self.nose, inputs.POINTS),
            "geometry": (layers.get("D", ()), ((wanted,),)),
        }
        for name, (value, allowed) in choices.items():
            if value not in allowed:
                known = ", ".join(map(str, allowed))
                raise InputError(f"{name} of {self.name} is {value!r}: choose one of {known}")
        if "I" not in layers:
            raise InputError(f"appearance of {self.name} begins with no I: write I64 for 64 pixels")

    @property
    def crop(self) -> inputs.Crop:
        """The square around the face."""
        size = dict(network.parse(self.appearance))["I"][0]
        return inputs.Crop(self.crop_side, self.crop_down, size, margin=-(-size // 8))

    def inputs(self, track: Track) -> dict[str, NDArray[Any]]:
        """One sample: `faces` (1, Ta, P, P) uint8 and `landmarks` (1, Tg, 49, 2) float32.

        Rows without a face are left out before time is normalised. No sample (N = 0) where fewer
        than `fewest_frames` hold a face, unless the clip has no more to begin with.
        """
        # Departure 3: rows without a face go, and time is normalised over what is left.
        seen = track.rows(track.seen)
        if len(seen) < max(1, min(self.fewest_frames, len(track))):
            pixels = self.crop.size + 2 * self.crop.margin
            faces = np.zeros((0, self.frames_appearance, pixels, pixels), np.uint8)
            points = np.zeros((0, self.frames_geometry, len(inputs.POINTS), 2), np.float32)
            return {"faces": faces, "landmarks": points}
        film = inputs.film(seen, self.crop, self.frames_appearance, self.interpolation)
        points = inputs.trajectories(seen, self.frames_geometry, self.interpolation, self.nose)
        return {"faces": film[None], "landmarks": points[None]}

    def dtan(self, labels: int) -> Stream:
        """The appearance network, untrained [1, Sec. 3.2]."""
        made = network.build(
            self.appearance,
            labels,
            self.spread_appearance,
            self.dropout,
            self.frames_appearance,
            self.padding,
            self.contrast_across,
            self.contrast_window,
        )
        # Pixel-major memory is what convolutions on a CPU and on a GPU in bf16 are fastest on.
        return made.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]

    def dtgn(self, labels: int) -> Stream:
        """The geometry network, untrained [1, Sec. 3.3]."""
        return network.build(self.geometry, labels, self.spread_geometry, self.dropout)

    def fit(self, train: Samples, validation: Samples, run: Run) -> DTAGNRecognizer:
        """Train DTAN, then DTGN, then what joins them.

        Departure 12: `validation` chooses each stage's epoch; the paper tells of no such set.
        """
        with seeding.seeded(run.seed, "dtan", "weights"):
            appearance = self.dtan(len(train.labels))
        with seeding.seeded(run.seed, "dtgn", "weights"):
            geometry = self.dtgn(len(train.labels))
        self._centre(appearance, geometry, train, run.seed)
        loop.train(self.stage("dtan"), appearance, train, validation, run)
        loop.train(self.stage("dtgn"), geometry, train, validation, run)
        made = DTAGNRecognizer(self, train.labels, appearance, geometry)
        asked = [f for f in TUNED if self.compare or f == self.fusion]
        below = self._activations(made, train, run, augment.COPIES) if asked else train
        checked = self._activations(made, validation, run, 1) if asked else validation
        for fusion in asked:
            with seeding.seeded(run.seed, fusion, "weights"):
                top = made.add(fusion)
            loop.train(self.stage(fusion), top, below, checked, run)
        return made

    def stage(self, name: str) -> Stage:
        """What the loop needs to know of a stage: "dtan", "dtgn" or a trained fusion."""
        if name == "dtan":
            plan = self._plan(self.learning_rate_appearance, self.epochs_appearance)
            stage = Stage(name, plan, self._loss_appearance, self._logits_appearance)
        elif name == "dtgn":
            plan = self._plan(self.learning_rate_geometry, self.epochs_geometry)
            stage = Stage(name, plan, self._loss_geometry, self._logits_geometry)
        else:
            plan = self._plan(self.learning_rate_joint, self.epochs_joint)
            # The same training set once more [1, Sec. 3.5.2].
            lambdas = self.lambdas if name == "joint" else (0.0, 0.0, 1.0)  # Table 8: L3 only
            loss = _loss_concat if name == "concat" else partial(_loss_joint, lambdas)
            return Stage(name, plan, loss, _logits, given=(self._settings(),))
        others = ("joint", "geometry" if name == "dtan" else "appearance")
        settings = self._settings(*others, "lambdas")
        return replace(stage, copies=augment.COPIES, given=(settings,))

    def _settings(self, *without: str) -> dict[str, Any]:
        """What a stage's result depends on: the fields whose names do not end as in `without`."""
        ends = ("name", "fusion", "compare", "alpha", *without)
        return {name: value for name, value in asdict(self).items() if not name.endswith(ends)}

    def _plan(self, learning_rate: float, epochs: int) -> Plan:
        return Plan(
            epochs,
            learning_rate,
            self.momentum,
            self.weight_decay,
            self.gradient_clip,
            self.batch_size,
            patience=self.patience,
        )

    def pictures(self, batch: Batch) -> Tensor:
        """A batch as DTAN takes it, (B, Ta, H, W)."""
        return augment.pictures(batch.arrays["faces"], batch.copy, self.crop.size)

    def trajectories(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """A batch as DTGN takes it, (B, Tg * 98), frame after frame [1, Eq. 4]."""
        settings = (generator, self.landmark_noise, self.landmark_turn, self.one_turn)
        points = augment.trajectories(batch.arrays["landmarks"], batch.copy, *settings)
        return points.flatten(1)

    def _loss_appearance(self, dtan: Any, batch: Batch, _: torch.Generator) -> Tensor:
        return F.cross_entropy(dtan(self.pictures(batch)), batch.target)

    def _logits_appearance(self, dtan: Any, batch: Batch) -> Tensor:
        logits: Tensor = dtan(self.pictures(batch))
        return logits

    def _loss_geometry(self, dtgn: Any, batch: Batch, generator: torch.Generator) -> Tensor:
        return F.cross_entropy(dtgn(self.trajectories(batch, generator)), batch.target)

    def _logits_geometry(self, dtgn: Any, batch: Batch) -> Tensor:
        logits: Tensor = dtgn(batch.arrays["landmarks"].flatten(1))
        return logits

    @torch.no_grad()
    def _centre(self, dtan: Stream, dtgn: Stream, samples: Samples, seed: int) -> None:
        """Tell both networks the mean of their training input, over the copies of some clips.

        Departure 6: the paper does not say that a mean is subtracted.
        """
        generator = seeding.generator(seed, "centre")
        some = samples.take(np.unique(np.linspace(0, len(samples) - 1, CENTRED).astype(np.int64)))
        total = [torch.zeros_like(stream.centre.mean) for stream in (dtan, dtgn)]
        for copy in range(augment.COPIES):
            for batch in batches.ordered(some, 64):
                here = replace(batch, copy=torch.full_like(batch.copy, copy))
                total[0] += self.pictures(here).sum(0)
                total[1] += self.trajectories(here, generator).sum(0)
        for stream, summed in zip((dtan, dtgn), total, strict=True):
            stream.centre.mean.copy_(summed / (len(some) * augment.COPIES))

    @torch.no_grad()
    def _activations(
        self, made: DTAGNRecognizer, samples: Samples, run: Run, copies: int
    ) -> Samples:
        """What both networks make of each copy of each sample, up to the first dropout.

        Departure 10: copy i of the pictures goes with copy i of the landmarks. All
        of it is frozen and draws nothing, so the stages above need it once, not once an epoch.
        """
        fabric = loop.fabric_of(run)
        generator = seeding.generator(run.seed, "activations")
        lower = [stream.lower.to(fabric.device).eval() for stream in (made.dtan, made.dtgn)]
        rows: tuple[list[Tensor], list[Tensor]] = ([], [])
        for copy in range(copies):
            for batch in batches.ordered(samples, 64):
                here = replace(batch, copy=torch.full_like(batch.copy, copy)).to(fabric.device)
                seen = (self.pictures(here), self.trajectories(here, generator))
                with fabric.autocast():
                    for kept, layer, x in zip(rows, lower, seen, strict=True):
                        kept.append(layer(x).float().cpu())
        for layer in lower:
            layer.to("cpu")
        taken = samples.take(np.tile(np.arange(len(samples)), copies))
        names = zip(NETWORKS, rows, strict=True)
        arrays = {name: torch.cat(kept).numpy() for name, kept in names if kept}
        return replace(taken, arrays=arrays)

    def load(self, path: Path) -> DTAGNRecognizer:
        """A recogniser saved earlier, by the recipe it was trained with.

        Raises:
            WeightsError: not ours, or of another system.
        """
        tensors, card, recipe = weights.load_system(path, self)
        labels = tuple(card["labels"])
        made = DTAGNRecognizer(recipe, labels, recipe.dtan(len(labels)), recipe.dtgn(len(labels)))
        for fusion in card["fusions"]:
            made.add(fusion)
        made.restore(tensors, path)
        return made


def _loss_joint(lambdas: tuple[float, ...], top: Any, batch: Batch, _: torch.Generator) -> Tensor:
    """[1, Eqs. 8-10]"""
    first, second = top(*(batch.arrays[name] for name in NETWORKS))
    return three_losses(first, second, batch.target, lambdas)


def _loss_concat(top: Any, batch: Batch, _: torch.Generator) -> Tensor:
    return F.cross_entropy(top(*(batch.arrays[name] for name in NETWORKS)), batch.target)


def _logits(top: Any, batch: Batch) -> Tensor:
    return network.fused(top(*(batch.arrays[name] for name in NETWORKS)))
