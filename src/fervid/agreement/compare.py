"""Compare raters moment by moment: coefficients of agreement with confidence intervals."""

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
from fervid.text import Rows, csv_text, digits

STEP = 0.04  # seconds between compared moments
MOMENTS = 10_000_000  # most moments of a recording: 111 hours at that step
UNLABELLED = "(none)"
ALL = "(all)"
EPISODES = "episodes matched"


@dataclass(frozen=True)
class Coefficient:
    """One coefficient of agreement.

    Args:
        name: agreement, Cohen's kappa, Fleiss' kappa, Krippendorff's alpha, or episodes matched.
        raters: names of the raters compared.
        label: label compared with all others; `ALL` for all labels at once.
        value: at most 1, with 0 for chance; for `agreement` and `episodes matched`, the share
            0..1. NaN if only one label occurs.
        low, high: 95 % interval over people; NaN if there is only one.
        share: share of the label among the raters' labels, 0..1; 1 for `ALL`.
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
    """Agreement between raters.

    Args:
        raters: names of the raters.
        units: recordings and faces annotated by all raters.
        left_out: recordings and faces annotated by only some raters.
        seconds: compared duration.
        people: number of people behind the intervals; by default each unit is a different person.
        coefficients: coefficients for all labels, then by label.
    """

    raters: tuple[str, ...]
    units: tuple[Unit, ...]
    left_out: tuple[Unit, ...]
    seconds: float
    people: int
    coefficients: tuple[Coefficient, ...]

    def text(self) -> str:
        """Plain text, one line per coefficient."""
        lines = [
            f"{' and '.join(self.raters)}: {len(self.units)} recordings and faces of "
            f"{self.people} {'person' if self.people == 1 else 'people'}, {self.seconds:.1f} s"
        ]
        if self.left_out:
            units = ", ".join(" ".join(filter(None, unit)) for unit in self.left_out)
            lines.append(f"not annotated by all raters, left out: {units}")
        for each in self.coefficients:
            interval = "" if math.isnan(each.low) else f" [{each.low:.3f}, {each.high:.3f}]"
            who = f" ({' and '.join(each.raters)})" if len(each.raters) < len(self.raters) else ""
            of = "of episodes" if each.name == EPISODES else "of the time"
            given = "" if each.label == ALL else f", given {100 * each.share:.1f} % {of}"
            lines.append(f"{each.label}: {each.name}{who} {each.value:.3f}{interval}{given}")
        return "\n".join(lines)

    def table(self) -> str:
        """CSV text, one line per coefficient."""
        rows: Rows = [("label", "coefficient", "raters", "value", "low", "high", "share")]
        for each in self.coefficients:
            numbers = (each.value, each.low, each.high, each.share)
            rows.append((each.label, each.name, " and ".join(each.raters), *map(digits, numbers)))
        return csv_text(rows)


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
        paths: one file or folder per rater. A folder holds one file per recording, with the same
            name for all raters.
        step: seconds between compared moments.
        skip_unlabelled: treat a moment without a label as missing instead of as a label.
        people: CSV (recording,tier,person) that names who is seen, for intervals over people; by
            default each recording and face is a different person.
        seed: seed for the bootstrap.

    Raises:
        InputError: there are fewer than two raters, a file cannot be read, or the raters have no
            recording or label in common.
    """
    if len(paths) < 2:
        raise InputError("agreement needs at least two raters: give a file or folder for each")
    if not 0 < step < np.inf:
        raise InputError(f"--step {step} is not a length of time: give seconds, such as {STEP}")
    raters = [read_rater(path) for path in paths]
    if len({bool(recording) for rater in raters for recording, _ in rater.units}) > 1:
        raise InputError(
            "cannot compare one recording's file with folders, or with a BORIS project of several: "
            "give one recording for all raters, or several"
        )
    names = _names(paths)
    shared, left_out = match(raters)
    if not shared:
        raise InputError(
            f"{' and '.join(names)} have nothing in common: give their tiers the same names"
        )
    given = {label for each in shared.values() for one in each for *_, label in one}
    labels = [*sorted(given), *([] if skip_unlabelled else [UNLABELLED])]
    units = {unit: each for unit, each in shared.items() if any(each)}
    codes = [_sampled(each, labels, step) for each in units.values()]
    seconds = step * sum(each.shape[1] for each in codes)
    if not seconds:
        raise InputError(f"{' and '.join(names)} hold no label: give files with labels")
    person = numbered(list(units), people)
    figures = _figures(codes, labels, names, person, seed)
    figures += _episodes(list(units.values()), sorted(given), names, person, seed)
    return Agreement(names, tuple(shared), left_out, seconds, len(set(person)), tuple(figures))


def match(raters: Sequence[Rater]) -> tuple[dict[Unit, list[list[Stretch]]], tuple[Unit, ...]]:
    """Match the raters' tiers.

    If every rater has exactly one tier for a recording, these are matched whatever their names.

    Returns:
        For each unit that every rater annotated, the stretches of each rater; and the units that
        only some raters annotated.
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
    """File names if they differ, otherwise whole paths."""
    short = [path.name for path in paths]
    return tuple(short if len(set(short)) == len(short) else map(str, paths))


def _sampled(
    raters: Sequence[Sequence[Stretch]], labels: Sequence[str], step: float
) -> NDArray[np.int64]:
    """(R, N) label indices at the middle of each step, up to the end of the last label."""
    end = max((stretch[1] for stretches in raters for stretch in stretches), default=0.0)
    if not end / step <= MOMENTS:
        raise InputError(
            f"labels until {end:g} s are more than {MOMENTS:.0e} moments: correct the files' times "
            "or give a larger --step"
        )
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
    complete = [coefficients.coincidences(coefficients.complete(each), size) for each in codes]
    sources: list[tuple[str, tuple[str, ...], NDArray[Any], Callable[..., Any]]] = [
        ("agreement", names, every, coefficients.observed)
    ]
    for first, second in combinations(range(len(names)), 2):
        matrix = np.stack([coefficients.crossed(c[first], c[second], size) for c in codes])
        pair = (names[first], names[second])
        sources.append(("Cohen's kappa", pair, matrix, coefficients.cohen))
    sources.append(("Fleiss' kappa", names, np.stack(complete), coefficients.fleiss))
    sources.append(("Krippendorff's alpha", names, every, coefficients.krippendorff))
    shares = every.sum((0, 1)) / every.sum() if every.sum() else np.full(size, math.nan)
    parts: list[tuple[str, float, Callable[[NDArray[Any]], NDArray[Any]]]] = [
        (ALL, 1.0, lambda matrix: matrix)
    ]
    for number, label in enumerate(labels):
        collapse = partial(coefficients.one_against_rest, label=number)
        parts.append((label, float(shares[number]), collapse))
    figures = []
    for label, often, of_label in parts:
        for name, raters, matrix, statistic in sources:
            least = 0 if statistic is coefficients.observed else -1  # a share, or a coefficient
            figure = _estimate(of_label(matrix), statistic, person, seed, least)
            figures.append(Coefficient(name, raters, label, *figure, often))
    return figures


def _episodes(
    units: Sequence[Sequence[Sequence[Stretch]]],
    labels: Sequence[str],
    names: tuple[str, ...],
    person: Sequence[int],
    seed: int,
) -> list[Coefficient]:
    """Of each two raters, the share of episodes that match, for all labels and for each."""
    coefficients = []
    for first, second in combinations(range(len(names)), 2):
        counts = np.stack([matches(unit[first], unit[second], labels) for unit in units])
        pair, all_of = (names[first], names[second]), counts[..., 1].sum()
        parts = [(ALL, counts.sum(1)), *zip(labels, counts.swapaxes(0, 1), strict=True)]
        for label, part in parts:
            figure = _estimate(part, share, person, seed, 0)
            often = float(part[:, 1].sum() / all_of)
            coefficients.append(Coefficient(EPISODES, pair, label, *figure, often))
    return coefficients


def _estimate(
    totals: NDArray[Any],
    statistic: Callable[[NDArray[Any]], NDArray[Any]],
    person: Sequence[int],
    seed: int,
    least: int,
) -> tuple[float, float, float]:
    """A value with its interval over people, as the moments of one face are not independent."""
    by_person = np.zeros((max(person) + 1, *totals.shape[1:]), totals.dtype)
    np.add.at(by_person, np.asarray(person), totals)
    value = float(statistic(by_person.sum(0)))
    if math.isnan(value):
        return value, value, value
    figure = estimate(by_person, statistic, bounds=(least, 1), seed=seed)
    return figure.value, figure.low, figure.high
