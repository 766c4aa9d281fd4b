"""Each statistic against scikit-learn, statsmodels, scipy or an exact enumeration."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, t
from sklearn import metrics
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from fervid.evaluation import statistics as s


def answers(seed: int, n: int = 60, k: int = 4, people: int = 7):
    rng = np.random.default_rng(seed)
    target = rng.integers(0, k, n)
    predicted = np.where(rng.random(n) < 0.6, target, rng.integers(0, k, n))
    return target, predicted, rng.integers(0, people, n).astype(str)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=40))
@settings(max_examples=60, deadline=None)
def test_figures_against_scikit_learn(pairs) -> None:
    target, predicted = np.array(pairs).T
    counts = s.confusion(target, predicted, 5)
    assert (counts == metrics.confusion_matrix(target, predicted, labels=range(5))).all()
    assert s.accuracy(counts) == pytest.approx(metrics.accuracy_score(target, predicted))
    weighted = metrics.recall_score(target, predicted, average="weighted", zero_division=0)
    assert s.accuracy(counts) == pytest.approx(weighted)
    seen = np.unique(target)
    recall = metrics.recall_score(target, predicted, labels=seen, average="macro", zero_division=0)
    assert s.uar(counts) == pytest.approx(recall)
    f1 = metrics.f1_score(target, predicted, average="macro", zero_division=0)
    assert s.macro_f1(counts) == pytest.approx(f1)


def test_subjects_add_up() -> None:
    target, predicted, subject = answers(0)
    counts = s.by_subject(target, predicted, subject, 4)
    assert (counts.sum(0) == s.confusion(target, predicted, 4)).all()
    mine = subject == "3"
    assert (counts[3] == s.confusion(target[mine], predicted[mine], 4)).all()


def wide(tail: float, people: int) -> float:
    """Hesterberg's expanded percentile: Student's t, and n - 1 in place of n."""
    return float(norm.cdf(t.ppf(tail, people - 1) * np.sqrt(people / (people - 1))))


@pytest.mark.parametrize("people", [7, 25])
def test_interval_against_resampling_by_hand(people) -> None:
    target, predicted, subject = answers(1, n=9 * people, people=people)
    counts = s.by_subject(target, predicted, subject, 4)
    tail = wide(0.025, people) if people < s.FEW else 0.025
    for statistic, slow in ((s.accuracy, metrics.accuracy_score),
                            (s.uar, metrics.balanced_accuracy_score)):  # fmt: skip
        rng = np.random.default_rng(5)
        drawn = []
        for _ in range(800):
            those = rng.integers(0, people, people).astype(str)
            rows = np.concatenate([np.flatnonzero(subject == person) for person in those])
            drawn.append(slow(target[rows], predicted[rows]))
        low, high = np.quantile(drawn, [tail, 1 - tail])
        got = s.estimate(counts, statistic, resamples=20_000)
        assert got.value == pytest.approx(slow(target, predicted))
        assert (got.low, got.high) == pytest.approx((low, high), abs=0.02)


def test_interval_against_every_resample() -> None:
    target, predicted, subject = answers(2, people=4)
    counts = s.by_subject(target, predicted, subject, 4)
    every = [
        s.accuracy(counts[list(rows)].sum(0)) for rows in itertools.product(range(4), repeat=4)
    ]
    got = s.estimate(counts, resamples=60_000, level=0.8)
    low, high = np.quantile(every, [wide(0.1, 4), 1 - wide(0.1, 4)])
    assert (got.low, got.high) == pytest.approx((low, high), abs=0.01)


@pytest.mark.parametrize("people", [2, 12, 118])
@pytest.mark.parametrize("statistic", [s.accuracy, s.uar, s.macro_f1])
def test_all_right_is_not_certainty(people, statistic) -> None:
    """12 of 12: the exact interval of a share with each person one witness."""
    counts = np.tile(np.diag([2, 1]), (people, 1, 1))
    right = s.estimate(counts, statistic)
    low, high = proportion_confint(people, people, method="beta")
    assert (right.value, right.low, right.high) == pytest.approx((1, low, high))
    if statistic is s.accuracy:
        wrong = s.estimate(counts[:, ::-1], statistic)
        assert (wrong.value, wrong.low, wrong.high) == pytest.approx((0, 1 - high, 1 - low))


def test_people_who_are_all_alike_leave_the_same_share_open() -> None:
    counts = np.tile(np.array([[1, 1], [0, 0]]), (10, 1, 1))  # each is right once and wrong once
    half, other = s.estimate(counts), 1 - 0.025**0.1
    assert (half.low, half.high) == pytest.approx((0.5 - other / 2, 0.5 + other / 2))
    same = s.difference(counts, counts)
    assert (same.low, same.value, same.high) == pytest.approx((-other, 0, other))


def test_few_people_are_covered() -> None:
    """Of many small studies with a known truth, as many intervals hold it as are promised."""
    rng, truth, held = np.random.default_rng(8), 0.9, []
    for _ in range(300):
        right = rng.binomial(1, rng.beta(5.1, 0.57, 8)[:, None] * np.ones((1, 6))).sum(1)
        got = s.estimate(np.stack([right, np.full(8, 6)], axis=-1), s.share)
        held.append(got.low <= truth <= got.high)
    assert np.mean(held) > 0.91  # the plain percentile interval: 0.88


def test_paired_difference() -> None:
    target, predicted, subject = answers(3)
    one = s.by_subject(target, predicted, subject, 4)
    other = s.by_subject(target, answers(4)[1], subject, 4)
    there, back = s.difference(one, other), s.difference(other, one)
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))
    assert there.value == pytest.approx(float(s.accuracy(one.sum(0)) - s.accuracy(other.sum(0))))
    # Pairing cancels what subjects have in common, so the interval is narrower than unpaired.
    shifted = one.copy()
    shifted[0] = one[0].T
    shifted[1] = one[1][::-1]
    paired, apart = s.difference(one, shifted), s.difference(one, shifted, paired=False)
    assert paired.value == apart.value
    assert paired.high - paired.low < apart.high - apart.low


def test_intervals_are_seeded_and_in_chunks() -> None:
    target, called, subject = answers(5)
    counts = s.by_subject(target, called, subject, 4)
    assert s.estimate(counts) == s.estimate(counts)
    assert s.estimate(counts) != s.estimate(counts, seed=1)
    assert sum(s._chunks(2000, 300)) == 2000
    assert np.isnan(s.estimate(counts[:1]).low)


@pytest.mark.parametrize("seed", range(5))
def test_mcnemar_against_statsmodels(seed) -> None:
    rng = np.random.default_rng(seed)
    one, other = rng.random(50) < 0.8, rng.random(50) < 0.6
    table = [[np.sum(one & other), np.sum(one & ~other)],
             [np.sum(~one & other), np.sum(~one & ~other)]]  # fmt: skip
    assert s.mcnemar(one, other) == pytest.approx(mcnemar(table, exact=True).pvalue)
    assert s.mcnemar(one, one) == 1


def test_holm_against_statsmodels() -> None:
    p = [0.04, 0.001, 0.2, 0.03, 0.9, 0.03]
    assert s.holm(p) == pytest.approx(list(multipletests(p, method="holm")[1]))


def test_permutation_against_enumeration() -> None:
    target, predicted, subject = answers(6)
    one = s.by_subject(target, predicted, subject, 4)
    other = s.by_subject(target, answers(7)[1], subject, 4)
    gain = np.array([np.trace(a) - np.trace(b) for a, b in zip(one, other, strict=True)])
    every = [abs(np.dot(signs, gain)) for signs in itertools.product((-1, 1), repeat=7)]
    exact = np.mean(np.array(every) >= abs(gain.sum()))
    assert s.permutation(one, other) == pytest.approx(exact)
    assert s.permutation(one, other, resamples=100) == pytest.approx(exact, abs=0.1)
    assert s.permutation(one, one) == 1


def test_mean_and_deviation() -> None:
    assert s.mean_and_deviation([1, 2, 4]) == pytest.approx((7 / 3, np.std([1, 2, 4], ddof=1)))
    assert s.mean_and_deviation([0.5]) == (0.5, 0.0)
