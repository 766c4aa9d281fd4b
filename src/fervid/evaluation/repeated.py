"""One evaluation by several seeds: how much a result owes to one split and one training."""

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
from fervid.evaluation.report import Report, percent, title
from fervid.evaluation.statistics import Estimate, Statistic
from fervid.systems.interface import Store, System
from fervid.text import Rows, csv_text


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
    interval: Estimate
    uar: tuple[float, ...]
    uar_mean: float
    uar_deviation: float
    uar_interval: Estimate


@dataclass(frozen=True)
class Gain:
    """The system's answer minus another network, in accuracy over all repeats.

    Args:
        other: the network it is held against.
        each: of every repeat.
        deviation: between repeats (n - 1).
        interval: 95 % of the mean, over subjects, as in `Repeats`.
        p: when a subject's answers of all repeats may swap together; Holm over the networks.
    """

    other: str
    each: tuple[float, ...]
    mean: float
    deviation: float
    interval: Estimate
    p: float


@dataclass(frozen=True)
class Repeated:
    """Every repeat's report, by network what they say together, and what the answer gains."""

    reports: tuple[Report, ...]
    networks: Mapping[str, Repeats]
    gains: tuple[Gain, ...]

    def text(self) -> str:
        """Plain text, a line per network, then one per gain."""
        first = self.reports[0]
        origin = f" [{first.origin}]" if first.origin else ""
        lines = [
            f"{first.facts['system']} on {first.facts['database']}{origin}, "
            f"{_some(first.folds, 'fold')}, {_some(self.reports, 'repeat')}"
        ]
        for name, r in self.networks.items():
            star = " *" if name == first.output else ""
            lines.append(
                f"{title(name) + star:32} accuracy {percent(r.mean)} % "
                f"({percent(r.interval.low)} to {percent(r.interval.high)} over people), "
                f"± {percent(r.deviation)} between repeats; UAR {percent(r.uar_mean)} %"
            )
        for g in self.gains:
            low, mean, high = (f"{100 * v:+.2f}" for v in (g.interval.low, g.mean, g.interval.high))
            lines.append(
                f"{title(first.output)} minus {title(g.other)}: {mean} points ({low} to {high} "
                f"over people), ± {100 * g.deviation:.2f} between repeats; "
                f"p {g.p:.4f} (people swapped, Holm)"
            )
        return "\n".join(lines)

    def csv(self) -> str:
        """A line per network and repeat, the means last."""
        rows: Rows = [["network", "repeat", "accuracy", "low", "high", "deviation", "uar"]]
        for name, r in self.networks.items():
            for number, (accuracy, uar) in enumerate(zip(r.accuracy, r.uar, strict=True), 1):
                rows.append([name, number, f"{accuracy:.6g}", "", "", "", f"{uar:.6g}"])
            figures = (r.mean, r.interval.low, r.interval.high, r.deviation, r.uar_mean)
            rows.append([name, "mean", *(f"{value:.6g}" for value in figures)])
        return csv_text(rows)

    def gains_csv(self) -> str:
        """A line per network and repeat of what the answer gains on it, the means last."""
        rows: Rows = [["network", "other", "repeat", "difference", "low", "high", "deviation", "p"]]
        for g in self.gains:
            names = [self.reports[0].output, g.other]
            for number, value in enumerate(g.each, 1):
                rows.append([*names, number, f"{value:.6g}", "", "", "", ""])
            figures = (g.mean, g.interval.low, g.interval.high, g.deviation, g.p)
            rows.append([*names, "mean", *(f"{value:.6g}" for value in figures)])
        return csv_text(rows)


def _some(items: Sequence[Any], name: str) -> str:
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
    """Evaluate by the seeds that follow one another, each repeat in its folder.

    Another seed is another training, and another shuffle where the protocol shuffles
    (`fervid.folds.SHUFFLED`).

    Args:
        run_dir: gets repeat-01, ..., repeats.csv and, of systems with several networks,
            repeats-differences.csv; what is finished is not run again.
        protocol: as `fervid.evaluation.cross_database.split` takes it.
        options: as `evaluate` takes them.

    Raises:
        ProtocolError, OutputError: as `evaluate`.
    """
    if repeats < 1:
        raise ProtocolError(f"{repeats} repeats are none: ask for one or more")
    reports = []
    for number in range(repeats):
        run = Path(run_dir) / f"repeat-{number + 1:02d}"
        named, folds = split(store, protocol, seed + number)
        reports.append(evaluate(system, named, folds, run, seed=seed + number, **options))
    made = pool(reports)
    write(Path(run_dir) / "repeats.csv", made.csv())
    if made.gains:
        write(Path(run_dir) / "repeats-differences.csv", made.gains_csv())
    return made


def pool(reports: Sequence[Report]) -> Repeated:
    """What repeats of one evaluation say together."""
    counts = {name: _counts(name, reports) for name in reports[0].scores}
    networks = {name: _pool(name, reports, each) for name, each in counts.items()}
    return Repeated(tuple(reports), networks, _gains(reports[0].output, networks, counts))


def _counts(name: str, reports: Sequence[Report]) -> st.Counts:
    """(S, K, K) over all repeats: a subject brings the answers of every one along."""
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
    made = []
    for name, chance in zip(others, p, strict=True):
        pairs = zip(networks[output].accuracy, networks[name].accuracy, strict=True)
        each = tuple(mine - other for mine, other in pairs)
        interval = st.difference(counts[output], counts[name])
        made.append(Gain(name, each, *st.mean_and_deviation(each), interval, chance))
    return tuple(made)
