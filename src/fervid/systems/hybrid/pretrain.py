"""Training of one restricted Boltzmann machine; resuming it gives the same weights.

This does not use `fervid.learning.loop`, because nothing is differentiated here. The weights are
updated in place, so that training runs at the speed of its matrix products.
"""

import hashlib
import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from fervid.atomic import write
from fervid.errors import FervidError, WeightsError
from fervid.learning import loop, seeding, weights
from fervid.learning.loop import History
from fervid.learning.run import Run
from fervid.progress import bar
from fervid.systems.hybrid.dbn import RBM
from fervid.systems.hybrid.recipe import Pretraining
from fervid.text import csv_text

# Largest number of vectors used to measure the reconstruction error after each epoch.
MEASURED = 300


def pretrain(
    name: str, rbm: RBM, x: Tensor, plan: Pretraining, given: tuple[Any, ...], run: Run
) -> History:
    """Train an RBM on x (N, V), resuming from a checkpoint or loading a finished training.

    With several processes, each does the same work and the first one writes the files.

    Args:
        name: stem of the stage's file names.
        rbm: the machine to train, in place.
        x: (N, V) in 0..1.
        plan: settings of the training.
        given: what else the result depends on, above all how x was made.
        run: the run.

    Returns:
        The loss after every epoch.

    Raises:
        FervidError: the weights are no longer finite.
    """
    final, checkpoint = (run.folder / f"{name}{end}.safetensors" for end in ("", ".checkpoint"))
    key = _key(name, rbm, x, plan, given, run)
    if (saved := _saved(final, key)) is not None:
        checkpoint.unlink(missing_ok=True)  # left by a process killed just after it had finished
        rbm.load_state_dict(saved[0])
        finished: History = saved[1]["history"]
        return finished
    fabric = loop.fabric_of(run)
    rbm.to(fabric.device)
    history: History = []
    if (saved := _saved(checkpoint, key)) is not None:
        rbm.load_state_dict(saved[0])
        history = saved[1]["history"]
    else:
        rbm.begin(x.to(fabric.device))
    written = time.monotonic()
    epochs = range(len(history), plan.epochs)
    for epoch in bar(epochs, f"{run.name} {name}".strip(), len(epochs)):
        _epoch(rbm, x, plan, seeding.generator(run.seed, name, epoch))
        history.append({"epoch": epoch, "loss": _error(rbm, x[:MEASURED])})
        _check(name, history)
        late = time.monotonic() - written >= run.checkpoint_seconds
        if late and fabric.is_global_zero:
            weights.save(checkpoint, rbm.state_dict(), {"key": key, "history": history})
            written = time.monotonic()
    rbm.to("cpu")
    if fabric.is_global_zero:
        curve = [("epoch", "loss"), *(row.values() for row in history)]
        write(run.folder / f"{name}.csv", csv_text(curve))
        weights.save(final, rbm.state_dict(), {"key": key, "history": history})
        checkpoint.unlink(missing_ok=True)
    fabric.barrier()
    return history


def _epoch(rbm: RBM, x: Tensor, plan: Pretraining, generator: torch.Generator) -> None:
    device = rbm.weight.device
    order = torch.randperm(len(x), generator=generator)
    for start in range(0, len(x), plan.batch_size):
        v = x[order[start : start + plan.batch_size]].to(device)
        rbm.learn(v, plan.learning_rate, generator, plan.gibbs)


@torch.no_grad()
def _error(rbm: RBM, x: Tensor) -> float:
    """Mean squared reconstruction error over vectors and units."""
    v = x.to(rbm.weight.device)
    return float((v - rbm.visible(rbm.hidden(v))).square().mean())


def _check(name: str, history: History) -> None:
    if not torch.isfinite(torch.tensor(history[-1]["loss"])):
        raise FervidError(
            f"the weights of {name} are no longer finite after epoch {history[-1]['epoch']}: "
            "set a lower dbn.pretraining.learning_rate"
        )


def _key(
    name: str, rbm: RBM, x: Tensor, plan: Pretraining, given: tuple[Any, ...], run: Run
) -> str:
    """Hash of everything that the result depends on."""
    initial = weights.digest(rbm.state_dict())
    facts = [name, plan, list(x.shape), initial, given, run.seed]
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=asdict).encode()).hexdigest()


def _saved(path: Path, key: str) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """Tensors and card of the file at `path`, if it is intact and belongs to this training."""
    try:
        tensors, card = weights.load(path)
    except WeightsError:
        return None
    return (tensors, card) if card.get("key") == key else None
