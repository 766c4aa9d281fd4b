"""A reproduced table, the paper's numbers beside ours, as CSV and as text."""

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from fervid.papers.citations import title
from fervid.text import csv_text, terminal_text

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True)
class Row:
    """One published number and ours; a line of the CSV file.

    Args:
        row, column: names as printed.
        published: value as printed; None for a row that is not in the paper.
        unit: unit of both values.
        ours: our value; None if nothing was run, in which case `note` says why.
        low, high: 95 % interval over subjects.
        n: number of clips that `ours` is a share of.
        note: what to know before comparing.
        origin: origin of stand-in data; empty for the real database.
        data_digest: hash of the clips' faces.
        fervid: version of fervid that ran.
        commit: its commit, followed by "+" if the working tree had changes.
        command: command line without absolute folders.
    """

    row: str
    column: str
    published: float | None
    unit: str
    ours: float | None = None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    note: str = ""
    database: str = ""
    origin: str = ""
    system: str = ""
    network: str = ""
    protocol: str = ""
    seed: int | None = None
    device: str = ""
    data_digest: str = ""
    fervid: str = ""
    commit: str = ""
    command: str = ""


@dataclass(frozen=True)
class Reproduction:
    """A published table with our numbers beside it.

    Args:
        paper: a key of `fervid.papers.published.PAPERS`.
        table: its number in the paper, or "text".
        rows: in the printed order, added rows last.
    """

    paper: str
    table: str
    rows: tuple[Row, ...]

    @property
    def name(self) -> str:
        """Name of its file without the suffix, such as "dtagn_table2"."""
        kind = f"table{self.table}" if self.table.isdecimal() else self.table
        return f"{self.paper}_{kind.lower().replace('. ', '')}"

    def csv(self) -> str:
        """A header and one line per number."""
        names = [each.name for each in fields(Row)]
        cells = [[_text(name, getattr(row, name)) for name in names] for row in self.rows]
        return csv_text([names, *cells])

    def text(self, width: int | None = None) -> str:
        """The table as text, `width` characters wide, by default as wide as the terminal."""
        table = _matrix(self) if _is_matrix(self) else _lists(self)
        return terminal_text([_heading(self), table, *_sources(self)], width)


def _text(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name == "published":
        return f"{value:.10g}"
    return f"{value:.2f}" if isinstance(value, float) else str(value)


# For a terminal


def _lists(reproduction: Reproduction) -> "Table":
    """One line per number."""
    from rich.table import Table

    several = len({row.column for row in reproduction.rows}) > 1
    table = Table()
    for name in ("row", *(["column"] if several else [])):
        table.add_column(name)
    for name in ("published", "ours", "95 % interval", "n"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("note", overflow="fold")
    for row in reproduction.rows:
        names = (row.row, row.column) if several else (row.row,)
        interval = "" if row.low is None else f"{_short(row.low)} to {_short(row.high)}"
        n = "" if row.n is None else str(row.n)
        table.add_row(*names, _short(row.published), _short(row.ours), interval, n, row.note)
    return table


def _matrix(reproduction: Reproduction) -> "Table":
    """A confusion matrix with "published / ours" in each cell."""
    from rich.table import Table

    labels = list(dict.fromkeys(row.column for row in reproduction.rows))
    table = Table()
    table.add_column("")
    for label in labels:
        table.add_column(label, justify="right", no_wrap=True)
    for name in dict.fromkeys(row.row for row in reproduction.rows):
        line = {row.column: row for row in reproduction.rows if row.row == name}
        n = next((row.n for row in line.values() if row.n is not None), None)
        cells = [
            f"{_short(line[label].published)} / {_short(line[label].ours)}" for label in labels
        ]
        table.add_row(name if n is None else f"{name} ({n})", *cells)
    return table


def _heading(reproduction: Reproduction) -> str:
    table, paper = reproduction.table, reproduction.paper
    kind = f"Table {table}" if table.isdecimal() else table
    units = " and ".join(dict.fromkeys(row.unit for row in reproduction.rows))
    matrix = ": true label by row, published / ours" * _is_matrix(reproduction)
    return f"{kind} of {title(paper)} ({paper}), {units}{matrix}"


def _short(value: float | None) -> str:
    """At most two decimals, as in the papers.

    >>> _short(100.0), _short(96.94), _short(None)
    ('100', '96.94', '–')
    """
    return "–" if value is None else f"{value:.2f}".rstrip("0").rstrip(".")


def _sources(reproduction: Reproduction) -> list[str]:
    """Lines on the runs, on stand-in databases and, for a matrix, on why numbers are missing."""
    ran = [row for row in reproduction.rows if row.system]
    runs = {
        (r.database, r.system, r.protocol): f"ours: {r.system} on {r.database}, {r.protocol}, "
        f"seed {r.seed}, {r.device}, fervid {r.fervid} {r.commit[:10]}".rstrip()
        for r in ran
    }
    origins = {row.database: row.origin for row in reproduction.rows if row.origin}
    lines = [
        f"this {database} stands in for the real one ({origin}): do not compare ours with published"
        for database, origin in origins.items()
    ]
    reasons = dict.fromkeys(row.note for row in reproduction.rows if row.ours is None and row.note)
    matrix = _is_matrix(reproduction)
    return [*runs.values(), *lines, *(f"not run: {reason}" for reason in reasons if matrix)]


def _is_matrix(reproduction: Reproduction) -> bool:
    rows = reproduction.rows
    return len(rows) > 1 and {row.row for row in rows} == {row.column for row in rows}
