"""Calibration: how well predicted probabilities match the share of correct predictions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fervid.evaluation import statistics as st
from fervid.evaluation.statistics import Estimate
from fervid.text import Rows, csv_text, digits

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """Calibration of the predicted label's probability.

    Args:
        n: number of clips.
        error: expected calibration error: |share correct - mean probability| of each bin, weighted
            by its number of clips; 0 to 1.
        by_chance: `error` expected of perfectly calibrated predictions with the same probabilities,
            which is above 0 for a finite number of clips. An `error` close to it is not evidence
            of miscalibration.
        brier: squared distance between probabilities and truth, mean over clips, 0 to 2, with its
            95 % interval over subjects.
        confidence: mean probability of the predictions; overconfident if above `accuracy`.
        accuracy: share correct.
        edges: (M + 1,) edges of equally wide bins of the predicted label's probability.
        count: (M,) number of clips in each bin.
        sure: (M,) mean probability in each bin; NaN for an empty bin.
        right: (M,) share correct in each bin; NaN for an empty bin.
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
    """Measure the calibration of the predicted (most probable) label.

    Args:
        probabilities: (N, K) probabilities of the labels.
        target: (N,) index of the true label.
        subject: (N,) subject of each clip.
        bins: M, the number of bins; a probability on an edge belongs to the bin below it.
        seed: seed for the resampling.
    """
    values = np.asarray(probabilities, np.float64)
    confidence = values.max(axis=1)
    correct = np.asarray(values.argmax(axis=1) == target)
    edges = np.linspace(0, 1, bins + 1)
    place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    squares = _brier(values, np.asarray(target))
    return Calibration(
        n=len(confidence),
        error=float(_error(correct[None], confidence, place, bins)[0]),
        by_chance=_by_chance(confidence, place, bins, seed),
        brier=_mean_brier(squares, subject, seed),
        confidence=float(confidence.mean()),
        accuracy=float(correct.mean()),
        edges=edges,
        count=count,
        sure=_mean(place, confidence, bins),
        right=_mean(place, correct, bins),
    )


def _mean(place: NDArray[np.int64], values: NDArray[Any], bins: int) -> Values:
    """(M,) mean of the values in each bin; NaN for an empty bin."""
    count = np.bincount(place, minlength=bins)
    total = np.bincount(place, np.asarray(values, np.float64), bins)
    out: Values = np.full(bins, np.nan)
    np.divide(total, count, out=out, where=count > 0)
    return out


def _error(
    correct: NDArray[Any], confidence: Values, place: NDArray[np.int64], bins: int
) -> Values:
    """(R,) expected calibration error of R outcomes (R, N) of the same predictions."""
    members = np.eye(bins)[place]  # (N, M)
    errors: Values = np.abs((correct - confidence) @ members).sum(axis=1) / len(confidence)
    return errors


def _by_chance(confidence: Values, place: NDArray[np.int64], bins: int, seed: int) -> float:
    """Mean error of outcomes drawn with the predicted probabilities."""
    rng = np.random.default_rng(seed)
    size = max(1, min(1000, 4_000_000 // len(confidence)))
    correct = rng.random((size, len(confidence))) < confidence
    return float(_error(correct, confidence, place, bins).mean())


def _brier(values: Values, target: NDArray[Any]) -> Values:
    truth = np.eye(values.shape[1])[target]
    squares: Values = ((values - truth) ** 2).sum(axis=1)
    return squares


def _mean_brier(squares: Values, subject: NDArray[Any], seed: int) -> Estimate:
    number = np.unique(subject, return_inverse=True)[1]
    totals = np.stack([np.bincount(number, squares), np.bincount(number)], axis=-1)  # (S, 2)
    return st.estimate(totals, st.share, bounds=(0, 2), seed=seed)


def table(measured: Mapping[str, Calibration]) -> str:
    """CSV text with a line per network (empty bin columns), followed by a line per bin."""
    rows: Rows = [["network", "from", "to", "clips", "probability", "right", "error", "by_chance",
         "brier", "brier_low", "brier_high"]]  # fmt: skip
    for name, m in measured.items():
        brier = (m.brier.value, m.brier.low, m.brier.high)
        rest = (m.confidence, m.accuracy, m.error, m.by_chance, *brier)
        rows.append([name, "", "", m.n, *map(digits, rest)])
        bins = zip(m.edges[:-1], m.edges[1:], m.count, m.sure, m.right, strict=True)
        for low, high, count, sure, right in bins:
            ends = (digits(low), digits(high), int(count))
            rows.append([name, *ends, digits(sure), digits(right)])
    return csv_text(rows)
