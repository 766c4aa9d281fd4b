"""The training stages: the residual network, the tandem from both parts, the SVM [5, Sec. 3]."""

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
        train: may hold `votes` (N, K) beside `faces`, and `teacher`, the teachers' answers.
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
    """Put a trained model's residual network below a new linear layer.

    Departure 10: the paper trains from scratch.

    Raises:
        WeightsError: the file holds no residual network of these layers and this size.
    """
    tensors, _ = weights.load(path)
    for where in ("resnet.body.", "joint.emotion."):
        held = {k.removeprefix(where): t for k, t in tensors.items() if k.startswith(where)}
        if held:
            weights.check_shapes(path, held, resnet.body.state_dict())
            resnet.body.load_state_dict(held)
            return
    raise WeightsError(f"{path} holds no residual network of tfe: name a trained tfe")


def people(recipe: Recipe) -> DeepID:
    """The identity network, trained on people; a copy of its own.

    Raises:
        WeightsError: there is none at the place that `identity.place` names.
    """
    if recipe.identity.place == "none":
        raise WeightsError(
            f"{recipe.name} needs an identity network that was trained: set identity.place to a "
            "file of training/identity.py"
        )
    deepid: DeepID = network.pixel_major(identity.load(recipe.identity.place))
    if deepid.size > recipe.input.size:
        raise WeightsError(
            f"the identity network looks at {deepid.size} pixels and {recipe.name} at "
            f"{recipe.input.size}: give faces at least as large"
        )
    return deepid


def tandem(recipe: Recipe, name: str, resnet: Alone, train: Samples, seed: int) -> Tandem:
    """Both parts below a new layer; the parts as trained, or a new identity network."""
    emotion = resnet.body
    assert isinstance(emotion, Emotion)
    with seeding.seeded(seed, name, "weights"):
        if name == "joint-fresh" or recipe.identity.place == "none":
            deepid = DeepID(recipe.identity.size, recipe.identity.local)
            deepid.standardise.learn(train.arrays["faces"])
        else:
            deepid = people(recipe)
        both = Tandem(deepid, deepcopy(emotion), len(train.labels), recipe.tandem.dropout)
    return network.pixel_major(both)


def stage(recipe: Recipe, name: str) -> Stage:
    """What the loop needs to know of "resnet", "joint" or "joint-fresh"."""
    plan = recipe.emotion.plan if name == "resnet" else recipe.tandem.plan
    teachers = [weights.metadata(Path(path))["sha256"] for path in recipe.teachers]
    given = (recipe.input, recipe.augmentation, recipe.targets, teachers, recipe.teachers_share)
    dropout = () if name == "resnet" else (recipe.tandem.dropout,)
    return Stage(name, plan, partial(_loss, recipe), _logits, given=(*given, *dropout))


def _loss(recipe: Recipe, net: Any, batch: Batch, generator: torch.Generator) -> Tensor:
    if len(batch.target) == 1:  # one face alone has no variance to normalise by
        arrays = {name: torch.cat([array, array]) for name, array in batch.arrays.items()}
        batch = Batch(arrays, batch.target.repeat(2), batch.copy.repeat(2))
    logits = net(shaken(batch.arrays["faces"], recipe.augmentation, generator))
    share = recipe.teachers_share if recipe.teachers else 0.0
    return targets.loss(logits, batch, recipe.targets == "votes", share)


def _logits(net: Any, batch: Batch) -> Tensor:
    logits: Tensor = net(batch.arrays["faces"])
    return logits
