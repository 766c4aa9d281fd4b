"""Windowed lagged cross-correlation of two curves [1], and shuffled segments as its null [2, 3].

Curves of faces are slow: a value resembles its neighbours, so a test that takes frames as
independent finds synchrony everywhere. Here the second recording is cut into segments that do not
overlap, each a window with everything that lies within the largest lag of it, and the segments are
shuffled whole. Each keeps its autocorrelation; only which window meets which segment is left to
chance. The p value is exact where the segments of one of the curves are exchangeable: a stationary
curve that forgets its state within a segment. Circular shifts are no substitute: the peak over all
lags moves along with a small shift, so a minute of recording holds only a handful of different
ones.

[1] Boker, Xu, Rotondo, King, Windowed cross-correlation and peak picking for the analysis of
    variability in the association between behavioral time series, Psychological Methods 7, 2002.
[2] Ramseyer, Tschacher, Nonverbal synchrony in psychotherapy: coordinated body movement reflects
    relationship quality and outcome, Journal of Consulting and Clinical Psychology 79, 2011.
[3] Moulder, Boker, Ramseyer, Tschacher, Determining synchrony between behavioral time series: an
    application of surrogate data generation for establishing falsifiable null-hypotheses,
    Psychological Methods 23, 2018.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Curve = NDArray[np.float64]
Starts = NDArray[np.int64]
LEAST_SEGMENTS = 6  # 720 orders; with fewer, p cannot become small
LARGEST = 4_000_000  # correlations in memory at a time
SURE = 0.999999  # a correlation of 1 has no finite z


@dataclass(frozen=True)
class Windows:
    """Sizes in samples.

    Args:
        width: of a window.
        reach: the largest lag, in both directions.
    """

    width: int
    reach: int

    @property
    def segment(self) -> int:
        """A window with everything within reach of it."""
        return self.width + 2 * self.reach

    @property
    def lags(self) -> NDArray[np.int64]:
        """(L,) from -reach to reach."""
        return np.arange(-self.reach, self.reach + 1)


@dataclass(frozen=True)
class Peak:
    """How two curves go together.

    Args:
        mean: (L,) mean correlation of the windows at each lag; NaN where none is known.
        null: (L,) 95th percentile of the same after shuffling.
        place: index of the largest mean.
        windows: how many the mean is of.
        p: share of shuffles whose largest mean, at any lag, is as high; what was seen counts as
            one of them.
    """

    mean: Curve
    null: Curve
    place: int
    windows: int
    p: float


def starts(length: int, windows: Windows, step: int) -> Starts:
    """(W,) where windows begin in the first curve, so that every lag stays within the second."""
    return np.arange(windows.reach, length - windows.reach - windows.width + 1, step)


def lagged(first: Curve, second: Curve, at: Starts, windows: Windows) -> NDArray[np.float64]:
    """(W, L) correlation of each window with the second curve at each lag [1, Eq. 2].

    A positive lag has the second curve follow the first. NaN where a curve is missing within the
    window or does not change in it.

    Args:
        first, second: (N,) at one rate; NaN where a curve is missing.
        at: (W,) starts of the windows.
    """
    standard = _standardised(first, at, windows.width)
    columns = [
        (standard * _standardised(second, at + lag, windows.width)).sum(axis=-1)
        for lag in windows.lags
    ]
    return np.stack(columns, axis=1)


def peak(first: Curve, second: Curve, windows: Windows, count: int, seed: int) -> Peak | None:
    """The lag at which two curves go together best, against shuffled segments [2].

    Args:
        first, second: (N,) at one rate; NaN where a curve is missing.
        count: shuffles.

    Returns:
        None where no window holds both curves and a change in both.
    """
    at = starts(len(first), windows, windows.segment)
    rng = np.random.default_rng(seed)
    orders = np.stack([np.arange(len(at)), *(rng.permutation(len(at)) for _ in range(count))])
    standard = _standardised(first, at, windows.width)
    parts = []
    for lags in np.array_split(windows.lags, 1 + len(windows.lags) * orders.size // LARGEST):
        # Each window with each segment, (L, W, W); every order then only picks from these.
        segments = _standardised(second, at + lags[:, None], windows.width)
        pairs = _fisher(standard @ segments.swapaxes(1, 2))
        parts.append(_mean(pairs[:, np.arange(len(at)), orders]))
    means = np.tanh(np.concatenate(parts)).T
    if np.isnan(means[0]).all():
        return None
    known = np.where(np.isnan(means), -1, means)
    highest = known.max(axis=1)
    matched = ~np.isnan(lagged(first, second, at, windows)).all(axis=1)
    return Peak(
        means[0],
        np.quantile(known[1:], 0.95, axis=0),
        int(known[0].argmax()),
        int(matched.sum()),
        float((highest >= highest[0] - 1e-12).mean()),
    )


def _standardised(curve: Curve, at: Starts, width: int) -> NDArray[np.float64]:
    """(..., width) windows with mean 0 and length 1; NaN where a window does not change."""
    windows = np.lib.stride_tricks.sliding_window_view(curve, width)[at]
    centred = windows - windows.mean(axis=-1, keepdims=True)
    length = np.sqrt((centred**2).sum(axis=-1, keepdims=True))
    return np.asarray(centred / np.where(length > 1e-9, length, np.nan), np.float64)


def _fisher(correlations: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.arctanh(np.clip(correlations, -SURE, SURE)), np.float64)


def _mean(values: NDArray[np.float64]) -> Curve:
    """Mean over the last axis without its NaNs."""
    known = ~np.isnan(values)
    count = known.sum(axis=-1)
    total = np.where(known, values, 0).sum(axis=-1)
    return np.asarray(total / np.where(count > 0, count, np.nan), np.float64)
