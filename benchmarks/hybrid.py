"""How near do the hybrid system's heavy parts come to what they are made of?

- flow: the cache of both streams' pictures (crops, flow, Eq. 1, segments, written to disk) against
  a bare loop over OpenCV's flow call on the same faces, in pairs of frames a second.
- vgg: fc7 of full-size VGG16 at 227 x 227, in float operations a second as a part of what a large
  float32 matrix product reaches in the same run.
- rbm: an epoch of contrastive divergence, 8192-4096, minibatches of 30, likewise; the checkpoint
  that ends it included.
- backward: seconds for one segment of 15 pictures through a full-size stream and back.

Every part alternates with what it is compared to, and the best round of each counts. `--cpu`
counts the processor's seconds instead of the clock's, for a machine that others use too.

    python benchmarks/hybrid.py [--threads 1] [--rounds 3] [--parts flow vgg rbm backward] [--cpu]
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from fervid.faces.track import Track
from fervid.learning.run import Run
from fervid.learning.samples import build
from fervid.systems.hybrid import Hybrid, features, network
from fervid.systems.hybrid.inputs import Crop, flow_method
from fervid.systems.hybrid.pretrain import pretrain
from fervid.systems.hybrid.recipe import Pretraining

RECIPE = Hybrid()
CLIPS, FRAMES = 6, 60
PICTURES = 32
VECTORS = 2000


def walking(seed: int) -> Track:
    """A face-sized texture that drifts and swells through a clip."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(320, 320, 3)).astype(np.float32)
    blurred = cv2.GaussianBlur(noise, (0, 0), 3)
    picture = np.clip(128 + 40 * blurred / blurred.std(), 0, 255).astype(np.uint8)
    faces = np.empty((FRAMES, 320, 320, 3), np.uint8)
    for row in range(FRAMES):
        turn = cv2.getRotationMatrix2D((160, 160), 3 * np.sin(row / 5), 1 + 0.02 * np.sin(row / 7))
        faces[row] = cv2.warpAffine(picture, turn, (320, 320), borderMode=cv2.BORDER_REFLECT)
    points = np.tile(rng.uniform(100, 220, (68, 2)), (FRAMES, 1, 1)).astype(np.float32)
    points[:, 36:42], points[:, 42:48] = (115, 115), (205, 115)
    frames, ones = np.arange(FRAMES), np.ones(FRAMES, np.float32)
    back = np.tile(np.eye(2, 3, dtype=np.float32), (FRAMES, 1, 1))
    status = np.zeros(FRAMES, np.uint8)
    return Track(faces, points, frames / 25, frames, status, ones, back, (320, 320), 0, {})


def best(rounds: int, clock: Callable[[], float], *works: Callable[[], float]) -> list[float]:
    """The highest amount per second of each work, all taking turns; a work returns its amount."""
    found = [0.0] * len(works)
    for _ in range(rounds):
        for place, work in enumerate(works):
            begun = clock()
            amount = work()
            found[place] = max(found[place], amount / (clock() - begun))
    return found


def product() -> float:
    """A large float32 matrix product; returns its operations."""
    a = torch.ones(2048, 2048)
    for _ in range(3):
        a @ a
    return 3 * 2 * 2048.0**3


def flow(rounds: int, clock: Callable[[], float]) -> None:
    tracks = [walking(seed) for seed in range(CLIPS)]
    crop, bare = Crop(), flow_method()
    greys = []
    for clip in tracks:
        cut = (crop.cut(face, crop.matrix(clip.landmarks)) for face in clip.faces)
        greys.append([cv2.cvtColor(face, cv2.COLOR_RGB2GRAY) for face in cut])

    def cached() -> float:
        with tempfile.TemporaryDirectory() as folder:
            clips = ((number, "a", "s", t) for number, t in enumerate(tracks))
            build(RECIPE.inputs, clips, ("a",), Path(folder) / "samples")
        return CLIPS * (FRAMES - 1)

    def loop() -> float:
        for clip in greys:
            for first, second in pairwise(clip):
                bare(first, second)
        return CLIPS * (FRAMES - 1)

    ours, theirs = best(rounds, clock, cached, loop)
    print(f"flow cache: {ours:.0f} pairs/s, bare {theirs:.0f}: {ours / theirs:.2f}")


def operations(network: nn.Module, picture: torch.Tensor) -> float:
    """Float operations of one picture's fc7: two for each product of convolutions and layers."""
    total = 0.0

    def count(layer: nn.Module, _: object, out: torch.Tensor) -> None:
        nonlocal total
        assert isinstance(layer, nn.Conv2d | nn.Linear)
        total += 2.0 * layer.weight[0].numel() * out.numel()

    kinds = (nn.Conv2d, nn.Linear)
    hooks = [m.register_forward_hook(count) for m in network.modules() if isinstance(m, kinds)]
    network.vgg.fc7(picture)
    for hook in hooks:
        hook.remove()
    return total


@torch.no_grad()
def vgg(rounds: int, clock: Callable[[], float]) -> None:
    stream = network.stream(RECIPE, 6).eval()
    pictures = np.random.default_rng(0).integers(0, 256, (PICTURES, 150, 110, 3), np.uint8)
    each = operations(stream, torch.zeros(1, 3, 227, 227))

    def extract() -> float:
        features.fc7(stream, pictures)
        return each * PICTURES

    ours, ceiling = best(rounds, clock, extract, product)
    print(
        f"VGG16 fc7: {each / 1e9:.1f} GFLOP a picture, {ours / 1e9:.0f} GFLOP/s of "
        f"{ceiling / 1e9:.0f}: {ours / ceiling:.2f} ({each / ours:.2f} s a picture)"
    )


def rbm(rounds: int, clock: Callable[[], float]) -> None:
    x = torch.rand(VECTORS, 8192)

    def epoch() -> float:
        with tempfile.TemporaryDirectory() as folder:
            plan = Pretraining(epochs=1)
            machine = network.machines(RECIPE)[0]
            pretrain("rbm", machine, x, plan, (), Run(Path(folder), device="cpu"))
        # Three ways between the layers, and two products in one for the update.
        return 5 * 2.0 * VECTORS * 8192 * 4096

    ours, ceiling = best(rounds, clock, epoch, product)
    each = 5 * 2.0 * VECTORS * 8192 * 4096 / ours
    print(
        f"RBM 8192-4096: {ours / 1e9:.0f} GFLOP/s of {ceiling / 1e9:.0f}: "
        f"{ours / ceiling:.2f} ({each:.1f} s for an epoch of {VECTORS} vectors)"
    )


def backward(rounds: int, clock: Callable[[], float]) -> None:
    stream = network.stream(RECIPE, 6).train()
    pictures = torch.randint(0, 256, (RECIPE.input.pairs, 150, 110, 3), dtype=torch.uint8)
    target = torch.zeros(RECIPE.input.pairs, dtype=torch.int64)
    plan = RECIPE.stream.plan
    optimiser = torch.optim.SGD(stream.parameters(), plan.learning_rate, plan.momentum)

    def step() -> float:
        loss = F.cross_entropy(stream(pictures), target)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return 1.0

    (rate,) = best(rounds, clock, step)
    print(f"one segment, forward, backward and step: {1 / rate:.1f} s")


PARTS = {"flow": flow, "vgg": vgg, "rbm": rbm, "backward": backward}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--parts", nargs="*", default=list(PARTS), choices=list(PARTS))
    parser.add_argument("--cpu", action="store_true", help="processor seconds, not the clock's")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    cv2.setNumThreads(asked.threads)
    print(f"threads={asked.threads}, {'processor' if asked.cpu else 'clock'} seconds")
    for part in asked.parts:
        PARTS[part](asked.rounds, time.process_time if asked.cpu else time.perf_counter)


if __name__ == "__main__":
    main()
