"""fc7 features of every picture, made block by block; and their means over a video."""

import hashlib
import shutil
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fervid.atomic import blamed, whole
from fervid.learning import loop, weights
from fervid.learning.run import Run
from fervid.learning.samples import Samples
from fervid.progress import bar
from fervid.systems.hybrid.network import Stream

if TYPE_CHECKING:
    from lightning_fabric import Fabric

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

# Pictures in a file: what a kill can cost.
BLOCK = 960
# Pictures at a time.
BATCH = 32


def pairs(samples: Samples, name: str) -> Samples:
    """Segments to single pictures, each a sample with its segment's label.

    Args:
        name: of the array (N, P, h, w, 3) to take apart; the result holds (N P, h, w, 3) of it.
    """
    array = samples.arrays[name]
    times = array.shape[1]
    flat = array.reshape(-1, *array.shape[2:])
    return repeated(samples, {name: flat}, times)


def repeated(samples: Samples, arrays: Mapping[str, NDArray[Any]], times: int) -> Samples:
    """Other arrays of the same segments, `times` rows for each (N times, ...)."""
    rows = np.repeat(np.arange(len(samples)), times)
    return replace(replace(samples, arrays={}).take(rows), arrays=arrays)


def extract(name: str, stream: Stream, pictures: NDArray[Any], run: Run) -> Floats:
    """fc7 of (N, h, w, 3) pictures, (N, D); blocks that an earlier call finished are read.

    Args:
        name: of the folder the blocks are kept in, in the run's.
    """
    key = hashlib.sha256(weights.digest(stream.state_dict()).encode())
    key.update(repr(pictures.shape).encode() + np.ascontiguousarray(pictures[:1]).tobytes())
    folder = run.folder / f"{name}-{key.hexdigest()[:16]}"
    fabric = loop.fabric_of(run)
    for other in run.folder.glob(f"{name}-*") if fabric.is_global_zero else ():
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)
    with blamed(folder):
        folder.mkdir(parents=True, exist_ok=True)
    stream.to(fabric.device).eval()
    starts = range(0, len(pictures), BLOCK)
    said = f"{run.name} {name}".strip()
    found = [_block(folder / f"{s:08d}.npy", stream, pictures[s : s + BLOCK], fabric)
             for s in bar(starts, said, len(starts))]  # fmt: skip
    stream.to("cpu")
    return np.concatenate(found) if found else np.zeros((0, stream.vgg.hidden), np.float32)


def forget(names: tuple[str, ...], run: Run) -> None:
    """Delete the blocks of `names`, once every process has read them."""
    fabric = loop.fabric_of(run)
    fabric.barrier()
    for name in names if fabric.is_global_zero else ():
        for folder in run.folder.glob(f"{name}-*"):
            shutil.rmtree(folder, ignore_errors=True)


def _block(path: Path, stream: Stream, pictures: NDArray[Any], fabric: "Fabric") -> Floats:
    if path.is_file():
        kept: Floats = np.load(path, allow_pickle=False)
        return kept
    made = fc7(stream, pictures, fabric)
    if fabric.is_global_zero:
        with whole(path) as part:
            np.save(part, made)
    return made


@torch.no_grad()
def fc7(stream: Any, pictures: Tensor | NDArray[Any], fabric: "Fabric | None" = None) -> Floats:
    """fc7 of (N, h, w, 3) pictures, (N, D), where the stream lies.

    Args:
        fabric: for its precision.
    """
    out = np.empty((len(pictures), stream.vgg.hidden), np.float32)
    for start in range(0, len(pictures), BATCH):
        some = pictures[start : start + BATCH]
        if not isinstance(some, Tensor):
            some = torch.from_numpy(np.array(some))  # a memory map is read-only
        with nullcontext() if fabric is None else fabric.autocast():
            made = stream.fc7(some.to(stream.mean.device))
        out[start : start + BATCH] = made.float().cpu().numpy()
    return out


def videos(video: Ints) -> tuple[Ints, Ints]:
    """Which video each segment is of, (N,) numbers 0, 1, ... by first sight, and where it begins.

    Args:
        video: (N,) any number, equal within a video.
    """
    _, first, which = np.unique(video, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))
    return rank[which].astype(np.int64), np.sort(first).astype(np.int64)


def pooled(features: Floats, which: Ints) -> Floats:
    """Mean over each segment's pictures, then over each video's segments [4, Sec. III-D].

    Args:
        features: (N P, D), segment after segment.
        which: (N,) from `videos`.

    Returns:
        (videos, D).
    """
    count = np.bincount(which)
    times = len(features) // max(len(which), 1)
    segments = features.reshape(len(which), max(times, 1), features.shape[1]).mean(axis=1)
    total = np.zeros((len(count), features.shape[1]), np.float64)
    np.add.at(total, which, segments)
    return np.asarray(total / count[:, None], np.float32)
