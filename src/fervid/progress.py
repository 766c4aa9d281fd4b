"""Progress of long jobs: a bar with the time left on a terminal, plain lines in a log."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

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
    report = _bar if sys.stderr.isatty() else _lines
    yield from report(items, printable(description), total)


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
