"""Episodes of two raters: which of them are the same.

Agreement moment by moment weighs a long episode more than a short one and says nothing of how often
a rater cut one in two. Here an episode counts once. Two episodes of one label match where they
share more than half of the time that either covers (intersection over union above 1/2), so that
none matches two.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fervid.agreement.raters import OVERLAP, Stretch

OVER_HALF = 0.5


def merged(stretches: Sequence[Stretch]) -> list[Stretch]:
    """Stretches in time; neighbours with one label that touch are one episode.

    >>> merged([(0, 1, "fear"), (1, 2, "fear"), (3, 4, "fear")])
    [(0, 2, 'fear'), (3, 4, 'fear')]
    """
    episodes: list[Stretch] = []
    for start, end, label in sorted(stretches):
        if episodes and episodes[-1][2] == label and start - episodes[-1][1] <= OVERLAP:
            episodes[-1] = (episodes[-1][0], max(end, episodes[-1][1]), label)
        else:
            episodes.append((start, end, label))
    return episodes


def matches(
    first: Sequence[Stretch], second: Sequence[Stretch], labels: Sequence[str]
) -> NDArray[np.int64]:
    """(K, 2) by label, how many episodes of both raters match, and how many there are.

    Their ratio is 2 M / (A + B) for M matching pairs of A and B episodes.
    """
    counts = np.zeros((len(labels), 2), np.int64)
    sides = merged(first), merged(second)
    for place, label in enumerate(labels):
        one, two = (
            np.array([each[:2] for each in side if each[2] == label]).reshape(-1, 2)
            for side in sides
        )
        shared = np.minimum(one[:, None, 1], two[:, 1]) - np.maximum(one[:, None, 0], two[:, 0])
        covered = np.diff(one) + np.diff(two).T - shared
        counts[place] = 2 * (shared > OVER_HALF * covered).sum(), len(one) + len(two)
    return counts
