"""Pictures grouped by person: one folder each, or file names that begin with the person's name."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from fervid.databases.tree import IMAGES, is_copy
from fervid.errors import DatabaseError

NUMBERED = re.compile(r"(.+)_\d+")  # Abel_Pacheco_0001


def pictures(root: Path, database: str) -> Iterator[tuple[str, str, str]]:
    """(person, file name, path) of every picture, sorted by person and name.

    Args:
        root: folder with one subfolder per person, or with files named person_0001.jpg.
    """
    for folder in sorted(_list(root, database), key=lambda entry: entry.name):
        if folder.is_dir():
            inside = (entry.name for entry in _list(folder.path, database))
            for name in sorted(filter(_is_picture, inside)):
                yield folder.name, name, f"{folder.path}{os.sep}{name}"
        elif _is_picture(folder.name):
            person = NUMBERED.fullmatch(folder.name.rpartition(".")[0])
            if person:
                yield person[1], folder.name, folder.path


def place(root: Path, names: tuple[str, ...], database: str, what: str) -> Path:
    """Folder with one subfolder per subject: `root` or one of its known subfolders.

    Raises:
        DatabaseError: `root` is not a folder.
    """
    if not root.is_dir():
        raise DatabaseError(f"{database}: {root} is not a folder: give the folder with {what}")
    for entry in sorted(_list(root, database), key=lambda entry: entry.name):
        if entry.name.strip().lower() in names and entry.is_dir():
            return Path(entry.path)
    return root


def nothing(root: Path, database: str, what: str) -> DatabaseError:
    """The error for a folder without pictures."""
    found = sorted(entry.name for entry in _list(root, database))
    shown = ", ".join(found[:5]) or "nothing"
    return DatabaseError(
        f"{database}: expected {what} in {root} and found {shown}: unpack the pictures there"
    )


def _list(folder: str | Path, database: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return [entry for entry in found if not entry.name.startswith((".", "__MACOSX"))]
    except OSError as error:
        raise DatabaseError(
            f"{database}: {folder} cannot be read ({error.strerror}): check its permissions"
        ) from None


def _is_picture(name: str) -> bool:
    head, dot, tail = name.rpartition(".")
    return bool(dot) and f".{tail.lower()}" in IMAGES and not (head[-1:] in ")y" and is_copy(name))
