"""Accuracy and related measures from counts, with confidence intervals and p values.

Everything is computed from confusion counts (..., K, K), with the true label by row and the
predicted label by column, so that a bootstrap is one matrix product. Intervals resample subjects
instead of clips, because clips of one subject are not independent.
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

# With fewer subjects the percentile interval is too narrow, so it is widened.
FEW = 20


@dataclass(frozen=True)
class Estimate:
    """A value and its interval; both ends are NaN if there is none (for a single subject)."""

    value: float
    low: float
    high: float


def confusion(target: NDArray[Any], predicted: NDArray[Any], labels: int) -> Counts:
    """(K, K) number of clips by true label (row) and predicted label (column).

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
    """Share of correct predictions; equal to WAR, the recall weighted by clips per label."""
    return _ratio(np.trace(counts, axis1=-2, axis2=-1), counts.sum((-2, -1)))


def recalls(counts: NDArray[Any]) -> Values:
    """(..., K) share of each label's clips predicted correctly; NaN for a label without clips."""
    return _ratio(np.diagonal(counts, axis1=-2, axis2=-1), counts.sum(-1))


def uar(counts: NDArray[Any]) -> Values:
    """Unweighted average recall over the labels that have clips."""
    return _mean(recalls(counts))


def macro_f1(counts: NDArray[Any]) -> Values:
    """Mean F1 over the labels that occur as truth or as prediction."""
    correct = np.diagonal(counts, axis1=-2, axis2=-1)
    return _mean(_ratio(2 * correct, counts.sum(-1) + counts.sum(-2)))


def share(sums: NDArray[Any]) -> Values:
    """(..., 2) sums of a part and of the whole -> (...) share of the part."""
    return _ratio(sums[..., 0], sums[..., 1])


def _ratio(part: NDArray[Any], whole: NDArray[Any]) -> Values:
    part, whole = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    out: Values = np.full(np.shape(whole), np.nan)
    np.divide(part, whole, out=out, where=whole > 0)
    return out


def _mean(values: Values) -> Values:
    """Mean over the last axis, ignoring NaN."""
    return _ratio(np.nansum(values, axis=-1), np.sum(~np.isnan(values), axis=-1))


def mean_and_deviation(values: Sequence[float]) -> tuple[float, float]:
    """Mean and standard deviation (n - 1), which is 0 for a single value."""
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
    """A statistic with its bootstrap interval, resampling subjects with replacement.

    Args:
        totals: (S, ...) each subject's contribution to a sum, such as the (S, K, K) counts of
            `by_subject`.
        statistic: function from sums (R, ...) to values (R,).
        bounds: smallest and largest possible value of the statistic.
        resamples: number of resamples R.
        seed: seed for the resampling.
        level: share of the resamples within the interval.
    """
    sums, statistic = _sums(totals, statistic)
    values = _resampled(sums, statistic, resamples, np.random.default_rng(seed))
    return _interval(float(statistic(sums.sum(axis=0))), values, len(sums), bounds, level)


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
    """Difference between two values of a statistic in 0..1, with its bootstrap interval.

    Args:
        totals, against: contributions by subject, as in `estimate`; `against` is subtracted.
        statistic, resamples, seed, level: as in `estimate`.
        paired: True if both hold the same subjects in the same order, who are resampled together;
            False for different subjects, resampled separately.
    """
    (first, measure), (second, _) = _sums(totals, statistic), _sums(against, statistic)
    rng = np.random.default_rng(seed)
    if paired:
        both = _resampled(np.stack([first, second], axis=1), measure, resamples, rng)  # (R, 2)
        values = both[:, 0] - both[:, 1]
    else:
        values = _resampled(first, measure, resamples, rng)
        values -= _resampled(second, measure, resamples, rng)
    value = float(measure(first.sum(axis=0)) - measure(second.sum(axis=0)))
    return _interval(value, values, min(len(first), len(second)), (-1, 1), level)


def _sums(totals: NDArray[Any], statistic: Statistic) -> tuple[Values, Statistic]:
    """Totals as float64, whose matrix products are faster and still exact.

    For accuracy, two numbers per subject suffice.
    """
    if statistic is accuracy:
        correct, clips = np.trace(totals, axis1=1, axis2=2), totals.sum((1, 2))
        return np.stack([correct, clips], axis=-1).astype(np.float64), share
    return np.asarray(totals, np.float64), statistic


def _resampled(
    totals: Values, statistic: Statistic, resamples: int, rng: np.random.Generator
) -> Values:
    """(R, ...) values of the statistic for subjects drawn with replacement."""
    subjects, values = len(totals), []
    for size in _chunks(resamples, max(1, 4_000_000 // subjects)):
        weights = rng.multinomial(subjects, np.full(subjects, 1 / subjects), size)  # (R, S)
        values.append(statistic(np.tensordot(weights.astype(np.float64), totals, 1)))
    return np.concatenate(values)


def _chunks(total: int, size: int) -> list[int]:
    return [min(size, total - start) for start in range(0, total, size)]


def _interval(
    value: float, resampled: Values, subjects: int, bounds: tuple[float, float], level: float
) -> Estimate:
    """Interval from resamples; docs/statistics.md explains the two rules for small samples."""
    if subjects < 2:
        return Estimate(value, nan, nan)
    tail = (1 - level) / 2
    if np.nanmax(resampled) - np.nanmin(resampled) < 1e-12:
        # All subjects are alike, so resampling shows no variation. Assume instead that a share of
        # people differs as much as possible: the Clopper-Pearson limit for 0 of `subjects`.
        other = 1 - tail ** (1 / subjects)
        low, high = bounds
        return Estimate(value, value - other * (value - low), value + other * (high - value))
    if subjects < FEW:
        # Student's t instead of the normal, and n - 1 instead of n (the expanded percentile
        # interval of Hesterberg 2015).
        wide = stats.t.ppf(tail, subjects - 1) * np.sqrt(subjects / (subjects - 1))
        tail = float(stats.norm.cdf(wide))
    low, high = np.nanquantile(resampled, [tail, 1 - tail])
    return Estimate(value, float(low), float(high))


def mcnemar(right: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Exact two-sided McNemar test that two systems err equally often on the same clips.

    It treats clips of one subject as independent, which makes p too small; the bootstrap over
    subjects does not.

    Args:
        right, other: (N,) whether each system predicts each clip correctly.
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
    """Two-sided p of a paired difference, from swapping each subject's two results.

    All 2^S swaps are tried if these are at most `resamples`; otherwise `resamples` are drawn.

    Args:
        totals, against: contributions by subject, as in `estimate`, with the same subjects in the
            same order.
        statistic: as in `estimate`.
        seed: seed for drawing swaps.
    """
    (own, measure), (other, _) = _sums(totals, statistic), _sums(against, statistic)
    change = other - own
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
    first, second = own.sum(axis=0), other.sum(axis=0)
    observed, extreme = abs(float(measure(first) - measure(second))), 0
    for start in range(0, len(swaps), 1000):
        shift = np.tensordot(swaps[start : start + 1000].astype(np.float64), change, 1)
        swapped = np.abs(measure(first + shift) - measure(second - shift))
        # Equal differences may differ in the last digits if summed in another order.
        extreme += int(np.sum(swapped >= observed - 1e-12))
    # The observed assignment counts as one of the draws.
    return extreme / len(swaps) if exact else (extreme + 1) / (resamples + 1)


def holm(p: Sequence[float]) -> list[float]:
    """Holm's step-down correction of p values for several tests, in the order given.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p, kind="stable")
    adjusted, least = [1.0] * len(p), 0.0
    for rank, place in enumerate(order):
        least = max(least, min(1.0, (len(p) - rank) * p[place]))
        adjusted[place] = least
    return adjusted
