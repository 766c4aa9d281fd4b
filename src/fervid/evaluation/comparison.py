"""Comparison of runs as text, tables and a figure."""

from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fervid.atomic import write
from fervid.evaluation.paired import Pair
from fervid.evaluation.report import percent
from fervid.evaluation.statistics import Estimate
from fervid.text import Rows, csv_text, digits, json_text, terminal_text

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True)
class Entry:
    """One network of one run, on the clips that all compared networks predicted.

    Args:
        name: name in the comparison.
        run: name of the run's folder.
        calibration_error: expected calibration error, 0 to 1.
        left_out: number of clips that this network predicted but another did not.
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
    """Result of `compare`.

    Args:
        origin: origin of the data if it is a stand-in for the database.
        n, subjects: number of clips that every network predicted, and of subjects in them.
        entries: the compared networks.
        pairs: differences between every two entries.
    """

    database: str
    protocol: str
    origin: str
    n: int
    subjects: int
    entries: tuple[Entry, ...]
    pairs: tuple[Pair, ...]

    def text(self, width: int | None = None) -> str:
        """Two tables for a terminal.

        Args:
            width: width in characters; by default the terminal's.
        """
        origin = f" [{self.origin}]" if self.origin else ""
        title = f"{self.database}{origin}, {self.protocol}"
        heading = f"{title}: {self.n} clips of {self.subjects} subjects"
        return terminal_text([heading, _entries(self), _pairs(self), *_remarks(self)], width)

    def write(self, out: Path) -> None:
        """Write compare.json, compare.csv, compare-pairs.csv, compare.png and compare.txt.

        Raises:
            OutputError: the folder cannot be written to.
        """
        write(out / "compare.csv", _csv(self.entries))
        write(out / "compare-pairs.csv", _csv(self.pairs))
        write(out / "compare.png", _picture(self))
        write(out / "compare.txt", self.text(120) + "\n")
        write(out / "compare.json", json_text(asdict(self)))


# Text for readers


def _within(estimate: Estimate) -> str:
    return f"{percent(estimate.value)} ({percent(estimate.low)} to {percent(estimate.high)})"


def _difference(estimate: Estimate) -> str:
    """A difference in points, with signs.

    >>> _difference(Estimate(0.0278, -0.125, 0.181))
    '+2.8 (−12.5 to +18.1)'
    """
    ends = (estimate.value, estimate.low, estimate.high)
    first, low, high = ("–" if np.isnan(v) else f"{100 * v:+.1f}".replace("-", "−") for v in ends)
    return f"{first} ({low} to {high})"


def _entries(comparison: Comparison) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table()
    table.add_column("")
    for name in ("accuracy %", "UAR %", "macro F1 %", "calibration error %"):
        table.add_column(name, justify="right")
    for each in comparison.entries:
        table.add_row(
            Text(each.name),
            _within(each.accuracy),
            _within(each.uar),
            _within(each.macro_f1),
            percent(each.calibration_error),
        )
    return table


def _pairs(comparison: Comparison) -> "Table":
    from rich.table import Table
    from rich.text import Text

    holm = len(comparison.pairs) > 1
    table = Table()
    table.add_column("minus")
    names = [
        "accuracy, points", "UAR, points", "only one correct", "p McNemar", "p swapped subjects"
    ]  # fmt: skip
    for name in names:
        table.add_column(name + (" (Holm)" if holm and name.startswith("p ") else ""),
                         justify="right")  # fmt: skip
    for p in comparison.pairs:
        mcnemar, swapped = _p(p.mcnemar), _p(p.permutation)
        if holm:
            mcnemar += f" ({_p(p.mcnemar_holm)})"
            swapped += f" ({_p(p.permutation_holm)})"
        table.add_row(
            Text(f"{p.first} − {p.second}"),
            _difference(p.accuracy),
            _difference(p.uar),
            f"{p.only_first} : {p.only_second}",
            mcnemar,
            swapped,
        )
    return table


def _p(value: float) -> str:
    """Format a p value as in papers.

    >>> _p(0.0004), _p(0.25)
    ('<0.001', '0.250')
    """
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def _remarks(comparison: Comparison) -> list[str]:
    lines = [
        "95 % intervals by resampling subjects; McNemar treats clips of one subject as "
        "independent, so its p is too small."
    ]
    left = [f"{each.left_out} of {each.name}" for each in comparison.entries if each.left_out]
    if left:
        lines.append(f"Left out because not every network predicted them: {', '.join(left)}.")
    if comparison.origin:
        data = "drawn by fervid" if comparison.database == "drawn" else "a stand-in"
        lines.append(
            f"The data are {data} ({comparison.origin}): they compare systems, but say nothing "
            "about accuracy on real people."
        )
    return lines


def _picture(comparison: Comparison) -> bytes:
    from fervid.figures import comparison as figure

    return figure.comparison(
        {e.name: astuple(e.accuracy) for e in comparison.entries},
        {f"{p.first} − {p.second}": astuple(p.accuracy) for p in comparison.pairs},
        f"{comparison.database}, {comparison.protocol}",
        comparison.origin,
    )


def _csv(items: Sequence[Entry] | Sequence[Pair]) -> str:
    """CSV text with one line per item and three columns per estimate."""
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
    rows.extend([digits(v) if isinstance(v, float) else v for v in line.values()] for line in lines)
    return csv_text(rows)
