"""Coefficients against statsmodels, the literature and slow transcriptions."""

import itertools

import numpy as np
import pytest
from statsmodels.stats.inter_rater import aggregate_raters, cohens_kappa, fleiss_kappa

from fervid.agreement.coefficients import (
    MISSING,
    cohen,
    coincidences,
    complete,
    crossed,
    fleiss,
    krippendorff,
    observed,
    one_against_rest,
)

# Krippendorff (2011), "Computing Krippendorff's alpha-reliability", Sec. C: four observers, twelve
# units, missing values; alpha for nominal data is 0.743 there.
PRINTED = """
1 2 3 3 2 1 4 1 2 . . .
1 2 3 3 2 2 4 1 2 5 . 3
. 3 3 3 2 3 4 2 2 5 1 .
1 2 3 3 2 4 4 1 2 5 1 .
"""


def printed() -> np.ndarray:
    lines = [line.split() for line in PRINTED.strip().splitlines()]
    return np.array([[MISSING if v == "." else int(v) - 1 for v in line] for line in lines])


def noisy(raters: int, moments: int = 300, labels: int = 4, missing: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(raters)
    truth = rng.choice(labels, moments, p=[0.5, 0.3, 0.15, 0.05])
    codes = np.where(rng.random((raters, moments)) < 0.7, truth, rng.integers(labels, size=moments))
    codes = np.where(rng.random(codes.shape) < 0.1, rng.integers(labels, size=codes.shape), codes)
    return np.where(rng.random(codes.shape) < missing, MISSING, codes)


def slow_alpha(codes: np.ndarray) -> float:
    """Over all pairs of values, as the definition has it."""
    columns = [[v for v in column if v != MISSING] for column in codes.T]
    columns = [column for column in columns if len(column) > 1]
    values = [v for column in columns for v in column]
    unlike = sum(
        sum(a != b for a, b in itertools.permutations(column, 2)) / (len(column) - 1)
        for column in columns
    )
    by_chance = sum(a != b for a, b in itertools.permutations(values, 2))
    return 1 - (unlike / len(values)) / (by_chance / (len(values) * (len(values) - 1)))


def test_krippendorff_as_printed() -> None:
    matrix = coincidences(printed(), 5)
    assert matrix.sum() == pytest.approx(40)  # pairable values
    assert np.diag(matrix) == pytest.approx([7, 10, 8, 4, 3])
    assert matrix.sum(0) == pytest.approx([9, 13, 10, 5, 3])
    assert float(krippendorff(matrix)) == pytest.approx(0.743, abs=0.0005)


@pytest.mark.parametrize("missing", [0.0, 0.4])
@pytest.mark.parametrize("raters", [2, 3, 5])
def test_krippendorff_slowly(raters, missing) -> None:
    codes = noisy(raters, 60, missing=missing)
    assert float(krippendorff(coincidences(codes, 4))) == pytest.approx(slow_alpha(codes))


def test_cohen_as_statsmodels() -> None:
    codes = noisy(2)
    matrix = crossed(codes[0], codes[1], 4)
    assert float(cohen(matrix)) == pytest.approx(cohens_kappa(matrix).kappa)
    assert float(observed(matrix)) == pytest.approx((codes[0] == codes[1]).mean())


@pytest.mark.parametrize("raters", [2, 3, 6])
def test_fleiss_as_statsmodels(raters) -> None:
    codes = noisy(raters, missing=0.05)
    table, _ = aggregate_raters(complete(codes).T)
    ours = fleiss(coincidences(complete(codes), 4))
    assert float(ours) == pytest.approx(fleiss_kappa(table))


@pytest.mark.parametrize("label", range(4))
def test_one_label(label) -> None:
    codes = noisy(3, missing=0.1)
    alone = np.where(codes == MISSING, MISSING, (codes != label).astype(int))
    assert np.allclose(one_against_rest(coincidences(codes, 4), label), coincidences(alone, 2))
    pair = one_against_rest(crossed(codes[0], codes[1], 4), label)
    assert np.allclose(pair, crossed(alone[0], alone[1], 2))


def test_stacks_of_matrices() -> None:
    stack = np.stack([coincidences(noisy(raters), 4) for raters in (2, 3, 4)])
    for statistic in (observed, cohen, fleiss, krippendorff):
        assert np.allclose(statistic(stack), [float(statistic(each)) for each in stack])


def test_perfect_and_none() -> None:
    same = np.array([[0, 1, 1, 0], [0, 1, 1, 0]])
    for statistic in (cohen, fleiss, krippendorff):
        assert float(statistic(coincidences(same, 2))) == pytest.approx(1)
        # One label only: nothing to agree about beyond chance.
        assert np.isnan(statistic(coincidences(np.zeros((2, 7), int), 2)))
        assert np.isnan(statistic(np.zeros((2, 2))))
