"""Planes of support vector machines."""

import numpy as np
import pytest

from fervid.learning import svm


def test_planes_are_scikit_learns_and_the_unit_does_not_matter(capsys):
    from sklearn.svm import LinearSVC

    rng = np.random.default_rng(0)
    y = np.arange(60) % 3 * 2  # nobody bears 1 and 3
    x = (rng.normal(size=(60, 5)) + y[:, None]).astype(np.float32)
    assert svm.length(x) == pytest.approx(np.sqrt(np.mean([row @ row for row in x])))
    weight, bias = svm.planes(x / svm.length(x), y, 5, 0.5, progress="SVM")
    expected = LinearSVC(C=0.5, dual=False).fit(x / svm.length(x), y)
    np.testing.assert_allclose(weight[::2], expected.coef_, atol=1e-3)
    np.testing.assert_allclose(bias[::2], expected.intercept_, atol=1e-3)
    assert not weight[1::2].any() and (bias[1::2] < -100).all()
    again, _ = svm.planes(70 * x / svm.length(70 * x), y, 5, 0.5)
    np.testing.assert_allclose(again, weight, atol=1e-4)


def test_one_label_alone_answers_always():
    x = np.random.default_rng(0).normal(size=(9, 4))
    weight, bias = svm.planes(x, np.full(9, 2), 4)
    assert not weight.any() and bias.argmax() == 2
    assert svm.length(np.zeros((3, 2))) > 0
