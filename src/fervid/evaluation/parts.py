"""Evaluations done by several processes, on any machines that see the same run folders.

Each process works on some of the folds. The first one makes the inputs while the others wait. When
all folds are there, an ordinary `evaluate` trains nothing and reports them, as if it had done all.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from contextlib import ExitStack

from fervid.atomic import part_held, sweep, turn
from fervid.errors import InputError, ProtocolError
from fervid.evaluation import fold
from fervid.evaluation.evaluate import usable
from fervid.evaluation.inputs import gather
from fervid.evaluation.job import Job, folder_of
from fervid.evaluation.workers import work_all
from fervid.learning.run import IDENTITY, claim

WHAT = "fervid evaluate --fold"
RANGE = re.compile(r"0*([1-9]\d{0,5})(?:-0*([1-9]\d{0,5}))?", re.ASCII)


def numbers(texts: Iterable[str]) -> tuple[int, ...]:
    """The numbers of folds that a user named, ascending.

    >>> numbers(["7", "1-3,5"])
    (1, 2, 3, 5, 7)

    Raises:
        InputError: a text is neither a number nor a range.
    """
    named: set[int] = set()
    for part in ",".join(texts).split(","):
        match = RANGE.fullmatch(part.strip())
        if not match or int(match[2] or match[1]) < int(match[1]):
            raise InputError(f"--fold {part}: write a number (3) or a range (1-3), from 1 up")
        named |= set(range(int(match[1]), int(match[2] or match[1]) + 1))
    return tuple(sorted(named))


def ranges(numbered: Iterable[int]) -> str:
    """Numbers as `numbers` reads them.

    >>> ranges([1, 2, 3, 5, 7, 8])
    '1-3,5,7-8'
    """
    runs: list[list[int]] = []
    for number in sorted(numbered):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def evaluate_part(jobs: Sequence[Job], only: Collection[int], processes: int = 1) -> list[int]:
    """Train and test on some folds; return the numbers of those that are not there yet.

    Args:
        jobs: one evaluation, or one for each repeat; folds are numbered on from job to job, from 1.
        only: numbers of the folds to work on; finished ones are skipped.
        processes: number of worker processes, which share these folds.

    Raises:
        ProtocolError: there is no such fold.
        OutputError: a folder belongs to another run, or another process works on one of the folds.
    """
    count = sum(len(job.folds) for job in jobs)
    if max(only) > count:
        each = f" ({len(jobs[0].folds)} in each of {len(jobs)} repeats)" if len(jobs) > 1 else ""
        raise ProtocolError(
            f"there is no fold {max(only)} among {count}{each}: choose --fold 1 to {count}"
        )
    first = 1
    for job in jobs:
        own = range(first, first + len(job.folds))
        numbers = [number - first + 1 for number in sorted(only) if number in own]
        if numbers:
            job.warn()
            _work(job, numbers, processes)
        first += len(job.folds)
    return missing(jobs)


def _work(job: Job, numbers: Sequence[int], processes: int) -> None:
    folder = job.run.folder
    with ExitStack() as parts:
        with turn(folder, WHAT):
            claim(folder, job.identity)
            for number in numbers:
                parts.enter_context(part_held(folder, f"{WHAT} {number}", folder_of(number)))
                sweep(folder / folder_of(number))
            samples, points = gather(job.system, job.store, folder)
        tasks = job.tasks(usable(samples, points))
        todo = [tasks[number - 1] for number in numbers if not tasks[number - 1].done]
        work_all(todo, job.system, samples, points, folder, processes)


def missing(jobs: Sequence[Job]) -> list[int]:
    """Numbers of the folds that are not there yet, counted on from job to job."""
    files = [
        (job.run.folder / folder_of(number), (fold.DONE, fold.MODEL) if job.save else (fold.DONE,))
        for job in jobs
        for number in range(1, len(job.folds) + 1)
    ]
    return [
        number
        for number, (folder, names) in enumerate(files, 1)
        if not all((folder / name).is_file() for name in names)
    ]


def check_complete(jobs: Sequence[Job]) -> None:
    """Raise an error unless all folds are there.

    Raises:
        ProtocolError: some are missing.
        OutputError: a folder belongs to another run.
    """
    for job in jobs:
        if (job.run.folder / IDENTITY).is_file():
            claim(job.run.folder, job.identity)
    if absent := missing(jobs):
        many, count = ranges(absent), sum(len(job.folds) for job in jobs)
        raise ProtocolError(
            f"{len(absent)} of {count} folds are not there yet: run the same command with "
            f"--fold {many} in place of --collect"
        )
