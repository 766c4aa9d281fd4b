"""Training, from scratch and end to end [3, Sec. 3.2]."""

from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fervid.learning import loop, seeding
from fervid.learning.batches import Batch
from fervid.learning.loop import Stage
from fervid.learning.run import Run
from fervid.learning.samples import Samples
from fervid.systems.ir3d import inputs, network
from fervid.systems.ir3d.network import pooled_logits
from fervid.systems.ir3d.recipe import Recipe


def fit(recipe: Recipe, train: Samples, validation: Samples, run: Run) -> nn.ModuleDict:
    """Train every network of `recipe.trained`.

    Departure 8: the epoch is chosen on `validation`, a set the paper does not mention.
    """
    networks = nn.ModuleDict()
    for name, variant in recipe.trained.items():
        with seeding.seeded(run.seed, "ir3d", "weights"):
            networks[name] = network.build(variant, len(train.labels))
        loop.train(stage(variant, name), networks[name], train, validation, run)
    return networks


def stage(recipe: Recipe, name: str) -> Stage:
    """The stage that trains one network."""
    settings = (recipe.input, recipe.network)
    loss, logits = partial(_loss, recipe), partial(_logits, recipe)
    return Stage(name, recipe.plan, loss, logits, 2 if recipe.mirror else 1, settings)


def _loss(recipe: Recipe, net: Any, batch: Batch, _: torch.Generator) -> Tensor:
    logits = net(*inputs.tensors(recipe, batch))
    if logits.ndim == 2:
        return F.cross_entropy(logits, batch.target)
    # Every step learns its clip's label separately.
    targets = batch.target.repeat_interleave(logits.shape[1])
    return F.cross_entropy(logits.flatten(0, 1), targets)


def _logits(recipe: Recipe, net: Any, batch: Batch) -> Tensor:
    # The loop validates large batches, but activations of this size fit only a few clips.
    split = (torch.split(x, recipe.plan.batch_size) for x in inputs.tensors(recipe, batch))
    return torch.cat([pooled_logits(net(*part)) for part in zip(*split, strict=True)])
