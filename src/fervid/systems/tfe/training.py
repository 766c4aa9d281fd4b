"""The training stages: the residual network, the tandem of both parts, the SVM [5, Sec. 3]."""

from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from fervid.errors import WeightsError
from fervid.learning import loop, seeding, weights
from fervid.learning.batches import Batch
from fervid.learning.loop import Stage
from fervid.learning.run import Run
from fervid.learning.samples import Samples
from fervid.systems.tfe import identity, network, targets
from fervid.systems.tfe.augment import shaken
from fervid.systems.tfe.network import Alone, DeepID, Emotion, Tandem
from fervid.systems.tfe.recipe import Recipe
from fervid.systems.tfe.svm import fit_margins


def fit(recipe: Recipe, train: Samples, validation: Samples, run: Run) -> nn.ModuleDict:
    """Train the residual network, then the tandem from both trained parts [5, Sec. 3.1].

    Args:
        recipe: the recipe.
        train: `faces`, and optionally `votes` and `teacher` (the teachers' predictions), (N, K).
        validation: chooses the epochs.
        run: the run.
    """
    labels = len(train.labels)
    networks: dict[str, nn.Module] = {}
    with seeding.seeded(run.seed, "resnet", "weights"):
        resnet = network.resnet(recipe, labels)
    if recipe.outputs != ("svm",):
        networks["resnet"] = resnet
        if recipe.begin:
            begin(resnet, recipe.begin)
        else:
            resnet.body.standardise.learn(train.arrays["faces"])
        loop.train(stage(recipe, "resnet"), resnet, train, validation, run)
    for name in ("joint", "joint-fresh"):
        if name in recipe.outputs:
            networks[name] = tandem(recipe, name, resnet, train, run.seed)
            loop.train(stage(recipe, name), networks[name], train, validation, run)
    if "svm" in recipe.outputs:
        networks["svm"] = fit_margins(people(recipe), train, recipe.cost)
    return nn.ModuleDict({name: networks[name] for name in recipe.outputs})


def begin(resnet: Alone, path: Path) -> None:
    """Load a trained model's residual network, but keep the new linear layer.

    Departure 10: the paper trains from scratch.

    Raises:
        WeightsError: the file does not hold a residual network of these layers and this size.
    """
    tensors, _ = weights.load(path)
    for prefix in ("resnet.body.", "joint.emotion."):
        body = {k.removeprefix(prefix): t for k, t in tensors.items() if k.startswith(prefix)}
        if body:
            weights.check_shapes(path, body, resnet.body.state_dict())
            resnet.body.load_state_dict(body)
            return
    raise WeightsError(f"{path} does not hold a residual network of tfe: name a trained tfe")


def people(recipe: Recipe) -> DeepID:
    """A new copy of the trained identity network that `identity.place` names.

    Raises:
        WeightsError: there is no such network, or its input is too large.
    """
    if recipe.identity.place == "none":
        raise WeightsError(
            f"{recipe.name} needs an identity network that was trained: set identity.place to a "
            "file written by training/identity.py"
        )
    deepid: DeepID = network.channels_last(identity.load(recipe.identity.place))
    if deepid.size > recipe.input.size:
        raise WeightsError(
            f"the identity network needs faces of {deepid.size} pixels, but those of "
            f"{recipe.name} have {recipe.input.size}: set input.size={deepid.size}"
        )
    return deepid


def tandem(recipe: Recipe, name: str, resnet: Alone, train: Samples, seed: int) -> Tandem:
    """Both parts under a new linear layer, with the identity network untrained if so set."""
    emotion = resnet.body
    assert isinstance(emotion, Emotion)
    with seeding.seeded(seed, name, "weights"):
        if name == "joint-fresh" or recipe.identity.place == "none":
            deepid = DeepID(recipe.identity.size, recipe.identity.local)
            deepid.standardise.learn(train.arrays["faces"])
        else:
            deepid = people(recipe)
        both = Tandem(deepid, deepcopy(emotion), len(train.labels), recipe.tandem.dropout)
    return network.channels_last(both)


def stage(recipe: Recipe, name: str) -> Stage:
    """The stage that trains "resnet", "joint" or "joint-fresh"."""
    plan = recipe.emotion.plan if name == "resnet" else recipe.tandem.plan
    teachers = [weights.metadata(Path(path))["sha256"] for path in recipe.teachers]
    settings = (recipe.input, recipe.augmentation, recipe.targets, teachers, recipe.teachers_share)
    dropout = () if name == "resnet" else (recipe.tandem.dropout,)
    return Stage(name, plan, partial(_loss, recipe), _logits, given=(*settings, *dropout))


def _loss(recipe: Recipe, net: Any, batch: Batch, generator: torch.Generator) -> Tensor:
    if len(batch.target) == 1:  # batch norm needs two faces, because one has no variance
        arrays = {name: torch.cat([array, array]) for name, array in batch.arrays.items()}
        batch = Batch(arrays, batch.target.repeat(2), batch.copy.repeat(2))
    logits = net(shaken(batch.arrays["faces"], recipe.augmentation, generator))
    share = recipe.teachers_share if recipe.teachers else 0.0
    return targets.loss(logits, batch, recipe.targets == "votes", share)


def _logits(net: Any, batch: Batch) -> Tensor:
    logits: Tensor = net(batch.arrays["faces"])
    return logits
