"""Progress of long jobs: a bar with the time left on a terminal, plain lines in a log."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from fervid.ranks import leads
from fervid.text import printable

T = TypeVar("T")


def bar(items: Iterable[T], description: str, total: int | None = None) -> Iterator[T]:
    """Yield the items while showing progress.

    Args:
        description: a few words on the job.
        total: number of items; by default `len(items)` if it is defined.
    """
    if total is None:
        total = len(items) if hasattr(items, "__len__") else None  # type: ignore[arg-type]
    if not leads():
        yield from items
        return
    report = _bar if sys.stderr.isatty() else _lines
    yield from report(items, printable(description), total)


Tell = Callable[[float, str], None]
"""Takes how much of the total is done, and at what the work is: "clip.mp4, frame 340"."""


@contextmanager
def meter(description: str, total: float | None, unit: str, every: float = 10.0) -> Iterator[Tell]:
    """Show how much of a total is done, at what the work is, and how long the rest will take.

    Args:
        description: what is done, one word.
        total: of what is counted; None or 0: not known.
        unit: of the total: "s of video".
        every: seconds between two lines in a log.
    """
    if sys.stderr.isatty():
        with _meter_bar(description, total, unit) as tell:
            yield tell
        return
    begun = last = time.monotonic()

    def line(done: float, where: str) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < every:
            return
        last = now
        left = (now - begun) / done * (total - done) if total and done else None
        rest = (
            f" of {total:.0f} {unit}, {max(left, 0):.0f} s left" if left is not None else f" {unit}"
        )
        print(f"{description}: {printable(where)}; {done:.0f}{rest}", file=sys.stderr, flush=True)

    yield line


@contextmanager
def _meter_bar(description: str, total: float | None, unit: str) -> Iterator[Tell]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    amount = "{task.completed:.0f}" + ("/{task.total:.0f} " if total else " ") + unit
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TextColumn(amount))
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as progress:
        task = progress.add_task(description, total=total or None)

        def tell(done: float, where: str) -> None:
            progress.update(task, completed=done, description=f"{description} {printable(where)}")

        yield tell


def _bar(items: Iterable[T], description: str, total: int | None) -> Iterator[T]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as progress:
        yield from progress.track(items, total=total, description=description)


def _lines(
    items: Iterable[T], description: str, total: int | None, every: float = 10.0
) -> Iterator[T]:
    started = last = time.monotonic()
    for done, item in enumerate(items, 1):
        yield item
        now = time.monotonic()
        if now - last >= every or (done == total and now - started >= 2):
            left = f", {(now - started) / done * (total - done):.0f} s left" if total else ""
            print(f"{description}: {done}/{total or '?'}{left}", file=sys.stderr, flush=True)
            last = now
