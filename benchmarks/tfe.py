"""How long is an epoch of FER+, what share of it is augmentation, and how many faces a second?

Trains by the recipes of `tfe` (its residual network, then the tandem) and of `tfe-plus`, for some
steps, with batches as the training loop makes them; an epoch is that many times as long as FER+'s
28,385 training faces need. Then every network answers. Random faces: only time is measured.

    python benchmarks/tfe.py [--threads 2] [--steps 8]
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from fervid.learning import batches
from fervid.learning.recipes import changed
from fervid.learning.samples import Samples
from fervid.systems import SYSTEMS
from fervid.systems.recognizer import Recognizer
from fervid.systems.tfe import TFE, network, targets
from fervid.systems.tfe.augment import shaken

FACES = 28_385  # of FER+ to train on
LABELS = tuple("abcdefgh")
# Recipe, the stage that is timed.
TRAINED = (("tfe", "resnet"), ("tfe", "joint"), ("tfe-plus", "resnet"))
ANSWERING = (("tfe", "joint"), ("tfe", "resnet"), ("tfe-plus", "resnet"), ("tfe-ck", "joint"))


def recipe(name: str) -> TFE:
    system: Any = SYSTEMS[name]
    return changed(system, {"identity.place": "none", "mirror": False})


def samples(size: int, count: int) -> Samples:
    rng = np.random.default_rng(0)
    faces = rng.integers(0, 256, (count, size, size), np.uint8)
    target = rng.integers(0, 8, count)
    votes = np.eye(8, dtype=np.float32)[target]
    arrays = {"faces": faces, "votes": votes}
    return Samples(arrays, target, np.arange(count), target.astype(str), LABELS)


def seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def trained(name: str, stage: str, steps: int, precision: str) -> None:
    """Time each part of some steps; the least of them counts, as others use the machine too."""
    made = recipe(name)
    net = network.build(made, stage, 8).train()
    size = made.emotion.plan.batch_size
    optimiser = torch.optim.SGD(net.parameters(), 1e-4, 0.9)
    generator = torch.Generator().manual_seed(0)
    data = samples(made.input.size, size * (steps + 2))
    taken: list[list[float]] = []
    order = torch.randperm(len(data), generator=generator).numpy()
    for rows in order.reshape(-1, size):
        marks = [time.perf_counter()]
        batch = batches.take(data, rows, torch.zeros(len(rows), dtype=torch.int64))
        marks.append(time.perf_counter())
        moved = shaken(batch.arrays["faces"], made.augmentation, generator)
        marks.append(time.perf_counter())
        with torch.autocast("cpu", torch.bfloat16, enabled=precision != "32-true"):
            logits = net(moved)
        loss = targets.loss(logits.float(), batch, made.targets == "votes", 0.0)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        marks.append(time.perf_counter())
        taken.append(np.diff(marks).tolist())
    fetch, augment, learn = np.array(taken[2:]).min(0)
    step = fetch + augment + learn
    print(
        f"{name}, {stage}, {precision}: {FACES / size * step:.0f} s an epoch of FER+, "
        f"{size / step:.0f} faces/s; augmentation {100 * augment / step:.1f} % of a "
        f"step, fetching {100 * fetch / step:.1f} %"
    )


def answering(name: str, stage: str) -> None:
    made = replace(recipe(name), output=stage, compare=False)
    recognizer = Recognizer(made, LABELS, made.networks(8))
    net = recognizer.networks[stage]
    arrays = {"faces": samples(made.input.size, 512).arrays["faces"]}
    recognizer.predict(arrays)
    rate = 512 / min(seconds(lambda: recognizer.predict(arrays)) for _ in range(4))
    alone = {"faces": arrays["faces"][:1]}
    one = 1 / min(seconds(lambda: recognizer.predict(alone)) for _ in range(20))
    count = sum(p.numel() for p in net.parameters())
    print(f"{name}, {stage}: {rate:.0f} faces/s, one by one {one:.0f} ({count:,} parameters)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=8)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(f"training, {options.threads} threads")
    for precision in ("32-true", "bf16-mixed"):
        for name, stage in TRAINED:
            trained(name, stage, options.steps, precision)
    torch.set_num_threads(1)
    print("answering, one thread, float32")
    for name, stage in ANSWERING:
        answering(name, stage)


if __name__ == "__main__":
    main()
