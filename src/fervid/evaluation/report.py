"""Report: results of an evaluation, with confidence intervals and everything to repeat it."""

import math
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fervid.clip import Database
from fervid.errors import OutputError
from fervid.evaluation import baseline
from fervid.evaluation import statistics as st
from fervid.evaluation.fold import Predictions
from fervid.evaluation.groups import by_group
from fervid.evaluation.statistics import Estimate
from fervid.folds import Fold

# Titles of networks for readers; other networks are shown under their own names.
TITLES: Mapping[str, str] = {
    "dtan": "DTAN",
    "dtgn": "DTGN",
    "weighted": "weighted sum",
    "concat": "concatenation",
    "joint": "joint fine-tuning",
    "joint-l3": "joint, L3 only",
    **baseline.YARDSTICKS,
}


@dataclass(frozen=True)
class Missing:
    """A test clip that could not be predicted, and why."""

    clip: str
    label: str
    subject: str
    fold: str
    reason: str


@dataclass(frozen=True)
class Score:
    """Results of one network.

    Args:
        n: number of clips with a prediction, on which everything but `accuracy_all` is based.
        accuracy: share of correct predictions; WAR is the same number.
        accuracy_all: accuracy over all test clips, counting those without a prediction as wrong.
        uar: mean recall over labels.
        folds: accuracy of each fold; NaN for a fold without predictions.
        fold_mean, fold_deviation: mean and standard deviation (n - 1) over folds.
        recall: recall of each label, in the order of the label set; NaN without clips.
        confusion: (K, K) counts by true label (row) and predicted label (column).
    """

    network: str
    n: int
    accuracy: Estimate
    accuracy_all: float
    uar: Estimate
    macro_f1: float
    folds: tuple[float, ...]
    fold_mean: float
    fold_deviation: float
    recall: tuple[float, ...]
    confusion: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Difference:
    """Accuracy of the system's prediction minus that of another network, on the same clips.

    Args:
        network: network whose output is the prediction.
        other: the other network.
        accuracy: difference with its paired bootstrap interval over subjects.
        p: p of swapping subjects' results at random, corrected by Holm over all rows.
        mcnemar: exact p that treats clips as independent, corrected in the same way.
    """

    network: str
    other: str
    accuracy: Estimate
    p: float
    mcnemar: float


@dataclass(frozen=True)
class Chance:
    """Accuracy of guessing among K labels, and of always predicting the most frequent label."""

    guess: float
    label: str
    most: float


@dataclass(frozen=True)
class Report:
    """Results of an evaluation.

    Args:
        facts: recipe, data and split with their hashes, seed, devices, version, commit, command.
        labels: K names.
        origin: origin of the data if it is a stand-in for the database; printed with every number.
        output: name of the network whose output is the prediction.
        scores: results by network, the yardsticks last.
        differences: the output network minus every other network.
        folds: facts about each fold.
        missing: test clips without a prediction.
        clip, subject, fold: (N,) name, subject and fold of each clip with a prediction.
        target: (N,) index into `labels`.
        probabilities: (N, K) by network.
    """

    facts: Mapping[str, Any]
    labels: tuple[str, ...]
    origin: str
    output: str
    scores: Mapping[str, Score]
    differences: tuple[Difference, ...]
    folds: tuple[Mapping[str, Any], ...]
    missing: tuple[Missing, ...]
    clip: NDArray[np.str_] = field(repr=False)
    subject: NDArray[np.str_] = field(repr=False)
    fold: NDArray[np.str_] = field(repr=False)
    target: NDArray[np.int64] = field(repr=False)
    probabilities: Mapping[str, NDArray[np.float32]] = field(repr=False)

    def right(self, network: str) -> NDArray[np.bool_]:
        """(N,) whether each clip was predicted correctly."""
        return np.asarray(self.probabilities[network].argmax(axis=1) == self.target)

    @property
    def chance(self) -> Chance:
        """Accuracy on these clips without looking at them."""
        clips = np.bincount(self.target, minlength=len(self.labels))
        most = int(clips.argmax())
        return Chance(1 / len(self.labels), self.labels[most], float(clips[most] / clips.sum()))

    def table(self) -> str:
        """Table of the networks in plain text, for a terminal."""
        return _text(self)


def title(network: str) -> str:
    """Title of a network for readers."""
    return TITLES.get(network, network)


# From predictions to a report


def make(
    database: Database,
    folds: Sequence[Fold],
    predictions: Sequence[Predictions],
    missing: Sequence[Missing],
    facts: Mapping[str, Any],
) -> Report:
    """Combine the predictions of all folds.

    Raises:
        OutputError: no test clip was predicted, or the folds hold different networks.
    """
    filled = [each for each in predictions if len(each.clip)]
    if not filled:
        raise OutputError("no test clip has a face, so there is nothing to report: prepare again")
    networks = list(filled[0].probabilities)
    if any(list(each.probabilities) != networks for each in filled):
        raise OutputError(
            "the run's folds hold different networks: delete the run's folder and start again"
        )
    rows = np.concatenate([each.clip for each in filled])
    fold = [each.name for each, p in zip(folds, predictions, strict=True) for _ in p.clip]
    clips = [database.clips[row] for row in rows]
    about = {
        **facts,
        "course": database.course,
        "left_out": dict(database.left_out),
        "licence": database.licence,
        "counts": database.counts,
        "subjects": len(database.subjects),
        "device": sorted({str(each.facts["device"]) for each in filled}),
        "remarks": list(dict.fromkeys(r for p in filled for r in p.facts.get("remarks", ()))),
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    report = assemble(
        about,
        database.labels,
        database.origin,
        str(filled[0].facts["output"]),
        tuple(each.facts for each in predictions),
        missing=tuple(missing),
        names=(np.array([clip.name for clip in clips]), np.array([clip.subject for clip in clips])),
        fold=np.array(fold),
        target=np.array([database.labels.index(clip.label or "") for clip in clips]),
        probabilities={n: np.concatenate([a.probabilities[n] for a in filled]) for n in networks},
    )
    predicted = report.probabilities[report.output].argmax(axis=1)
    groups = by_group(
        clips, report.clip, report.target, predicted, report.subject, len(report.labels)
    )
    return replace(report, facts={**about, "groups": [asdict(each) for each in groups]})


def assemble(
    facts: Mapping[str, Any],
    labels: tuple[str, ...],
    origin: str,
    output: str,
    folds: tuple[Mapping[str, Any], ...],
    *,
    missing: tuple[Missing, ...],
    names: tuple[NDArray[np.str_], NDArray[np.str_]],
    fold: NDArray[np.str_],
    target: NDArray[np.int64],
    probabilities: Mapping[str, NDArray[np.float32]],
) -> Report:
    """Compute all results from the predictions.

    Args:
        names: names of the clips and of their subjects, (N,) each.
    """
    clip, subject = names
    predicted = {name: p.argmax(axis=1) for name, p in probabilities.items()}
    counts = {n: st.by_subject(target, c, subject, len(labels)) for n, c in predicted.items()}
    order = [str(each["name"]) for each in folds]
    scores = {
        name: _score(
            name, counts[name], [c[fold == f] == target[fold == f] for f in order], missing
        )
        for name, c in predicted.items()
    }
    others = [name for name in predicted if name != output]
    differences = _differences(output, others, counts, predicted, target)
    return Report(
        facts, labels, origin, output, scores, differences,
        folds, missing, clip, subject, fold, target, probabilities,
    )  # fmt: skip


def _score(
    network: str,
    counts: st.Counts,
    correct: Sequence[NDArray[np.bool_]],
    missing: Sequence[Missing],
) -> Score:
    total = counts.sum(axis=0)
    n = int(total.sum())
    folds = tuple(float(each.mean()) if len(each) else math.nan for each in correct)
    mean, deviation = st.mean_and_deviation([value for value in folds if not math.isnan(value)])
    return Score(
        network=network,
        n=n,
        accuracy=st.estimate(counts, st.accuracy),
        accuracy_all=float(np.trace(total) / (n + len(missing))),
        uar=st.estimate(counts, st.uar),
        macro_f1=float(st.macro_f1(total)),
        folds=folds,
        fold_mean=mean,
        fold_deviation=deviation,
        recall=tuple(st.recalls(total).tolist()),
        confusion=tuple(map(tuple, total.tolist())),
    )


def _differences(
    output: str,
    others: Sequence[str],
    counts: Mapping[str, st.Counts],
    predicted: Mapping[str, NDArray[Any]],
    target: NDArray[np.int64],
) -> tuple[Difference, ...]:
    own, correct = counts[output], predicted[output] == target
    swaps = st.holm([st.permutation(own, counts[name]) for name in others])
    mcnemars = st.holm([st.mcnemar(correct, predicted[name] == target) for name in others])
    return tuple(
        Difference(output, name, st.difference(own, counts[name]), swap, mcnemar)
        for name, swap, mcnemar in zip(others, swaps, mcnemars, strict=True)
    )


# Text for readers


def percent(value: float | None, digits: int = 1) -> str:
    """Format a share as per cent, or a dash if there is none.

    >>> percent(0.97248), percent(float("nan"))
    ('97.2', '–')
    """
    return "–" if value is None or math.isnan(value) else f"{100 * value:.{digits}f}"


def _text(report: Report) -> str:
    head = ("network", "accuracy %", "95 % interval", "UAR %", "folds, mean ± sd", "n")
    rows = [head]
    for name, score in report.scores.items():
        accuracy = score.accuracy
        rows.append((
            title(name) + (" *" if name == report.output else ""),
            percent(accuracy.value), f"{percent(accuracy.low)} to {percent(accuracy.high)}",
            percent(score.uar.value),
            f"{percent(score.fold_mean)} ± {percent(score.fold_deviation)}", str(score.n),
        ))  # fmt: skip
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    facts = report.facts
    origin = f" [{report.origin}]" if report.origin else ""
    lines.insert(0, f"{facts['system']} on {facts['database']}{origin}, {facts['protocol']}")
    lines.insert(1, _headline(report))
    lines.append("* the system's prediction; intervals by resampling subjects")
    if report.missing:
        accuracy_all = percent(report.scores[report.output].accuracy_all)
        lines.append(
            f"{len(report.missing)} test clips without a face are left out; counting them as wrong "
            f"gives {accuracy_all} % for {title(report.output)}"
        )
    lines += [f"warning: {warning}" for warning in facts.get("warnings", [])]
    return "\n".join(line.rstrip() for line in lines)


def _headline(report: Report) -> str:
    """One line with the system's accuracy, the yardsticks' and chance."""
    shown = dict.fromkeys([report.output, *baseline.YARDSTICKS])
    parts = [
        f"{title(name)} {percent(report.scores[name].accuracy.value)} %"
        for name in shown
        if name in report.scores
    ]
    chance = report.chance
    parts.append(f"chance {percent(chance.guess)} %")
    parts.append(f"always {chance.label} {percent(chance.most)} %")
    return "; ".join(parts)


# Provenance


def commit() -> str:
    """Commit of the checkout that this package is in, with "+" if modified; empty if installed."""
    here = Path(__file__).parent

    def git(*words: str) -> str:
        result = subprocess.run(
            ["git", "-C", str(here), *words], capture_output=True, text=True, timeout=10
        )
        return result.stdout.strip() if result.returncode == 0 else ""

    try:
        tracked = git("ls-files", "--error-unmatch", Path(__file__).name)
        changed = git("status", "--porcelain", "--untracked-files=no", str(here.parent))
        return git("rev-parse", "HEAD") + "+" * bool(changed) if tracked else ""
    except (OSError, subprocess.SubprocessError):
        return ""


def command() -> str:
    """Command line of this process if it is the command `fervid`, otherwise empty."""
    name = Path(sys.argv[0]).name
    return shlex.join(["fervid", *sys.argv[1:]]) if name == "fervid" else ""
