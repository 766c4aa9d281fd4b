"""Counts -> figures, and how far they can be trusted.

Everything is computed from confusion counts, (..., K, K) with the true label by row and the
predicted one by column, so that a bootstrap is one matrix product. Clips of one person resemble
each other, so intervals resample people, not clips.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Counts = NDArray[np.int64]
Values = NDArray[np.float64]
Statistic = Callable[[NDArray[Any]], Values]

# With fewer people the percentile interval is too narrow and gets wider tails.
FEW = 20


@dataclass(frozen=True)
class Estimate:
    """A figure and its interval; both ends are NaN where there is none (a single subject)."""

    value: float
    low: float
    high: float


def confusion(target: NDArray[Any], predicted: NDArray[Any], labels: int) -> Counts:
    """(K, K) how many clips of each label (row) were called each label (column).

    >>> confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), 2).tolist()
    [[1, 1], [0, 1]]
    """
    cells = np.asarray(target, np.int64) * labels + np.asarray(predicted, np.int64)
    counts: Counts = np.bincount(cells, minlength=labels * labels).reshape(labels, labels)
    return counts


def by_subject(
    target: NDArray[Any], predicted: NDArray[Any], subject: NDArray[Any], labels: int
) -> Counts:
    """(S, K, K) confusion counts of each subject, subjects ascending."""
    names, number = np.unique(subject, return_inverse=True)
    counts = np.zeros((len(names), labels, labels), np.int64)
    np.add.at(counts, (number, np.asarray(target), np.asarray(predicted)), 1)
    return counts


def accuracy(counts: NDArray[Any]) -> Values:
    """Share of clips called right. WAR, recall weighted by a label's clips, is the same number."""
    return _ratio(np.trace(counts, axis1=-2, axis2=-1), counts.sum((-2, -1)))


def recalls(counts: NDArray[Any]) -> Values:
    """(..., K) share of each label's clips called right; NaN for a label without clips."""
    return _ratio(np.diagonal(counts, axis1=-2, axis2=-1), counts.sum(-1))


def uar(counts: NDArray[Any]) -> Values:
    """Unweighted average recall, over the labels that have clips."""
    return _mean(recalls(counts))


def macro_f1(counts: NDArray[Any]) -> Values:
    """Mean F1 over the labels that occur as truth or as prediction."""
    right = np.diagonal(counts, axis1=-2, axis2=-1)
    return _mean(_ratio(2 * right, counts.sum(-1) + counts.sum(-2)))


def share(sums: NDArray[Any]) -> Values:
    """(..., 2) sums of a part and of its whole -> (...) the share."""
    return _ratio(sums[..., 0], sums[..., 1])


def _ratio(part: NDArray[Any], whole: NDArray[Any]) -> Values:
    part, whole = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    out: Values = np.full(np.shape(whole), np.nan)
    np.divide(part, whole, out=out, where=whole > 0)
    return out


def _mean(values: Values) -> Values:
    """Mean over the last axis without its NaNs."""
    return _ratio(np.nansum(values, axis=-1), np.sum(~np.isnan(values), axis=-1))


def mean_and_deviation(values: Sequence[float]) -> tuple[float, float]:
    """Mean over folds and the sample deviation (n - 1); 0 for one fold."""
    array = np.asarray(values, np.float64)
    return float(array.mean()), float(array.std(ddof=1)) if len(array) > 1 else 0.0


def estimate(
    totals: NDArray[Any],
    statistic: Statistic = accuracy,
    *,
    bounds: tuple[float, float] = (0, 1),
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Estimate:
    """A figure and its bootstrap interval, subjects drawn with replacement.

    Args:
        totals: (S, ...) what each subject adds to a sum; (S, K, K) counts from `by_subject`.
        statistic: (R, ...) sums -> (R,) figures.
        bounds: the least and the greatest value that the statistic can have.
        level: share of resamples within the interval.
    """
    sums, statistic = _sums(totals, statistic)
    drawn = _drawn(sums, statistic, resamples, np.random.default_rng(seed))
    return _interval(float(statistic(sums.sum(axis=0))), drawn, len(sums), bounds, level)


def difference(
    totals: NDArray[Any],
    against: NDArray[Any],
    statistic: Statistic = accuracy,
    *,
    paired: bool = True,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Estimate:
    """One figure minus another with its bootstrap interval; both lie within 0 and 1.

    Args:
        totals, against: as `estimate` takes them.
        paired: both are of the same subjects in the same order, who are drawn together; else of
            different ones, drawn apart.
    """
    (one, figure), (two, _) = _sums(totals, statistic), _sums(against, statistic)
    rng = np.random.default_rng(seed)
    if paired:
        values = _drawn(np.stack([one, two], axis=1), figure, resamples, rng)  # (R, 2)
        drawn = values[:, 0] - values[:, 1]
    else:
        drawn = _drawn(one, figure, resamples, rng) - _drawn(two, figure, resamples, rng)
    value = float(figure(one.sum(axis=0)) - figure(two.sum(axis=0)))
    return _interval(value, drawn, min(len(one), len(two)), (-1, 1), level)


def _sums(totals: NDArray[Any], statistic: Statistic) -> tuple[Values, Statistic]:
    """Real numbers, whose matrix products are as exact and faster; accuracy needs two a person."""
    if statistic is accuracy:
        right, clips = np.trace(totals, axis1=1, axis2=2), totals.sum((1, 2))
        return np.stack([right, clips], axis=-1).astype(np.float64), share
    return np.asarray(totals, np.float64), statistic


def _drawn(
    totals: Values, statistic: Statistic, resamples: int, rng: np.random.Generator
) -> Values:
    """(R, ...) the statistic of subjects drawn with replacement."""
    subjects, values = len(totals), []
    for size in _chunks(resamples, max(1, 4_000_000 // subjects)):
        weights = rng.multinomial(subjects, np.full(subjects, 1 / subjects), size)  # (R, S)
        values.append(statistic(np.tensordot(weights.astype(np.float64), totals, 1)))
    return np.concatenate(values)


def _chunks(total: int, size: int) -> list[int]:
    return [min(size, total - start) for start in range(0, total, size)]


def _interval(
    value: float, drawn: Values, subjects: int, bounds: tuple[float, float], level: float
) -> Estimate:
    """From resamples; see docs/statistics.md for the two rules that small samples need."""
    if subjects < 2:
        return Estimate(value, nan, nan)
    tail = (1 - level) / 2
    if np.nanmax(drawn) - np.nanmin(drawn) < 1e-12:
        # No subject differs from another, so resampling shows nothing. What share of people may
        # differ from all of these, and by as much as can be: Clopper-Pearson for 0 of `subjects`.
        other = 1 - tail ** (1 / subjects)
        low, high = bounds
        return Estimate(value, value - other * (value - low), value + other * (high - value))
    if subjects < FEW:
        # Student's t in place of the normal, and n - 1 in place of n (Hesterberg 2015, the expanded
        # percentile interval).
        wide = stats.t.ppf(tail, subjects - 1) * np.sqrt(subjects / (subjects - 1))
        tail = float(stats.norm.cdf(wide))
    low, high = np.nanquantile(drawn, [tail, 1 - tail])
    return Estimate(value, float(low), float(high))


def mcnemar(right: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Exact two-sided p that two systems err equally often on the same clips.

    Clips of one person are taken as independent, which makes p too small; the bootstrap over
    subjects does not.
    """
    only, reverse = int(np.sum(right & ~other)), int(np.sum(~right & other))
    if only + reverse == 0:
        return 1.0
    return float(stats.binomtest(only, only + reverse).pvalue)


def permutation(
    totals: NDArray[Any],
    against: NDArray[Any],
    statistic: Statistic = accuracy,
    *,
    resamples: int = 10_000,
    seed: int = 0,
) -> float:
    """Two-sided p of a paired difference when each subject's two results may swap.

    All 2^S swaps are tried where that is at most `resamples`; else as many are drawn.

    Args:
        totals, against: as `estimate` takes them, of the same subjects in the same order.
    """
    (one, figure), (two, _) = _sums(totals, statistic), _sums(against, statistic)
    change = two - one
    change = change[change.reshape(len(change), -1).any(axis=1)]
    number = len(change)
    if not number:
        return 1.0
    exact = 2**number <= resamples
    if exact:
        swaps = (np.arange(2**number)[:, None] >> np.arange(number) & 1).astype(np.bool_)
    else:
        signs = np.array([-1, 1], np.int8)
        swaps = np.random.default_rng(seed).choice(signs, (resamples, number)) < 0
    first, second = one.sum(axis=0), two.sum(axis=0)
    seen, extreme = abs(float(figure(first) - figure(second))), 0
    for start in range(0, len(swaps), 1000):
        shift = np.tensordot(swaps[start : start + 1000].astype(np.float64), change, 1)
        moved = np.abs(figure(first + shift) - figure(second - shift))
        # Equal differences reached by other sums may differ in the last digits.
        extreme += int(np.sum(moved >= seen - 1e-12))
    # What was observed is one of the drawn.
    return extreme / len(swaps) if exact else (extreme + 1) / (resamples + 1)


def holm(p: Sequence[float]) -> list[float]:
    """Holm's step-down correction for several tests, in the order given.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p, kind="stable")
    adjusted, least = [1.0] * len(p), 0.0
    for rank, place in enumerate(order):
        least = max(least, min(1.0, (len(p) - rank) * p[place]))
        adjusted[place] = least
    return adjusted
