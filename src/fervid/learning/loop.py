"""The training loop, written out on Lightning Fabric; resuming it gives the same weights.

Every random choice in epoch e comes from a seed derived from (run, stage, e). A checkpoint at the
end of an epoch is therefore complete with the weights, the optimiser's buffers, the best weights
so far and the curve. On a CPU, resumed and uninterrupted training end in bit-identical weights.
"""

import csv
import hashlib
import json
import logging
import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
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
from fervid.ranks import world

if TYPE_CHECKING:
    from lightning_fabric import Fabric  # a second of imports, which prediction never needs

History = list[dict[str, float]]


@dataclass(frozen=True)
class Stage:
    """One training of one network.

    Args:
        name: stem of its file names, shown in the progress line.
        plan: settings of the optimisation.
        loss: gives the mean loss of a batch, a scalar; the generator is for augmentation.
        logits: gives the logits (B, K) of a batch without augmentation, for validation.
        copies: number of augmented copies, see `batches.shuffled`.
        given: parts of the recipe and anything else the result depends on, as JSON or dataclasses.
            With plan, samples and initial weights they identify the training that can be resumed.
    """

    name: str
    plan: Plan
    loss: Callable[[Any, Batch, torch.Generator], Tensor]
    logits: Callable[[Any, Batch], Tensor]
    copies: int = 1
    given: tuple[Any, ...] = ()


@dataclass
class _State:
    """State of a training after `len(history)` epochs."""

    history: History
    best: dict[str, Tensor]
    best_loss: float = math.inf
    waited: int = 0


def train(
    stage: Stage, network: nn.Module, samples: Samples, validation: Samples, run: Run
) -> History:
    """Train the weights of `network` that require a gradient; return the curve.

    The network ends in eval mode with the weights of the epoch with the lowest loss on
    `validation` (see `Plan.choose`), or of the last epoch without validation samples. Training
    resumes from a checkpoint in the run's folder; a finished stage is only loaded. Writes
    `<stage>.safetensors` and the curve `<stage>.csv`.

    Raises:
        FervidError: the loss is no longer finite.
    """
    final = run.folder / f"{stage.name}.safetensors"
    checkpoint = run.folder / f"{stage.name}.checkpoint.safetensors"
    key = _fingerprint(stage, network, samples, run)
    if (finished := _resumable(final, key)) is not None:
        checkpoint.unlink(missing_ok=True)  # left by a kill between saving and unlinking
        network.load_state_dict(finished[0], strict=False)
        network.eval()
        history: History = finished[1]["history"]
        return history
    _make(run.folder)
    fabric = fabric_of(run)
    optimiser = _optimiser(stage.plan, [p for p in network.parameters() if p.requires_grad])
    wrapped, wrapped_optimiser = fabric.setup(network, optimiser)
    average = Average(network, stage.plan.average)
    state = _restore(checkpoint, key, network, optimiser, average)
    written = time.monotonic()
    steps = batches.count(samples, stage.plan.batch_size)
    stage = replace(stage, plan=replace(stage.plan, epochs=stage.plan.epochs_of(steps)))
    epochs = range(len(state.history), stage.plan.epochs)
    for epoch in bar(epochs, f"{run.name} {stage.name}".strip(), len(epochs)):
        if stage.plan.patience and state.waited >= stage.plan.patience:
            break
        loss = _epoch(
            stage,
            epoch,
            fabric,
            wrapped,
            wrapped_optimiser,
            average,
            samples=samples,
            seed=run.seed,
        )
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


def fabric_of(run: Run) -> "Fabric":
    """Fabric on the run's device: one, or all that `torchrun` started a process for.

    Raises:
        InputError: the device is unknown or not available here.
    """
    from lightning_fabric import Fabric

    # It would tell the precision on each call.
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    devices = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    nodes = world() // devices
    options: dict[str, Any] = {"accelerator": run.device, "precision": run.precision}
    try:
        fabric = Fabric(devices=devices, num_nodes=nodes, **options)
    except (ValueError, RuntimeError) as error:
        raise InputError(
            f"device {run.device!r} in precision {run.precision!r} cannot be used here "
            f"({' '.join(str(error).split())}): use cpu or auto, and 32-true"
        ) from None
    fabric.launch()
    return fabric


@contextmanager
def leader_first(run: Run) -> Iterator[None]:
    """Let the first of the processes of `torchrun` make something, which the others then find."""
    if world() == 1:
        yield
        return
    with fabric_of(run).rank_zero_first():
        yield


def _epoch(
    stage: Stage,
    epoch: int,
    fabric: "Fabric",
    network: Any,
    optimiser: Any,
    average: Average,
    *,
    samples: Samples,
    seed: int,
) -> float:
    """Train for one pass over the samples; return the mean loss."""
    plan = stage.plan
    total = torch.zeros((), device=fabric.device)
    steps = batches.count(samples, plan.batch_size)
    part, parts = fabric.global_rank, fabric.world_size
    order = seeding.generator(seed, stage.name, epoch, "order")
    noise = seeding.generator(seed, stage.name, epoch, "noise", part)
    network.train()
    with seeding.seeded(seed, stage.name, epoch, "dropout", part):
        epoch_batches = batches.shuffled(
            samples, plan.batch_size, order, stage.copies, part, parts
        )  # fmt: skip
        for step, batch in enumerate(batches.ahead(epoch_batches, fabric.device)):
            for group in optimiser.param_groups:
                group["lr"] = _rate(plan, epoch + step / steps)
            loss = stage.loss(network, batch, noise)
            weight = batches.weight(step, len(samples), plan.batch_size, part, parts)
            loss = loss if parts == 1 else loss * weight
            optimiser.zero_grad()
            fabric.backward(loss)
            if plan.gradient_clip:
                # A gradient that is not finite is reported below, by the loss it leads to.
                fabric.clip_gradients(
                    network, optimiser, max_norm=plan.gradient_clip, error_if_nonfinite=False
                )
            optimiser.step()
            average.update()
            whole = min(plan.batch_size, len(samples) - step * plan.batch_size)
            total = total + loss.detach() * whole
    mean = float(torch.as_tensor(fabric.all_reduce(total / max(len(samples), 1), reduce_op="mean")))
    if not math.isfinite(mean):
        raise FervidError(
            f"the loss of {stage.name} is not finite after epoch {epoch}: set a lower learning rate"
        )
    return mean


def _rate(plan: Plan, epoch: float) -> float:
    rise = min(1.0, epoch / plan.warmup) if plan.warmup else 1.0
    if plan.decay == "none":
        return plan.learning_rate * rise
    return plan.learning_rate * rise * (1 + math.cos(math.pi * epoch / plan.epochs)) / 2


@torch.no_grad()
def measure(stage: Stage, network: Any, samples: Samples, device: torch.device) -> dict[str, float]:
    """Mean cross entropy and accuracy without augmentation; empty without samples.

    Measured on clips if the plan says so: a clip's probabilities are the mean of its samples'.
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
    """(N, K) logits of samples -> (C, K) log mean probabilities and (C,) targets of their clips."""
    _, first, place = np.unique(samples.clip, return_index=True, return_inverse=True)
    total = logits.new_zeros(len(first), logits.shape[1])
    total.index_add_(0, torch.from_numpy(place), logits.softmax(1))
    mean = total / torch.from_numpy(np.bincount(place))[:, None]
    return mean.clamp(min=1e-30).log(), torch.from_numpy(samples.target[first])


def _learned(network: nn.Module) -> dict[str, Tensor]:
    """Copy what training changes: buffers and the weights that are not frozen."""
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
    """SHA-256 of everything the training depends on, except the content of the samples.

    The initial weights represent the network's architecture, its starting point and the earlier
    stages it contains.
    """
    initial = weights.digest(network.state_dict())
    facts = [stage.name, stage.plan, stage.copies, stage.given, run.seed, run.precision, initial]
    total = hashlib.sha256(json.dumps(facts, sort_keys=True, default=asdict).encode())
    total.update(samples.target.tobytes() + samples.clip.tobytes())
    return total.hexdigest()


def _resumable(path: Path, key: str) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """Load the file at `path` if it is intact and belongs to this training."""
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
    """Restore network, optimiser, mean and state from a checkpoint, or start with a new state."""
    if (saved := _resumable(path, key)) is None:
        return _State([], {})
    tensors, card = saved
    parts: dict[str, dict[str, Tensor]] = {
        "now": {}, "best": {}, "optimiser": {}, "average": {}
    }  # fmt: skip
    for name, tensor in tensors.items():
        part, rest = name.split(".", 1)
        parts[part][rest] = tensor
    network.load_state_dict(parts["now"], strict=False)
    average.restore(parts["average"], card.get("steps", 0))
    optimiser_state = optimiser.state_dict()
    for name, tensor in parts["optimiser"].items():
        index, buffer = name.split(".", 1)
        optimiser_state["state"].setdefault(int(index), {})[buffer] = tensor
    optimiser.load_state_dict(optimiser_state)
    best = card["best_loss"]
    return _State(
        card["history"], parts["best"], -math.inf if best is None else best, card["waited"]
    )


def _write_curve(path: Path, history: History) -> None:
    with whole(path) as part, part.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(history[0]) if history else ["epoch"])
        writer.writeheader()
        writer.writerows(history)
