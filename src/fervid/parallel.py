"""Independent tasks spread over processes that never outlive the one that started them.

A worker holds one task at a time, so when a process dies it is known which task it was working on.
That task is tried once more, alone, after all others: a lack of memory often passes, a decoder's
crash does not.
"""

import os
import signal
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")

THREADS = (  # variables that number-crunching libraries read when they are first imported
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"
)  # fmt: skip


def spread(
    start: Callable[[], Callable[[Task], Result]],
    tasks: Sequence[Task],
    jobs: int,
    crashed: Callable[[Task], Result],
    threads: int = 0,
    log: Path | None = None,
) -> Iterator[tuple[int, Result]]:
    """Results with the places of their tasks, in the order in which they are finished.

    With one job, or one task, everything happens in this process.

    Args:
        start: called once in each process, returns the function that does a task there; pickled,
            as are tasks and results.
        jobs: processes.
        crashed: the result of a task that killed its process twice, once alone; may raise.
        threads: of each process; 0 shares the processor's cores among them.
        log: a file for the workers' standard error.

    Raises:
        Exception: the first that a task raised; what else was running is ended.
    """
    jobs = min(jobs, len(tasks))
    if jobs <= 1:
        work = start() if tasks else None
        for place, task in enumerate(tasks):
            assert work is not None
            yield place, work(task)
        return
    settings = (start, threads or max(1, cores() // jobs), log)
    suspects: list[int] = []
    yield from _run(tasks, range(len(tasks)), jobs, settings, suspects)
    for place in suspects:
        again: list[int] = []
        yield from _run(tasks, [place], 1, settings, again)
        for culprit in again:
            yield culprit, crashed(tasks[culprit])


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _run(
    tasks: Sequence[Any],
    places: Sequence[int],
    jobs: int,
    settings: tuple[Any, int, Path | None],
    suspects: list[int],
) -> Iterator[tuple[int, Any]]:
    """Results of the tasks at `places`; those whose process died are appended to `suspects`."""
    left = deque(places)
    workers: dict[Connection, BaseProcess] = {}
    busy: dict[Connection, int] = {}
    try:
        while left or busy:
            while left and len(busy) < jobs:
                pipe, workers[pipe] = _worker(*settings)
                _give(pipe, tasks, left, busy)
            for pipe in wait(list(busy)):
                assert isinstance(pipe, Connection)
                place = busy.pop(pipe)
                try:
                    result, error = pipe.recv()
                except (EOFError, OSError):
                    suspects.append(place)
                    continue
                if error is not None:
                    raise error
                _give(pipe, tasks, left, busy)
                yield place, result
    finally:
        for process in workers.values():
            process.kill()
        for pipe, process in workers.items():
            process.join()
            pipe.close()


def _give(
    pipe: Connection, tasks: Sequence[Any], left: deque[int], busy: dict[Connection, int]
) -> None:
    if left:
        busy[pipe] = left.popleft()
        with suppress(BrokenPipeError):  # it died: the leader reads that from the pipe
            pipe.send(tasks[busy[pipe]])


def _worker(start: Any, threads: int, log: Path | None) -> tuple[Connection, BaseProcess]:
    context = get_context("spawn")
    pipe, far_end = context.Pipe()
    process = context.Process(target=_serve, args=(far_end, threads, log), daemon=True)
    with _no_interrupt():
        process.start()
    far_end.close()  # or a dead worker's pipe would never end
    with suppress(BrokenPipeError):
        pipe.send(start)
    return pipe, process


@contextmanager
def _no_interrupt() -> Iterator[None]:
    """What starts within ignores Ctrl-C, which a terminal sends to every process: the leader acts.

    A child inherits the mask of blocked signals.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(pipe: Connection, threads: int, log: Path | None) -> None:
    """A worker's life: it ends with the leader, and is ended by it."""
    # Before the first message, whose unpickling imports torch and takes seconds.
    threading.Thread(target=_end_with_leader, daemon=True).start()
    os.environ.update(dict.fromkeys(THREADS, str(threads)))
    if log is not None:
        sys.stderr = log.open("a", buffering=1, encoding="utf-8")
    with suppress(EOFError, BrokenPipeError):
        start = pipe.recv()
        work = None
        while True:
            task = pipe.recv()
            try:
                work = work or _started(start, threads)
                answer = work(task), None
            except Exception as error:
                error.add_note(traceback.format_exc())
                answer = None, error
            pipe.send(answer)


def _started(start: Callable[[], Any], threads: int) -> Any:
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    work = start()
    # For libraries that were imported before the variables were set, by the main script.
    threadpool_limits(threads)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)
    if "cv2" in sys.modules:
        sys.modules["cv2"].setNumThreads(threads)
    return work


def _end_with_leader() -> None:
    """A killed leader cannot stop its workers, which would write into the next run's files."""
    leader = parent_process()
    if leader is not None:
        leader.join()
        os._exit(1)
