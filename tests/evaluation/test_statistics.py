"""Each statistic against scikit-learn, statsmodels, scipy or an exact enumeration."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

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


def test_bootstrap_against_resampling_by_hand() -> None:
    target, predicted, subject = answers(1)
    counts = s.by_subject(target, predicted, subject, 4)
    for statistic, slow in ((s.accuracy, metrics.accuracy_score),
                            (s.uar, metrics.balanced_accuracy_score)):  # fmt: skip
        rng = np.random.default_rng(5)
        drawn = []
        for _ in range(1500):
            people = rng.integers(0, 7, 7).astype(str)
            rows = np.concatenate([np.flatnonzero(subject == person) for person in people])
            drawn.append(slow(target[rows], predicted[rows]))
        low, high = np.quantile(drawn, [0.025, 0.975])
        got = s.bootstrap(counts, statistic, resamples=20_000)
        assert (got.low, got.high) == pytest.approx((low, high), abs=0.02)


def test_bootstrap_against_every_resample() -> None:
    target, predicted, subject = answers(2, people=4)
    counts = s.by_subject(target, predicted, subject, 4)
    every = [
        s.accuracy(counts[list(rows)].sum(0)) for rows in itertools.product(range(4), repeat=4)
    ]
    got = s.bootstrap(counts, resamples=60_000, level=0.8)
    low, high = np.quantile(every, [0.1, 0.9])
    assert (got.low, got.high) == pytest.approx((low, high), abs=0.01)


def test_paired_difference() -> None:
    target, predicted, subject = answers(3)
    one = s.by_subject(target, predicted, subject, 4)
    other = s.by_subject(target, answers(4)[1], subject, 4)
    there, back = s.bootstrap(one, against=other), s.bootstrap(other, against=one)
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))
    nothing = s.bootstrap(one, against=one)
    assert (nothing.low, nothing.high) == (0, 0)
    # Pairing cancels what subjects have in common, so the interval is narrower than unpaired.
    shifted = one.copy()
    shifted[0] = one[0].T
    paired = s.bootstrap(one, against=shifted)
    alone = s.bootstrap(one)
    assert paired.high - paired.low < alone.high - alone.low


def test_bootstrap_is_seeded_and_in_chunks() -> None:
    counts = s.by_subject(*answers(5), 4)
    assert s.bootstrap(counts) == s.bootstrap(counts)
    assert s.bootstrap(counts) != s.bootstrap(counts, seed=1)
    assert sum(s._chunks(2000, 300)) == 2000
    assert np.isnan(s.bootstrap(counts[:1]).low)


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
