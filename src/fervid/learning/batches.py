"""Batches: a seeded shuffle of samples, each epoch the same from its seed alone."""

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
        target: (B,) int64.
        copy: (B,) int64, which augmented copy of its sample each one is; 0 is the sample itself.
    """

    arrays: dict[str, Tensor]
    target: Tensor
    copy: Tensor

    def to(self, device: torch.device | str, non_blocking: bool = False) -> "Batch":
        """The batch on a device."""

        def moved(array: Tensor) -> Tensor:
            return array.to(device, non_blocking=non_blocking)

        arrays = {name: moved(array) for name, array in self.arrays.items()}
        return Batch(arrays, moved(self.target), moved(self.copy))

    def pinned(self) -> "Batch":
        """The batch in memory that a GPU copies from without waiting."""
        arrays = {name: array.pin_memory() for name, array in self.arrays.items()}
        return Batch(arrays, self.target.pin_memory(), self.copy.pin_memory())


def count(samples: Samples, size: int, share: int = 1) -> int:
    """How many batches an epoch has; see `shuffled`."""
    return -(-(len(samples) // share) // size)


def shuffled(
    samples: Samples,
    size: int,
    generator: torch.Generator,
    copies: int = 1,
    part: int = 0,
    parts: int = 1,
) -> Iterator[Batch]:
    """An epoch in random order: each sample once, as one of its copies drawn at random.

    Args:
        size: of a batch; the last one may be smaller.
        copies: how many augmented copies of a sample there are, itself included.
        part, parts: this process's share of the epoch; every part has the same number of samples.
    """
    rows = torch.randperm(len(samples), generator=generator)
    copy = torch.randint(copies, rows.shape, generator=generator)
    end = len(rows) // parts * parts
    rows, copy = rows[part:end:parts], copy[part:end:parts]
    for start in range(0, len(rows), size):
        here = slice(start, start + size)
        yield take(samples, rows[here].numpy(), copy[here])


def of_arrays(arrays: Mapping[str, NDArray[Any]], size: int) -> Iterator[Batch]:
    """Arrays (N, ...) in their order, without targets."""
    count = len(next(iter(arrays.values())))
    for start in range(0, count, size):
        here = {
            name: torch.from_numpy(np.array(a[start : start + size])) for name, a in arrays.items()
        }
        none = torch.zeros(min(size, count - start), dtype=torch.int64)
        yield Batch(here, none, none)


def ahead(
    made: Iterator[Batch], device: torch.device, thread: bool | None = None
) -> Iterator[Batch]:
    """The same batches on the device; for a GPU a thread makes two of them while it works.

    Args:
        thread: by default, where the device is a GPU.
    """
    gpu = device.type == "cuda"
    if not (gpu if thread is None else thread):
        yield from (batch.to(device) for batch in made)
        return

    def following() -> Batch | None:
        batch = next(made, None)
        return batch.pinned() if batch and gpu else batch

    with ThreadPoolExecutor(1) as worker:
        coming = deque(worker.submit(following) for _ in range(2))
        while (batch := coming.popleft().result()) is not None:
            coming.append(worker.submit(following))
            yield batch.to(device, non_blocking=gpu)


def ordered(samples: Samples, size: int) -> Iterator[Batch]:
    """The samples themselves, in their order."""
    for start in range(0, len(samples), size):
        rows = np.arange(start, min(start + size, len(samples)))
        yield take(samples, rows, torch.zeros(len(rows), dtype=torch.int64))


def take(samples: Samples, rows: np.ndarray[tuple[int], np.dtype[np.int64]], copy: Tensor) -> Batch:
    """The batch of the samples at `rows`; reads only them where the samples lie on disk."""
    # Memory maps are read fastest in their own order.
    order = np.argsort(rows, kind="stable")
    back = torch.from_numpy(np.argsort(order, kind="stable"))
    arrays = {
        name: torch.from_numpy(np.ascontiguousarray(array[rows[order]]))[back]
        for name, array in samples.arrays.items()
    }
    return Batch(arrays, torch.from_numpy(samples.target[rows]), copy)
