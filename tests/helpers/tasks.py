"""What worker processes of the tests do."""

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path


def squares() -> Callable[[int], tuple[int, int, str]]:
    return _square


def _square(number: int) -> tuple[int, int, str]:
    return number * number, os.getpid(), os.environ.get("OMP_NUM_THREADS", "")


def deadly(folder: Path) -> Callable[[int], int]:
    """Task 3 always kills its process, task 5 the first time; task 7 raises."""
    return partial(_die, folder)


def _die(folder: Path, number: int) -> int:
    if number == 3 or (number == 5 and not (folder / "once").exists()):
        (folder / "once").touch()
        os._exit(9)
    if number == 7:
        raise ValueError("seven")
    return number


def sleepers(folder: Path) -> Callable[[int], None]:
    """Workers that tell their process ids and sleep."""
    return partial(_sleep, folder)


def _sleep(folder: Path, number: int) -> None:
    (folder / f"{os.getpid()}.pid").touch()
    time.sleep(100)


def patient(folder: Path) -> Callable[[int], int]:
    """Tasks that note each beginning, and end once there is a file `go`."""
    return partial(_wait, folder)


def _wait(folder: Path, number: int) -> int:
    (folder / f"{number}-{os.getpid()}.began").touch()
    while not (folder / "go").exists():
        time.sleep(0.02)
    return number * number
