"""Whether a system's probabilities mean what they say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fervid.evaluation import statistics as st
from fervid.evaluation.statistics import Estimate
from fervid.text import Rows, csv_text

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """How sure the answers are, beside how often they are right.

    Args:
        n: clips.
        error: expected calibration error of the answer: |share right - mean probability| of each
            bin, weighted by its clips; 0 to 1.
        by_chance: the error to be expected of perfectly calibrated answers as sure as these, for
            so few clips leave none at 0; `error` near it says nothing against the system.
        brier: mean over clips of the squared distance between probabilities and truth, 0 to 2,
            with its 95 % interval over subjects.
        confidence: mean probability of the answers; above `accuracy`, they are too sure.
        accuracy: share right.
        edges: (M + 1,) of equally wide bins of the answer's probability.
        count: (M,) clips in each bin.
        sure: (M,) mean probability in each; NaN where empty.
        right: (M,) share right in each; NaN where empty.
    """

    n: int
    error: float
    by_chance: float
    brier: Estimate
    confidence: float
    accuracy: float
    edges: Values = field(repr=False)
    count: NDArray[np.int64] = field(repr=False)
    sure: Values = field(repr=False)
    right: Values = field(repr=False)


def calibration(
    probabilities: NDArray[Any],
    target: NDArray[Any],
    subject: NDArray[Any],
    *,
    bins: int = 10,
    seed: int = 0,
) -> Calibration:
    """Measure the top label's calibration.

    Args:
        probabilities: (N, K).
        target: (N,) index of the true label.
        subject: (N,) who is seen.
        bins: M; a probability on an edge counts to the bin below it.
        seed: of the resamples.
    """
    values = np.asarray(probabilities, np.float64)
    sure = values.max(axis=1)
    right = np.asarray(values.argmax(axis=1) == target)
    edges = np.linspace(0, 1, bins + 1)
    place = np.clip(np.searchsorted(edges, sure, side="left") - 1, 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    squares = _brier(values, np.asarray(target))
    return Calibration(
        n=len(sure),
        error=float(_error(right[None], sure, place, bins)[0]),
        by_chance=_by_chance(sure, place, bins, seed),
        brier=_mean_brier(squares, subject, seed),
        confidence=float(sure.mean()),
        accuracy=float(right.mean()),
        edges=edges,
        count=count,
        sure=_mean(place, sure, bins),
        right=_mean(place, right, bins),
    )


def _mean(place: NDArray[np.int64], values: NDArray[Any], bins: int) -> Values:
    """(M,) mean of the values in each bin; NaN where empty."""
    count = np.bincount(place, minlength=bins)
    total = np.bincount(place, np.asarray(values, np.float64), bins)
    out: Values = np.full(bins, np.nan)
    np.divide(total, count, out=out, where=count > 0)
    return out


def _error(right: NDArray[Any], sure: Values, place: NDArray[np.int64], bins: int) -> Values:
    """(R,) expected calibration error of R outcomes, (R, N), of the same answers."""
    inside = np.eye(bins)[place]  # (N, M)
    gaps: Values = np.abs((right - sure) @ inside).sum(axis=1) / len(sure)
    return gaps


def _by_chance(sure: Values, place: NDArray[np.int64], bins: int, seed: int) -> float:
    rng = np.random.default_rng(seed)
    size = max(1, min(1000, 4_000_000 // len(sure)))
    return float(_error(rng.random((size, len(sure))) < sure, sure, place, bins).mean())


def _brier(values: Values, target: NDArray[Any]) -> Values:
    truth = np.eye(values.shape[1])[target]
    squares: Values = ((values - truth) ** 2).sum(axis=1)
    return squares


def _mean_brier(squares: Values, subject: NDArray[Any], seed: int) -> Estimate:
    number = np.unique(subject, return_inverse=True)[1]
    totals = np.stack([np.bincount(number, squares), np.bincount(number)], axis=-1)  # (S, 2)
    return st.estimate(totals, st.share, bounds=(0, 2), seed=seed)


def table(measured: Mapping[str, Calibration]) -> str:
    """CSV text: a line per network and bin, the whole network's first (bin empty)."""
    rows: Rows = [["network", "from", "to", "clips", "probability", "right", "error", "by_chance",
         "brier", "brier_low", "brier_high"]]  # fmt: skip
    for name, m in measured.items():
        brier = (m.brier.value, m.brier.low, m.brier.high)
        rest = (m.confidence, m.accuracy, m.error, m.by_chance, *brier)
        rows.append([name, "", "", m.n, *map(_number, rest)])
        bins = zip(m.edges[:-1], m.edges[1:], m.count, m.sure, m.right, strict=True)
        for low, high, count, sure, right in bins:
            ends = (_number(low), _number(high), int(count))
            rows.append([name, *ends, _number(sure), _number(right)])
    return csv_text(rows)


def _number(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.6g}"
