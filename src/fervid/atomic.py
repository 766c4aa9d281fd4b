"""Files that are whole or not there, and one sentence where a place cannot be written to."""

import os
import platform
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fervid.errors import OutputError


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A name to write at; what was written there becomes `path` when all went well.

    The name tells machine and process, so that two of them never write into one file.

    Raises:
        OutputError: the place cannot be written to.
    """
    part = path.with_name(f".{path.stem}.{platform.node()}.{os.getpid()}.part{path.suffix}")
    try:
        with blamed(path):
            yield part
            part.replace(path)
    finally:
        with suppress(OSError):
            part.unlink()


def unfinished(name: str) -> re.Pattern[str]:
    """Names that a process killed on this machine may have left of the file `name`."""
    stem, _, suffix = name.rpartition(".")
    return re.compile(rf"\.{re.escape(stem)}\.{re.escape(platform.node())}\.\d+\.part\.{suffix}")


@contextmanager
def blamed(path: Path) -> Iterator[None]:
    """What the system refuses within is told as the fault of `path`, in an OutputError."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written ({error.strerror or error}): free space there or name "
            "another folder; what is finished is kept"
        ) from error


def write(path: Path, content: str | bytes) -> None:
    """Text as UTF-8, or bytes, into a file in a folder that is made where there is none.

    Raises:
        OutputError: the place cannot be written to.
    """
    with blamed(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as part:
        part.write_bytes(content.encode() if isinstance(content, str) else content)
