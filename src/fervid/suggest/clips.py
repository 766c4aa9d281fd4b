"""Out-of-fold predictions of evaluated runs -> clips whose labels a person should check.

A clip's probabilities come from models that never saw its subject, so a wrong label has not taught
them. Confident learning [1] asks of each clip which labels it reaches with as much probability as
the clips that carry them have on average; where the largest of these is not the given label, the
label is likely wrong.

[1] Northcutt, Jiang, Chuang, Confident learning: estimating uncertainty in dataset labels, Journal
    of Artificial Intelligence Research 70, 2021.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fervid.clip import Clip
from fervid.errors import InputError
from fervid.evaluation.compare import parse_run
from fervid.evaluation.report import Report
from fervid.evaluation.tables import read
from fervid.text import csv_text

NARROW = 0.2  # a margin below it is a reason to look
NONE = -1  # no label is reached with confidence


@dataclass(frozen=True)
class ClipSuggestion:
    """One clip and why to look at it.

    Args:
        label: as given.
        suggested: the label that it is likely to have instead: the most probable other one.
        self_confidence: 0..1, the given label's probability, mean over runs.
        margin: 0..1, between the two most probable labels.
        agreement: 0..1, share of runs that call the clip alike; 1 for a single run.
        reasons: sentences, the most telling first.
    """

    clip: str
    subject: str
    label: str
    suggested: str
    self_confidence: float
    margin: float
    agreement: float
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Clips:
    """What to look at first.

    Args:
        suggestions: likely label errors first, those least probable first; then clips that runs
            disagree on; then narrow ones.
        errors: how many of all clips are likely label errors.
        clips: how many there are.
        labels: that a clip can have.
        accuracy: share of the clips that the runs are right about, 0..1.
        most: share of the most frequent label, which is right without looking, 0..1.
    """

    suggestions: tuple[ClipSuggestion, ...]
    errors: int
    clips: int
    labels: tuple[str, ...]
    accuracy: float
    most: float

    def text(self) -> str:
        """One line per suggestion after a summary."""
        lines = [f"{self.errors} of {self.clips} clips are likely label errors"]
        if self.accuracy <= self.most:
            lines.append(
                f"warning: the runs are right about {100 * self.accuracy:.1f} % of the clips, and "
                f"always naming the most frequent label about {100 * self.most:.1f} %: train a "
                "better system before you trust these suggestions"
            )
        lines += [
            f"{place:3} {each.clip}: {each.label}, or {each.suggested}? {'; '.join(each.reasons)}"
            for place, each in enumerate(self.suggestions, 1)
        ]
        return "\n".join(lines)

    def table(self, clips: Mapping[str, Clip] | None = None) -> str:
        """CSV text to correct in the column `label`.

        Args:
            clips: of the store, by name; their files and frames are then named, too.
        """
        header = ["clip", "subject", "label", "suggested", "self_confidence", "margin", "agreement",
                  "reasons"]  # fmt: skip
        rows: list[list[Any]] = [[*header, *(["path", "start", "end"] if clips else [])]]
        for each in self.suggestions:
            figures = (each.self_confidence, each.margin, each.agreement)
            place: list[Any] = []
            if clips:
                clip = clips[each.clip]
                place = [clip.path.as_posix(), clip.start, "" if clip.end is None else clip.end]
            rows.append([each.clip, each.subject, each.label, each.suggested,
                           *(f"{figure:.4f}" for figure in figures), "; ".join(each.reasons),
                           *place])  # fmt: skip
        return csv_text(rows)


@dataclass(frozen=True)
class _Opinions:
    """(N,) clips and subjects, (N,) given labels as places in `labels`, (R, N, K) by run."""

    labels: tuple[str, ...]
    clip: NDArray[np.str_]
    subject: NDArray[np.str_]
    given: NDArray[np.int64]
    probabilities: NDArray[np.float64]


def suggest_clips(runs: Sequence[str | Path], n: int = 50) -> Clips:
    """Clips of evaluated runs to look at first.

    Args:
        runs: folders of `evaluate` on the same clips, "FOLDER:NETWORK" for one of its networks; a
            folder of repeats counts as so many runs.
        n: most suggestions.

    Raises:
        InputError: no such network, runs on other clips or labels.
        OutputError: a folder without a whole report.
    """
    opinions = _gather(runs)
    mean = opinions.probabilities.mean(axis=0)
    confident = confident_label(mean, opinions.given)
    wrong = (confident != NONE) & (confident != opinions.given)
    ranked = [
        found
        for row in range(len(mean))
        if (found := _judge(opinions, row, mean[row], int(confident[row]) if wrong[row] else NONE))
    ]
    ranked.sort(key=lambda each: (each[0], each[1].clip))
    shown = tuple(suggestion for _, suggestion in ranked[:n])
    right = float((mean.argmax(axis=1) == opinions.given).mean())
    most = float(np.bincount(opinions.given).max() / len(mean))
    return Clips(shown, int(wrong.sum()), len(mean), opinions.labels, right, most)


Rank = tuple[int, float, float]  # kind of the first reason, its figure, the margin


def _judge(
    opinions: _Opinions, row: int, mean: NDArray[np.float64], better: int
) -> tuple[Rank, ClipSuggestion] | None:
    """A clip's place and what to say of it; None where nothing calls for a look.

    Args:
        mean: (K,) probabilities, mean over runs.
        better: the label that confident learning puts in place of the given one, or `NONE`.
    """
    labels, given = opinions.labels, int(opinions.given[row])
    own = float(mean[given])
    lower, upper = np.sort(mean)[-2:]
    margin = float(upper - lower)
    votes = Counter(opinions.probabilities[:, row].argmax(axis=1).tolist()).most_common()
    agreement = votes[0][1] / len(opinions.probabilities)
    kinds: dict[int, tuple[float, str]] = {}
    if better != NONE:
        error = f"likely label error: {labels[better]} {mean[better]:.2f}, its label {own:.2f}"
        kinds[0] = (own, error)
    if agreement < 1:
        counts = ", ".join(f"{count} {labels[place]}" for place, count in votes)
        kinds[1] = (agreement, f"runs disagree: {counts}")
    if margin < NARROW:
        kinds[2] = (margin, f"narrow: {margin:.2f} between the two likeliest")
    if not kinds:
        return None
    first = min(kinds)
    others = np.where(np.arange(len(labels)) == given, -1, mean)
    suggested = labels[better if better != NONE else int(others.argmax())]
    suggestion = ClipSuggestion(
        str(opinions.clip[row]), str(opinions.subject[row]), labels[given], suggested, own, margin,
        agreement, tuple(reason for _, reason in kinds.values()),
    )  # fmt: skip
    return (first, kinds[first][0], margin), suggestion


def confident_label(
    probabilities: NDArray[np.float64], given: NDArray[np.int64]
) -> NDArray[np.int64]:
    """(N,) the label that confident learning counts each clip under [1, Eq. 1 and 2].

    Of the labels whose probability is at least the mean that the clips given them have, the most
    probable; `NONE` where there is none.

    Args:
        probabilities: (N, K) out of fold.
        given: (N,) labels, perhaps wrong.
    """
    labels = range(probabilities.shape[1])
    carried = [probabilities[given == label, label] for label in labels]
    thresholds = np.array([each.mean() if len(each) else np.inf for each in carried])
    reached = np.where(probabilities >= thresholds, probabilities, -1.0)
    return np.where(reached.max(axis=1) >= 0, reached.argmax(axis=1), NONE)


def _gather(runs: Sequence[str | Path]) -> _Opinions:
    """The clips that every run answered, in the order of the first."""
    reports = [each for run in runs for each in _reports(run)]
    first = reports[0][0]
    places = [{str(name): row for row, name in enumerate(each.clip)} for each, _ in reports]
    shared = [name for name in places[0] if all(name in place for place in places)]
    if not shared or any(report.labels != first.labels for report, _ in reports):
        raise InputError("the runs answered other clips or labels: name runs on one database")
    rows = [[place[name] for name in shared] for place in places]
    given = first.target[rows[0]]
    stack = []
    for (report, network), mine in zip(reports, rows, strict=True):
        name = network or report.output
        if name not in report.probabilities:
            raise InputError(
                f"the run of {report.facts['system']} has no network {name!r}: choose one of "
                f"{', '.join(report.probabilities)}"
            )
        if (report.target[mine] != given).any():
            raise InputError("the runs have other labels for the same clips: evaluate them again")
        stack.append(report.probabilities[name][mine].astype(np.float64))
    clip, subject = np.array(shared), first.subject[rows[0]]
    return _Opinions(first.labels, clip, subject, given, np.stack(stack))


def _reports(run: str | Path) -> list[tuple[Report, str]]:
    """The run's report, or those of its repeats, each with the network asked for."""
    folder, network = parse_run(run)
    repeats = sorted(folder.glob("repeat-*/report.json"))
    folders = [path.parent for path in repeats] or [folder]
    return [(read(each), network) for each in folders]
