"""Several systems on the same clips: what differs, by how much, and by chance or not."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fervid.evaluation import statistics as st
from fervid.evaluation.statistics import Estimate


@dataclass(frozen=True)
class Pair:
    """One system minus another, on the same clips of the same people.

    Args:
        accuracy, uar: differences as shares, with intervals by the paired bootstrap over subjects.
        only_first, only_second: clips that one alone calls right.
        mcnemar: exact two-sided p; takes clips of one person as independent, so too small.
        permutation: p of the difference in accuracy when each subject's two results may swap.
        permutation_uar: the same of the difference in UAR.
        mcnemar_holm, permutation_holm, permutation_uar_holm: corrected for the number of pairs.
    """

    first: str
    second: str
    accuracy: Estimate
    uar: Estimate
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
    uar = [st.permutation(counts[a], counts[b], st.uar, seed=seed) for a, b in both]
    p = zip(mcnemar, accuracy, uar, *map(st.holm, (mcnemar, accuracy, uar)), strict=True)
    return tuple(
        Pair(
            a,
            b,
            st.difference(counts[a], counts[b], st.accuracy, seed=seed),
            st.difference(counts[a], counts[b], st.uar, seed=seed),
            int(np.sum(right[a] & ~right[b])),
            int(np.sum(right[b] & ~right[a])),
            *values,
        )
        for (a, b), values in zip(both, p, strict=True)
    )
