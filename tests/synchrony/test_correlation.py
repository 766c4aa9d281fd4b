"""Windowed lagged cross-correlation against slow transcriptions, planted lags and independence."""

import numpy as np
import pytest
from scipy.signal import lfilter

from fervid.synchrony.correlation import Windows, lagged, peak, starts

RATE = 12.5
SIZES = Windows(75, 38)  # 6 s, 3 s


def slow_curve(seconds: float, memory: float, seed) -> np.ndarray:
    """0..1, an autoregressive curve that forgets within `memory` seconds."""
    keep = np.exp(-1 / (memory * RATE))
    noise = np.random.default_rng(seed).normal(size=int(seconds * RATE) + 500)
    return 1 / (1 + np.exp(-lfilter([np.sqrt(1 - keep**2)], [1, -keep], noise)[500:]))


def follows(first: np.ndarray, lag: float, share: float, seed) -> np.ndarray:
    """A curve that is `first` so many seconds later, and else its own."""
    own = slow_curve(len(first) / RATE, 1, seed)
    return share * np.roll(first, round(lag * RATE)) + (1 - share) * own


def test_correlations_slowly() -> None:
    first, second = slow_curve(20, 1, 0), slow_curve(20, 1, 1)
    second[100:104] = np.nan
    sizes = Windows(20, 7)
    at = starts(len(first), sizes, 9)
    assert at[0] == 7 and at[-1] + 20 + 7 <= len(first)
    got = lagged(first, second, at, sizes)
    assert np.isnan(got).any() and not np.isnan(got).all(axis=1).all()
    for row, begin in zip(got, at, strict=True):
        for value, lag in zip(row, range(-7, 8), strict=True):
            one, two = first[begin : begin + 20], second[begin + lag : begin + lag + 20]
            expected = np.corrcoef(one, two)[0, 1]
            assert value == pytest.approx(expected, rel=1e-9, nan_ok=True)


@pytest.mark.parametrize("lag", [-2, -1, -0.48, -0.2, 0, 0.2, 0.48, 1, 2])
def test_planted_lags(lag) -> None:
    first = slow_curve(120, 1, 5)
    found = peak(first, follows(first, lag, 0.6, 6), SIZES, 199, 0)
    assert SIZES.lags[found.place] / RATE == pytest.approx(lag, abs=1 / RATE)
    assert found.p == pytest.approx(1 / 200) and found.mean[found.place] > 0.5
    assert found.windows == 1500 // SIZES.segment


def test_the_faces_swapped() -> None:
    """What follows by 1 s in one order is followed by 1 s in the other."""
    first = slow_curve(120, 1, 7)
    second = follows(first, 1, 0.7, 8)
    there, back = peak(first, second, SIZES, 99, 0), peak(second, first, SIZES, 99, 0)
    assert SIZES.lags[there.place] == -SIZES.lags[back.place]


def test_scale_and_offset_do_not_matter() -> None:
    first, second = slow_curve(120, 1, 9), slow_curve(120, 1, 10)
    one, two = peak(first, second, SIZES, 99, 0), peak(3 + 0.1 * first, second - 5, SIZES, 99, 0)
    assert np.allclose(one.mean, two.mean) and one.p == two.p


def test_segments_do_not_overlap() -> None:
    """Each sample of the second curve is in one segment at most, whatever the lag."""
    at = starts(1500, SIZES, SIZES.segment)
    seen = np.concatenate([np.arange(a - 38, a + 75 + 38) for a in at])
    assert len(np.unique(seen)) == len(seen) and seen.min() == 0 and seen.max() < 1500


def test_p_counts_shuffles() -> None:
    """Of six segments, all 720 orders by hand: as many reach the peak as p says."""
    from itertools import permutations

    sizes = Windows(40, 10)
    first, second = slow_curve(30, 0.5, 11)[:360], slow_curve(30, 0.5, 12)[:360]
    at = starts(360, sizes, sizes.segment)
    table = np.array([[[np.corrcoef(first[a : a + 40], second[b + lag : b + lag + 40])[0, 1]
                        for b in at] for a in at] for lag in sizes.lags])  # fmt: skip
    scores = np.arctanh(table)
    orders = [[scores[:, range(6), order].mean(axis=1).max()] for order in permutations(range(6))]
    exact = np.mean(np.array(orders) >= orders[0][0] - 1e-12)
    found = peak(first, second, sizes, 20_000, 0)
    assert found.p == pytest.approx(exact, abs=0.015)  # four standard errors at most
    assert found.mean.max() == pytest.approx(np.tanh(orders[0][0]))


@pytest.mark.parametrize("memory", [0.5, 5])
def test_independent_curves_stay_quiet(memory) -> None:
    """60 pairs at the level 5 %: with three expected, nine or more come once in 600 such tests."""
    sizes = Windows(36, 18)
    alarms = [
        peak(slow_curve(60, memory, [seed, 0]), slow_curve(60, memory, [seed, 1]), sizes, 99, seed)
        for seed in range(60)
    ]
    assert sum(alarm.p <= 0.05 for alarm in alarms) < 9
    assert np.mean([alarm.p for alarm in alarms]) == pytest.approx(0.5, abs=0.15)


def test_missing_and_still_curves() -> None:
    first, second = slow_curve(120, 1, 13), slow_curve(120, 1, 14)
    torn = second.copy()
    torn[400:700] = np.nan
    whole, part = peak(first, second, SIZES, 99, 0), peak(first, torn, SIZES, 99, 0)
    assert part.windows < whole.windows and not np.isnan(part.mean).any()
    assert peak(first, np.full(1500, 0.3), SIZES, 99, 0) is None
    assert peak(first, np.full(1500, np.nan), SIZES, 99, 0) is None
