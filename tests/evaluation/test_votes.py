import numpy as np
from fervid.evaluation.votes import with_votes

from fervid.clip import Clip
from fervid.learning.samples import Samples

LABELS = ("happiness", "neutral")


def clip(name, label="neutral", **votes):
    return Clip(name, "x", "d", label, votes=votes)


def samples(rows):
    n = len(rows)
    return Samples({"x": np.zeros(n)}, np.ones(n, int), np.array(rows), np.array(["s"] * n), LABELS)


def test_counts_in_the_order_of_the_labels():
    clips = [clip("a", neutral=6, happiness=2, unknown=2), clip("b"), clip("c", "happiness")]
    found = with_votes(samples([0, 0, 2, 1]), clips).arrays["votes"]
    assert found.tolist() == [[2, 6], [2, 6], [1, 0], [0, 1]] and found.dtype == np.float32


def test_samples_without_votes_stay_as_they_are():
    given = samples([0, 1])
    assert with_votes(given, [clip("a"), clip("b"), clip("c", neutral=3)]) is given
