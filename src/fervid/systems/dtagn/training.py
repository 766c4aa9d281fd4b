"""The training stages: DTAN, DTGN, then the fusions of both [1, Sec. 3]."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fervid.learning import batches, loop, seeding, weights
from fervid.learning.batches import Batch
from fervid.learning.loop import Stage
from fervid.learning.losses import three_losses
from fervid.learning.run import Run
from fervid.learning.samples import Samples
from fervid.systems.dtagn import augment, inputs, network
from fervid.systems.dtagn.network import Tuning
from fervid.systems.dtagn.recipe import Recipe

# The two networks [1, Sec. 3.2, 3.3].
NETWORKS = ("dtan", "dtgn")
# Largest number of clips that the mean input is computed from.
CENTRED = 500


def fit(recipe: Recipe, train: Samples, validation: Samples, run: Run) -> nn.ModuleDict:
    """Train DTAN, then DTGN, then every fusion; only DTGN if there are no pictures.

    Departure 12: each stage's epoch is chosen on `validation`, a set the paper does not mention.
    """
    networks = nn.ModuleDict()
    for name in names(recipe):
        with seeding.seeded(run.seed, name, "weights"):
            networks[name] = network.stream(recipe, name, len(train.labels))
    centre(recipe, networks, train, run.seed)
    for name in names(recipe):
        loop.train(stage(recipe, name), networks[name], train, validation, run)
    if not recipe.fusions:
        return networks
    dtan, dtgn = network.streams(networks)
    below = weights.digest(networks.state_dict())
    sides = (
        activations(recipe, networks, train, run, augment.COPIES),
        activations(recipe, networks, validation, run, 1),
    )
    for fusion in recipe.fusions:
        with seeding.seeded(run.seed, fusion, "weights"):
            top = network.new_top(fusion, dtan, dtgn)
        loop.train(tuning(recipe, fusion, below), Tuning(dtan, dtgn, top), *sides, run)
        networks[fusion] = top
    return networks


def names(recipe: Recipe) -> tuple[str, ...]:
    """Names of the networks to train."""
    return ("dtgn",) if recipe.landmarks_only else NETWORKS


def stage(recipe: Recipe, name: str) -> Stage:
    """The stage that trains "dtan" or "dtgn"."""
    if name == "dtan":
        part: Any = recipe.appearance
        functions: Any = (_loss_appearance, _logits_appearance)
    else:
        part, functions = recipe.geometry, (_loss_geometry, _logits_geometry)
    loss, logits = (partial(function, recipe) for function in functions)
    return Stage(name, part.plan, loss, logits, augment.COPIES, (recipe.input, part))


def tuning(recipe: Recipe, fusion: str, below: str = "") -> Stage:
    """The stage that trains a fusion.

    Args:
        below: digest of both trained networks.
    """
    if fusion == "concat":
        return Stage(fusion, recipe.concat.plan, _loss_concat, _logits, given=(below,))
    # On the same training set again [1, Sec. 3.5.2].
    lambdas = recipe.joint.lambdas if fusion == "joint" else (0.0, 0.0, 1.0)  # Table 8: L3 only
    loss = partial(_loss_joint, lambdas)
    return Stage(fusion, recipe.joint.plan, loss, _logits, given=(lambdas, below))


@torch.no_grad()
def centre(recipe: Recipe, networks: nn.ModuleDict, samples: Samples, seed: int) -> None:
    """Set the networks' input mean, computed over all copies of up to `CENTRED` training clips.

    Departure 6: the paper does not say that a mean is subtracted.
    """
    generator = seeding.generator(seed, "centre")
    subset = samples.take(np.unique(np.linspace(0, len(samples) - 1, CENTRED).astype(np.int64)))
    streams: dict[str, Any] = {name: networks[name] for name in names(recipe)}
    total = {name: torch.zeros_like(stream.centre.mean) for name, stream in streams.items()}
    for copy in range(augment.COPIES):
        for batch in batches.ordered(subset, 64):
            copied = replace(batch, copy=torch.full_like(batch.copy, copy))
            if "dtan" in total:
                total["dtan"] += inputs.pictures(recipe, copied).sum(0)
            total["dtgn"] += inputs.vectors(recipe, copied, generator).sum(0)
    for name, stream in streams.items():
        stream.centre.mean.copy_(total[name] / (len(subset) * augment.COPIES))


@torch.no_grad()
def activations(
    recipe: Recipe, networks: nn.ModuleDict, samples: Samples, run: Run, copies: int
) -> Samples:
    """Outputs of both networks' `lower` for each copy of each sample.

    Departure 10: copy i of the pictures goes with copy i of the landmarks. `lower` is frozen and
    has no dropout, so the fusions compute it once instead of once per epoch.
    """
    fabric = loop.fabric_of(run)
    generator = seeding.generator(run.seed, "activations")
    lower = [stream.lower.to(fabric.device).eval() for stream in network.streams(networks)]
    rows: tuple[list[Tensor], list[Tensor]] = ([], [])
    for copy in range(copies):
        for batch in batches.ordered(samples, 64):
            copied = replace(batch, copy=torch.full_like(batch.copy, copy)).to(fabric.device)
            tensors = (inputs.pictures(recipe, copied), inputs.vectors(recipe, copied, generator))
            with fabric.autocast():
                for outputs, layer, x in zip(rows, lower, tensors, strict=True):
                    outputs.append(layer(x).float().cpu())
    for layer in lower:
        layer.to("cpu")
    repeated = samples.take(np.tile(np.arange(len(samples)), copies))
    named = zip(NETWORKS, rows, strict=True)
    arrays = {name: torch.cat(outputs).numpy() for name, outputs in named if outputs}
    return replace(repeated, arrays=arrays)


def _loss_appearance(recipe: Recipe, dtan: Any, batch: Batch, _: torch.Generator) -> Tensor:
    return F.cross_entropy(dtan(inputs.pictures(recipe, batch)), batch.target)


def _logits_appearance(recipe: Recipe, dtan: Any, batch: Batch) -> Tensor:
    logits: Tensor = dtan(inputs.pictures(recipe, batch))
    return logits


def _loss_geometry(recipe: Recipe, dtgn: Any, batch: Batch, generator: torch.Generator) -> Tensor:
    return F.cross_entropy(dtgn(inputs.vectors(recipe, batch, generator)), batch.target)


def _logits_geometry(_: Recipe, dtgn: Any, batch: Batch) -> Tensor:
    logits: Tensor = dtgn(batch.arrays["landmarks"].flatten(1))
    return logits


def _loss_joint(lambdas: tuple[float, ...], both: Any, batch: Batch, _: torch.Generator) -> Tensor:
    """[1, Eqs. 8-10]"""
    first, second = both(*(batch.arrays[name] for name in NETWORKS))
    return three_losses(first, second, batch.target, lambdas)


def _loss_concat(both: Any, batch: Batch, _: torch.Generator) -> Tensor:
    return F.cross_entropy(both(*(batch.arrays[name] for name in NETWORKS)), batch.target)


def _logits(both: Any, batch: Batch) -> Tensor:
    return network.fused(both(*(batch.arrays[name] for name in NETWORKS)))
