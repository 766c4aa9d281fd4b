"""One published number, and functions that turn a paper's literal tables into such records."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Unit = Literal["%", "points", "count"]

# Protocol of a quoted result: the quoting paper seldom gives it.
AS_IN_SOURCE = "as in the source"

# Section, row, column, value, unit, database.
TextRows = tuple[tuple[str, str, str, float, Unit, str], ...]


@dataclass(frozen=True)
class Published:
    """One number as published.

    Args:
        paper: a key of `citations.papers()`.
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
    unit: Unit
    database: str = ""
    protocol: str = ""
    own: bool = True
    source: str = ""
    deviation: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Confusion:
    """A published confusion matrix in percent, true labels by row, predicted labels by column.

    Args:
        labels: K label names in our spelling, in the printed order.
        rows: K rows of K percentages.
        database: a key of `citations.databases()`.
        protocol: how the clips were split, in words.
        method: the method that made the predictions.
    """

    labels: tuple[str, ...]
    rows: tuple[tuple[float, ...], ...]
    database: str
    protocol: str
    method: str


def accuracies(
    paper: str,
    table: str,
    database: str,
    protocol: str,
    rows: Iterable[tuple[str, int, float]],
    notes: Mapping[str, str] | None = None,
) -> tuple[Published, ...]:
    """A table with one accuracy per method.

    Args:
        paper, table, database, protocol: see `Published`.
        rows: method, number of the quoted work (0: the authors' own), accuracy in percent.
        notes: method -> note.
    """
    return tuple(
        Published(
            paper=paper,
            table=table,
            row=method,
            column="accuracy",
            value=value,
            unit="%",
            database=database,
            protocol=AS_IN_SOURCE if reference else protocol,
            own=not reference,
            source=f"[{reference}]" if reference else "",
            note=(notes or {}).get(method, ""),
        )
        for method, reference, value in rows
    )


def grid(
    paper: str,
    table: str,
    columns: Sequence[str],
    rows: Mapping[str, Sequence[float | None]],
    databases: Mapping[str, str],
    *,
    unit: Unit = "%",
    protocol: str = "",
) -> tuple[Published, ...]:
    """A table of the authors' own numbers with row and column names; None is a printed dash.

    Args:
        paper, table, unit, protocol: see `Published`.
        columns: column names.
        rows: row name -> one value per column.
        databases: row or column name -> key of the database it stands for.
    """
    return tuple(
        Published(
            paper=paper,
            table=table,
            row=row,
            column=column,
            value=value,
            unit=unit,
            database=databases.get(row) or databases.get(column, ""),
            protocol=protocol,
        )
        for row, values in rows.items()
        for column, value in zip(columns, values, strict=True)
        if value is not None
    )


def cells(paper: str, table: str, matrix: Confusion) -> tuple[Published, ...]:
    """All cells of a confusion matrix."""
    return grid(
        paper,
        table,
        matrix.labels,
        dict(zip(matrix.labels, matrix.rows, strict=True)),
        dict.fromkeys(matrix.labels, matrix.database),
        protocol=matrix.protocol,
    )


def from_text(
    paper: str,
    rows: TextRows,
    protocols: Mapping[str, str] | None = None,
    quoted: Sequence[str] = (),
) -> tuple[Published, ...]:
    """Numbers that are only in the text.

    Args:
        paper: see `Published`.
        rows: section, row, column, value, unit, database.
        protocols: database -> protocol of the authors' own results on it.
        quoted: rows that quote another work's result.
    """
    numbers = []
    for section, row, column, value, unit, database in rows:
        own = row not in quoted
        protocol = (protocols or {}).get(database, "") if own else AS_IN_SOURCE
        numbers.append(
            Published(
                paper=paper,
                table="text",
                row=row,
                column=column,
                value=value,
                unit=unit,
                database=database,
                protocol="" if unit == "count" else protocol,
                own=own,
                source=section,
            )
        )
    return tuple(numbers)
