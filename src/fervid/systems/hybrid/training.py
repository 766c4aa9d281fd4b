"""The training stages: both streams, the RBMs one by one, the DBNs, and an SVM on each [4].

Every stage writes its result to the run's folder and reads it from there when it is needed again.
An interrupted stage resumes from its last checkpoint.
"""

import sys
from copy import deepcopy
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fervid.learning import loop, seeding, weights
from fervid.learning.batches import Batch
from fervid.learning.loop import Stage
from fervid.learning.run import Run
from fervid.learning.samples import Samples
from fervid.networks import imported
from fervid.systems.hybrid import features, network, svm
from fervid.systems.hybrid.dbn import DBN, RBM, Scale, by_parts, tuning_loss
from fervid.systems.hybrid.features import Floats
from fervid.systems.hybrid.network import PICTURES, Stream, depth
from fervid.systems.hybrid.pretrain import pretrain
from fervid.systems.hybrid.recipe import STREAMS, Recipe
from fervid.systems.hybrid.svm import SVM
from fervid.text import printable

# Largest number of pictures used to measure a stream's channel means.
MEASURED = 500

SIDES = ("train", "validation")
Sides = tuple[Samples, Samples]  # in the order of SIDES


def fit(
    recipe: Recipe, train: Samples, validation: Samples, run: Run
) -> tuple[nn.ModuleDict, tuple[str, ...]]:
    """Fine-tune both streams, train the RBMs in turn, tune the DBNs, fit the SVMs.

    Departure 11: each stage's epoch and every C are chosen on `validation`.

    Returns:
        The networks, and one remark per stream on the weights it started from.
    """
    networks, svms, remarks = nn.ModuleDict(), nn.ModuleDict(), []
    sides = (train, validation)
    fc7: list[list[Floats]] = []  # by stream, then by side
    for name in recipe.streams:
        networks[name], start = _fit_stream(recipe, name, sides, run)
        remarks.append(f"{name} stream: from {start}")
        fc7.append(_features(name, networks[name], sides, run))
        svms[name] = _fit_svm(name, sides, fc7[-1], run)
    if recipe.dbns:
        joined = [np.concatenate(both, axis=1) for both in zip(*fc7, strict=True)]
        _fit_dbns(recipe, networks, svms, sides, joined, run)
    features.forget(tuple(f"{name}-{side}" for name in STREAMS for side in SIDES), run)
    networks["svm"] = svms
    return networks, tuple(remarks)


# Streams [4, Sec. III-B]


def _fit_stream(recipe: Recipe, name: str, sides: Sides, run: Run) -> tuple[Stream, str]:
    with seeding.seeded(run.seed, name, "weights"):
        stream = network.stream(recipe, len(sides[0].labels))
    start = begin(stream, recipe)
    print(printable(f"{run.name} {name} starts from {start}".strip()), file=sys.stderr)
    array = PICTURES[name]
    train, validation = (features.pairs(samples, array) for samples in sides)
    rows = np.unique(np.linspace(0, len(train) - 1, MEASURED).astype(np.int64))
    stream.normalise(torch.from_numpy(np.ascontiguousarray(train.arrays[array][rows])))
    settings = (recipe.input, recipe.stream.dropout)
    functions = partial(_loss, array), partial(_logits, array)
    stage = Stage(name, recipe.stream.plan, *functions, given=settings)
    loop.train(stage, stream, train, validation, run)
    return stream, start


def begin(stream: Stream, recipe: Recipe) -> str:
    """Load pretrained weights if they are available, and say what the stream starts from.

    Departure 5: without pretrained weights the stream starts from random ones.
    """
    name = recipe.stream.pretrained
    if not name:
        return "random weights, as set"
    if not recipe.fits:
        return f"random weights: {name} only fits stream.width=1 and input.size=227"
    path = imported.find(name)
    if path is None:
        return f"random weights: {name} was not found; `fervid weights import` creates it"
    return imported.begin_vgg16(stream.vgg, path, "spatial.vgg.")


def _features(name: str, stream: nn.Module, sides: Sides, run: Run) -> list[Floats]:
    """fc7 of every picture, (N P, D) for each side."""
    array = PICTURES[name]
    assert isinstance(stream, Stream)
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


def _fit_svm(name: str, sides: Sides, rows: list[Floats], run: Run) -> SVM:
    """Fit a linear SVM to each clip's mean features; departure 10: for single streams as well."""
    clips = []
    for samples, side_rows in zip(sides, rows, strict=True):
        video, first = features.videos(np.asarray(samples.arrays["video"]))
        clips.append((features.pooled(side_rows, video), samples.target[first]))
    (x, y), validation = clips
    return svm.fit(x, y, validation, len(sides[0].labels), run.seed, f"{run.name} {name} SVM")


# Deep belief networks [4, Sec. III-C]


def _fit_dbns(
    recipe: Recipe,
    networks: nn.ModuleDict,
    svms: nn.ModuleDict,
    sides: Sides,
    joined: list[Floats],
    run: Run,
) -> None:
    """Train the RBMs in turn, then tune each DBN and fit an SVM to its last hidden layer.

    Departure 9: one vector for each pair of frames.

    Args:
        recipe: the recipe.
        networks: the streams; the DBNs and their scale are added.
        svms: the SVM of each DBN is added.
        sides: training and validation segments.
        joined: fc7 of both streams, (N P, 8192) for each side.
        run: the run.
    """
    settings = (recipe.input, weights.digest(networks.state_dict()))
    scale = Scale(joined[0].shape[1])
    vectors = [torch.from_numpy(rows) for rows in joined]
    scale.measure(vectors[0])
    x = [scale(rows) for rows in vectors]
    machines = _fit_machines(recipe, max(map(depth, recipe.dbns)), x[0], settings, run)
    train, validation = (_as_samples(s, rows) for s, rows in zip(sides, x, strict=True))
    tuning = partial(_tuning_loss, recipe.dbn.balance)
    for name in recipe.dbns:
        with seeding.seeded(run.seed, name, "weights"):
            dbn = DBN(deepcopy(machines[: depth(name)]), len(sides[0].labels))
        stage = Stage(name, recipe.dbn.plan, tuning, _tuning_logits,
                      given=(*settings, recipe.dbn.balance))  # fmt: skip
        loop.train(stage, dbn, train, validation, run)
        svms[name] = _fit_svm(name, sides, [network.last_hidden(dbn, rows) for rows in x], run)
        networks[name] = dbn
    networks["scale"] = scale


def _as_samples(samples: Samples, x: Tensor) -> Samples:
    """Samples of single vectors, each with its segment's label."""
    times = len(x) // max(len(samples), 1)
    return features.repeated(samples, {"x": x.numpy()}, times)


def _fit_machines(
    recipe: Recipe, count: int, x: Tensor, settings: tuple[Any, ...], run: Run
) -> list[RBM]:
    """Train the RBMs in turn, each on the hidden probabilities of the last [4, Sec. III-C]."""
    with seeding.seeded(run.seed, "machines", "weights"):
        machines = network.machines(recipe)[:count]
    for number, machine in enumerate(machines, 1):
        pretrain(f"rbm-{number}", machine, x, recipe.dbn.pretraining, settings, run)
        settings = (*settings, weights.digest(machine.state_dict()))
        if number < count:
            x = by_parts(machine.hidden, x)
    return machines


def _tuning_loss(balance: float, dbn: Any, batch: Batch, _: torch.Generator) -> Tensor:
    """Supervised fine-tuning of a whole DBN [4, Sec. III-C, step 2]."""
    x = batch.arrays["x"]
    logits, reconstruction = dbn(x)
    return tuning_loss(logits, reconstruction, x, batch.target, balance)


def _tuning_logits(dbn: Any, batch: Batch) -> Tensor:
    logits: Tensor = dbn(batch.arrays["x"])[0]
    return logits
