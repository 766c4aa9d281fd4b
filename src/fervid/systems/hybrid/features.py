"""fc7 features of every picture, computed block by block, and their means over a video."""

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

# Pictures per file, and so the most that an interrupted run has to recompute.
BLOCK = 960
# Pictures per forward pass.
BATCH = 32


def pairs(samples: Samples, name: str) -> Samples:
    """Split segments into single pictures, each a sample with its segment's label.

    Args:
        samples: N segments.
        name: name of the array (N, P, h, w, 3) to split; the result holds it as (N P, h, w, 3).
    """
    array = samples.arrays[name]
    times = array.shape[1]
    flat = array.reshape(-1, *array.shape[2:])
    return repeated(samples, {name: flat}, times)


def repeated(samples: Samples, arrays: Mapping[str, NDArray[Any]], times: int) -> Samples:
    """Replace the arrays of N segments by others with `times` rows for each, (N times, ...)."""
    rows = np.repeat(np.arange(len(samples)), times)
    return replace(replace(samples, arrays={}).take(rows), arrays=arrays)


def extract(name: str, stream: Stream, pictures: NDArray[Any], run: Run) -> Floats:
    """(N, D): fc7 of pictures (N, h, w, 3); blocks that an earlier call finished are read back.

    Args:
        name: name of the folder for the blocks, inside the run's folder.
        stream: the network.
        pictures: (N, h, w, 3) uint8.
        run: the run.
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
    title = f"{run.name} {name}".strip()
    blocks = [_block(folder / f"{s:08d}.npy", stream, pictures[s : s + BLOCK], fabric)
              for s in bar(starts, title, len(starts))]  # fmt: skip
    stream.to("cpu")
    return np.concatenate(blocks) if blocks else np.zeros((0, stream.vgg.hidden), np.float32)


def forget(names: tuple[str, ...], run: Run) -> None:
    """Delete the blocks of `names`, once every process has read them."""
    fabric = loop.fabric_of(run)
    fabric.barrier()
    for name in names if fabric.is_global_zero else ():
        for folder in run.folder.glob(f"{name}-*"):
            shutil.rmtree(folder, ignore_errors=True)


def _block(path: Path, stream: Stream, pictures: NDArray[Any], fabric: "Fabric") -> Floats:
    if path.is_file():
        saved: Floats = np.load(path, allow_pickle=False)
        return saved
    block = fc7(stream, pictures, fabric)
    if fabric.is_global_zero:
        with whole(path) as part:
            np.save(part, block)
    return block


@torch.no_grad()
def fc7(stream: Any, pictures: Tensor | NDArray[Any], fabric: "Fabric | None" = None) -> Floats:
    """(N, D): fc7 of pictures (N, h, w, 3), computed on the stream's device.

    Args:
        stream: the network.
        pictures: (N, h, w, 3) uint8.
        fabric: sets the precision; None for float32.
    """
    out = np.empty((len(pictures), stream.vgg.hidden), np.float32)
    for start in range(0, len(pictures), BATCH):
        batch = pictures[start : start + BATCH]
        if not isinstance(batch, Tensor):
            batch = torch.from_numpy(np.array(batch))  # copied, as a memory map is read-only
        with nullcontext() if fabric is None else fabric.autocast():
            rows = stream.fc7(batch.to(stream.mean.device))
        out[start : start + BATCH] = rows.float().cpu().numpy()
    return out


def videos(video: Ints) -> tuple[Ints, Ints]:
    """Number videos 0, 1, ... in the order in which they first appear.

    Args:
        video: (N,) any number per segment, equal within a video.

    Returns:
        The number of each segment's video, (N,), and the first segment of each video, (videos,).
    """
    _, first, inverse = np.unique(video, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))
    return rank[inverse].astype(np.int64), np.sort(first).astype(np.int64)


def pooled(features: Floats, video: Ints) -> Floats:
    """Mean over each segment's pictures, then over each video's segments [4, Sec. III-D].

    Args:
        features: (N P, D), segment after segment.
        video: (N,) the video's number from `videos`.

    Returns:
        (videos, D).
    """
    count = np.bincount(video)
    times = len(features) // max(len(video), 1)
    segments = features.reshape(len(video), max(times, 1), features.shape[1]).mean(axis=1)
    total = np.zeros((len(count), features.shape[1]), np.float64)
    np.add.at(total, video, segments)
    return np.asarray(total / count[:, None], np.float32)
