"""Report: what was measured, on whom, and how far it can be trusted."""

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
from fervid.evaluation.fold import Answers
from fervid.evaluation.groups import by_group
from fervid.evaluation.statistics import Estimate
from fervid.folds import Fold

# How a network is called where people read it; others are called by their own names.
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
    """How well one network did.

    Args:
        n: clips with a prediction; every figure but `accuracy_all` is over them.
        accuracy: share called right; WAR is the same number.
        accuracy_all: the same over all test clips, those without a prediction counted as wrong.
        uar: mean recall over labels.
        folds: accuracy of each fold; NaN where a fold has no prediction.
        fold_mean, fold_deviation: over folds, n - 1.
        recall: by label, in the order of the label set; NaN without clips.
        confusion: (K, K) counts, the true label by row.
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
    """The system's answer minus another network, in accuracy, on the same clips.

    Args:
        accuracy: with its paired bootstrap interval over subjects.
        p: subjects' results swapped at random, corrected by Holm over all rows.
        mcnemar: exact, clips taken as independent, corrected alike.
    """

    network: str
    other: str
    accuracy: Estimate
    p: float
    mcnemar: float


@dataclass(frozen=True)
class Chance:
    """Accuracy by guessing among K labels, and by always calling the label of most tested clips."""

    guess: float
    label: str
    most: float


@dataclass(frozen=True)
class Report:
    """The outcome of an evaluation.

    Args:
        facts: recipe, data and split with their hashes, seed, devices, version, commit, command.
        labels: K names.
        origin: of pictures that do not come from the database itself; said with every number.
        output: the network that is the system's answer.
        scores: by network, the yardsticks last.
        differences: the output against every other network.
        folds: what is known of each.
        missing: test clips without a prediction.
        clip, subject, fold: (N,) names, of the clips with one.
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
        """(N,) whether a clip was called right."""
        return np.asarray(self.probabilities[network].argmax(axis=1) == self.target)

    @property
    def chance(self) -> Chance:
        """What those clips give to answers that look at nothing."""
        clips = np.bincount(self.target, minlength=len(self.labels))
        most = int(clips.argmax())
        return Chance(1 / len(self.labels), self.labels[most], float(clips[most] / clips.sum()))

    def table(self) -> str:
        """The networks in plain text, for a terminal."""
        return _text(self)


def title(network: str) -> str:
    """A network's name as people read it."""
    return TITLES.get(network, network)


# Made from predictions


def make(
    database: Database,
    folds: Sequence[Fold],
    answers: Sequence[Answers],
    missing: Sequence[Missing],
    facts: Mapping[str, Any],
) -> Report:
    """Put the folds' predictions together.

    Raises:
        OutputError: no test clip was predicted, or the folds do not hold the same networks.
    """
    filled = [answer for answer in answers if len(answer.clip)]
    if not filled:
        raise OutputError("no test clip has a face, so there is nothing to report: prepare again")
    networks = list(filled[0].probabilities)
    if any(list(answer.probabilities) != networks for answer in filled):
        raise OutputError("the run's folds hold different networks: delete its folder, start again")
    rows = np.concatenate([answer.clip for answer in filled])
    fold = [each.name for each, a in zip(folds, answers, strict=True) for _ in a.clip]
    clips = [database.clips[row] for row in rows]
    about = {
        **facts,
        "course": database.course,
        "left_out": dict(database.left_out),
        "licence": database.licence,
        "counts": database.counts,
        "subjects": len(database.subjects),
        "device": sorted({str(answer.facts["device"]) for answer in filled}),
        "remarks": list(dict.fromkeys(r for a in filled for r in a.facts.get("remarks", ()))),
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    made = assemble(
        about,
        database.labels,
        database.origin,
        str(filled[0].facts["output"]),
        tuple(answer.facts for answer in answers),
        missing=tuple(missing),
        names=(np.array([clip.name for clip in clips]), np.array([clip.subject for clip in clips])),
        fold=np.array(fold),
        target=np.array([database.labels.index(clip.label or "") for clip in clips]),
        probabilities={n: np.concatenate([a.probabilities[n] for a in filled]) for n in networks},
    )
    called = made.probabilities[made.output].argmax(axis=1)
    groups = by_group(clips, made.clip, made.target, called, made.subject, len(made.labels))
    return replace(made, facts={**about, "groups": [asdict(each) for each in groups]})


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
    """Compute every figure from the predictions.

    Args:
        names: of clips and of their subjects, (N,) each.
    """
    clip, subject = names
    called = {name: p.argmax(axis=1) for name, p in probabilities.items()}
    counts = {n: st.by_subject(target, c, subject, len(labels)) for n, c in called.items()}
    order = [str(each["name"]) for each in folds]
    scores = {
        name: _score(
            name, counts[name], [c[fold == f] == target[fold == f] for f in order], missing
        )
        for name, c in called.items()
    }
    others = [name for name in called if name != output]
    return Report(
        facts, labels, origin, output, scores, _differences(output, others, counts, called, target),
        folds, missing, clip, subject, fold, target, probabilities,
    )  # fmt: skip


def _score(
    network: str,
    counts: st.Counts,
    right: Sequence[NDArray[np.bool_]],
    missing: Sequence[Missing],
) -> Score:
    total = counts.sum(axis=0)
    n = int(total.sum())
    folds = tuple(float(each.mean()) if len(each) else math.nan for each in right)
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
    called: Mapping[str, NDArray[Any]],
    target: NDArray[np.int64],
) -> tuple[Difference, ...]:
    mine, right = counts[output], called[output] == target
    swaps = st.holm([st.permutation(mine, counts[name]) for name in others])
    clips = st.holm([st.mcnemar(right, called[name] == target) for name in others])
    return tuple(
        Difference(output, name, st.difference(mine, counts[name]), swap, clip)
        for name, swap, clip in zip(others, swaps, clips, strict=True)
    )


# Read by people


def percent(value: float | None, digits: int = 1) -> str:
    """A share as per cent; a dash where there is none.

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
    lines.append("* the system's answer; intervals by resampling subjects")
    if report.missing:
        whole = percent(report.scores[report.output].accuracy_all)
        lines.append(
            f"{len(report.missing)} test clips without a face are left out; counted as wrong: "
            f"{whole} % for {title(report.output)}"
        )
    lines += [f"warning: {warning}" for warning in facts.get("warnings", [])]
    return "\n".join(line.rstrip() for line in lines)


def _headline(report: Report) -> str:
    """The answer beside the yardsticks and chance, in one line."""
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


# Where it came from


def commit() -> str:
    """The commit of a checkout this package is imported from, "+" if changed; empty elsewhere."""
    here = Path(__file__).parent

    def git(*words: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(here), *words], capture_output=True, text=True, timeout=10
        )
        return done.stdout.strip() if done.returncode == 0 else ""

    try:
        inside = git("ls-files", "--error-unmatch", Path(__file__).name)
        changed = git("status", "--porcelain", "--untracked-files=no", str(here.parent))
        return git("rev-parse", "HEAD") + "+" * bool(changed) if inside else ""
    except (OSError, subprocess.SubprocessError):
        return ""


def command() -> str:
    """The command line that made this run, as far as it was one."""
    name = Path(sys.argv[0]).name
    return shlex.join(["fervid", *sys.argv[1:]]) if name == "fervid" else ""
