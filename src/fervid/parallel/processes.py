"""Worker processes on this machine, which never outlive the process that started them.

A worker holds one task at a time, so if it dies, its task is known. That task is retried once,
alone, after all others, because a shortage of memory often passes but a decoder's crash does not.
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
from typing import Any, cast

from fervid.parallel.worker import THREADS, cores, started


def run(
    start: Callable[[], Callable[[Any], Any]],
    tasks: Sequence[Any],
    jobs: int,
    crashed: Callable[[Any], Any],
    threads: int,
    log: Path | None,
) -> Iterator[tuple[int, Any]]:
    """Do what `spread` does, in several processes."""
    jobs = min(jobs, len(tasks))
    settings = (start, threads or max(1, cores() // jobs), log)
    suspects: list[int] = []
    yield from _run(tasks, range(len(tasks)), jobs, settings, suspects)
    for place in suspects:
        again: list[int] = []
        yield from _run(tasks, [place], 1, settings, again)
        for culprit in again:
            yield culprit, crashed(tasks[culprit])


def _run(
    tasks: Sequence[Any],
    places: Sequence[int],
    jobs: int,
    settings: tuple[Any, int, Path | None],
    suspects: list[int],
) -> Iterator[tuple[int, Any]]:
    """Yield results of the tasks at `places`; append those that killed a worker to `suspects`."""
    left = deque(places)
    workers: dict[Connection, BaseProcess] = {}
    busy: dict[Connection, int] = {}
    try:
        while left or busy:
            while left and len(busy) < jobs:
                pipe, workers[pipe] = _worker(*settings)
                _give(pipe, tasks, left, busy)
            for pipe in cast(list[Connection], wait(list(busy))):
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
        with suppress(BrokenPipeError):  # the worker died, which `_run` notices on reading
            pipe.send(tasks[busy[pipe]])


def _worker(start: Any, threads: int, log: Path | None) -> tuple[Connection, BaseProcess]:
    context = get_context("spawn")
    pipe, far_end = context.Pipe()
    process = context.Process(target=_serve, args=(far_end, threads, log), daemon=True)
    with _no_interrupt():
        process.start()
    far_end.close()  # otherwise the pipe of a dead worker would never report its end
    with suppress(BrokenPipeError):
        pipe.send(start)
    return pipe, process


@contextmanager
def _no_interrupt() -> Iterator[None]:
    """Start processes that ignore Ctrl-C, which a terminal sends to workers as well.

    Only the leader reacts to it. A child inherits the mask of blocked signals.
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
    """Run tasks in a worker until the leader stops it or dies."""
    # Start this before the first message: unpickling that imports torch and takes seconds.
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
                work = work or started(start, threads)
                result, error = work(task), None
            except Exception as raised:
                raised.add_note(traceback.format_exc())
                result, error = None, raised
            pipe.send((result, error))


def _end_with_leader() -> None:
    """Exit with the leader: if it is killed, it cannot stop workers that write to its files."""
    leader = parent_process()
    if leader is not None:
        leader.join()
        os._exit(1)
