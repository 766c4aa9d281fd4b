"""Paired differences between a system's output and its other networks, run by run."""

from collections.abc import Iterable
from dataclasses import astuple

from fervid.evaluation.report import Report
from fervid.text import Rows, csv_text

COLUMNS = (
    "database", "origin", "system", "protocol", "seed", "network", "other", "difference", "low",
    "high", "p_swapped", "p_mcnemar", "n",
)  # fmt: skip


def table(reports: Iterable[Report]) -> str:
    """CSV, one line per pair: points of accuracy, 95 % interval over people, Holm-corrected p.

    `p_swapped` is from a test that swaps people's results at random; `p_mcnemar` treats clips as
    independent.
    """
    out: Rows = [COLUMNS]
    for report in reports:
        run = [report.facts["database"], report.origin]
        run += [report.facts[name] for name in ("system", "protocol", "seed")]
        for each in report.differences:
            points = [f"{100 * value:.2f}" for value in astuple(each.accuracy)]
            p_values = [f"{p:.4f}" for p in (each.p, each.mcnemar)]
            out.append([*run, each.network, each.other, *points, *p_values, len(report.clip)])
    return csv_text(out)
