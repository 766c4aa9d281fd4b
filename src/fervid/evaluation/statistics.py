"""Counts -> figures, and how far they can be trusted.

Everything is computed from confusion counts, (..., K, K) with the true label by row and the
predicted one by column, so that a bootstrap is one matrix product. Clips of one person resemble
each other, so intervals resample people, not clips.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Counts = NDArray[np.int64]
Values = NDArray[np.float64]
Statistic = Callable[[NDArray[Any]], Values]


@dataclass(frozen=True)
class Interval:
    """A percentile interval; both ends are NaN where it cannot be had (one subject)."""

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


def bootstrap(
    counts: Counts,
    statistic: Statistic = accuracy,
    *,
    against: Counts | None = None,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Interval:
    """A percentile interval over subjects drawn with replacement.

    Args:
        counts: (S, K, K), from `by_subject`.
        against: (S, K, K) of a second system on the same subjects; the interval is then one of
            the paired difference, this system's figure minus the second's.
        level: share of resamples within the interval.
    """
    subjects = len(counts)
    if subjects < 2:
        return Interval(float("nan"), float("nan"))
    rng = np.random.default_rng(seed)
    # Whole numbers as real ones: as exact, and products of matrices are many times as fast.
    both = [np.asarray(each, np.float64) for each in (counts, against) if each is not None]
    drawn = []
    for size in _chunks(resamples, max(1, 4_000_000 // subjects)):
        weights = rng.multinomial(subjects, np.full(subjects, 1 / subjects), size)  # (R, S)
        weights = weights.astype(np.float64)
        values = [statistic(np.tensordot(weights, each, 1)) for each in both]
        drawn.append(values[0] if against is None else values[0] - values[1])
    tail = (1 - level) / 2
    low, high = np.nanquantile(np.concatenate(drawn), [tail, 1 - tail])
    return Interval(float(low), float(high))


def _chunks(total: int, size: int) -> list[int]:
    return [min(size, total - start) for start in range(0, total, size)]


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
    counts: Counts, against: Counts, *, resamples: int = 10_000, seed: int = 0
) -> float:
    """Two-sided p of a paired difference in accuracy when each subject's two results may swap.

    All 2^S swaps are tried where that is at most `resamples`; else as many are drawn.
    """
    difference = np.trace(counts - against, axis1=1, axis2=2)  # (S,)
    moved = difference[difference != 0]
    if len(moved) == 0:
        return 1.0
    exact = 2 ** len(moved) <= resamples
    if exact:
        signs = 1 - 2 * (np.arange(2 ** len(moved))[:, None] >> np.arange(len(moved)) & 1)
    else:
        signs = np.random.default_rng(seed).choice(
            np.array([-1, 1], np.int8), (resamples, len(moved))
        )
    extreme = np.abs(signs @ moved) >= abs(moved.sum())
    # What was observed is one of the drawn.
    return float(extreme.mean() if exact else (extreme.sum() + 1) / (resamples + 1))


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
