"""What stands behind "better": a system's answer against its other networks, run by run."""

from collections.abc import Iterable
from dataclasses import astuple

from fervid.evaluation.report import Report
from fervid.text import Rows, csv_text

COLUMNS = (
    "database", "origin", "system", "protocol", "seed", "network", "other", "difference", "low",
    "high", "p_swapped", "p_mcnemar", "n",
)  # fmt: skip


def table(reports: Iterable[Report]) -> str:
    """CSV, a line per pair: points of accuracy, 95 % interval over people, p corrected by Holm.

    `p_swapped` swaps people's results at random, `p_mcnemar` takes clips as independent.
    """
    out: Rows = [COLUMNS]
    for report in reports:
        told = [report.facts["database"], report.origin]
        told += [report.facts[name] for name in ("system", "protocol", "seed")]
        for each in report.differences:
            shown = [f"{100 * value:.2f}" for value in astuple(each.accuracy)]
            chance = [f"{p:.4f}" for p in (each.p, each.mcnemar)]
            out.append([*told, each.network, each.other, *shown, *chance, len(report.clip)])
    return csv_text(out)
