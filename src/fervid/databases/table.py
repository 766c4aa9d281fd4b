"""The one place that reads text from elsewhere: lines, CSV tables and JSON documents.

Every fault in a file becomes one sentence that names the file and, where possible, the line.
"""

import csv
import json
import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from fervid.databases.archive import opened
from fervid.databases.tree import VIDEOS, visible
from fervid.databases.tree import brief as brief
from fervid.errors import DatabaseError, FervidError
from fervid.text import parse_json, printable

LARGEST = 1 << 30  # bytes; fer2013.csv, the largest text of any database, has 0.3e9
WIDEST = 10_000  # characters of a cell; fer2013.csv has 48 x 48 numbers in one
NAMED = 200  # characters of a subject
MOST = 2**31 - 1  # the greatest number read from a table: 2.7 years of frames
ROWS, WIDTH = 100_000, 100  # of an Excel sheet; a file may declare billions of cells
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
FOREIGN = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}  # first bytes of such files

Cells = tuple[str, list[str]]  # "FILE, line 3", and the cells of that line


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table, its cells by column name, and its place ("FILE, line 3")."""

    cells: Mapping[str, str]
    where: str

    def __getitem__(self, column: str) -> str:
        return self.cells[column]

    def get(self, column: str) -> str:
        """The cell; empty if there is no such column."""
        return self.cells.get(column, "")

    def number(self, column: str) -> int | None:
        """A frame number from 0; None if the cell is empty.

        Raises:
            DatabaseError: the cell holds something else.
        """
        if not self.get(column):
            return None
        number = whole(self.get(column))
        if number is None:
            raise DatabaseError(
                f"{self.where}: {column} is {brief(self.get(column))}: give a frame number from 0 "
                f"to {MOST} or leave it empty"
            )
        return number


def whole(text: str) -> int | None:
    """An integer from 0 to MOST; None if the text is not one.

    >>> whole("007"), whole("-1"), whole("1e3"), whole("99999999999")
    (7, None, None, None)
    """
    digits = text.strip()
    if not (digits.isascii() and digits.isdecimal() and len(digits.lstrip("0")) <= len(str(MOST))):
        return None
    number = int(digits)
    return number if number <= MOST else None


def data(path: Path, error: type[FervidError] = DatabaseError) -> bytes:
    """A file's bytes; endless and enormous files are refused.

    Raises:
        DatabaseError (or `error`, if given): the file cannot be read.
    """
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise error(f"{path} is not a file: name a file")
        if about.st_size > LARGEST:
            raise error(f"{path} holds {about.st_size:.1e} bytes, more than 1e9: split it")
        return path.read_bytes()
    except OSError as problem:
        reason = f"cannot be read as text ({problem.strerror})"
        raise error(f"{path} {reason}: copy it again or check its permissions") from None


def text(path: Path, error: type[FervidError] = DatabaseError) -> str:
    r"""A text file in UTF-8 (byte order mark or not) or Windows-1252; lines end in \n.

    Raises:
        DatabaseError (or `error`, if given): the file cannot be read, has another encoding, or
            holds control characters.
    """
    content = data(path, error)
    if content[:2] in FOREIGN:
        raise error(f"{path}, line 1: the text is {FOREIGN[content[:2]]}: save it in UTF-8")
    try:
        decoded = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            decoded = content.decode("cp1252")
        except UnicodeDecodeError as problem:
            line = content.count(b"\n", 0, problem.start) + 1
            raise error(f"{path}, line {line}: not text in UTF-8: save it in UTF-8") from None
    decoded = decoded.replace("\r\n", "\n").replace("\r", "\n")
    if odd := CONTROL.search(decoded):
        line = decoded.count("\n", 0, odd.start()) + 1
        raise error(
            f"{path}, line {line}: the control character {odd[0]!r} is not text: save it in UTF-8 "
            "or remove the character"
        )
    return decoded


def lines(path: Path, error: type[FervidError] = DatabaseError) -> list[tuple[str, str]]:
    """Every non-empty line, each after its place ("FILE, line 3").

    Raises:
        DatabaseError: as `text`.
    """
    numbered = enumerate(text(path, error).split("\n"), 1)
    return [(f"{path}, line {number}", line) for number, line in numbered if line.strip()]


def document(path: Path, error: type[FervidError] = DatabaseError) -> Any:
    """The content of a JSON file.

    Raises:
        DatabaseError (or `error`, if given): not JSON, or nested too deeply.
    """
    try:
        return parse_json(text(path, error))
    except json.JSONDecodeError as problem:
        raise error(f"{path}, line {problem.lineno}: no JSON ({problem.msg}): correct it") from None
    except ValueError:
        raise error(f"{path} cannot be read as JSON (nested too deep, or a number of "
                    "thousands of digits): write it again without them") from None  # fmt: skip


def grid(path: Path, error: type[FervidError] = DatabaseError) -> list[Cells]:
    """Stripped cells of a CSV file separated by commas, semicolons or tabs; empty rows are dropped.

    A line break within a cell becomes a blank. Of an Excel file (.xlsx) the first sheet is read.

    Raises:
        DatabaseError (or `error`, if given): the file cannot be read or is not CSV.
    """
    if path.suffix.lower().startswith(".xls"):
        return _sheet(path, error)
    return list(_cells(path, text(path, error), error))


def _cells(path: Path, content: str, error: type[FervidError]) -> Iterator[Cells]:
    split = content.split("\n")
    first = next((line for line in split if any(mark in line for mark in ",;\t")), "")
    mark = max(",;\t", key=first.count)
    reader = csv.reader((f"{line}\n" for line in split), delimiter=mark, strict=True)
    while True:
        where = f"{path}, line {reader.line_num + 1}"
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            raise error(f"{where}: no CSV ({problem}): correct its quotes") from None
        cells = [" ".join(cell.split("\n")).strip() for cell in row]
        if any(cells):
            yield where, cells


def _sheet(path: Path, error: type[FervidError]) -> list[Cells]:
    """An Excel file is a zip archive, and unpacks to no more than one may."""
    try:
        from openpyxl import load_workbook  # type: ignore[import-untyped]
    except ImportError:
        raise error(
            f"{path} can be read with openpyxl only: pip install 'fervid[excel]', or save it as CSV"
        ) from None
    try:
        with opened(path), path.open("rb") as file:  # a read-only workbook would leave it open
            sheet = load_workbook(file, read_only=True, data_only=True).worksheets[0]
            values = sheet.iter_rows(max_row=ROWS, max_col=WIDTH, values_only=True)
            rows = [[_excel(cell) for cell in row] for row in values]
    except FervidError as problem:
        raise error(str(problem)) from None
    except Exception as problem:  # a broken workbook fails in many ways
        reason = brief(str(problem))
        raise error(f"{path} is no Excel file ({reason}): copy it again") from None
    return [(f"{path}, line {n}", row) for n, row in enumerate(rows, 1) if any(row)]


def _excel(cell: object) -> str:
    """A cell as text; Excel knows no whole numbers."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) <= MOST:
        cell = int(cell)
    return " ".join(str(cell).split())


def pairs(path: Path, error: type[FervidError] = DatabaseError) -> dict[str, str]:
    """A table with the columns from,to as a dict; what stands under `from` in lower case.

    Raises:
        DatabaseError: as `rows`, or one name leads to two; or the `error` asked for.
    """
    known: dict[str, str] = {}
    for row in rows(path, ("from", "to"), error):
        name = row["from"].lower()
        if not name:
            raise error(f"{row.where}: nothing stands under from: fill it in or remove the row")
        if known.setdefault(name, row["to"]) != row["to"]:
            raise error(
                f"{row.where}: {brief(row['from'])} is {brief(row['to'])} here and "
                f"{brief(known[name])} before: remove one"
            )
    return known


def named(
    cells: Sequence[Cells],
    columns: Sequence[str],
    path: Path,
    error: type[FervidError] = DatabaseError,
) -> list[Row]:
    """Rows below the first line that names all the columns; names are compared in lower case.

    Args:
        columns: required column names.
        path: the file, for messages.

    Raises:
        DatabaseError (or `error`, if given): no line names the columns, a column is named twice,
            or a row does not fit the columns.
    """
    for number, (where, row) in enumerate(cells):
        header = [cell.lower() for cell in row]
        if set(columns) <= set(header):
            twice = [name for name in header if name and header.count(name) > 1]
            if twice:
                raise error(f"{where}: two columns are named {brief(twice[0])}: rename one")
            return [_row(header, *below, error) for below in cells[number + 1 :]]
    first = cells[0][1] if cells else []
    lacks = [name for name in columns if name not in [cell.lower() for cell in first]]
    raise error(
        f"{path}, line 1: no column {' and '.join(lacks)} (found "
        f"{printable(', '.join(first)[:80]) or 'nothing'}): the first line must name "
        f"{','.join(columns)}"
    )


def _row(header: list[str], where: str, cells: list[str], error: type[FervidError]) -> Row:
    """Empty cells at the end of a row are ignored if no column is above them."""
    least = max(number for number, name in enumerate(header, 1) if name)
    long = [name for name, cell in zip(header, cells, strict=False) if len(cell) > WIDEST]
    if long:
        raise error(f"{where}: {brief(long[0])} holds more than {WIDEST} characters: shorten it")
    if len(cells) < least or any(cells[len(header) :]):
        raise error(f"{where}: {len(cells)} cells under {len(header)} columns: correct the row")
    return Row(dict(zip(header, cells, strict=False)), where)


def rows(path: Path, columns: Sequence[str], error: type[FervidError] = DatabaseError) -> list[Row]:
    """A table's rows, with column names in lower case.

    Raises:
        DatabaseError (or `error`, if given): as `grid` and `named`.
    """
    return named(grid(path, error), columns, path, error)


def subjects(root: Path, names: Iterable[str], column: str = "clip") -> dict[str, str]:
    """Each clip's subject from `subjects.csv` beside the data; empty without that file.

    The file names clips as fervid does, or by file name without folder and extension.

    Args:
        names: the database's clip names.
        column: the column that names the clip; the other one is `subject`.

    Raises:
        DatabaseError: the file omits a clip.
    """
    path = root / "subjects.csv"
    if not path.is_file():
        return {}
    listed = {}
    for row in rows(path, (column, "subject")):
        if len(row["subject"]) > NAMED:
            raise DatabaseError(f"{row.where}: a subject of over {NAMED} characters: shorten it")
        listed[row[column]] = row["subject"]
    short = {stem(name): subject for name, subject in listed.items()}
    subjects = {name: listed.get(name) or short.get(stem(name), "") for name in names}
    absent = [name for name, subject in subjects.items() if not subject]
    if absent:
        raise DatabaseError(
            f"{path} says nobody for {len(absent)} clips (the first is {absent[0]}): add them"
        )
    return subjects


def stem(name: str) -> str:
    """A clip's name without folders and extension.

    >>> stem("Train/anger/train_001.avi"), stem("train_001")
    ('train_001', 'train_001')
    """
    last = name.rpartition("/")[2]
    head, dot, tail = last.rpartition(".")
    return head if dot and f".{tail.lower()}" in VIDEOS else last


def beside(root: Path, pattern: str) -> Path | None:
    """The first visible file in a folder that matches, ignoring case."""
    files = [path for path in visible(root) if path.is_file()]
    return next((path for path in files if fnmatch(path.name.lower(), pattern)), None)
