"""How much faster is training on batches augmented where they lie than on clips one by one?

Trains DTAN and DTGN by the paper's networks [1, Sec. 5.1], once as fervid does and once as a plain
script would: every clip of a batch augmented in a Python loop (cv2 rotates and flips frame by
frame, numpy turns landmarks frame by frame), torch's own autograd through local contrast
normalisation written down as its formula, memory as torch lays it out by default. The same
networks, optimiser, batch size and number of threads. Random data: only time is measured.

    python benchmarks/training.py [--threads 1] [--rounds 3]
"""

import argparse
import time
from collections.abc import Callable

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fervid.learning.batches import shuffled
from fervid.learning.layers import LocalContrast
from fervid.learning.samples import Samples
from fervid.systems.dtagn import DTAGN, augment, inputs
from fervid.systems.dtagn.network import Stream

RECIPE = DTAGN()


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
    exchange, frames = inputs.mirrored(), []
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
    return RECIPE.dtgn(7) if which else RECIPE.dtan(7)


def data(clips: int) -> Samples:
    rng = np.random.default_rng(0)
    faces = rng.integers(0, 256, (clips, RECIPE.frames_appearance, 80, 80), np.uint8)
    points = rng.normal(size=(clips, 12, 49, 2)).astype(np.float32)
    target = rng.integers(0, 7, clips)
    names = tuple("abcdefg")
    return Samples(
        {"faces": faces, "landmarks": points}, target, np.arange(clips), target.astype(str), names
    )


def ours(samples: Samples, which: int, precision: torch.dtype | None) -> Callable[[], None]:
    """An epoch of DTAN (0) or DTGN (1) as fervid trains it."""
    net = stream(which)
    optimiser = torch.optim.SGD(net.parameters(), 1e-4, momentum=0.9)
    generator = torch.Generator().manual_seed(0)

    def epoch() -> None:
        for batch in shuffled(samples, RECIPE.batch_size, generator, 14, every_copy=False):
            x = RECIPE.trajectories(batch, generator) if which else RECIPE.pictures(batch)
            step(net, x, batch.target, optimiser, precision)

    return epoch


def plain(samples: Samples, which: int, layers: bool) -> Callable[[], None]:
    """The same epoch with clips augmented one by one; `layers`: and the layers of a script, too."""
    net = stream(which)
    if layers:
        net = net.to(memory_format=torch.contiguous_format)
        for place, layer in enumerate(net.lower):
            if isinstance(layer, LocalContrast):
                net.lower[place] = PlainContrast(layer)
    optimiser = torch.optim.SGD(net.parameters(), 1e-4, momentum=0.9)
    rng = np.random.default_rng(0)
    name = ("faces", "landmarks")[which]

    def epoch() -> None:
        parts = len(samples) // RECIPE.batch_size
        for rows in np.array_split(rng.permutation(len(samples)), parts):
            copies = rng.integers(0, 14, len(rows))
            made = [
                plain_points(clip, copy, rng) if which else plain_pictures(clip, copy)
                for clip, copy in zip(samples.arrays[name][rows], copies, strict=True)
            ]
            step(
                net,
                torch.tensor(np.stack(made)),
                torch.tensor(samples.target[rows]),
                optimiser,
                None,
            )

    return epoch


def step(
    net: nn.Module,
    x: Tensor,
    target: Tensor,
    optimiser: torch.optim.Optimizer,
    precision: torch.dtype | None,
) -> None:
    with torch.autocast("cpu", precision or torch.bfloat16, enabled=precision is not None):
        logits = net(x)
    loss = F.cross_entropy(logits.float(), target)
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
    for which, network in enumerate(("DTAN", "DTGN")):
        compare(network, samples, options.rounds, {
            "plain script": plain(samples, which, layers=True),
            "plain augmentation, fervid's layers": plain(samples, which, layers=False),
            "fervid, 32-true": ours(samples, which, None),
            "fervid, bf16-mixed": ours(samples, which, torch.bfloat16),
        })  # fmt: skip


def compare(
    network: str, samples: Samples, rounds: int, ways: dict[str, Callable[[], None]]
) -> None:
    """Run all ways in turn, so that whatever else the machine does falls on all alike."""
    for epoch in ways.values():
        epoch()
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, epoch in ways.items():
            taken[name].append(seconds(epoch))
    best = {name: len(samples) / min(times) for name, times in taken.items()}
    for name, speed in best.items():
        print(f"{network}, {name}: {speed:.0f} clips/s, {speed / best['plain script']:.2f} x")


if __name__ == "__main__":
    main()
