"""What stands behind "better": a system's answer against its other networks, run by run."""

import io
from collections.abc import Iterable

from fervid.evaluation.report import Report
from fervid.text import CsvWriter

COLUMNS = (
    "database", "origin", "system", "protocol", "seed", "network", "other", "difference", "low",
    "high", "p_swapped", "p_mcnemar", "n",
)  # fmt: skip


def table(reports: Iterable[Report]) -> str:
    """CSV, a line per pair: points of accuracy, 95 % interval over people, p corrected by Holm.

    `p_swapped` swaps people's results at random, `p_mcnemar` takes clips as independent.
    """
    text = io.StringIO()
    out = CsvWriter(text)
    out.writerow(COLUMNS)
    for report in reports:
        told = [report.facts["database"], report.origin]
        told += [report.facts[name] for name in ("system", "protocol", "seed")]
        for each in report.differences:
            points = (each.accuracy, each.interval.low, each.interval.high)
            shown = [f"{100 * value:.2f}" for value in points]
            chance = [f"{p:.4f}" for p in (each.p, each.mcnemar)]
            out.writerow([*told, each.network, each.other, *shown, *chance, len(report.clip)])
    return text.getvalue()
