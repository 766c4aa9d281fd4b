"""Tables that come with databases: CSV as written by people and by Excel."""

import csv
import io
from collections.abc import Iterable, Sequence
from fnmatch import fnmatch
from pathlib import Path

from fervid.databases.tree import VIDEOS, visible
from fervid.errors import DatabaseError

Row = dict[str, str]


def text(path: Path) -> str:
    """A text file in UTF-8, with or without a byte order mark, or in Windows' Latin.

    Raises:
        DatabaseError: it cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DatabaseError(f"{path} cannot be read ({error.strerror}): copy it again") from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def grid(path: Path) -> list[list[str]]:
    """A CSV file's cells, stripped, whether commas, semicolons or tabs part them; no empty rows.

    Raises:
        DatabaseError: it cannot be read or is no CSV.
    """
    content = text(path)
    first = content.partition("\n")[0]
    mark = max(",;\t", key=first.count)
    try:
        rows = list(csv.reader(io.StringIO(content, newline=""), delimiter=mark))
    except csv.Error as error:
        raise DatabaseError(f"{path} is no CSV ({error}): save it again as one") from None
    stripped = ([cell.strip() for cell in row] for row in rows)
    return [row for row in stripped if any(row)]


def named(cells: Sequence[Sequence[str]], columns: Sequence[str], path: Path) -> list[Row]:
    """Rows under the first line that has all the columns; names are compared in lower case.

    Args:
        columns: which must be there.
        path: for messages.

    Raises:
        DatabaseError: no line names the columns.
    """
    for number, row in enumerate(cells):
        header = [cell.lower() for cell in row]
        if set(columns) <= set(header):
            below = cells[number + 1 :]
            return [dict(zip(header, row, strict=False)) for row in below]
    found = ", ".join(cells[0])[:80] if cells else "nothing"
    raise DatabaseError(
        f"{path}: no line names the columns {', '.join(columns)} (found {found}): add it on top"
    )


def subjects(root: Path, names: Iterable[str], column: str = "clip") -> dict[str, str]:
    """Who is in which clip, from `subjects.csv` beside the data; empty without that file.

    Clips are named there as fervid names them, or by their file's name without folder and ending.

    Args:
        names: of the database's clips.
        column: which names the clip; the other is `subject`.

    Raises:
        DatabaseError: the file leaves out a clip.
    """
    path = root / "subjects.csv"
    if not path.is_file():
        return {}
    rows = {row[column]: row["subject"] for row in named(grid(path), (column, "subject"), path)}
    short = {stem(name): subject for name, subject in rows.items()}
    told = {name: rows.get(name) or short.get(stem(name), "") for name in names}
    absent = [name for name, subject in told.items() if not subject]
    if absent:
        raise DatabaseError(
            f"{path} says nobody for {len(absent)} clips (the first is {absent[0]}): add them"
        )
    return told


def stem(name: str) -> str:
    """A clip's name without folders and ending.

    >>> stem("Train/anger/train_001.avi"), stem("train_001")
    ('train_001', 'train_001')
    """
    last = name.rpartition("/")[2]
    head, dot, tail = last.rpartition(".")
    return head if dot and f".{tail.lower()}" in VIDEOS else last


def beside(root: Path, pattern: str) -> Path | None:
    """The first visible file of a folder that matches, whatever its case."""
    found = [path for path in visible(root) if path.is_file()]
    return next((path for path in found if fnmatch(path.name.lower(), pattern)), None)
