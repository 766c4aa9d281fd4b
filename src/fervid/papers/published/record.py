"""One printed number, and the plain functions that expand a paper's literal tables into such."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Unit = Literal["%", "points", "count"]

# What a quoted method was judged by is its own paper's affair; the quoting paper seldom says.
AS_IN_SOURCE = "as in the source"

# Section, row, column, value, unit, database.
Said = tuple[tuple[str, str, str, float, Unit, str], ...]


@dataclass(frozen=True)
class Published:
    """One number as a paper prints it.

    Args:
        paper: short key, as in `citations.papers()`.
        table: "1" to "9", "Fig. 6", or "text".
        row: the row's name as printed; in a confusion matrix the true label, spelt our way.
        column: the column's name as printed; in a confusion matrix the predicted label.
        value: as printed, never rounded again.
        unit: "%", "points" (a difference between percentages) or "count".
        database: as in `citations.databases()`; empty where the number belongs to none.
        protocol: how the clips were split, in words.
        own: the authors' own result; False where they quote another work.
        source: the quoted work as the paper numbers it, or the section of a number in the text.
        deviation: printed behind a plus-minus sign, in the unit of the value.
        note: what a reader must know before comparing with it.
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
    """A printed confusion matrix, rows true and columns predicted, in percent.

    Args:
        labels: K names, spelt our way, in the printed order.
        rows: K rows of K percentages.
        database: as in `citations.databases()`.
        protocol: how the clips were split, in words.
        method: whose answers these are.
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
    """A table of one accuracy per method.

    Args:
        rows: method, the number of the quoted work (0: the authors' own), accuracy in percent.
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
    """A table of the authors' own numbers with a name on either side; None is a printed dash.

    Args:
        rows: row name -> one value per column.
        databases: the row or column name that stands for a database -> its key.
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
    """Every cell of a confusion matrix."""
    return grid(
        paper,
        table,
        matrix.labels,
        dict(zip(matrix.labels, matrix.rows, strict=True)),
        dict.fromkeys(matrix.labels, matrix.database),
        protocol=matrix.protocol,
    )


def said(
    paper: str,
    rows: Said,
    protocols: Mapping[str, str] | None = None,
    quoted: Sequence[str] = (),
) -> tuple[Published, ...]:
    """Numbers that stand in the text only.

    Args:
        rows: section, row, column, value, unit, database.
        protocols: database -> how the authors judged their own results on it.
        quoted: the rows that tell another work's result.
    """
    found = []
    for section, row, column, value, unit, database in rows:
        own = row not in quoted
        protocol = (protocols or {}).get(database, "") if own else AS_IN_SOURCE
        found.append(
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
    return tuple(found)
