"""What a comparison holds: as text, tables and a picture."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fervid.atomic import write
from fervid.evaluation.paired import Pair
from fervid.evaluation.report import percent
from fervid.evaluation.statistics import Estimate
from fervid.text import Rows, csv_text

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True)
class Entry:
    """One network of one run, over the clips that all of them answered.

    Args:
        name: how it is called in the comparison.
        calibration_error: expected, 0 to 1.
        left_out: clips that it answered and another did not.
    """

    name: str
    run: str
    system: str
    network: str
    seed: int
    accuracy: Estimate
    uar: Estimate
    macro_f1: Estimate
    calibration_error: float
    left_out: int


@dataclass(frozen=True)
class Comparison:
    """What `compare` found.

    Args:
        n, subjects: clips that every network answered, and the people in them.
        pairs: every two entries, by their names.
        origin: of the data where it only stands in for the database.
    """

    database: str
    protocol: str
    origin: str
    n: int
    subjects: int
    entries: tuple[Entry, ...]
    pairs: tuple[Pair, ...]

    def text(self, width: int | None = None) -> str:
        """Two tables for a terminal; `width` in characters, by default the terminal's."""
        from rich.console import Console

        out = io.StringIO()
        console = Console(file=out, width=width or max(Console().width, 100), highlight=False)
        origin = f" [{self.origin}]" if self.origin else ""
        console.print(
            f"{self.database}{origin}, {self.protocol}: {self.n} clips of {self.subjects} people",
            markup=False,
        )
        console.print(_entries(self))
        console.print(_pairs(self))
        for line in _remarks(self):
            console.print(line, markup=False)
        return "\n".join(line.rstrip() for line in out.getvalue().splitlines())

    def write(self, out: Path) -> None:
        """`compare.json`, `compare.csv`, `compare-pairs.csv`, `compare.png` and `compare.txt`.

        Raises:
            OutputError: the folder cannot be written to.
        """
        write(out / "compare.csv", _csv(self.entries))
        write(out / "compare-pairs.csv", _csv(self.pairs))
        write(out / "compare.png", _picture(self))
        write(out / "compare.txt", self.text(120) + "\n")
        write(out / "compare.json", json.dumps(_plain(asdict(self)), indent=1, allow_nan=False))


# Read by people


def _within(figure: Estimate) -> str:
    return f"{percent(figure.value)} ({percent(figure.low)} to {percent(figure.high)})"


def _apart(figure: Estimate) -> str:
    """A difference in points, with signs.

    >>> _apart(Estimate(0.0278, -0.125, 0.181))
    '+2.8 (−12.5 to +18.1)'
    """
    ends = (figure.value, figure.low, figure.high)
    first, low, high = ("–" if np.isnan(v) else f"{100 * v:+.1f}".replace("-", "−") for v in ends)
    return f"{first} ({low} to {high})"


def _entries(made: Comparison) -> "Table":
    from rich.table import Table
    from rich.text import Text

    shown = Table()
    shown.add_column("")
    for name in ("accuracy %", "UAR %", "macro F1 %", "calibration error %"):
        shown.add_column(name, justify="right")
    for each in made.entries:
        shown.add_row(
            Text(each.name),
            _within(each.accuracy),
            _within(each.uar),
            _within(each.macro_f1),
            percent(each.calibration_error),
        )
    return shown


def _pairs(made: Comparison) -> "Table":
    from rich.table import Table
    from rich.text import Text

    holm = len(made.pairs) > 1
    shown = Table()
    shown.add_column("minus")
    names = ["accuracy, points", "UAR, points", "right alone", "p McNemar", "p swapped people"]
    for name in names:
        shown.add_column(name + (" (Holm)" if holm and name.startswith("p ") else ""),
                         justify="right")  # fmt: skip
    for p in made.pairs:
        mcnemar, swapped = _p(p.mcnemar), _p(p.permutation)
        if holm:
            mcnemar += f" ({_p(p.mcnemar_holm)})"
            swapped += f" ({_p(p.permutation_holm)})"
        shown.add_row(
            Text(f"{p.first} − {p.second}"),
            _apart(p.accuracy),
            _apart(p.uar),
            f"{p.only_first} : {p.only_second}",
            mcnemar,
            swapped,
        )
    return shown


def _p(value: float) -> str:
    """A p value as papers print it.

    >>> _p(0.0004), _p(0.25)
    ('<0.001', '0.250')
    """
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def _remarks(made: Comparison) -> list[str]:
    lines = [
        "95 % intervals by drawing people anew; McNemar takes clips of one person as independent "
        "and is too optimistic."
    ]
    left = [f"{each.left_out} of {each.name}" for each in made.entries if each.left_out]
    if left:
        lines.append(f"Left out, for others have no answer to them: {', '.join(left)}.")
    if made.origin:
        lines.append(
            f"The data stand in for the real ones ({made.origin}): this compares systems, no more."
        )
    return lines


def _picture(made: Comparison) -> bytes:
    from fervid.figures.comparison import comparison

    return comparison(
        {e.name: astuple(e.accuracy) for e in made.entries},
        {f"{p.first} − {p.second}": astuple(p.accuracy) for p in made.pairs},
        f"{made.database}, {made.protocol}",
        made.origin,
    )


def _plain(value: Any) -> Any:
    """As JSON has it: tuples as lists, NaN as null."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and np.isnan(value) else value


def _csv(items: Sequence[Entry] | Sequence[Pair]) -> str:
    """One line each; an estimate as three columns."""
    lines: list[dict[str, Any]] = []
    for item in items:
        line: dict[str, Any] = {}
        for key, value in asdict(item).items():
            if isinstance(value, dict):
                line |= {key: value["value"]}
                line |= {f"{key}_{end}": value[end] for end in ("low", "high")}
            else:
                line[key] = value
        lines.append(line)
    rows: Rows = [lines[0]]
    rows.extend([_cell(line[name]) for name in lines[0]] for line in lines)
    return csv_text(rows)


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{value:.6g}"
    return value
