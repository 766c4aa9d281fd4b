"""Folds in several processes, each with its share of the processor's cores."""

import os
import sys
import threading
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fervid.errors import FervidError
from fervid.evaluation import fold
from fervid.learning.samples import Samples
from fervid.progress import track
from fervid.systems.interface import System

Points = dict[int, NDArray[np.float32]]


@dataclass(frozen=True)
class _Mapped:
    """An array of a memory map, to be opened again by another process instead of copied to it."""

    path: str
    dtype: str
    shape: tuple[int, ...]
    offset: int

    def open(self) -> NDArray[Any]:
        return np.memmap(self.path, self.dtype, "r", self.offset, self.shape)


def _packed(samples: Samples) -> tuple[Any, ...]:
    arrays = {
        name: _Mapped(str(a.filename), a.dtype.str, a.shape, a.offset)
        if isinstance(a, np.memmap) and a.filename and a.base is not None and a.flags.c_contiguous
        else np.asarray(a)
        for name, a in samples.arrays.items()
    }
    return arrays, samples.target, samples.clip, samples.subject, samples.labels


def _unpacked(packed: tuple[Any, ...]) -> Samples:
    arrays, *rest = packed
    opened = {name: a.open() if isinstance(a, _Mapped) else a for name, a in arrays.items()}
    return Samples(opened, *rest)


def work_all(
    tasks: list[fold.Task],
    system: System,
    samples: Samples,
    points: Points,
    run_dir: Path,
    jobs: int,
) -> None:
    """Work on every fold, here or in `jobs` new processes.

    Args:
        points: what the yardsticks see, by clip.
        run_dir: holds the workers' log.

    Raises:
        FervidError: a worker was killed.
    """
    target = dict(zip(samples.clip.tolist(), samples.target.tolist(), strict=True))
    jobs = min(jobs, len(tasks))
    if jobs <= 1:
        for task in tasks:
            fold.work(task, system, samples, points, target)
        return
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    pool = ProcessPoolExecutor(
        jobs,
        get_context("spawn"),
        _start_worker,
        (max(1, (cores or 1) // jobs), str(run_dir / "workers.log")),
    )
    with pool:
        packed = _packed(samples)
        todo = [pool.submit(_work, task, system, packed, points, target) for task in tasks]
        try:
            for done in track(as_completed(todo), "folds", len(todo)):
                done.result()
        except BrokenProcessPool:
            raise FervidError(
                "a worker was killed, perhaps for memory: run again, with fewer --jobs; "
                f"finished folds are kept, {run_dir / 'workers.log'} has its last words"
            ) from None
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _start_worker(threads: int, log: str) -> None:
    """Keep to this worker's cores, write progress to a file, and die with the parent."""
    import torch
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    torch.set_num_threads(threads)
    threadpool_limits(threads)
    sys.stderr = Path(log).open("a", buffering=1, encoding="utf-8")  # noqa: SIM115
    parent = parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    # A killed parent must not leave a worker behind that writes into the next run's folds.
    threading.Thread(target=follow, daemon=True).start()


def _work(
    task: fold.Task, system: System, packed: tuple[Any, ...], points: Points, target: dict[int, int]
) -> None:
    fold.work(task, system, _unpacked(packed), points, target)
