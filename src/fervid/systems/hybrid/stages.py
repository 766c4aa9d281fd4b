"""The training stages: two streams, the machines one by one, each DBN, an SVM on each [4].

Every stage leaves its result in the run's folder and is taken from there when it is asked for
again; a stage that was killed goes on from its last checkpoint.
"""

from __future__ import annotations

import sys
from copy import deepcopy
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from fervid.learning import imported, loop, seeding, weights
from fervid.learning.batches import Batch
from fervid.learning.loop import Stage
from fervid.learning.run import Run
from fervid.learning.samples import Samples
from fervid.systems.hybrid import features, svm
from fervid.systems.hybrid.dbn import DBN, RBM, Scale, by_parts, tuning_loss
from fervid.systems.hybrid.features import Floats
from fervid.systems.hybrid.network import Stream
from fervid.systems.hybrid.pretrain import Pretraining, pretrain
from fervid.systems.hybrid.recognizer import PICTURES, STREAMS, HybridRecognizer

if TYPE_CHECKING:
    from fervid.systems.hybrid.recipe import Hybrid

# Pictures that a stream's channel means are taken over, at most.
MEASURED = 500
# Fields that decide what a stream sees and is, and what a DBN is made of.
SEEN = (
    "length", "step", "rule", "pairs", "flow", "crop_apart", "crop_eyes", "size", "width", "dropout"
)  # fmt: skip
FUSED = ("unit", "visible", "hidden")

SIDES = ("train", "validation")
Sides = tuple[Samples, Samples]  # of either


def fit(recipe: Hybrid, train: Samples, validation: Samples, run: Run) -> HybridRecognizer:
    """All stages; see `Hybrid.fit`."""
    made = HybridRecognizer(recipe, train.labels)
    sides = (train, validation)
    found: list[list[Floats]] = []  # of each stream, of either side
    for name in (n for n in STREAMS if n in recipe.trained):
        made.streams[name] = _fit_stream(recipe, name, sides, run, made.begun)
        found.append(_features(name, made.streams[name], sides, run))
        _fit_svm(made, name, sides, found[-1], run)
    if dbns := [name for name in recipe.trained if name not in STREAMS]:
        joined = [np.concatenate(both, axis=1) for both in zip(*found, strict=True)]
        _fit_dbns(made, dbns, sides, joined, run)
    features.forget(tuple(f"{name}-{side}" for name in STREAMS for side in SIDES), run)
    return made


# Streams [4, Sec. III-B]


def _fit_stream(recipe: Hybrid, name: str, sides: Sides, run: Run, begun: dict[str, str]) -> Stream:
    with seeding.seeded(run.seed, name, "weights"):
        stream = recipe.stream(len(sides[0].labels))
    begun[name] = begin(stream, recipe)
    print(f"{run.name} {name} begins from {begun[name]}".strip(), file=sys.stderr)
    array = PICTURES[name]
    shown, checked = (features.pairs(samples, array) for samples in sides)
    rows = np.unique(np.linspace(0, len(shown) - 1, MEASURED).astype(np.int64))
    stream.normalise(torch.from_numpy(np.ascontiguousarray(shown.arrays[array][rows])))
    stage = Stage(
        name,
        recipe.plan(recipe.learning_rate, recipe.epochs),
        partial(_loss, array),
        partial(_logits, array),
        given=({n: getattr(recipe, n) for n in SEEN} | {"begun": begun[name]},),
    )
    loop.train(stage, stream, shown, checked, run)
    return stream


def begin(stream: Stream, recipe: Hybrid) -> str:
    """Put pretrained weights in where there are some; says what the stream begins from.

    Departure 5: without them it begins from random ones.
    """
    if not recipe.pretrained:
        return "random weights, as asked"
    if recipe.pretrained == imported.VGG16_IMAGENET and (recipe.width, recipe.size) != (1.0, 227):
        return f"random weights: {recipe.pretrained} fits width=1 and size=227 alone"
    path = imported.find(recipe.pretrained)
    if path is None:
        return f"random weights: no {recipe.pretrained} here; `fervid weights import` makes it"
    return imported.begin_vgg16(stream.vgg, path, "spatial.vgg.")


def _features(name: str, stream: Stream, sides: Sides, run: Run) -> list[Floats]:
    """fc7 of every picture of either side, (N P, D) each."""
    array = PICTURES[name]
    return [
        features.extract(
            f"{name}-{side}", stream, features.pairs(samples, array).arrays[array], run
        )
        for side, samples in zip(SIDES, sides, strict=True)
    ]


def _loss(array: str, stream: Any, batch: Batch, _: torch.Generator) -> Tensor:
    return F.cross_entropy(stream(batch.arrays[array]), batch.target)  # [4, Eqs. 2, 3]


def _logits(array: str, stream: Any, batch: Batch) -> Tensor:
    logits: Tensor = stream(batch.arrays[array])
    return logits


# Classification of videos [4, Sec. III-D]


def _fit_svm(
    made: HybridRecognizer, name: str, sides: Sides, found: list[Floats], run: Run
) -> None:
    """A linear SVM on the means over each clip's segments; departure 10: of a stream's fc7 too."""
    seen = []
    for samples, rows in zip(sides, found, strict=True):
        which, first = features.videos(np.asarray(samples.arrays["video"]))
        seen.append((features.pooled(rows, which), samples.target[first]))
    (x, y), checked = seen
    made.svms[name] = svm.fit(x, y, checked, len(made.labels), run.seed, f"{run.name} {name} SVM")


# Deep belief networks [4, Sec. III-C]


def _fit_dbns(
    made: HybridRecognizer, names: list[str], sides: Sides, joined: list[Floats], run: Run
) -> None:
    """The machines in turn; then each DBN is tuned and gives an SVM its last hidden layer.

    Args:
        joined: fc7 of both streams, (N P, 8192), of either side.
    """
    recipe = made.system
    made.scale = Scale(joined[0].shape[1], recipe.visible)
    vectors = [_vectors(recipe, rows) for rows in joined]
    made.scale.measure(vectors[0])
    x = [made.scale(rows) for rows in vectors]
    streams = {n: weights.digest(s.state_dict()) for n, s in made.streams.items()}
    settings = {n: getattr(recipe, n) for n in (*SEEN, *FUSED)} | streams
    machines = _fit_machines(recipe, max(map(depth, names)), x[0], settings, run)
    shown, checked = (_as_samples(s, rows) for s, rows in zip(sides, x, strict=True))
    for name in names:
        below = machines[: depth(name)]
        with seeding.seeded(run.seed, name, "weights"):
            made.dbns[name] = DBN(deepcopy(below), len(made.labels))
        stage = _tuning(recipe, name, settings, below)
        # Eq. 5 alone leaves the softmax layer as it began: no epoch can be chosen by it.
        blind = checked.take(np.arange(0)) if recipe.loss == "reconstruction" else checked
        loop.train(stage, made.dbns[name], shown, blind, run)
        _fit_svm(made, name, sides, [made.hidden(name, rows) for rows in x], run)


def depth(name: str) -> int:
    """How many machines a DBN has.

    >>> depth("dbn-3")
    3
    """
    return int(name.removeprefix("dbn-"))


def _vectors(recipe: Hybrid, rows: Floats) -> Tensor:
    """What a DBN sees of fc7 features (N P, V): all of them, or each segment's mean."""
    if recipe.unit == "segment":
        rows = rows.reshape(-1, recipe.pairs, rows.shape[1]).mean(axis=1)
    return torch.from_numpy(rows)


def _as_samples(samples: Samples, x: Tensor) -> Samples:
    """Each vector with its segment's label."""
    times = len(x) // max(len(samples), 1)
    return features.repeated(samples, {"x": x.numpy()}, times)


def _fit_machines(
    recipe: Hybrid, count: int, x: Tensor, settings: dict[str, Any], run: Run
) -> list[RBM]:
    """One after the other, each on what the one below makes of the data [4, Sec. III-C]."""
    plan = Pretraining(
        recipe.epochs_rbm, recipe.learning_rate_rbm, recipe.batch_size, recipe.gibbs,
        recipe.persistent,
    )  # fmt: skip
    with seeding.seeded(run.seed, "machines", "weights"):
        machines = recipe.machines()[:count]
    for number, machine in enumerate(machines, 1):
        pretrain(f"rbm-{number}", machine, x, plan, settings, run)
        if number < count:
            x = by_parts(machine.hidden, x)
    return machines


def _tuning(recipe: Hybrid, name: str, settings: dict[str, Any], below: list[RBM]) -> Stage:
    """Supervised fine-tuning of a whole DBN [4, Sec. III-C, step 2]."""
    digests = [weights.digest(machine.state_dict()) for machine in below]
    return Stage(
        name,
        recipe.plan(recipe.learning_rate_dbn, recipe.epochs_dbn),
        partial(_tuning_loss, recipe.loss, recipe.balance),
        _tuning_logits,
        given=(settings | {"below": digests, "loss": recipe.loss, "balance": recipe.balance},),
    )


def _tuning_loss(loss: str, balance: float, dbn: Any, batch: Batch, _: torch.Generator) -> Tensor:
    x = batch.arrays["x"]
    logits, back = dbn(x)
    return tuning_loss(logits, back, x, batch.target, loss, balance)


def _tuning_logits(dbn: Any, batch: Batch) -> Tensor:
    logits: Tensor = dbn(batch.arrays["x"])[0]
    return logits
