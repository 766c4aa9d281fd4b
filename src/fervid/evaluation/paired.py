"""Several systems on the same clips: what differs, by how much, and by chance or not."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fervid.evaluation import statistics as st
from fervid.evaluation.statistics import Counts, Interval, Statistic


@dataclass(frozen=True)
class Pair:
    """One system minus another, on the same clips of the same people.

    Args:
        accuracy, uar: differences as shares; intervals by the paired bootstrap over subjects.
        only_first, only_second: clips that one alone calls right.
        mcnemar: exact two-sided p; takes clips of one person as independent, so too small.
        permutation: p of the difference in accuracy when each subject's two results may swap.
        permutation_uar: the same of the difference in UAR.
        mcnemar_holm, permutation_holm, permutation_uar_holm: corrected for the number of pairs.
    """

    first: str
    second: str
    accuracy: float
    accuracy_interval: Interval
    uar: float
    uar_interval: Interval
    only_first: int
    only_second: int
    mcnemar: float
    permutation: float
    permutation_uar: float
    mcnemar_holm: float
    permutation_holm: float
    permutation_uar_holm: float


def pairs(
    called: Mapping[str, NDArray[Any]],
    target: NDArray[Any],
    subject: NDArray[Any],
    labels: int,
    *,
    seed: int = 0,
) -> tuple[Pair, ...]:
    """Every pair of systems, in the order given.

    Args:
        called: by system, (N,) index of the label it gave each clip.
        target: (N,) the true ones.
        subject: (N,) who is seen.
        labels: K.
        seed: of the resamples, where not all swaps are tried.
    """
    counts = {name: st.by_subject(target, c, subject, labels) for name, c in called.items()}
    right = {name: np.asarray(c == target) for name, c in called.items()}
    both = list(combinations(called, 2))
    mcnemar = [st.mcnemar(right[a], right[b]) for a, b in both]
    accuracy = [st.permutation(counts[a], counts[b], seed=seed) for a, b in both]
    uar = [swapped(counts[a], counts[b], st.uar, seed=seed) for a, b in both]
    p = zip(mcnemar, accuracy, uar, *map(st.holm, (mcnemar, accuracy, uar)), strict=True)
    return tuple(
        Pair(
            a,
            b,
            _difference(counts[a], counts[b], st.accuracy),
            st.bootstrap(counts[a], st.accuracy, against=counts[b], seed=seed),
            _difference(counts[a], counts[b], st.uar),
            st.bootstrap(counts[a], st.uar, against=counts[b], seed=seed),
            int(np.sum(right[a] & ~right[b])),
            int(np.sum(right[b] & ~right[a])),
            *values,
        )
        for (a, b), values in zip(both, p, strict=True)
    )


def _difference(counts: Counts, against: Counts, statistic: Statistic) -> float:
    return float(statistic(counts.sum(axis=0)) - statistic(against.sum(axis=0)))


def swapped(
    counts: Counts,
    against: Counts,
    statistic: Statistic,
    *,
    resamples: int = 10_000,
    seed: int = 0,
) -> float:
    """Two-sided p of a paired difference in any figure when subjects' two results may swap.

    For accuracy it is `statistics.permutation`, only slower. All swaps are tried where there are
    at most `resamples`; else as many are drawn, and what was observed counts as one more.

    Args:
        counts, against: (S, K, K), from `statistics.by_subject`.
    """
    moved = (counts != against).any(axis=(1, 2))
    change = (against - counts)[moved]
    number = len(change)
    if not number:
        return 1.0
    first, second = counts.sum(axis=0), against.sum(axis=0)
    seen = abs(float(statistic(first) - statistic(second)))
    exact = 2**number <= resamples
    total = 2**number if exact else resamples
    rng = np.random.default_rng(seed)
    extreme = 0
    for start in range(0, total, 1000):
        size = min(1000, total - start)
        if exact:
            swap = np.arange(start, start + size)[:, None] >> np.arange(number) & 1
        else:
            swap = rng.integers(0, 2, (size, number))
        shift = np.tensordot(swap, change, 1)  # (R, K, K)
        difference = np.abs(statistic(first + shift) - statistic(second - shift))
        # Equal differences reached by other sums may differ in the last digits.
        extreme += int(np.sum(difference >= seen - 1e-12))
    return extreme / total if exact else (extreme + 1) / (total + 1)
