"""Workers on a Ray cluster: the same results, and tasks of a lost worker or machine run again.

A worker is a Ray actor that opens what it needs once and holds one task at a time.
"""

import importlib
import logging
import os
import platform
import signal
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import fervid
from fervid.errors import FervidError
from fervid.parallel.worker import THREADS, cores, started

RETRIES = 2  # of a task whose worker was lost, alone, after all others


@contextmanager
def connected(where: str) -> Iterator[None]:
    """Connect to a cluster, or start one here; leave one that the caller connected to.

    Raises:
        FervidError: Ray is not installed, or no cluster answers.
    """
    # Nothing is sent to its makers, and workers keep the GPUs that this process sees.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        ray = importlib.import_module("ray")
    except ImportError:
        raise FervidError("Ray is not installed here: pip install 'fervid[ray]'") from None
    if ray.is_initialized():
        yield
        return
    on_sigterm = signal.getsignal(signal.SIGTERM)
    options: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
    try:
        if where != "ray":
            ray.init(where, **options)
        elif os.environ.get("RAY_ADDRESS"):
            ray.init(**options)
        else:
            ray.init("local", num_cpus=cores(), include_dashboard=False, **options)
    except Exception as error:  # of many kinds, of gRPC and of Ray
        place = os.environ.get("RAY_ADDRESS", "here") if where == "ray" else where
        reason = " ".join(str(error).split())[:200]
        raise FervidError(
            f"no Ray cluster answers at {place} ({reason}): start one with `ray start --head`, or "
            "correct the address"
        ) from None
    if threading.current_thread() is threading.main_thread():
        # Ray has put one in its place that ends the process at once.
        signal.signal(signal.SIGTERM, on_sigterm or signal.SIG_DFL)
    _mute(ray)
    try:
        yield
    finally:
        ray.shutdown()


def _mute(ray: Any) -> None:
    """Send Ray's own messages on lost machines to standard error; tables go to standard output."""
    driver = getattr(getattr(ray, "_private", None), "worker", None)
    show = getattr(driver, "print_to_stdstream", None)
    if driver is None or show is None or hasattr(show, "muted"):
        return

    def show_aside(data: dict[str, Any], *rest: Any, **options: Any) -> None:
        show({**data, "is_err": True}, *rest, **options)

    show_aside.muted = True  # type: ignore[attr-defined]
    driver.print_to_stdstream = show_aside


def run(
    start: Callable[[], Callable[[Any], Any]],
    tasks: Sequence[Any],
    jobs: int,
    crashed: Callable[[Any], Any],
    threads: int,
    log: Path | None,
) -> Iterator[tuple[int, Any]]:
    """Do what `spread` does, on the cluster that this process is connected to.

    Args:
        jobs: number of workers at a time; 1: one for every `threads` cores of the cluster.
        threads: threads per worker; 0: $OMP_NUM_THREADS, or else the cluster's cores are divided
            among the workers.
    """
    ray = importlib.import_module("ray")
    limit = os.environ.get("OMP_NUM_THREADS", "")
    threads = threads or (int(limit) if limit.isdecimal() else 0)
    nodes = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
    jobs = min(jobs if jobs > 1 else max(1, sum(nodes) // max(threads, 1)), len(tasks))
    threads = threads or max(1, min(sum(nodes) // jobs, *(each for each in nodes if each)))
    ours = {name: value for name, value in os.environ.items() if name.startswith("FERVID_")}
    worker = ray.remote(_Worker).options(
        num_cpus=threads,
        runtime_env={"env_vars": {**ours, **dict.fromkeys(THREADS, str(threads))}},
    )
    arguments = (ray.put(start), threads, log, Path.cwd(), fervid.__version__)
    lost: list[int] = []
    yield from _run(ray, worker, arguments, tasks, range(len(tasks)), jobs=jobs, lost=lost)
    for place in lost:
        for _ in range(RETRIES):
            again: list[int] = []
            yield from _run(ray, worker, arguments, tasks, [place], jobs=1, lost=again)
            if not again:
                break
        else:
            yield place, crashed(tasks[place])


def _run(
    ray: Any,
    worker: Any,
    arguments: tuple[Any, ...],
    tasks: Sequence[Any],
    places: Sequence[int],
    *,
    jobs: int,
    lost: list[int],
) -> Iterator[tuple[int, Any]]:
    """Yield results of the tasks at `places`; append those whose worker was lost to `lost`."""
    left = deque(places)
    busy: dict[Any, tuple[Any, int]] = {}
    try:
        while left or busy:
            while left and len(busy) < jobs:
                _give(worker.remote(*arguments), tasks, left, busy)
            done, _ = ray.wait(list(busy), num_returns=1)
            actor, place = busy.pop(done[0])
            try:
                result, error = ray.get(done[0])
            except ray.exceptions.RayTaskError:  # a task or a result that cannot be sent
                raise
            except ray.exceptions.RayError as error:
                _check_started(error)
                lost.append(place)
                continue
            if error is not None:
                raise error
            if left:
                _give(actor, tasks, left, busy)
            else:
                ray.kill(actor)
            yield place, result
    finally:
        for actor, _ in busy.values():
            with suppress(Exception):  # the cluster may be gone
                ray.kill(actor)


def _give(
    actor: Any, tasks: Sequence[Any], left: deque[int], busy: dict[Any, tuple[Any, int]]
) -> None:
    place = left.popleft()
    busy[actor.run.remote(tasks[place])] = actor, place


def _check_started(error: Exception) -> None:
    """Raise an error if a worker was not lost but could not begin.

    Raises:
        FervidError: it could not.
    """
    if getattr(error, "actor_init_failed", False):
        reason = str(error).strip().splitlines()[-1].strip()
        raise FervidError(
            f"a worker of the cluster cannot start ({reason}): install fervid {fervid.__version__} "
            "and what it needs on all its machines"
        ) from None


class _Worker:
    """Runs tasks in a process of the cluster."""

    def __init__(
        self, start: Any, threads: int, log: Path | None, folder: Path, version: str
    ) -> None:
        self._start, self._threads = start, threads
        self._work: Any = None
        self._problem = ""
        if version != fervid.__version__:
            self._problem = (
                f"{platform.node()} has fervid {fervid.__version__}, not {version}: install the "
                "same version everywhere"
            )
        try:
            os.chdir(folder)  # so that relative paths mean the same
            if log is not None:
                sys.stderr = log.open("a", buffering=1, encoding="utf-8")
        except OSError:
            self._problem = (
                f"{platform.node()} of the cluster does not see {folder}: run where all its "
                "machines see the same folders"
            )

    def run(self, task: Any) -> tuple[Any, Exception | None]:
        """The result of a task, or the exception that it raised."""
        if self._problem:
            return None, FervidError(self._problem)
        try:
            self._work = self._work or started(self._start, self._threads)
            return self._work(task), None
        except Exception as raised:
            raised.add_note(traceback.format_exc())
            return None, raised
