"""Every number published in the five papers, as data: `numbers.csv`, one row each; `settings.toml`.

>>> [number.value for number in table("dtagn", 2) if number.own]
[91.44, 92.35, 96.94, 97.25]
"""

import csv
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fervid.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

PAPERS = ("dtagn", "agn3d", "ir3d", "hybrid", "tfe")


@dataclass(frozen=True)
class Published:
    """One number as published: a row of `numbers.csv`, whose columns are these fields.

    Args:
        paper: one of PAPERS.
        table: "1" to "9", "Fig. 6", or "text".
        row: name of the row as printed; in a confusion matrix, the true label in our spelling.
        column: name of the column as printed; in a confusion matrix, the predicted label.
        value: value as printed, not rounded again.
        unit: "%", "points" (a difference between percentages) or "count".
        database: a key of `citations.databases()`; empty if the number belongs to no database.
        protocol: how the clips were split, in words.
        own: True for the authors' own result, False for one they quote.
        source: the quoted work as numbered in the paper, or the section of a number in the text.
        deviation: number printed after a plus-minus sign, in the unit of the value.
        note: what to know before comparing with it.
    """

    paper: str
    table: str
    row: str
    column: str
    value: float
    unit: str
    database: str = ""
    protocol: str = ""
    own: bool = True
    source: str = ""
    deviation: float | None = None
    note: str = ""


@cache
def _everything() -> tuple[Published, ...]:
    return tuple(_record(row) for row in csv.DictReader(_text("numbers.csv").splitlines()))


def _text(file: str) -> str:
    return files("fervid.papers.published").joinpath(file).read_text(encoding="utf-8")


def _record(row: dict[str, Any]) -> Published:
    deviation = float(row["deviation"]) if row["deviation"] else None
    one = Published(**{**row, "value": float(row["value"]), "deviation": deviation})
    return replace(one, own=row["own"] == "yes")


def records(paper: str) -> tuple[Published, ...]:
    """All numbers of a paper, those of its tables first and those of its text last.

    Raises:
        InputError: there is no such paper.
    """
    if paper not in PAPERS:
        raise InputError(f"no paper {paper!r}: choose one of {', '.join(PAPERS)}")
    return tuple(one for one in _everything() if one.paper == paper)


def table(paper: str, number: int | str) -> tuple[Published, ...]:
    """The numbers of a table in the printed order.

    Args:
        paper: one of PAPERS.
        number: a table's number, "Fig. 6", or "text" for numbers that are in no table.

    Raises:
        InputError: the paper, or our copy of it, has no such table.
    """
    numbers = tuple(one for one in records(paper) if one.table == str(number))
    if not numbers:
        tables = ", ".join(dict.fromkeys(one.table for one in records(paper)))
        raise InputError(f"paper {paper!r} has no table {number!r} here: choose one of {tables}")
    return numbers


def confusion(paper: str, number: int | str) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """A published confusion matrix: K labels, and percentages (K, K) with true labels by row.

    Raises:
        InputError: the table is not a confusion matrix.
    """
    if str(number) not in matrices(paper):
        known = ", ".join(matrices(paper)) or "none"
        raise InputError(
            f"table {number!r} of {paper!r} is not a confusion matrix: choose one of {known}"
        )
    cells = table(paper, number)
    labels = tuple(dict.fromkeys(one.row for one in cells))
    return labels, np.array([one.value for one in cells]).reshape(len(labels), -1)


def matrices(paper: str) -> tuple[str, ...]:
    """The tables of a paper that are confusion matrices: rows and columns have the same labels."""
    sides: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for one in records(paper):
        rows, columns = sides.setdefault(one.table, ({}, {}))
        rows[one.row], columns[one.column] = None, None
    return tuple(name for name, (rows, columns) in sides.items() if [*rows] == [*columns])


def frame() -> "pd.DataFrame":
    """All papers' numbers as a table: one row per number, one column per field of `Published`."""
    import pandas as pd

    return pd.DataFrame([vars(one) for one in _everything()])


def settings() -> Mapping[str, Mapping[str, tuple[Any, str]]]:
    """The hyperparameters given in the papers: system -> recipe field -> (value, section).

    A field that is not listed is open in its paper; see PAPER.md.
    """
    systems = tomllib.loads(_text("settings.toml"))
    return {
        system: {field: (entry["value"], entry["source"]) for field, entry in fields.items()}
        for system, fields in systems.items()
    }
