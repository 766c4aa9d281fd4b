"""Calibration against scikit-learn and slow transcriptions."""

import csv
import io

import numpy as np
import pytest
from scipy.stats import norm, t
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from fervid.evaluation.calibration import calibration, table
from fervid.figures.reliability import reliability


def answers(seed: int, n: int = 300, k: int = 4):
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, (n, k))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    target = np.array([rng.choice(k, p=row) for row in p])
    return p, target, rng.integers(0, 12, n).astype(str)


@pytest.mark.parametrize("bins", [1, 5, 10, 15])
def test_error_against_a_loop(bins: int) -> None:
    p, target, subject = answers(0)
    made = calibration(p, target, subject, bins=bins)
    error = 0.0
    for b in range(bins):
        inside = [i for i, row in enumerate(p) if b / bins < row.max() <= (b + 1) / bins]
        assert made.count[b] == len(inside)
        if not inside:
            assert np.isnan(made.sure[b]) and np.isnan(made.right[b])
            continue
        right = np.mean([p[i].argmax() == target[i] for i in inside])
        sure = np.mean([p[i].max() for i in inside])
        assert (made.right[b], made.sure[b]) == pytest.approx((right, sure))
        error += len(inside) / len(p) * abs(right - sure)
    assert made.error == pytest.approx(error)


def test_curve_against_scikit_learn() -> None:
    p, target, subject = answers(1)
    made = calibration(p, target, subject)
    right, sure = calibration_curve(p.argmax(axis=1) == target, p.max(axis=1), n_bins=10)
    full = made.count > 0
    assert made.right[full] == pytest.approx(right)
    assert made.sure[full] == pytest.approx(sure)
    assert made.accuracy == pytest.approx((p.argmax(axis=1) == target).mean())
    assert made.confidence == pytest.approx(p.max(axis=1).mean())


def test_brier_against_scikit_learn() -> None:
    """With two labels the sum over labels is twice the usual one-sided score."""
    p, target, subject = answers(2, k=2)
    made = calibration(p, target, subject)
    assert made.brier.value == pytest.approx(2 * brier_score_loss(target, p[:, 1]))
    assert made.brier.low < made.brier.value < made.brier.high


def test_brier_interval_against_resampling_by_hand() -> None:
    p, target, subject = answers(3)
    squares = ((p - np.eye(4)[target]) ** 2).sum(axis=1)
    rng = np.random.default_rng(9)
    people = np.unique(subject)
    drawn = [
        np.concatenate([squares[subject == one] for one in rng.choice(people, len(people))]).mean()
        for _ in range(3000)
    ]
    made = calibration(p, target, subject)
    interval = (made.brier.low, made.brier.high)
    wide = norm.cdf(t.ppf(0.025, 11) * np.sqrt(12 / 11))  # twelve people are few
    assert interval == pytest.approx(np.quantile(drawn, [wide, 1 - wide]), abs=0.01)


def test_calibrated_answers_have_the_error_of_chance() -> None:
    made = [calibration(*answers(seed)) for seed in range(20)]
    mean = np.mean([one.error for one in made])
    assert mean == pytest.approx(np.mean([one.by_chance for one in made]), rel=0.1)
    assert mean > 0.03  # which is why it is said beside the error


def test_too_sure_answers_stand_out() -> None:
    p, target, subject = answers(4)
    sharp = p**4 / (p**4).sum(axis=1, keepdims=True)
    made = calibration(sharp, target, subject)
    assert made.confidence > made.accuracy
    assert made.error > 3 * made.by_chance
    assert made.brier.value > calibration(p, target, subject).brier.value


def test_certain_answers() -> None:
    target = np.array([0, 1, 1, 0])
    made = calibration(np.eye(2)[target], target, np.array(list("aabb")))
    assert made.error == made.by_chance == made.brier.value == 0
    assert made.count[-1] == 4
    one = calibration(np.eye(2)[target], target, np.array(list("aaaa")))
    assert np.isnan(one.brier.low)


def test_picture() -> None:
    made = calibration(*answers(5))
    told = (made.edges, made.count, made.sure, made.right)
    png = reliability(*told, "Calibration", origin="drawn", legend_title="error 5 %")
    assert png.startswith(b"\x89PNG") and len(png) > 5000
    assert png == reliability(*told, "Calibration", origin="drawn", legend_title="error 5 %")


def test_table() -> None:
    made = calibration(*answers(6), bins=4)
    rows = list(csv.DictReader(io.StringIO(table({"joint": made}))))
    assert len(rows) == 5 and rows[0]["from"] == ""
    assert float(rows[0]["error"]) == pytest.approx(made.error, rel=1e-5)
    assert [int(row["clips"]) for row in rows[1:]] == made.count.tolist()
    assert rows[1]["right"] == "" and float(rows[4]["right"]) == pytest.approx(made.right[3], 1e-5)
