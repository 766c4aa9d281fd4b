"""Folds in several processes, each with its share of the processor's cores."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fervid.errors import FervidError
from fervid.evaluation import fold
from fervid.learning.samples import Samples
from fervid.parallel import spread
from fervid.progress import bar
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
        FervidError: a fold killed the process that worked on it, also when it was alone.
    """
    log = run_dir / "workers.log"

    def crashed(task: fold.Task) -> None:
        raise FervidError(
            f"a worker was killed in fold {task.facts['name']}, perhaps for memory: run again, "
            f"with fewer --jobs; finished folds are kept, {log} has its last words"
        )

    several = min(jobs, len(tasks)) > 1  # one fold at a time shows its own progress
    start = partial(_start, system, _packed(samples), points)
    done = spread(start, tasks, jobs, crashed, log=log)
    for _ in bar(done, "folds", len(tasks)) if several else done:
        pass


def _start(system: System, packed: tuple[Any, ...], points: Points) -> Callable[[fold.Task], None]:
    samples = _unpacked(packed)
    target = dict(zip(samples.clip.tolist(), samples.target.tolist(), strict=True))
    return partial(fold.work, system=system, samples=samples, points=points, target=target)
