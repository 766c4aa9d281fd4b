"""Paired differences between systems on the same clips, with intervals and p values."""

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
    """One system minus another, on the same clips of the same subjects.

    Args:
        accuracy, uar: differences as shares, with intervals by the paired bootstrap over subjects.
        only_first, only_second: number of clips that only that system predicts correctly.
        mcnemar: exact two-sided p; too small, because it treats clips of one subject as
            independent.
        permutation: p of the difference in accuracy when swapping each subject's two results.
        permutation_uar: p of the difference in UAR, in the same way.
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
    predicted: Mapping[str, NDArray[Any]],
    target: NDArray[Any],
    subject: NDArray[Any],
    labels: int,
    *,
    seed: int = 0,
) -> tuple[Pair, ...]:
    """Compare every pair of systems, in the order given.

    Args:
        predicted: system -> (N,) index of the label it predicted for each clip.
        target: (N,) index of the true label.
        subject: (N,) subject of each clip.
        labels: K, the number of labels.
        seed: seed for the bootstrap, and for the swaps if not all can be tried.
    """
    counts = {name: st.by_subject(target, c, subject, labels) for name, c in predicted.items()}
    correct = {name: np.asarray(c == target) for name, c in predicted.items()}
    both = list(combinations(predicted, 2))
    mcnemar = [st.mcnemar(correct[a], correct[b]) for a, b in both]
    accuracy = [st.permutation(counts[a], counts[b], seed=seed) for a, b in both]
    uar = [st.permutation(counts[a], counts[b], st.uar, seed=seed) for a, b in both]
    p = zip(mcnemar, accuracy, uar, *map(st.holm, (mcnemar, accuracy, uar)), strict=True)
    return tuple(
        Pair(
            a,
            b,
            st.difference(counts[a], counts[b], st.accuracy, seed=seed),
            st.difference(counts[a], counts[b], st.uar, seed=seed),
            int(np.sum(correct[a] & ~correct[b])),
            int(np.sum(correct[b] & ~correct[a])),
            *values,
        )
        for (a, b), values in zip(both, p, strict=True)
    )
