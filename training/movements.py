"""Train the built-in movement network on rendered faces; no photograph is used.

    python training/movements.py --pairs movement_pairs.zip --out movements.safetensors --seed 0

Killed at any moment, the same command resumes after the last whole epoch and ends with the same
weights. The first layers are the landmark network's, and only the very first ones stay as they are.
People 600 to 699 only show how far it is.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import checkpoint
import cv2
import numpy as np
import torch
from landmark_samples import Array
from movement_samples import Twice
from moving_people import CHOOSE, TRAIN, Moving, moving
from torch import Tensor, nn
from torch.utils.data import DataLoader

from fervid.atomic import digest_of
from fervid.faces.action_units import COLUMNS, NOTE, SHAPES, units
from fervid.faces.landmarks import Landmarker, cut_out, load
from fervid.faces.movements import MovementNetwork, crops
from fervid.faces.versions import WEIGHTS as LANDMARKS

BATCH = 32  # pairs
RATE = 2e-3
DECAY = 0.05


def loss_of(found: Tensor, exact: Tensor, known: Tensor, scale: Tensor) -> Tensor:
    """Mean squared errors of shapes and of their change, in each shape's own spread.

    Args:
        found: (B, 2, 51).
        exact: (B, 2, 51).
        known: (B, 2, 51), 1 where `exact` is known, else 0.
        scale: (51,) the spread of each shape over the training faces.
    """
    error = (found - exact) * known / scale
    change = (error[:, 1] - error[:, 0]) * known.prod(1)
    return (error**2).mean() + (change**2).mean() / 2


class Training:
    """Everything that one epoch changes, so that it can be saved and found again."""

    def __init__(self, steps: int, seed: int, scale: Tensor, rate: float = RATE) -> None:
        torch.manual_seed(seed)
        self.scale, self.epoch = scale, 0
        self.network = MovementNetwork()
        known = load(LANDMARKS)
        self.network.stem.load_state_dict(known.stem.state_dict())
        self.network.middle.load_state_dict(known.middle.state_dict())
        self.network = self.network.to(memory_format=torch.channels_last)
        self.network.stem.requires_grad_(False)  # edges and dots serve both; a quarter is saved
        learnt = [p for p in self.network.parameters() if p.requires_grad]
        kernels = [p for p in learnt if p.dim() > 1]
        others = [p for p in learnt if p.dim() <= 1]
        self.optimiser = torch.optim.AdamW(
            [{"params": kernels}, {"params": others, "weight_decay": 0.0}], rate, weight_decay=DECAY
        )
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser, rate, total_steps=steps, pct_start=0.15
        )

    def step(self, pictures: Tensor, shapes: Tensor, known: Tensor) -> float:
        """One batch of `Twice`; returns its loss."""
        self.network.train()
        self.network.stem.eval()
        found = self.network(pictures.flatten(0, 1)[:, None]).unflatten(0, (-1, 2))
        loss = loss_of(found, shapes, known, self.scale)
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimiser.step()
        self.schedule.step()
        return float(loss.detach())

    def save(self, path: Path) -> None:
        """Write everything, atomically."""
        checkpoint.save(path, self.network, self.optimiser, self.schedule, self.epoch)

    def resume(self, path: Path) -> None:
        """Go back to what `save` wrote."""
        self.epoch = checkpoint.resume(path, self.network, self.optimiser, self.schedule)


def estimates(network: MovementNetwork, people: Moving) -> Array:
    """(P, 12, 51) shapes of the pictures as they are."""
    network.eval()
    found = []
    for pictures, landmarks in zip(people.pictures, people.landmarks, strict=True):
        maps = crops(landmarks)
        cut = np.stack([cut_out(one, crop) for one, crop in zip(pictures, maps, strict=True)])
        with torch.inference_mode():
            found.append(network(torch.from_numpy(cut)[:, None]).numpy())
    return np.stack(found)


def measure(network: MovementNetwork, people: Moving) -> dict[str, float]:
    """Correlation of each unit (left and right together) with the truth, of what moved."""
    found, exact = units(estimates(network, people)), units(people.shapes)
    found, exact = (one[:, 1:] - one[:, :1] for one in (found, exact))
    figures: dict[str, list[float]] = {}
    for place, name in enumerate(COLUMNS):
        pair = np.corrcoef(found[..., place].ravel(), exact[..., place].ravel())
        figures.setdefault(name[:4], []).append(float(pair[0, 1]))
    means = {name: round(float(np.mean(each)), 3) for name, each in figures.items()}
    return {"mean": round(float(np.mean(list(means.values()))), 4), **means}


def main() -> None:
    """Train, epoch by epoch, then export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=Path, required=True, help="movement_pairs.zip")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--samples", type=int, default=3584, help="pairs in an epoch")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--workers", type=int, default=0, help="processes that make samples")
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    find = Landmarker()
    places = options.out.with_suffix(".landmarks.npz")
    people, others = (moving(options.pairs, numbers, find, places) for numbers in (TRAIN, CHOOSE))
    scale = torch.from_numpy(people.shapes.std(axis=(0, 1)))
    steps = options.epochs * (options.samples // BATCH)
    training = Training(steps, options.seed, scale, options.rate)
    state = options.out.with_suffix(".state.safetensors")
    if state.is_file():
        training.resume(state)
    begun = time.time()
    while training.epoch < options.epochs:
        seed = options.seed * 10_000 + training.epoch
        pairs = Twice(people, options.samples, seed)
        batches = DataLoader(pairs, BATCH, num_workers=options.workers, drop_last=True)
        losses = [training.step(*batch) for batch in batches]
        training.epoch += 1
        training.save(state)
        line = f"epoch {training.epoch} loss {np.mean(losses):.4f} {time.time() - begun:.0f} s"
        print(line, json.dumps(measure(training.network, others)), file=sys.stderr, flush=True)
    export(options, training.network, measure(training.network, others), find.version)


def export(
    options: argparse.Namespace, network: MovementNetwork, figures: dict[str, float], finder: str
) -> None:
    """The weights, with where they come from."""
    metadata = {
        "format": "fervid",
        "kind": "movements",
        "version": "movements-1",
        "licence_code": "Apache-2.0",
        "licence_weights": "Apache-2.0",
        "licence_data": "faces rendered from ICT-FaceKit, (c) 2020 USC Institute for Creative "
        "Technologies, MIT licence; no photographs",
        "note": NOTE,
        "shapes": json.dumps(SHAPES),
        "landmarks": finder,
        "data": json.dumps({options.pairs.name: digest_of(options.pairs)}),
        "seed": str(options.seed),
        "command": " ".join(["python training/movements.py", *map(checkpoint.plain, sys.argv[1:])]),
        "held_out": json.dumps(figures),
    }
    halved = {n: v.half() if v.is_floating_point() else v for n, v in network.state_dict().items()}
    checkpoint.write(options.out, {n: v.contiguous() for n, v in halved.items()}, metadata)


if __name__ == "__main__":
    main()
