"""Cross-validation again and again: how much a result owes to one split and one training."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fervid import protocols
from fervid.atomic import write
from fervid.errors import ProtocolError
from fervid.evaluation import statistics as st
from fervid.evaluation.evaluate import Store, evaluate
from fervid.evaluation.report import Report, percent, title
from fervid.evaluation.statistics import Interval, Statistic
from fervid.systems.interface import System


@dataclass(frozen=True)
class Repeats:
    """One network over all repeats.

    Args:
        accuracy, uar: of each repeat.
        mean, uar_mean: over repeats.
        deviation, uar_deviation: between repeats (n - 1): splits and trainings, not people.
        interval, uar_interval: 95 % of the mean, over subjects; a subject brings the answers of
            all repeats along, so more repeats do not make it narrower than the people allow.
    """

    network: str
    accuracy: tuple[float, ...]
    mean: float
    deviation: float
    interval: Interval
    uar: tuple[float, ...]
    uar_mean: float
    uar_deviation: float
    uar_interval: Interval


@dataclass(frozen=True)
class Repeated:
    """Every repeat's report and, by network, what they say together."""

    reports: tuple[Report, ...]
    networks: Mapping[str, Repeats]

    def text(self) -> str:
        """Plain text, a line per network."""
        first = self.reports[0]
        origin = f" [{first.origin}]" if first.origin else ""
        lines = [
            f"{first.facts['system']} on {first.facts['database']}{origin}, "
            f"{len(first.folds)} folds, {len(self.reports)} repeats"
        ]
        for name, r in self.networks.items():
            star = " *" if name == first.output else ""
            lines.append(
                f"{title(name) + star:32} accuracy {percent(r.mean)} % "
                f"({percent(r.interval.low)} to {percent(r.interval.high)} over people), "
                f"± {percent(r.deviation)} between repeats; UAR {percent(r.uar_mean)} %"
            )
        return "\n".join(lines)

    def csv(self) -> str:
        """A line per network and repeat, the means last."""
        out = io.StringIO()
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(["network", "repeat", "accuracy", "low", "high", "deviation", "uar"])
        for name, r in self.networks.items():
            for number, (accuracy, uar) in enumerate(zip(r.accuracy, r.uar, strict=True), 1):
                rows.writerow([name, number, f"{accuracy:.6g}", "", "", "", f"{uar:.6g}"])
            figures = (r.mean, r.interval.low, r.interval.high, r.deviation, r.uar_mean)
            rows.writerow([name, "mean", *(f"{value:.6g}" for value in figures)])
        return out.getvalue()


def evaluate_repeated(
    system: System,
    store: Store,
    run_dir: Path,
    *,
    folds: int = 5,
    repeats: int = 10,
    seed: int = 0,
    **options: Any,
) -> Repeated:
    """Run `protocols.repeated`, each repeat in its folder, split and trained by its own seed.

    Args:
        run_dir: gets repeat-01, ... and repeats.csv; what is finished is not run again.
        options: as `evaluate` takes them.

    Raises:
        ProtocolError, OutputError: as `evaluate`.
    """
    if repeats < 1:
        raise ProtocolError(f"{repeats} repeats are none: ask for one or more")
    all_folds = protocols.repeated(store.database.clips, folds, repeats, seed)
    reports = [
        evaluate(
            system,
            store,
            all_folds[number * folds : (number + 1) * folds],
            Path(run_dir) / f"repeat-{number + 1:02d}",
            seed=seed + number,
            **options,
        )
        for number in range(repeats)
    ]
    made = pool(reports)
    write(Path(run_dir) / "repeats.csv", made.csv())
    return made


def pool(reports: Sequence[Report]) -> Repeated:
    """What repeats of one evaluation say together."""
    names = list(reports[0].scores)
    return Repeated(tuple(reports), {name: _pool(name, reports) for name in names})


def _pool(name: str, reports: Sequence[Report]) -> Repeats:
    labels = len(reports[0].labels)
    counts = st.by_subject(
        np.concatenate([r.target for r in reports]),
        np.concatenate([r.probabilities[name].argmax(axis=1) for r in reports]),
        np.concatenate([r.subject for r in reports]),
        labels,
    )

    def both(values: tuple[float, ...], statistic: Statistic) -> tuple[Any, ...]:
        return (values, *st.mean_and_deviation(values), st.bootstrap(counts, statistic))

    accuracy = tuple(r.scores[name].accuracy for r in reports)
    uar = tuple(r.scores[name].uar for r in reports)
    return Repeats(name, *both(accuracy, st.accuracy), *both(uar, st.uar))
