"""Repeat an evaluation with several seeds, to see how far results depend on split and training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fervid.atomic import write
from fervid.errors import ProtocolError
from fervid.evaluation import statistics as st
from fervid.evaluation.cross_database import split
from fervid.evaluation.evaluate import evaluate
from fervid.evaluation.job import Job, checked
from fervid.evaluation.report import Report, percent, title
from fervid.evaluation.statistics import Estimate, Statistic
from fervid.systems.interface import Store, System
from fervid.text import Rows, csv_text


@dataclass(frozen=True)
class Repeats:
    """Results of one network over all repeats.

    Args:
        accuracy, uar: value in each repeat.
        mean, uar_mean: mean over repeats.
        deviation, uar_deviation: standard deviation between repeats (n - 1), due to splits and
            trainings, not to the choice of subjects.
        interval, uar_interval: 95 % interval of the mean over subjects. A resampled subject brings
            its predictions of all repeats, so more repeats do not narrow it beyond what the number
            of subjects allows.
    """

    network: str
    accuracy: tuple[float, ...]
    mean: float
    deviation: float
    interval: Estimate
    uar: tuple[float, ...]
    uar_mean: float
    uar_deviation: float
    uar_interval: Estimate


@dataclass(frozen=True)
class Gain:
    """Accuracy of the system's prediction minus that of another network, over all repeats.

    Args:
        other: the other network.
        each: difference in each repeat.
        mean: mean over repeats.
        deviation: standard deviation between repeats (n - 1).
        interval: 95 % interval of the mean over subjects, as in `Repeats`.
        p: p when swapping each subject's predictions of all repeats together, corrected by Holm
            over the networks.
    """

    other: str
    each: tuple[float, ...]
    mean: float
    deviation: float
    interval: Estimate
    p: float


@dataclass(frozen=True)
class Repeated:
    """Reports of all repeats, pooled results by network, and gains over the other networks."""

    reports: tuple[Report, ...]
    networks: Mapping[str, Repeats]
    gains: tuple[Gain, ...]

    def text(self) -> str:
        """Plain text with a line per network, then a line per gain."""
        first = self.reports[0]
        origin = f" [{first.origin}]" if first.origin else ""
        lines = [
            f"{first.facts['system']} on {first.facts['database']}{origin}, "
            f"{_count(first.folds, 'fold')}, {_count(self.reports, 'repeat')}"
        ]
        for name, r in self.networks.items():
            star = " *" if name == first.output else ""
            lines.append(
                f"{title(name) + star:32} accuracy {percent(r.mean)} % "
                f"({percent(r.interval.low)} to {percent(r.interval.high)} over subjects), "
                f"± {percent(r.deviation)} between repeats; UAR {percent(r.uar_mean)} %"
            )
        for g in self.gains:
            low, mean, high = (f"{100 * v:+.2f}" for v in (g.interval.low, g.mean, g.interval.high))
            lines.append(
                f"{title(first.output)} minus {title(g.other)}: {mean} points ({low} to {high} "
                f"over subjects), ± {100 * g.deviation:.2f} between repeats; "
                f"p {g.p:.4f} (subjects swapped, Holm)"
            )
        return "\n".join(lines)

    def csv(self) -> str:
        """CSV text with a line per network and repeat, and the mean after the repeats."""
        rows: Rows = [["network", "repeat", "accuracy", "low", "high", "deviation", "uar"]]
        for name, r in self.networks.items():
            for number, (accuracy, uar) in enumerate(zip(r.accuracy, r.uar, strict=True), 1):
                rows.append([name, number, f"{accuracy:.6g}", "", "", "", f"{uar:.6g}"])
            figures = (r.mean, r.interval.low, r.interval.high, r.deviation, r.uar_mean)
            rows.append([name, "mean", *(f"{value:.6g}" for value in figures)])
        return csv_text(rows)

    def gains_csv(self) -> str:
        """CSV text of the gains, with a line per network and repeat, and then the mean."""
        rows: Rows = [["network", "other", "repeat", "difference", "low", "high", "deviation", "p"]]
        for g in self.gains:
            names = [self.reports[0].output, g.other]
            for number, value in enumerate(g.each, 1):
                rows.append([*names, number, f"{value:.6g}", "", "", "", ""])
            figures = (g.mean, g.interval.low, g.interval.high, g.deviation, g.p)
            rows.append([*names, "mean", *(f"{value:.6g}" for value in figures)])
        return csv_text(rows)


def _count(items: Sequence[Any], name: str) -> str:
    """ "1 fold", "5 folds"."""
    return f"{len(items)} {name}{'' if len(items) == 1 else 's'}"


def evaluate_repeated(
    system: System,
    store: Store,
    run_dir: Path,
    protocol: str = "five-fold",
    *,
    repeats: int = 10,
    seed: int = 0,
    **options: Any,
) -> Repeated:
    """Repeat an evaluation with consecutive seeds, each repeat in a folder of its own.

    The seed changes the training, and the folds if the protocol shuffles subjects
    (`fervid.folds.SHUFFLED`).

    Args:
        run_dir: folder for repeat-01, ..., repeats.csv and, for systems with several networks,
            repeats-differences.csv; finished repeats are not run again.
        protocol: protocol for `fervid.evaluation.cross_database.split`.
        repeats: number of repeats, at least 1.
        seed: seed of the first repeat.
        options: options of `evaluate`.

    Raises:
        ProtocolError, OutputError: as `evaluate`.
    """
    if repeats < 1:
        raise ProtocolError(f"{repeats} repeats are too few: use one or more")
    reports = [
        evaluate(system, *split(store, protocol, each), run, seed=each, **options)
        for run, each in _repeats(Path(run_dir), repeats, seed)
    ]
    repeated = pool(reports)
    write(Path(run_dir) / "repeats.csv", repeated.csv())
    if repeated.gains:
        write(Path(run_dir) / "repeats-differences.csv", repeated.gains_csv())
    return repeated


def repeated_jobs(
    system: System,
    store: Store,
    run_dir: Path,
    protocol: str,
    *,
    repeats: int,
    seed: int = 0,
    **options: Any,
) -> list[Job]:
    """The evaluations that `evaluate_repeated` runs, for `fervid.evaluation.parts`."""
    return [
        checked(system, *split(store, protocol, each), run, seed=each, **options)
        for run, each in _repeats(Path(run_dir), repeats, seed)
    ]


def _repeats(run_dir: Path, repeats: int, seed: int) -> list[tuple[Path, int]]:
    """Folder and seed of every repeat."""
    return [(run_dir / f"repeat-{n + 1:02d}", seed + n) for n in range(repeats)]


def pool(reports: Sequence[Report]) -> Repeated:
    """Pool the repeats of an evaluation."""
    counts = {name: _counts(name, reports) for name in reports[0].scores}
    networks = {name: _pool(name, reports, each) for name, each in counts.items()}
    return Repeated(tuple(reports), networks, _gains(reports[0].output, networks, counts))


def _counts(name: str, reports: Sequence[Report]) -> st.Counts:
    """(S, K, K) confusion counts of each subject, summed over all repeats."""
    return st.by_subject(
        np.concatenate([r.target for r in reports]),
        np.concatenate([r.probabilities[name].argmax(axis=1) for r in reports]),
        np.concatenate([r.subject for r in reports]),
        len(reports[0].labels),
    )


def _pool(name: str, reports: Sequence[Report], counts: st.Counts) -> Repeats:
    def both(values: tuple[float, ...], statistic: Statistic) -> tuple[Any, ...]:
        return (values, *st.mean_and_deviation(values), st.estimate(counts, statistic))

    accuracy = tuple(r.scores[name].accuracy.value for r in reports)
    uar = tuple(r.scores[name].uar.value for r in reports)
    return Repeats(name, *both(accuracy, st.accuracy), *both(uar, st.uar))


def _gains(
    output: str, networks: Mapping[str, Repeats], counts: Mapping[str, st.Counts]
) -> tuple[Gain, ...]:
    others = [name for name in networks if name != output]
    p = st.holm([st.permutation(counts[output], counts[name]) for name in others])
    gains = []
    for name, p_value in zip(others, p, strict=True):
        pairs = zip(networks[output].accuracy, networks[name].accuracy, strict=True)
        each = tuple(own - other for own, other in pairs)
        interval = st.difference(counts[output], counts[name])
        gains.append(Gain(name, each, *st.mean_and_deviation(each), interval, p_value))
    return tuple(gains)
