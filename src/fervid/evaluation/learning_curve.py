"""Accuracy against the number of people to learn from."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from fervid.atomic import write
from fervid.errors import ProtocolError
from fervid.evaluation import baseline
from fervid.evaluation.cross_database import split
from fervid.evaluation.evaluate import evaluate
from fervid.evaluation.report import Report, percent, title
from fervid.systems.interface import Store, System
from fervid.text import Rows, csv_text, digits


@dataclass(frozen=True)
class LearningCurve:
    """A report for each number of people that every fold was trained on, ascending."""

    reports: Mapping[int, Report]

    @property
    def first(self) -> Report:
        """The report of the fewest people."""
        return next(iter(self.reports.values()))

    @property
    def shown(self) -> tuple[str, ...]:
        """The system's prediction and the yardsticks."""
        names = (self.first.output, *baseline.YARDSTICKS)
        return tuple(name for name in names if name in self.first.scores)

    def text(self) -> str:
        """Plain text with a line for each number of people."""
        origin = f" [{self.first.origin}]" if self.first.origin else ""
        lines = [self._title() + origin]
        for people, report in self.reports.items():
            parts = []
            for name in self.shown:
                e = report.scores[name].accuracy
                interval = f"{percent(e.low)} to {percent(e.high)}"
                parts.append(f"{title(name)} {percent(e.value)} % ({interval})")
            lines.append(f"{people:4} people: {'; '.join(parts)}")
        return "\n".join(lines)

    def csv(self) -> str:
        """CSV text with a line per number of people and network."""
        rows: Rows = [["people", "network", "accuracy", "low", "high", "uar", "clips"]]
        for people, report in self.reports.items():
            for name, score in report.scores.items():
                numbers = map(digits, (*astuple(score.accuracy), score.uar.value))
                rows.append([people, name, *numbers, score.n])
        return csv_text(rows)

    def picture(self) -> bytes:
        """PNG of the prediction and the yardsticks, with their intervals."""
        from fervid.figures.learning import learning

        return learning(
            {
                title(name): {n: astuple(r.scores[name].accuracy) for n, r in self.reports.items()}
                for name in self.shown
            },
            self._title(),
            self.first.origin,
        )

    def _title(self) -> str:
        return f"{self.first.facts['system']} on {self.first.facts['database']}"


def learning_curve(
    system: System,
    store: Store,
    run_dir: Path,
    protocol: str,
    people: Sequence[int],
    *,
    seed: int = 0,
    **options: Any,
) -> LearningCurve:
    """Evaluate with growing numbers of training people, always on the same tests.

    Args:
        run_dir: folder for people-010, ..., learning-curve.csv and learning-curve.png; finished
            parts are not run again.
        protocol: protocol for `fervid.evaluation.cross_database.split`.
        people: numbers of training people in each fold.
        seed: seed of folds, choice of people, and training.
        options: options of `evaluate`.

    Raises:
        ProtocolError: a fold has fewer people than that, or as `evaluate`.
    """
    store, folds = split(store, protocol, seed)
    fewest = min(len(fold.train_subjects) for fold in folds)
    if not people or max(people) > fewest or min(people) < 1:
        raise ProtocolError(
            f"a fold has {fewest} people to train on: choose --people 1 to {fewest}"
        )
    reports = {
        n: evaluate(
            system, store, folds, Path(run_dir) / f"people-{n:03d}", people=n, seed=seed, **options
        )
        for n in sorted(set(people))
    }
    curve = LearningCurve(reports)
    write(Path(run_dir) / "learning-curve.csv", curve.csv())
    write(Path(run_dir) / "learning-curve.png", curve.picture())
    return curve
