"""Training stages: network 1, network 2 for every pair of labels, both together [2, Sec. 3]."""

from copy import deepcopy
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fervid.learning import batches, loop, seeding
from fervid.learning.batches import Batch
from fervid.learning.loop import Stage
from fervid.learning.run import Run
from fervid.learning.samples import Samples
from fervid.systems.agn3d import inputs, joint, network
from fervid.systems.agn3d.network import Joint, OwnPairs, Pairs, SharedPairs
from fervid.systems.agn3d.recipe import Recipe

# Copies of a sample: itself and its mirror image.
COPIES = 2


def fit(recipe: Recipe, train: Samples, validation: Samples, run: Run) -> nn.ModuleDict:
    """Train network 1, then network 2 for every pair of labels, then both together.

    Departure 11: each stage's epoch is chosen on `validation`, a set the paper does not mention.
    """
    labels = len(train.labels)
    with seeding.seeded(run.seed, "appearance", "weights"):
        appearance = network.network_1(recipe, labels)
    settings = (recipe.input, recipe.appearance)
    stage = Stage("appearance", recipe.appearance.plan, partial(_loss_1, recipe),
                  partial(_logits_1, recipe), COPIES, settings)  # fmt: skip
    loop.train(stage, appearance, train, validation, run)
    if recipe.output == "appearance":
        return nn.ModuleDict({"appearance": appearance})
    alone = deepcopy(appearance)
    geometry = fit_pairs(recipe, _points(train), _points(validation), run)
    fit_joint(recipe, Joint(appearance, geometry), train, validation, run)
    return nn.ModuleDict({"appearance": appearance, "geometry": geometry, "alone": alone})


def fit_pairs(recipe: Recipe, train: Samples, validation: Samples, run: Run) -> Pairs:
    """Train network 2 for every pair, each on the samples of its two labels [2, Sec. 3.2]."""
    pairs = joint.pairs(len(train.labels))
    if recipe.geometry.trunk == "shared":
        with seeding.seeded(run.seed, "pairs", "weights"):
            shared = SharedPairs(network.network_2(recipe.geometry, 2 * len(pairs)))
        stage = pair_stage(recipe, "pairs", _loss_pairs, _logits_pairs)
        loop.train(stage, shared.network, train, validation, run)
        return shared
    own = OwnPairs()
    for number, pair in enumerate(pairs):
        sides = _two(train, pair), _two(validation, pair)
        own.networks[str(number)] = fit_pair(recipe, pair, *sides, run)
    return own


def fit_pair(
    recipe: Recipe, pair: tuple[int, int], train: Samples, validation: Samples, run: Run
) -> nn.Module:
    """Train the network of one pair, on samples whose targets are 0 and 1."""
    name = f"pair-{pair[0]}-{pair[1]}"
    with seeding.seeded(run.seed, name, "weights"):
        net = network.network_2(recipe.geometry)
    loop.train(pair_stage(recipe, name, _loss_2, _logits_2), net, train, validation, run)
    return net


def pair_stage(recipe: Recipe, name: str, loss: Any, logits: Any) -> Stage:
    """The stage that trains one pair ("pair-a-b") or the shared network ("pairs")."""
    functions = partial(loss, recipe), partial(logits, recipe)
    settings = (recipe.input, recipe.geometry)
    return Stage(name, recipe.geometry.plan, *functions, COPIES, settings)


def fit_joint(recipe: Recipe, both: Joint, train: Samples, validation: Samples, run: Run) -> None:
    """Tune both networks together [2, Eqs. 1-4]."""
    device = str(loop.fabric_of(run).device)
    both.appearance.to(device)
    sides = _picked(recipe, both.appearance, train), _picked(recipe, both.appearance, validation)
    both.appearance.to("cpu")
    settings = (recipe.input, recipe.geometry, recipe.joint)
    stage = Stage("joint", recipe.joint.plan, partial(_loss_joint, recipe),
                  partial(_logits_joint, recipe), COPIES, settings)  # fmt: skip
    loop.train(stage, both, *sides, run)


@torch.no_grad()
def _picked(recipe: Recipe, appearance: nn.Module, samples: Samples) -> Samples:
    """Add to the samples the pair of labels that network 1, trained alone, picks for each.

    Departure 7: these picks stay fixed while both networks are trained together.
    """
    appearance.eval()
    device = next(appearance.parameters()).device
    pair = [torch.zeros(0, dtype=torch.int64)]
    for batch in batches.of_arrays(samples.arrays, 16):
        pair.append(joint.top_two(_logits_1(recipe, appearance, batch.to(device))).cpu())
    return replace(samples, arrays={**samples.arrays, "pair": torch.cat(pair).numpy()})


def _loss_1(recipe: Recipe, net: Any, batch: Batch, generator: torch.Generator) -> Tensor:
    return F.cross_entropy(net(inputs.films(recipe.input, batch, generator)), batch.target)


def _logits_1(recipe: Recipe, net: Any, batch: Batch) -> Tensor:
    logits: Tensor = net(inputs.films(recipe.input, batch))
    return logits


def _loss_2(recipe: Recipe, vgg: Any, batch: Batch, generator: torch.Generator) -> Tensor:
    images = inputs.images(recipe.geometry, batch, generator)
    return F.cross_entropy(vgg(images), batch.target)


def _logits_2(recipe: Recipe, vgg: Any, batch: Batch) -> Tensor:
    logits: Tensor = vgg(inputs.images(recipe.geometry, batch))
    return logits


def _loss_pairs(recipe: Recipe, vgg: Any, batch: Batch, generator: torch.Generator) -> Tensor:
    """Mean cross entropy over the K - 1 pairs that contain a sample's label."""
    images = inputs.images(recipe.geometry, batch, generator)
    return joint.pairs_loss(vgg(images).view(len(batch.target), -1, 2), batch.target)


def _logits_pairs(recipe: Recipe, vgg: Any, batch: Batch) -> Tensor:
    second = vgg(inputs.images(recipe.geometry, batch)).view(len(batch.target), -1, 2)
    return joint.votes(second)


def _loss_joint(recipe: Recipe, both: Any, batch: Batch, generator: torch.Generator) -> Tensor:
    pair = batch.arrays["pair"]
    films = inputs.films(recipe.input, batch, generator)
    l1, l2 = both(films, inputs.images(recipe.geometry, batch, generator), pair)
    return joint.three_losses(l1, l2, pair, batch.target, recipe.joint.lambdas)


def _logits_joint(recipe: Recipe, both: Any, batch: Batch) -> Tensor:
    pair = batch.arrays["pair"]
    l1, l2 = both(inputs.films(recipe.input, batch), inputs.images(recipe.geometry, batch), pair)
    return joint.fused(l1, l2, pair)


def _points(samples: Samples) -> Samples:
    """The samples without their films."""
    return replace(samples, arrays={"points": samples.arrays["points"]})


def _two(samples: Samples, pair: tuple[int, int]) -> Samples:
    """The samples of two labels, with targets 0 and 1."""
    subset = samples.take(np.flatnonzero(np.isin(samples.target, pair)))
    names = (samples.labels[pair[0]], samples.labels[pair[1]])
    return replace(subset, target=(subset.target == pair[1]).astype(np.int64), labels=names)
