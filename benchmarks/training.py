"""How much faster is training on batches augmented where they lie than on clips one by one?

Trains DTAN and DTGN by the paper's networks [1, Sec. 5.1], once as fervid does and once as a plain
script would: every clip of a batch augmented in a Python loop (cv2 rotates and flips frame by
frame, numpy turns landmarks frame by frame), torch's own autograd through local contrast
normalisation written down as its formula, memory as torch lays it out by default. The same
networks, optimiser, batch size and number of threads. In the joint stage the script sends every
batch through both networks. Random data: only time is measured.

    python benchmarks/training.py [--threads 1] [--rounds 3]
"""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fervid.faces.points68 import POINTS_49, mirrored
from fervid.learning.batches import shuffled
from fervid.learning.losses import three_losses
from fervid.learning.run import Run
from fervid.learning.samples import Samples
from fervid.networks.layers import LocalContrast
from fervid.systems.dtagn import DTAGN, augment, inputs, network, training
from fervid.systems.dtagn.network import Stream, Tuning

RECIPE = DTAGN()
PRECISIONS = ("32-true", "bf16-mixed")


class PlainContrast(nn.Module):
    """Local contrast normalisation as its formula reads."""

    def __init__(self, layer: LocalContrast) -> None:
        super().__init__()
        self.taps = torch.outer(layer.taps, layer.taps)[None, None]
        self.size = layer.size

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same."""
        maps, pad = x.shape[1], self.size // 2
        taps = self.taps.expand(1, maps, -1, -1) / maps
        inside = F.conv2d(torch.ones_like(x), taps, padding=pad)
        centred = x - F.conv2d(x, taps, padding=pad) / inside
        spread = torch.sqrt(F.conv2d(centred**2, taps, padding=pad) / inside + 1e-8)
        return centred / torch.maximum(spread, spread.mean((2, 3), keepdim=True))


def plain_pictures(film: np.ndarray, copy: int) -> np.ndarray:
    """One clip's copy, frame after frame."""
    side, frames = film.shape[-1], []
    turn = cv2.getRotationMatrix2D(((side - 1) / 2, (side - 1) / 2), -augment.ANGLES[copy // 2], 1)
    for frame in film:
        if copy // 2:
            frame = cv2.warpAffine(frame, turn, (side, side), borderMode=cv2.BORDER_REPLICATE)
        if copy % 2:
            frame = cv2.flip(frame, 1)
        frames.append(frame[8:-8, 8:-8].astype(np.float32))
    out = np.stack(frames)
    return (out - out.mean()) / out.std()


def plain_points(points: np.ndarray, copy: int, rng: np.random.Generator) -> np.ndarray:
    """One clip's copy, frame after frame."""
    exchange, frames = mirrored(POINTS_49), []
    for frame in points:
        kind = copy // 2
        if augment.NOISY <= kind < augment.TURNED:
            frame = frame + rng.normal(0, 0.01, frame.shape)
        elif kind:
            angle = rng.uniform(-np.pi / 10, np.pi / 10)
            c, s = np.cos(angle), np.sin(angle)
            frame = frame @ np.array([[c, -s], [s, c]]).T
        if copy % 2:
            frame = frame[exchange] * [-1, 1]
        frames.append(frame)
    return np.concatenate([frame.ravel() for frame in frames]).astype(np.float32)


def stream(which: int) -> Stream:
    return network.stream(RECIPE, "dtgn" if which else "dtan", 7)


def data(clips: int) -> Samples:
    rng = np.random.default_rng(0)
    faces = rng.integers(0, 256, (clips, RECIPE.appearance.frames, 80, 80), np.uint8)
    points = rng.normal(size=(clips, 12, 49, 2)).astype(np.float32)
    target = rng.integers(0, 7, clips)
    names = tuple("abcdefg")
    return Samples(
        {"faces": faces, "landmarks": points}, target, np.arange(clips), target.astype(str), names
    )


def ours(samples: Samples, which: int, precision: torch.dtype | None) -> Callable[[], None]:
    """An epoch of DTAN (0) or DTGN (1) as fervid trains it."""
    net = stream(which)
    generator = torch.Generator().manual_seed(0)
    optimiser = sgd(net)

    def epoch() -> None:
        for batch in shuffled(samples, RECIPE.appearance.plan.batch_size, generator, 14):
            x = (
                inputs.vectors(RECIPE, batch, generator)
                if which
                else inputs.pictures(RECIPE, batch)
            )
            with autocast(precision):
                logits = net(x)
            step(F.cross_entropy(logits.float(), batch.target), optimiser)

    return epoch


def ours_joint(samples: Samples, precision: str) -> Callable[[], None]:
    """As many samples as `samples` holds through the joint stage, its share of the frozen part too.

    That part is computed once for all epochs of the stage; here for as many clips as one epoch's
    share of it comes to.
    """
    networks = RECIPE.networks(7)
    run = Run(Path(), device="cpu", precision=precision)
    below = training.activations(RECIPE, networks, samples, run, 1)
    top = Tuning(*network.streams(networks), networks["joint"])
    share = samples.take(np.arange(len(samples) // RECIPE.joint.plan.epochs))
    generator, optimiser = torch.Generator().manual_seed(0), sgd(top)
    loss = training.tuning(RECIPE, "joint").loss

    def epoch() -> None:
        training.activations(RECIPE, networks, share, run, 1)
        top.train()
        for batch in shuffled(below, RECIPE.appearance.plan.batch_size, generator):
            step(loss(top, batch, generator), optimiser)

    return epoch


def plain(samples: Samples, which: int, layers: bool) -> Callable[[], None]:
    """The same epoch with clips augmented one by one; `layers`: and the layers of a script, too."""
    net = plain_layers(stream(which)) if layers else stream(which)
    optimiser, rng = sgd(net), np.random.default_rng(0)

    def epoch() -> None:
        for films, paths, target in plain_batches(samples, rng, films=not which, paths=bool(which)):
            step(F.cross_entropy(net(paths if which else films), target), optimiser)

    return epoch


def plain_joint(samples: Samples) -> Callable[[], None]:
    """The joint stage with every batch through both networks."""
    nets = [plain_layers(stream(which)).requires_grad_(False) for which in (0, 1)]
    tops = nn.ModuleList([net.top for net in nets]).requires_grad_(True)
    optimiser, rng = sgd(tops), np.random.default_rng(0)

    def epoch() -> None:
        for films, paths, target in plain_batches(samples, rng):
            step(
                three_losses(nets[0](films), nets[1](paths), target, RECIPE.joint.lambdas),
                optimiser,
            )

    return epoch


def plain_layers(net: Stream) -> Stream:
    for place, layer in enumerate(net.lower):
        if isinstance(layer, LocalContrast):
            net.lower[place] = PlainContrast(layer)
    return net.to(memory_format=torch.contiguous_format)


def plain_batches(
    samples: Samples, rng: np.random.Generator, films: bool = True, paths: bool = True
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Batches made clip by clip."""
    for rows in np.array_split(
        rng.permutation(len(samples)), len(samples) // RECIPE.appearance.plan.batch_size
    ):
        pictures, points, nothing = [], [], [np.zeros(1)]
        for row in rows:
            copy = int(rng.integers(0, 14))
            if films:
                pictures.append(plain_pictures(samples.arrays["faces"][row], copy))
            if paths:
                points.append(plain_points(samples.arrays["landmarks"][row], copy, rng))
        made = (torch.tensor(np.stack(part or nothing)) for part in (pictures, points))
        yield *made, torch.tensor(samples.target[rows])


def sgd(net: nn.Module) -> torch.optim.Optimizer:
    learned = [p for p in net.parameters() if p.requires_grad]
    return torch.optim.SGD(learned, 1e-4, momentum=0.9)


def autocast(precision: torch.dtype | None) -> torch.autocast:
    return torch.autocast("cpu", precision or torch.bfloat16, enabled=precision is not None)


def step(loss: Tensor, optimiser: torch.optim.Optimizer) -> None:
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


def seconds(epoch: Callable[[], None]) -> float:
    begun = time.perf_counter()
    epoch()
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clips", type=int, default=96)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    samples = data(options.clips)
    bf16 = torch.bfloat16
    plans = [training.stage(RECIPE, name) for name in ("dtan", "dtgn")]
    plans.append(training.tuning(RECIPE, "joint"))
    # Samples through each stage for each clip of a database.
    passes = [p.plan.epochs * (14 if p.name == "joint" else 1) for p in plans]
    stages = {
        "DTAN": (plain(samples, 0, True), ours(samples, 0, None), ours(samples, 0, bf16)),
        "DTGN": (plain(samples, 1, True), ours(samples, 1, None), ours(samples, 1, bf16)),
        "joint": (plain_joint(samples), *(ours_joint(samples, p) for p in PRECISIONS)),
    }
    total = np.zeros(3)
    for (stage, ways), count in zip(stages.items(), passes, strict=True):
        total += count * report(stage, ways, options.rounds, len(samples))
    for name, whole in zip(PRECISIONS, total[1:], strict=True):
        print(f"a whole fit by the recipe, {name}: {total[0] / whole:.2f} x the plain script")
    ways = (plain(samples, 0, False), ours(samples, 0, None), ours(samples, 0, bf16))
    report("DTAN, fervid's layers in the script too", ways, options.rounds, len(samples))


def report(stage: str, ways: Sequence[Callable[[], None]], rounds: int, clips: int) -> np.ndarray:
    """Seconds of each way; run in turn, so that whatever else the machine does falls on all."""
    for epoch in ways:
        epoch()
    taken = np.array([[seconds(epoch) for epoch in ways] for _ in range(rounds)]).min(axis=0)
    for name, time_taken in zip(("plain script", *PRECISIONS), taken, strict=True):
        print(f"{stage}, {name}: {clips / time_taken:.0f} clips/s, {taken[0] / time_taken:.2f} x")
    return taken


if __name__ == "__main__":
    main()
