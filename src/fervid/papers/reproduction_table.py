"""Published beside ours: a table's rows, as CSV and as text."""

import io
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from fervid.papers.citations import title
from fervid.text import csv_text

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True)
class Row:
    """One printed number and ours; a line of the CSV file.

    Args:
        row, column: as printed.
        published: as printed; None for a row that no paper prints.
        ours: in the unit of the published one; None where nothing was run, and `note` says why.
        low, high: 95 % interval over subjects.
        n: clips that `ours` is a share of.
        origin: of the data where they only stand in for the database; empty for the real thing.
        data_digest: which faces of which clips.
        fervid: the version that ran.
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
    """A printed table with ours beside it.

    Args:
        rows: in the printed order.
    """

    paper: str
    table: str
    rows: tuple[Row, ...]

    @property
    def name(self) -> str:
        """Of its file, without ending: "dtagn_table2"."""
        kind = f"table{self.table}" if self.table.isdecimal() else self.table
        return f"{self.paper}_{kind.lower().replace('. ', '')}"

    def csv(self) -> str:
        """A header and one line per number."""
        names = [each.name for each in fields(Row)]
        cells = [[_text(name, getattr(row, name)) for name in names] for row in self.rows]
        return csv_text([names, *cells])

    def text(self, width: int | None = None) -> str:
        """The table for a terminal; `width` in characters, by default the terminal's."""
        from rich.console import Console

        out = io.StringIO()
        console = Console(file=out, width=width or max(Console().width, 100), highlight=False)
        console.print(_heading(self), markup=False)
        console.print(_matrix(self) if _is_matrix(self) else _lists(self), markup=False)
        for line in _sources(self):
            console.print(line, markup=False)
        return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def _text(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name == "published":
        return f"{value:.10g}"
    return f"{value:.2f}" if isinstance(value, float) else str(value)


# For a terminal


def _lists(made: Reproduction) -> "Table":
    """One line per number."""
    from rich.table import Table

    several = len({row.column for row in made.rows}) > 1
    shown = Table()
    for name in ("row", *(["column"] if several else [])):
        shown.add_column(name)
    for name in ("published", "ours", "95 % interval", "n"):
        shown.add_column(name, justify="right", no_wrap=True)
    shown.add_column("note", overflow="fold")
    for row in made.rows:
        names = (row.row, row.column) if several else (row.row,)
        within = "" if row.low is None else f"{_short(row.low)} to {_short(row.high)}"
        n = "" if row.n is None else str(row.n)
        shown.add_row(*names, _short(row.published), _short(row.ours), within, n, row.note)
    return shown


def _matrix(made: Reproduction) -> "Table":
    """A confusion matrix, published over ours in each cell."""
    from rich.table import Table

    labels = list(dict.fromkeys(row.column for row in made.rows))
    shown = Table()
    shown.add_column("")
    for label in labels:
        shown.add_column(label, justify="right", no_wrap=True)
    for name in dict.fromkeys(row.row for row in made.rows):
        line = {row.column: row for row in made.rows if row.row == name}
        n = next((row.n for row in line.values() if row.n is not None), None)
        cells = [
            f"{_short(line[label].published)} / {_short(line[label].ours)}" for label in labels
        ]
        shown.add_row(name if n is None else f"{name} ({n})", *cells)
    return shown


def _heading(made: Reproduction) -> str:
    kind = f"Table {made.table}" if made.table.isdecimal() else made.table
    units = " and ".join(dict.fromkeys(row.unit for row in made.rows))
    matrix = ": true label by row, published / ours" * _is_matrix(made)
    return f"{kind} of {title(made.paper)} ({made.paper}), {units}{matrix}"


def _short(value: float | None) -> str:
    """Two decimals at most, as the papers print.

    >>> _short(100.0), _short(96.94), _short(None)
    ('100', '96.94', '–')
    """
    return "–" if value is None else f"{value:.2f}".rstrip("0").rstrip(".")


def _sources(made: Reproduction) -> list[str]:
    """What stands behind our numbers, one line per run, and what the data are."""
    ran = [row for row in made.rows if row.system]
    runs = {
        (r.database, r.system, r.protocol): f"ours: {r.system} on {r.database}, {r.protocol}, "
        f"seed {r.seed}, {r.device}, fervid {r.fervid} {r.commit[:10]}".rstrip()
        for r in ran
    }
    origins = {row.database: row.origin for row in made.rows if row.origin}
    lines = [
        f"{database} here stands in for the real one ({origin}): ours and published do not compare"
        for database, origin in origins.items()
    ]
    whys = dict.fromkeys(row.note for row in made.rows if row.ours is None and row.note)
    matrix = _is_matrix(made)
    return [*runs.values(), *lines, *(f"not run: {why}" for why in whys if matrix)]


def _is_matrix(made: Reproduction) -> bool:
    return len(made.rows) > 1 and {r.row for r in made.rows} == {r.column for r in made.rows}
