"""Raters -> labels of the same moments -> coefficients with intervals."""

import csv
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fervid.agreement import coefficients
from fervid.agreement.coefficients import MISSING
from fervid.agreement.episodes import matches
from fervid.agreement.people import numbered
from fervid.agreement.raters import Rater, Stretch, Unit, read_rater
from fervid.errors import InputError
from fervid.evaluation.statistics import estimate, share

STEP = 0.04  # seconds between two moments that are compared
UNLABELLED = "(none)"
ALL = "(all)"
EPISODES = "episodes matched"


@dataclass(frozen=True)
class Coefficient:
    """One figure.

    Args:
        name: agreement, Cohen's kappa, Fleiss' kappa, Krippendorff's alpha, or episodes matched.
        raters: whose.
        label: the label against all others; `ALL` for all labels at once.
        value: at most 1; 0 is chance (of `agreement` and `episodes matched`: 0..1). NaN where
            nothing varies.
        low, high: 95 % interval over people; NaN where there is only one.
        share: 0..1, how often the raters gave the label.
    """

    name: str
    raters: tuple[str, ...]
    label: str
    value: float
    low: float
    high: float
    share: float


@dataclass(frozen=True)
class Agreement:
    """How far raters agree.

    Args:
        raters: their names.
        units: recordings and faces that all of them judged.
        left_out: those that only some judged.
        seconds: that were compared.
        people: how many the intervals are over; each unit is one where nothing tells otherwise.
        coefficients: for all labels, then by label.
    """

    raters: tuple[str, ...]
    units: tuple[Unit, ...]
    left_out: tuple[Unit, ...]
    seconds: float
    people: int
    coefficients: tuple[Coefficient, ...]

    def text(self) -> str:
        """A line for each figure."""
        lines = [
            f"{' and '.join(self.raters)}: {len(self.units)} recordings and faces of "
            f"{self.people} {'person' if self.people == 1 else 'people'}, {self.seconds:.1f} s"
        ]
        if self.left_out:
            named = ", ".join(" ".join(filter(None, unit)) for unit in self.left_out)
            lines.append(f"not judged by all, left out: {named}")
        for each in self.coefficients:
            interval = "" if math.isnan(each.low) else f" [{each.low:.3f}, {each.high:.3f}]"
            who = f" ({' and '.join(each.raters)})" if len(each.raters) < len(self.raters) else ""
            of = "of episodes" if each.name == EPISODES else "of the time"
            given = "" if each.label == ALL else f", given {100 * each.share:.1f} % {of}"
            lines.append(f"{each.label}: {each.name}{who} {each.value:.3f}{interval}{given}")
        return "\n".join(lines)

    def table(self) -> str:
        """The figures as CSV."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["label", "coefficient", "raters", "value", "low", "high", "share"])
        for each in self.coefficients:
            numbers = (each.value, each.low, each.high, each.share)
            cells = ["" if math.isnan(number) else f"{number:.6g}" for number in numbers]
            writer.writerow([each.label, each.name, " and ".join(each.raters), *cells])
        return text.getvalue()


def compare(
    paths: Sequence[Path],
    *,
    step: float = STEP,
    skip_unlabelled: bool = False,
    people: Path | None = None,
    seed: int = 0,
) -> Agreement:
    """Compare raters moment by moment, and episode by episode.

    Args:
        paths: a file or folder for each rater; folders hold a file for each recording, by the
            same name for all raters.
        step: seconds between two moments.
        skip_unlabelled: take a moment without a label as missing, not as a label of its own.
        people: CSV that says who is seen (recording,tier,person), for intervals over people; by
            default each recording and face is somebody else.

    Raises:
        InputError: fewer than two raters, a file that cannot be read, or nothing in common.
    """
    if len(paths) < 2:
        raise InputError("agreement needs two raters or more: name a file or folder for each")
    if len({path.is_dir() for path in paths}) > 1:
        raise InputError("name files for all raters, or folders for all")
    if step <= 0:
        raise InputError(f"--step {step} is no length of time: give seconds, such as {STEP}")
    raters = [read_rater(path) for path in paths]
    names = _names(paths)
    shared, left_out = match(raters)
    if not shared:
        raise InputError(f"{' and '.join(names)} judge nothing in common: name their tiers alike")
    given = {label for each in shared.values() for one in each for *_, label in one}
    labels = [*sorted(given), *([] if skip_unlabelled else [UNLABELLED])]
    units = {unit: each for unit, each in shared.items() if any(each)}
    codes = [_sampled(each, labels, step) for each in units.values()]
    seconds = step * sum(each.shape[1] for each in codes)
    if not seconds:
        raise InputError(f"{' and '.join(names)} hold no label: nothing to compare")
    person = numbered(list(units), people)
    figures = _figures(codes, labels, names, person, seed)
    figures += _episodes(list(units.values()), sorted(given), names, person, seed)
    return Agreement(names, tuple(shared), left_out, seconds, len(set(person)), tuple(figures))


def match(raters: Sequence[Rater]) -> tuple[dict[Unit, list[list[Stretch]]], tuple[Unit, ...]]:
    """What every rater judged: stretches by rater for each unit; and the units left out.

    Where each rater has one tier only for a recording, these belong together whatever their names.
    """
    shared: dict[Unit, list[list[Stretch]]] = {}
    left_out: set[Unit] = set()
    for recording in sorted({recording for rater in raters for recording, _ in rater.units}):
        tiers = [
            {tier: content for (name, tier), content in rater.units.items() if name == recording}
            for rater in raters
        ]
        if all(len(each) == 1 for each in tiers):
            name = next(iter(tiers[0]))
            shared[recording, name] = [content for each in tiers for content in each.values()]
            continue
        for tier in sorted({tier for each in tiers for tier in each}):
            if all(tier in each for each in tiers):
                shared[recording, tier] = [each[tier] for each in tiers]
            else:
                left_out.add((recording, tier))
    return shared, tuple(sorted(left_out))


def _names(paths: Sequence[Path]) -> tuple[str, ...]:
    """File names where these differ, else whole paths."""
    short = [path.name for path in paths]
    return tuple(short if len(set(short)) == len(short) else map(str, paths))


def _sampled(
    raters: Sequence[Sequence[Stretch]], labels: Sequence[str], step: float
) -> NDArray[np.int64]:
    """(R, N) label codes in the middle of each step, to the last end of any rater's label."""
    end = max((stretch[1] for stretches in raters for stretch in stretches), default=0.0)
    moments = (np.arange(round(end / step)) + 0.5) * step
    blank = labels.index(UNLABELLED) if UNLABELLED in labels else MISSING
    codes = np.full((len(raters), len(moments)), blank, np.int64)
    for row, stretches in zip(codes, raters, strict=True):
        for start, stop, label in stretches:
            first, last = np.searchsorted(moments, [start, stop])
            row[first:last] = labels.index(label)
    return codes


def _figures(
    codes: Sequence[NDArray[np.int64]],
    labels: Sequence[str],
    names: tuple[str, ...],
    person: Sequence[int],
    seed: int,
) -> list[Coefficient]:
    size = len(labels)
    every = np.stack([coefficients.coincidences(each, size) for each in codes])
    full = [coefficients.coincidences(coefficients.complete(each), size) for each in codes]
    sources: list[tuple[str, tuple[str, ...], NDArray[Any], Callable[..., Any]]] = [
        ("agreement", names, every, coefficients.observed)
    ]
    for first, second in combinations(range(len(names)), 2):
        matrix = np.stack([coefficients.crossed(c[first], c[second], size) for c in codes])
        pair = (names[first], names[second])
        sources.append(("Cohen's kappa", pair, matrix, coefficients.cohen))
    sources.append(("Fleiss' kappa", names, np.stack(full), coefficients.fleiss))
    sources.append(("Krippendorff's alpha", names, every, coefficients.krippendorff))
    shares = every.sum((0, 1)) / every.sum() if every.sum() else np.full(size, math.nan)
    parts: list[tuple[str, float, Callable[[NDArray[Any]], NDArray[Any]]]] = [
        (ALL, 1.0, lambda matrix: matrix)
    ]
    for number, label in enumerate(labels):
        collapse = partial(coefficients.one_against_rest, label=number)
        parts.append((label, float(shares[number]), collapse))
    return [
        Coefficient(
            name, raters, label, *_estimate(collapse(matrix), statistic, person, seed), often
        )
        for label, often, collapse in parts
        for name, raters, matrix, statistic in sources
    ]


def _episodes(
    units: Sequence[Sequence[Sequence[Stretch]]],
    labels: Sequence[str],
    names: tuple[str, ...],
    person: Sequence[int],
    seed: int,
) -> list[Coefficient]:
    """Of each two raters, the share of episodes that match, for all labels and for each."""
    found = []
    for first, second in combinations(range(len(names)), 2):
        counts = np.stack([matches(unit[first], unit[second], labels) for unit in units])
        pair, all_of = (names[first], names[second]), counts[..., 1].sum()
        parts = [(ALL, counts.sum(1)), *zip(labels, counts.swapaxes(0, 1), strict=True)]
        for label, part in parts:
            figure = _estimate(part, share, person, seed, least=0)
            often = float(part[:, 1].sum() / all_of)
            found.append(Coefficient(EPISODES, pair, label, *figure, often))
    return found


def _estimate(
    totals: NDArray[Any],
    statistic: Callable[[NDArray[Any]], NDArray[Any]],
    person: Sequence[int],
    seed: int,
    least: int = -1,
) -> tuple[float, float, float]:
    """A figure and its interval over people; the moments of one face resemble each other."""
    by_person = np.zeros((max(person) + 1, *totals.shape[1:]), totals.dtype)
    np.add.at(by_person, np.asarray(person), totals)
    value = float(statistic(by_person.sum(0)))
    if math.isnan(value):
        return value, value, value
    figure = estimate(by_person, statistic, bounds=(least, 1), seed=seed)
    return figure.value, figure.low, figure.high
