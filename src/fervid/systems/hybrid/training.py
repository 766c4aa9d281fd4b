"""The training stages: two streams, the machines one by one, each DBN, an SVM on each [4].

Every stage leaves its result in the run's folder and is taken from there when it is asked for
again; a stage that was killed goes on from its last checkpoint.
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

# Pictures that a stream's channel means are taken over, at most.
MEASURED = 500

SIDES = ("train", "validation")
Sides = tuple[Samples, Samples]  # of either


def fit(
    recipe: Recipe, train: Samples, validation: Samples, run: Run
) -> tuple[nn.ModuleDict, tuple[str, ...]]:
    """Fine-tune both streams, train the machines in turn, tune the DBNs, fit the SVMs.

    Departure 11: `validation` chooses each stage's epoch and every C.

    Returns:
        The networks, and what each stream's weights were before training.
    """
    networks, svms, remarks = nn.ModuleDict(), nn.ModuleDict(), []
    sides = (train, validation)
    found: list[list[Floats]] = []  # of each stream, of either side
    for name in recipe.streams:
        networks[name], begun = _fit_stream(recipe, name, sides, run)
        remarks.append(f"{name} stream: from {begun}")
        found.append(_features(name, networks[name], sides, run))
        svms[name] = _fit_svm(name, sides, found[-1], run)
    if recipe.dbns:
        joined = [np.concatenate(both, axis=1) for both in zip(*found, strict=True)]
        _fit_dbns(recipe, networks, svms, sides, joined, run)
    features.forget(tuple(f"{name}-{side}" for name in STREAMS for side in SIDES), run)
    networks["svm"] = svms
    return networks, tuple(remarks)


# Streams [4, Sec. III-B]


def _fit_stream(recipe: Recipe, name: str, sides: Sides, run: Run) -> tuple[Stream, str]:
    with seeding.seeded(run.seed, name, "weights"):
        stream = network.stream(recipe, len(sides[0].labels))
    begun = begin(stream, recipe)
    print(printable(f"{run.name} {name} begins from {begun}".strip()), file=sys.stderr)
    array = PICTURES[name]
    shown, checked = (features.pairs(samples, array) for samples in sides)
    rows = np.unique(np.linspace(0, len(shown) - 1, MEASURED).astype(np.int64))
    stream.normalise(torch.from_numpy(np.ascontiguousarray(shown.arrays[array][rows])))
    given = (recipe.input, recipe.stream.dropout)
    functions = partial(_loss, array), partial(_logits, array)
    stage = Stage(name, recipe.stream.plan, *functions, given=given)
    loop.train(stage, stream, shown, checked, run)
    return stream, begun


def begin(stream: Stream, recipe: Recipe) -> str:
    """Put pretrained weights in where there are some; says what the stream begins from.

    Departure 5: without them it begins from random ones.
    """
    name = recipe.stream.pretrained
    if not name:
        return "random weights, as asked"
    if not recipe.fits:
        return f"random weights: {name} fits stream.width=1 and input.size=227 alone"
    path = imported.find(name)
    if path is None:
        return f"random weights: no {name} here; `fervid weights import` makes it"
    return imported.begin_vgg16(stream.vgg, path, "spatial.vgg.")


def _features(name: str, stream: nn.Module, sides: Sides, run: Run) -> list[Floats]:
    """fc7 of every picture of either side, (N P, D) each."""
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


def _fit_svm(name: str, sides: Sides, found: list[Floats], run: Run) -> SVM:
    """A linear SVM on the means over each clip's segments; departure 10: of a stream's fc7 too."""
    seen = []
    for samples, rows in zip(sides, found, strict=True):
        which, first = features.videos(np.asarray(samples.arrays["video"]))
        seen.append((features.pooled(rows, which), samples.target[first]))
    (x, y), checked = seen
    return svm.fit(x, y, checked, len(sides[0].labels), run.seed, f"{run.name} {name} SVM")


# Deep belief networks [4, Sec. III-C]


def _fit_dbns(
    recipe: Recipe,
    networks: nn.ModuleDict,
    svms: nn.ModuleDict,
    sides: Sides,
    joined: list[Floats],
    run: Run,
) -> None:
    """The machines in turn; then each DBN is tuned and gives an SVM its last hidden layer.

    Departure 9: a vector for each pair of frames.

    Args:
        joined: fc7 of both streams, (N P, 8192), of either side.
    """
    given = (recipe.input, weights.digest(networks.state_dict()))
    scale = Scale(joined[0].shape[1])
    vectors = [torch.from_numpy(rows) for rows in joined]
    scale.measure(vectors[0])
    x = [scale(rows) for rows in vectors]
    machines = _fit_machines(recipe, max(map(depth, recipe.dbns)), x[0], given, run)
    shown, checked = (_as_samples(s, rows) for s, rows in zip(sides, x, strict=True))
    tuning = partial(_tuning_loss, recipe.dbn.balance)
    for name in recipe.dbns:
        with seeding.seeded(run.seed, name, "weights"):
            dbn = DBN(deepcopy(machines[: depth(name)]), len(sides[0].labels))
        stage = Stage(name, recipe.dbn.plan, tuning, _tuning_logits,
                      given=(*given, recipe.dbn.balance))  # fmt: skip
        loop.train(stage, dbn, shown, checked, run)
        svms[name] = _fit_svm(name, sides, [network.last_hidden(dbn, rows) for rows in x], run)
        networks[name] = dbn
    networks["scale"] = scale


def _as_samples(samples: Samples, x: Tensor) -> Samples:
    """Each vector with its segment's label."""
    times = len(x) // max(len(samples), 1)
    return features.repeated(samples, {"x": x.numpy()}, times)


def _fit_machines(
    recipe: Recipe, count: int, x: Tensor, given: tuple[Any, ...], run: Run
) -> list[RBM]:
    """One after the other, each on what the one below makes of the data [4, Sec. III-C]."""
    with seeding.seeded(run.seed, "machines", "weights"):
        machines = network.machines(recipe)[:count]
    for number, machine in enumerate(machines, 1):
        pretrain(f"rbm-{number}", machine, x, recipe.dbn.pretraining, given, run)
        given = (*given, weights.digest(machine.state_dict()))
        if number < count:
            x = by_parts(machine.hidden, x)
    return machines


def _tuning_loss(balance: float, dbn: Any, batch: Batch, _: torch.Generator) -> Tensor:
    """Supervised fine-tuning of a whole DBN [4, Sec. III-C, step 2]."""
    x = batch.arrays["x"]
    logits, back = dbn(x)
    return tuning_loss(logits, back, x, batch.target, balance)


def _tuning_logits(dbn: Any, batch: Batch) -> Tensor:
    logits: Tensor = dbn(batch.arrays["x"])[0]
    return logits
