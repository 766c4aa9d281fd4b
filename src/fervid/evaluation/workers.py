"""Run folds in several processes, each with its share of the processor's cores."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fervid.errors import FervidError
from fervid.evaluation import fold
from fervid.evaluation.inputs import Points
from fervid.learning.samples import Samples
from fervid.parallel import elsewhere, spread
from fervid.progress import bar
from fervid.systems.interface import System


@dataclass(frozen=True)
class _Mapped:
    """A memory-mapped array, which another process opens instead of receiving a copy."""

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
    """Run every fold, in this process or in `jobs` workers.

    Args:
        points: clip -> inputs of the yardsticks (`baseline.points`).
        run_dir: folder for the workers' log.
        jobs: number of worker processes.

    Raises:
        FervidError: a fold killed its worker twice, the second time while running alone.
    """
    log = run_dir / "workers.log"

    def crashed(task: fold.Task) -> None:
        raise FervidError(
            f"a worker was killed in fold {task.facts['name']}, perhaps because memory ran out: "
            f"run again with fewer --jobs; finished folds are kept, and {log} has its last output"
        )

    several = elsewhere(jobs, len(tasks))  # a single fold at a time shows its own progress
    start = partial(_start, system, _packed(samples), points)
    done = spread(start, tasks, jobs, crashed, log=log)
    for _ in bar(done, "folds", len(tasks)) if several else done:
        pass


def _start(system: System, packed: tuple[Any, ...], points: Points) -> Callable[[fold.Task], None]:
    samples = _unpacked(packed)
    target = dict(zip(samples.clip.tolist(), samples.target.tolist(), strict=True))
    return partial(fold.work, system=system, samples=samples, points=points, target=target)
