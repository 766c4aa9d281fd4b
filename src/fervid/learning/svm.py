"""Linear support vector machines, one label against all others, as plain planes."""

import warnings

import numpy as np
from numpy.typing import NDArray

from fervid.progress import bar

Floats = NDArray[np.float32]


def length(x: NDArray[np.floating]) -> float:
    """Root of the rows' mean square length; features over it make C mean the same in any unit.

    It also keeps the solver quick: features of deviation 1 each blow up those that rarely answer.
    """
    return max(float(np.sqrt((np.asarray(x, np.float64) ** 2).sum(axis=1).mean())), 1e-12)


def planes(
    x: NDArray[np.floating],
    y: NDArray[np.int64],
    labels: int,
    cost: float = 1.0,
    seed: int = 0,
    said: str = "",
) -> tuple[Floats, Floats]:
    """Train a machine for each label of `y`; a label that nobody bears is always far off.

    Args:
        x: (N, D) features, of mean square length 1.
        y: (N,) labels.
        labels: K.
        cost: C.
        said: in a progress line; none where it is empty.

    Returns:
        (K, D) weights and (K,) biases; the farthest on its own side answers.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.svm import LinearSVC

    weight, bias = np.zeros((labels, x.shape[1]), np.float32), np.full(labels, -1e3, np.float32)
    known = np.unique(y)
    for label in bar(known, said) if said else known:
        mine = y == label
        if mine.all():
            bias[label] = 1
            continue
        # The dual where rows are fewer than features; else it is the slower way, by far.
        machine = LinearSVC(C=cost, dual="auto", random_state=seed % 2**32)
        with warnings.catch_warnings():
            # Unfinished at 1000 rounds it is still a plane.
            warnings.simplefilter("ignore", ConvergenceWarning)
            machine.fit(x, mine)
        weight[label], bias[label] = machine.coef_[0], machine.intercept_[0]
    return weight, bias
