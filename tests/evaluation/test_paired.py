"""Pairs of systems, each p value against an exact enumeration or a library."""

import itertools

import numpy as np
import pytest
from scipy.stats import permutation_test
from sklearn import metrics
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from fervid.evaluation import paired
from fervid.evaluation import statistics as st


def answers(seed: int, people: int = 8, each: int = 7, systems: int = 3, k: int = 3):
    rng = np.random.default_rng(seed)
    n = people * each
    target = rng.integers(0, k, n)
    subject = np.repeat([f"S{p}" for p in range(people)], each)
    called = {
        name: np.where(rng.random(n) < 0.85 - 0.2 * number, target, rng.integers(0, k, n))
        for number, name in enumerate("abcd"[:systems])
    }
    return called, target, subject


def test_every_pair_once_in_order() -> None:
    called, target, subject = answers(0)
    made = paired.pairs(called, target, subject, 3)
    assert [(p.first, p.second) for p in made] == [("a", "b"), ("a", "c"), ("b", "c")]
    for p in made:
        one, other = (metrics.accuracy_score(target, called[n]) for n in (p.first, p.second))
        assert p.accuracy.value == pytest.approx(one - other)
        one, other = (
            metrics.recall_score(target, called[n], average="macro") for n in (p.first, p.second)
        )
        assert p.uar.value == pytest.approx(one - other)
        assert p.accuracy.low <= p.accuracy.value <= p.accuracy.high
        assert p.uar.low <= p.uar.value <= p.uar.high


def test_mcnemar_and_holm_against_statsmodels() -> None:
    called, target, subject = answers(1)
    made = paired.pairs(called, target, subject, 3)
    for p in made:
        a, b = called[p.first] == target, called[p.second] == target
        table = [[(a & b).sum(), (a & ~b).sum()], [(~a & b).sum(), (~a & ~b).sum()]]
        assert (p.only_first, p.only_second) == (table[0][1], table[1][0])
        assert p.mcnemar == pytest.approx(mcnemar(table, exact=True).pvalue)
    for name in ("mcnemar", "permutation", "permutation_uar"):
        raw = [getattr(p, name) for p in made]
        corrected = [getattr(p, f"{name}_holm") for p in made]
        assert corrected == pytest.approx(multipletests(raw, method="holm")[1])


def test_permutation_against_scipy() -> None:
    """Signs of the subjects' differences flipped, all of them; scipy calls them samples."""
    called, target, subject = answers(2, systems=2)
    (made,) = paired.pairs(called, target, subject, 3)
    names = np.unique(subject)
    right = [[(called[n] == target)[subject == s].sum() for s in names] for n in "ab"]
    known = permutation_test(
        right, lambda x, y, axis: (x - y).sum(axis=axis), permutation_type="samples",
        vectorized=True, n_resamples=np.inf,
    )  # fmt: skip
    # scipy doubles the smaller tail; for a symmetric distribution that is the same.
    assert made.permutation == pytest.approx(known.pvalue)


@pytest.mark.parametrize("seed", range(4))
def test_swapping_uar_against_enumeration(seed: int) -> None:
    called, target, subject = answers(seed, people=6, systems=2)
    (made,) = paired.pairs(called, target, subject, 3)
    people = np.unique(subject)
    seen = abs(made.uar.value)
    extreme = []
    for swap in itertools.product((False, True), repeat=len(people)):
        exchanged = np.isin(subject, people[np.array(swap)])
        a = np.where(exchanged, called["b"], called["a"])
        b = np.where(exchanged, called["a"], called["b"])
        one, other = (
            metrics.recall_score(target, x, average="macro", zero_division=0) for x in (a, b)
        )
        extreme.append(abs(one - other) >= seen - 1e-12)
    assert made.permutation_uar == pytest.approx(np.mean(extreme))


def test_sums_of_a_person_give_what_whole_counts_give() -> None:
    called, target, subject = answers(5, systems=2)
    a, b = (st.by_subject(target, called[n], subject, 3) for n in "ab")

    def slow(counts):
        return st.accuracy(counts)

    assert st.permutation(a, b, slow) == pytest.approx(st.permutation(a, b))
    assert st.estimate(a, slow) == st.estimate(a)
    assert st.difference(a, b, slow) == st.difference(a, b)


def test_drawn_swaps_agree_with_all_swaps() -> None:
    called, target, subject = answers(6, people=11, systems=2)
    a, b = (st.by_subject(target, called[n], subject, 3) for n in "ab")
    exact = st.permutation(a, b, st.uar)
    drawn = st.permutation(a, b, st.uar, resamples=2000, seed=1)
    assert drawn == pytest.approx(exact, abs=0.03)
    assert drawn == st.permutation(a, b, st.uar, resamples=2000, seed=1)
    # p is never 0: what was observed counts.
    far = np.zeros((30, 2, 2), int)
    far[:, 0, 0] = 5
    assert st.permutation(far, far[:, :, ::-1], st.accuracy, resamples=99) == pytest.approx(1 / 100)


def test_equal_systems() -> None:
    called, target, subject = answers(7, systems=1)
    (made,) = paired.pairs({"a": called["a"], "b": called["a"]}, target, subject, 3)
    assert made.accuracy.value == made.uar.value == 0
    assert made.mcnemar == made.permutation == made.permutation_uar == 1
    # Nobody in 8 people made a difference; up to 37 % of people may still do.
    assert made.accuracy.high == -made.accuracy.low == pytest.approx(1 - 0.025 ** (1 / 8))


def test_order_of_a_pair_changes_only_signs() -> None:
    called, target, subject = answers(8, systems=2)
    (one,) = paired.pairs(called, target, subject, 3)
    (other,) = paired.pairs({"b": called["b"], "a": called["a"]}, target, subject, 3)
    assert other.accuracy.value == -one.accuracy.value
    assert other.uar.value == pytest.approx(-one.uar.value)
    assert other.accuracy.low == pytest.approx(-one.accuracy.high)
    assert (other.mcnemar, other.permutation) == (one.mcnemar, one.permutation)
