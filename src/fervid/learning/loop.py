"""The training loop: explicit, on Lightning Fabric, and the same after a kill as without one.

Everything random in epoch e comes from a seed derived from (run, stage, e), so a checkpoint at an
epoch's end holds all there is to know: weights, the optimiser's buffers, the best weights so far
and the curve. On a CPU the weights of a resumed training equal an uninterrupted one's bit by bit.
"""

import csv
import hashlib
import json
import logging
import math
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from lightning_fabric import Fabric
from torch import Tensor, nn

from fervid.atomic import blamed, whole
from fervid.errors import FervidError, InputError, WeightsError
from fervid.learning import batches, seeding, weights
from fervid.learning.averaging import Average
from fervid.learning.batches import Batch
from fervid.learning.plan import Plan
from fervid.learning.run import Run
from fervid.learning.samples import Samples
from fervid.progress import bar

History = list[dict[str, float]]


@dataclass(frozen=True)
class Stage:
    """One training of one network.

    Args:
        name: of its files, and said in the progress line.
        loss: the mean loss of a batch, as a scalar; the generator is for augmentation.
        logits: (B, K) of a batch as it is, for validation.
        copies: see `batches.shuffled`.
        given: parts of the recipe and anything else the result depends on, as JSON or dataclasses;
            with plan, samples and initial weights they are the key by which a stage resumes.
    """

    name: str
    plan: Plan
    loss: Callable[[Any, Batch, torch.Generator], Tensor]
    logits: Callable[[Any, Batch], Tensor]
    copies: int = 1
    given: tuple[Any, ...] = ()


@dataclass
class _State:
    """Where a training stands after `len(history)` epochs."""

    history: History
    best: dict[str, Tensor]
    best_loss: float = math.inf
    waited: int = 0


def train(
    stage: Stage, network: nn.Module, samples: Samples, validation: Samples, run: Run
) -> History:
    """Train what requires a gradient in `network`; leaves it with its best weights, in eval mode.

    The best are those of the epoch with the least loss on `validation` (see `Plan.choose`);
    without any validation samples, of the last epoch. Goes on from a checkpoint in the run's
    folder, and only loads where the stage was finished there. Writes `<stage>.safetensors` and the
    curve `<stage>.csv`.

    Raises:
        FervidError: the loss is no longer a number.
    """
    final = run.folder / f"{stage.name}.safetensors"
    checkpoint = run.folder / f"{stage.name}.checkpoint.safetensors"
    key = _fingerprint(stage, network, samples, run)
    if (found := _resumable(final, key)) is not None:
        checkpoint.unlink(missing_ok=True)  # of a process that was killed between the two
        network.load_state_dict(found[0], strict=False)
        network.eval()
        history: History = found[1]["history"]
        return history
    _make(run.folder)
    fabric = fabric_of(run)
    optimiser = _optimiser(stage.plan, [p for p in network.parameters() if p.requires_grad])
    wrapped, wrapped_optimiser = fabric.setup(network, optimiser)
    average = Average(network, stage.plan.average)
    state = _restore(checkpoint, key, network, optimiser, average)
    written = time.monotonic()
    steps = batches.count(samples, stage.plan.batch_size, fabric.world_size)
    stage = replace(stage, plan=replace(stage.plan, epochs=stage.plan.epochs_of(steps)))
    epochs = range(len(state.history), stage.plan.epochs)
    for epoch in bar(epochs, f"{run.name} {stage.name}".strip(), len(epochs)):
        if stage.plan.patience and state.waited >= stage.plan.patience:
            break
        loss = _epoch(stage, epoch, fabric, wrapped, wrapped_optimiser, average, samples, run.seed)
        with average.held():
            measured = measure(stage, wrapped, validation, fabric.device)
            _keep_best(state, {"epoch": epoch, "loss": loss, **measured}, network, stage.plan)
        late = time.monotonic() - written >= run.checkpoint_seconds
        if late and fabric.is_global_zero:
            _store(checkpoint, key, network, optimiser, average, state)
            written = time.monotonic()
    network.load_state_dict(state.best, strict=False)
    network.to("cpu").eval()
    if fabric.is_global_zero:
        _write_curve(run.folder / f"{stage.name}.csv", state.history)
        weights.save(final, state.best, {"key": key, "history": state.history})
        checkpoint.unlink(missing_ok=True)
    fabric.barrier()
    return state.history


def _optimiser(plan: Plan, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
    rate, decay = plan.learning_rate, plan.weight_decay
    if plan.optimiser == "adam":
        return torch.optim.Adam(parameters, rate, (plan.momentum, 0.999), weight_decay=decay)
    return torch.optim.SGD(parameters, rate, plan.momentum, weight_decay=decay)


def _make(folder: Path) -> None:
    with blamed(folder):
        folder.mkdir(parents=True, exist_ok=True)


def fabric_of(run: Run) -> Fabric:
    """Fabric on the run's device: one, or all that `torchrun` started a process for.

    Raises:
        InputError: there is no such device, or none here.
    """
    # It would tell the precision on each call.
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    here = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    nodes = int(os.environ.get("WORLD_SIZE", "1")) // here
    told: dict[str, Any] = {"accelerator": run.device, "precision": run.precision}
    try:
        fabric = Fabric(devices=here, num_nodes=nodes, **told)
    except (ValueError, RuntimeError) as error:
        raise InputError(
            f"device {run.device!r} in precision {run.precision!r} cannot be used here "
            f"({' '.join(str(error).split())}): use cpu or auto, and 32-true"
        ) from None
    fabric.launch()
    return fabric


def _epoch(
    stage: Stage,
    epoch: int,
    fabric: Fabric,
    network: Any,
    optimiser: Any,
    average: Average,
    samples: Samples,
    seed: int,
) -> float:
    """One pass over the samples; returns the mean loss."""
    plan, seen = stage.plan, 0
    total = torch.zeros((), device=fabric.device)
    steps = batches.count(samples, plan.batch_size, fabric.world_size)
    order = seeding.generator(seed, stage.name, epoch, "order")
    noise = seeding.generator(seed, stage.name, epoch, "noise", fabric.global_rank)
    network.train()
    with seeding.seeded(seed, stage.name, epoch, "dropout", fabric.global_rank):
        epoch_batches = batches.shuffled(
            samples, plan.batch_size, order, stage.copies, fabric.global_rank, fabric.world_size
        )  # fmt: skip
        for step, batch in enumerate(batches.ahead(epoch_batches, fabric.device)):
            for group in optimiser.param_groups:
                group["lr"] = _rate(plan, epoch + step / steps)
            loss = stage.loss(network, batch, noise)
            optimiser.zero_grad()
            fabric.backward(loss)
            if plan.gradient_clip:
                # One that is no number is told of below, by the loss it leads to.
                fabric.clip_gradients(
                    network, optimiser, max_norm=plan.gradient_clip, error_if_nonfinite=False
                )
            optimiser.step()
            average.update()
            total, seen = total + loss.detach() * len(batch.target), seen + len(batch.target)
    mean = float(torch.as_tensor(fabric.all_reduce(total / max(seen, 1), reduce_op="mean")))
    if not math.isfinite(mean):
        raise FervidError(
            f"the loss of {stage.name} is no longer a number after epoch {epoch}: "
            "set a lower learning rate"
        )
    return mean


def _rate(plan: Plan, epoch: float) -> float:
    rise = min(1.0, epoch / plan.warmup) if plan.warmup else 1.0
    if plan.decay == "none":
        return plan.learning_rate * rise
    return plan.learning_rate * rise * (1 + math.cos(math.pi * epoch / plan.epochs)) / 2


@torch.no_grad()
def measure(stage: Stage, network: Any, samples: Samples, device: torch.device) -> dict[str, float]:
    """Mean cross entropy and accuracy on samples as they are; nothing where there are none.

    Of clips where the plan says so: a clip's probabilities are the mean of its samples'.
    """
    network.eval()
    parts = [stage.logits(network, batch.to(device)).float().cpu()
             for batch in batches.ordered(samples, 64)]  # fmt: skip
    if not parts:
        return {}
    logits, target = torch.cat(parts), torch.from_numpy(samples.target)
    if stage.plan.judged == "clips":
        logits, target = _per_clip(logits, samples)
    return {
        "validation_loss": float(F.cross_entropy(logits, target)),
        "validation_accuracy": float((logits.argmax(1) == target).float().mean()),
    }


def _per_clip(logits: Tensor, samples: Samples) -> tuple[Tensor, Tensor]:
    """(N, K) of samples to (C, K) and targets (C,) of their clips: logs of mean probabilities."""
    _, first, place = np.unique(samples.clip, return_index=True, return_inverse=True)
    total = logits.new_zeros(len(first), logits.shape[1])
    total.index_add_(0, torch.from_numpy(place), logits.softmax(1))
    mean = total / torch.from_numpy(np.bincount(place))[:, None]
    return mean.clamp(min=1e-30).log(), torch.from_numpy(samples.target[first])


def _learned(network: nn.Module) -> dict[str, Tensor]:
    """A copy of what training changes: weights that are not frozen, and buffers."""
    frozen = {name for name, p in network.named_parameters() if not p.requires_grad}
    state = network.state_dict()
    return {
        name: t.detach().to("cpu", copy=True) for name, t in state.items() if name not in frozen
    }


def _keep_best(state: _State, row: dict[str, float], network: nn.Module, plan: Plan) -> None:
    state.history.append(row)
    state.waited += 1
    loss = row.get("validation_loss", -math.inf)
    if plan.choose == "accuracy":
        loss = -row.get("validation_accuracy", math.inf)
    elif plan.choose == "last":
        loss = -math.inf
    if loss <= state.best_loss:
        state.best, state.best_loss, state.waited = _learned(network), loss, 0


def _fingerprint(stage: Stage, network: nn.Module, samples: Samples, run: Run) -> str:
    """What a training's result depends on, besides the samples' content, as a sha256.

    The initial weights stand for the network's shape, for what it begins from, and for earlier
    stages that it contains.
    """
    begins = weights.digest(network.state_dict())
    facts = [stage.name, stage.plan, stage.copies, stage.given, run.seed, run.precision, begins]
    total = hashlib.sha256(json.dumps(facts, sort_keys=True, default=asdict).encode())
    total.update(samples.target.tobytes() + samples.clip.tobytes())
    return total.hexdigest()


def _resumable(path: Path, key: str) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """What lies at `path`, if it belongs to this very training and is whole."""
    try:
        tensors, card = weights.load(path)
    except WeightsError:
        return None
    return (tensors, card) if card.get("key") == key else None


def _store(
    path: Path,
    key: str,
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    average: Average,
    state: _State,
) -> None:
    tensors = {f"now.{name}": t for name, t in _learned(network).items()}
    tensors |= {f"average.{name}": t for name, t in average.tensors.items()}
    tensors |= {f"best.{name}": t for name, t in state.best.items()}
    for index, buffers in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{index}.{name}": t for name, t in buffers.items() if t is not None}
    card = {"key": key, "history": state.history, "waited": state.waited, "steps": average.steps}
    best = state.best_loss if math.isfinite(state.best_loss) else None
    weights.save(path, tensors, {**card, "best_loss": best})


def _restore(
    path: Path, key: str, network: nn.Module, optimiser: torch.optim.Optimizer, average: Average
) -> _State:
    """The state in a checkpoint, also put into network and optimiser; a new one without any."""
    if (found := _resumable(path, key)) is None:
        return _State([], {})
    tensors, card = found
    parts: dict[str, dict[str, Tensor]] = {
        "now": {}, "best": {}, "optimiser": {}, "average": {}
    }  # fmt: skip
    for name, tensor in tensors.items():
        part, rest = name.split(".", 1)
        parts[part][rest] = tensor
    network.load_state_dict(parts["now"], strict=False)
    average.restore(parts["average"], card.get("steps", 0))
    told = optimiser.state_dict()
    for name, tensor in parts["optimiser"].items():
        index, buffer = name.split(".", 1)
        told["state"].setdefault(int(index), {})[buffer] = tensor
    optimiser.load_state_dict(told)
    best = card["best_loss"]
    return _State(
        card["history"], parts["best"], -math.inf if best is None else best, card["waited"]
    )


def _write_curve(path: Path, history: History) -> None:
    with whole(path) as part, part.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(history[0]) if history else ["epoch"])
        writer.writeheader()
        writer.writerows(history)
