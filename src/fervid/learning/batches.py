"""Batches of samples; the seed alone determines an epoch's order."""

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fervid.learning.samples import Samples


@dataclass(frozen=True)
class Batch:
    """B samples.

    Args:
        arrays: (B, ...) each, by the names in `Samples.arrays`.
        target: (B,) int64 index of each label.
        copy: (B,) int64 number of the augmented copy; 0 is the sample itself.
    """

    arrays: dict[str, Tensor]
    target: Tensor
    copy: Tensor

    def to(self, device: torch.device | str, non_blocking: bool = False) -> "Batch":
        """Copy the batch to a device."""

        def move(array: Tensor) -> Tensor:
            return array.to(device, non_blocking=non_blocking)

        arrays = {name: move(array) for name, array in self.arrays.items()}
        return Batch(arrays, move(self.target), move(self.copy))

    def pinned(self) -> "Batch":
        """Copy the batch to pinned memory, from which a GPU can copy asynchronously."""
        arrays = {name: array.pin_memory() for name, array in self.arrays.items()}
        return Batch(arrays, self.target.pin_memory(), self.copy.pin_memory())


def count(samples: Samples, size: int) -> int:
    """Number of batches in an epoch of `shuffled`, in each process.

    Args:
        size: samples per batch.
    """
    return -(-len(samples) // size)


def shuffled(
    samples: Samples,
    size: int,
    generator: torch.Generator,
    copies: int = 1,
    part: int = 0,
    parts: int = 1,
) -> Iterator[Batch]:
    """Yield an epoch in random order: each sample once, as one of its copies at random.

    Args:
        size: samples per batch of all processes together; the last batch may be smaller.
        copies: number of augmented copies of a sample, itself included.
        part, parts: index of this process and their number; each yields its share of every batch.
            If there is none for it, it yields a sample of another's share (see `weight`).
    """
    rows = torch.randperm(len(samples), generator=generator)
    copy = torch.randint(copies, rows.shape, generator=generator)
    for start in range(0, len(rows), size):
        batch = slice(min(start + part, len(rows) - 1), start + size, parts)
        yield take(samples, rows[batch].numpy(), copy[batch])


def weight(step: int, count: int, size: int, part: int, parts: int) -> float:
    """Weight of a process's loss, so that the mean over processes is the mean over the batch.

    Args:
        step: number of the batch in its epoch.
        count: number of samples.
        size, part, parts: as for `shuffled`.
    """
    whole = min(size, count - step * size)
    return len(range(part, whole, parts)) * parts / whole


def of_arrays(arrays: Mapping[str, NDArray[Any]], size: int) -> Iterator[Batch]:
    """Yield arrays (N, ...) in order, as batches of up to `size` without targets."""
    count = len(next(iter(arrays.values())))
    for start in range(0, count, size):
        tensors = {
            name: torch.from_numpy(np.array(a[start : start + size])) for name, a in arrays.items()
        }
        none = torch.zeros(min(size, count - start), dtype=torch.int64)
        yield Batch(tensors, none, none)


def ahead(
    source: Iterator[Batch], device: torch.device, thread: bool | None = None
) -> Iterator[Batch]:
    """Yield batches on the device; a thread prepares two of them while a GPU works.

    Args:
        thread: whether to use the thread; by default only if the device is a GPU.
    """
    gpu = device.type == "cuda"
    if not (gpu if thread is None else thread):
        yield from (batch.to(device) for batch in source)
        return

    def next_batch() -> Batch | None:
        batch = next(source, None)
        return batch.pinned() if batch and gpu else batch

    with ThreadPoolExecutor(1) as worker:
        queue = deque(worker.submit(next_batch) for _ in range(2))
        while (batch := queue.popleft().result()) is not None:
            queue.append(worker.submit(next_batch))
            yield batch.to(device, non_blocking=gpu)


def ordered(samples: Samples, size: int) -> Iterator[Batch]:
    """Yield the samples in order, without augmentation, as batches of up to `size`."""
    for start in range(0, len(samples), size):
        rows = np.arange(start, min(start + size, len(samples)))
        yield take(samples, rows, torch.zeros(len(rows), dtype=torch.int64))


def take(samples: Samples, rows: np.ndarray[tuple[int], np.dtype[np.int64]], copy: Tensor) -> Batch:
    """Batch of the samples at `rows`; if samples are on disk, only these are read."""
    # Memory maps are read fastest in file order.
    order = np.argsort(rows, kind="stable")
    back = torch.from_numpy(np.argsort(order, kind="stable"))
    arrays = {
        name: torch.from_numpy(np.ascontiguousarray(array[rows[order]]))[back]
        for name, array in samples.arrays.items()
    }
    return Batch(arrays, torch.from_numpy(samples.target[rows]), copy)
