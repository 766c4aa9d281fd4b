"""How well does the 3D Inception-ResNet use the machine it trains on?

All ratios are of one run. Forward + backward is given as a share of the ceiling: the faster of the
network's own largest convolution and of a matrix product, both measured here. Memory is what a
clip keeps for the backward pass (on a GPU also its peak). The printed size by default; a laptop
may want `--size 96 --width 0.25 --batch 8`. On a CPU all seconds are the processor's, divided by
the threads, so that what else the machine does falls out.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from fervid.learning import batches
from fervid.learning.recipes import changed
from fervid.learning.samples import Samples, build
from fervid.networks.inception3d import Style
from fervid.systems import SYSTEMS
from fervid.systems.ir3d import IR3D, training
from fervid.systems.ir3d.network import GRID_A, GRID_B
from fervid.systems.ir3d.network import build as build_network

LABELS = tuple("abcdefg")


def now(device: str) -> float:
    """Seconds on the clock that counts there."""
    if device == "cuda":
        torch.cuda.synchronize()
        return time.perf_counter()
    return time.process_time() / torch.get_num_threads()


def seconds(work: Callable[[], object], device: str) -> float:
    """One call's, everything it started on the device included."""
    begun = now(device)
    work()
    return now(device) - begun


def counted(work: Callable[[], object]) -> int:
    """Floating point operations of convolutions and products, forward and backward."""
    with FlopCounterMode(display=False) as counter:
        work()
    return counter.get_total_flops()


def kept(work: Callable[[], object]) -> int:
    """Bytes that autograd keeps for the backward pass, each storage once, without the weights'."""
    seen: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        if not isinstance(tensor, nn.Parameter):
            storage = tensor.untyped_storage()
            seen[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        result = work()  # holds the graph, so that no place in memory is used twice
    del result
    return sum(seen.values())


def autocast(device: str, precision: str) -> torch.autocast:
    return torch.autocast(device, torch.bfloat16, enabled=precision == "bf16")


def largest(recipe: IR3D, clips: int, device: str) -> tuple[nn.Module, Tensor]:
    """Reduction A's first convolution of 3 x 3 x 3, in the network's own layout."""
    style = Style(recipe.network.width)
    grid = -(-recipe.input.size // 8)
    layer = nn.Conv3d(style.filters(192), style.filters(128), 3, padding=1).to(device)
    x = torch.rand(clips, style.filters(192), recipe.input.frames, grid, grid, device=device)
    form = torch.channels_last_3d
    return layer.to(memory_format=form), x.to(memory_format=form).requires_grad_()


def ceiling(recipe: IR3D, clips: int, device: str, precision: str, rounds: int) -> float:
    """Operations per second of the faster of both."""
    layer, x = largest(recipe, clips, device)
    side = 8192 if device == "cuda" else 2048
    left, right = (torch.rand(side, side, device=device) for _ in range(2))

    def convolve() -> None:
        with autocast(device, precision):
            layer(x).sum().backward()

    def multiply() -> None:
        with autocast(device, precision):
            left @ right

    found = {}
    for name, work in (("convolution", convolve), ("matrix product", multiply)):
        operations = counted(work)
        work()
        found[name] = operations / min(seconds(work, device) for _ in range(rounds))
        print(f"{precision}: {name} alone {found[name] / 1e9:.0f} GFLOP/s")
    return max(found.values())


def random_batch(recipe: IR3D, clips: int, device: str) -> batches.Batch:
    rng = np.random.default_rng(0)
    shape = (clips, recipe.input.frames, recipe.input.size, recipe.input.size, 3)
    faces = torch.from_numpy(rng.integers(0, 256, shape, np.uint8))
    points = torch.from_numpy(
        rng.uniform(0, recipe.input.size, (clips, recipe.input.frames, 66, 2))
    )
    target, copy = torch.arange(clips) % 7, torch.zeros(clips, dtype=torch.int64)
    made = batches.Batch({"faces": faces, "landmarks": points.float()}, target, copy)
    return made.to(device)


def trainer(
    recipe: IR3D, batch: batches.Batch, precision: str, layout: str, compiled: bool
) -> tuple[nn.Module, Callable[[], Tensor]]:
    """A network and its loss on a batch."""
    device = batch.target.device.type
    torch.manual_seed(0)
    network = build_network(recipe, len(LABELS)).to(device)
    if layout == "contiguous":
        network.to(memory_format=torch.contiguous_format)
    if compiled:
        network.compile(dynamic=False)
    stage, generator = training.stage(recipe, recipe.name), torch.Generator()

    def loss() -> Tensor:
        with autocast(device, precision):
            return stage.loss(network, batch, generator)

    return network, loss


def report_steps(recipe: IR3D, options: argparse.Namespace) -> float:
    """Every way of training a step; returns the seconds of the plain one."""
    device, clips, rounds = options.device, options.batch, options.rounds
    batch = random_batch(recipe, clips, device)
    tops = {p: ceiling(recipe, clips, device, p, rounds) for p in ("float32", "bf16")}
    lean = changed(recipe, {"network.checkpointing": True})
    ways = {
        "as it is": (recipe, "float32", "channels last", False),
        "contiguous": (recipe, "float32", "contiguous", False),
        "checkpointing": (lean, "float32", "channels last", False),
        "bf16": (recipe, "bf16", "channels last", False),
    }
    if options.compile:
        ways["compiled"] = (recipe, "float32", "channels last", True)
        ways["compiled, bf16"] = (recipe, "bf16", "channels last", True)
    taken: dict[str, float] = {}
    for name, (each, precision, layout, compiled) in ways.items():
        network, loss = trainer(each, batch, precision, layout, compiled)

        def step(loss: Callable[[], Tensor] = loss, network: nn.Module = network) -> None:
            loss().backward()
            network.zero_grad()

        if name == "as it is":
            operations = counted(step)
        memory = float("nan") if compiled else kept(loss) / clips / 1e6
        first = seconds(step, device)
        if device == "cuda":
            torch.cuda.reset_peak_memory_stats()
        taken[name] = min(seconds(step, device) for _ in range(rounds))
        share = operations / taken[name] / tops[precision]
        peak = torch.cuda.max_memory_allocated() / clips / 1e6 if device == "cuda" else 0
        print(
            f"{name}: {taken[name]:.3f} s for {clips} clips, {taken['as it is'] / taken[name]:.2f} "
            f"x, {share:.2f} of the ceiling; {memory:.0f} MB kept per clip"
            + (f", {peak:.0f} MB at the peak" if peak else "")
            + (f"; first step {first:.0f} s" if compiled else "")
        )
    print(f"{operations / clips / 1e9:.0f} GFLOP per clip, forward and backward")
    return taken["as it is"]


def report_maps(recipe: IR3D, options: argparse.Namespace, step: float) -> None:
    device = options.device
    points = random_batch(recipe, options.batch, device).arrays["landmarks"]
    network = build_network(recipe, len(LABELS)).to(device)
    with torch.no_grad():
        grids = [
            torch.zeros(1, 1, recipe.input.frames, n, n, device=device) for n in grid_sides(recipe)
        ]
        grids[1] = grids[1][:, :, 1:-1]

        def maps() -> None:
            for grid, printed in zip(grids, (GRID_A, GRID_B), strict=True):
                network.weights(points, grid, printed)

        maps()
        share = min(seconds(maps, device) for _ in range(options.rounds)) / step
    print(f"landmark maps: {100 * share:.2f} % of a step")


def grid_sides(recipe: IR3D) -> tuple[int, int]:
    """Of the maps of modules A and B."""
    first = -(-recipe.input.size // 8)
    return first, (first - 1) // 2


def report_pipeline(recipe: IR3D, options: argparse.Namespace) -> None:
    """The samples lie on disk, as in training; all of a wait for a batch counts as idle."""
    clips, device = options.batch, options.device
    batch = random_batch(recipe, 2 * clips, "cpu")
    with TemporaryDirectory() as folder:
        arrays = {name: array.numpy() for name, array in batch.arrays.items()}
        samples = build(lambda _: arrays, [(0, "a", "s", None)], LABELS, Path(folder) / "samples")  # type: ignore[list-item]
        idle, whole = epochs(recipe, samples, options)
    print(
        f"input pipeline: at most {100 * idle / whole:.2f} % of an epoch idle "
        f"({clips} clips a batch on {device}, read from disk)"
    )


def epochs(recipe: IR3D, samples: Samples, options: argparse.Namespace) -> tuple[float, float]:
    """Seconds waited for batches and in all, the first epoch left out."""
    device = options.device
    torch.manual_seed(0)
    network = build_network(recipe, len(LABELS)).to(device)
    optimiser = torch.optim.SGD(network.parameters(), 1e-3, momentum=0.9)
    stage = training.stage(recipe, recipe.name)
    idle = begun = 0.0
    for epoch in range(1 + options.rounds):
        if epoch == 1:
            idle, begun = 0.0, now(device)
        order = torch.Generator().manual_seed(epoch)
        made = batches.shuffled(samples, options.batch, order)
        waited = now(device)
        for batch in batches.ahead(made, torch.device(device)):
            idle += now(device) - waited
            stage.loss(network, batch, order).backward()
            optimiser.step()
            optimiser.zero_grad()
            waited = now(device)
    return idle, now(device) - begun


def main() -> None:
    cuda = torch.cuda.is_available()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=299)
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--batch", type=int, default=8 if cuda else 1)
    parser.add_argument("--device", default="cuda" if cuda else "cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=10 if cuda else 2)
    parser.add_argument("--compile", action="store_true", help="takes minutes on a CPU")
    parser.add_argument("--system", default="ir3d", help="ir3d, ir3d-shortcut, ir2d, ...")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    recipe = SYSTEMS[options.system]
    assert isinstance(recipe, IR3D)
    recipe = changed(recipe, {"input.size": options.size, "network.width": options.width})
    print(f"{recipe.name} at {options.size} px, width {options.width:g}, on {options.device}")
    step = report_steps(recipe, options)
    if recipe.network.landmarks:
        report_maps(recipe, options, step)
    report_pipeline(recipe, options)


if __name__ == "__main__":
    main()
