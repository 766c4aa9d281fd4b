"""Run independent tasks here, in worker processes, or on a cluster, all with the same results."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from fervid.parallel import cluster, processes

Task = TypeVar("Task")
Result = TypeVar("Result")

_clusters: list[str] = []  # where `on` sends tasks, the innermost last


def spread(
    start: Callable[[], Callable[[Task], Result]],
    tasks: Sequence[Task],
    jobs: int,
    crashed: Callable[[Task], Result],
    threads: int = 0,
    log: Path | None = None,
) -> Iterator[tuple[int, Result]]:
    """Yield (index of the task, its result) in the order in which tasks finish.

    With one job or one task, everything runs in this process, unless `on` sends it to a cluster.

    Args:
        start: called once in each worker, returns the function that runs a task there. It is
            pickled, as are tasks and results.
        jobs: number of worker processes; on a cluster, 1 stands for one per core.
        crashed: gives the result of a task that killed its worker twice, the second time alone;
            may raise.
        threads: threads per worker; 0 divides the available cores among the workers.
        log: file that receives the workers' standard error.

    Raises:
        Exception: the first exception raised by a task; all other workers are then killed.
    """
    if _clusters and tasks:
        yield from cluster.run(start, tasks, jobs, crashed, threads, log)
    elif elsewhere(jobs, len(tasks)):
        yield from processes.run(start, tasks, jobs, crashed, threads, log)
    elif tasks:
        work = start()
        for place, task in enumerate(tasks):
            yield place, work(task)


@contextmanager
def on(where: str) -> Iterator[None]:
    """Run the tasks of every `spread` in this block on a Ray cluster.

    Its machines must have the same fervid and see the same folders under the same names.

    Args:
        where: "ray" for the cluster at $RAY_ADDRESS or, without it, one that is started here and
            stopped at the end; "ray://HOST:PORT" or "HOST:PORT" for another; "" for none.

    Raises:
        FervidError: Ray is not installed, or no cluster answers.
    """
    if not where:
        yield
        return
    with cluster.connected(where):
        _clusters.append(where)
        try:
            yield
        finally:
            _clusters.pop()


def elsewhere(jobs: int, count: int) -> bool:
    """Whether `spread` runs so many tasks in other processes than this."""
    return min(jobs, count) > 1 or bool(_clusters and count)
