"""Linear support vector machines, one against rest, as weights and biases."""

import warnings

import numpy as np
from numpy.typing import NDArray

from fervid.progress import bar

Floats = NDArray[np.float32]


def length(x: NDArray[np.floating]) -> float:
    """Root mean square length of the rows, by which to divide features.

    C then has the same meaning in any unit. The solver is also faster than with every feature
    scaled to deviation 1, which inflates features that are rarely active.
    """
    return max(float(np.sqrt((np.asarray(x, np.float64) ** 2).sum(axis=1).mean())), 1e-12)


def planes(
    x: NDArray[np.floating],
    y: NDArray[np.int64],
    labels: int,
    cost: float = 1.0,
    seed: int = 0,
    progress: str = "",
) -> tuple[Floats, Floats]:
    """Train one machine per label; a label absent from `y` gets a bias of -1000.

    Args:
        x: (N, D) features of mean square length 1.
        y: (N,) label indices.
        labels: K, the number of labels.
        cost: C, the weight of errors.
        seed: seed for the solver.
        progress: description in the progress line; empty for no progress line.

    Returns:
        (K, D) weights and (K,) biases; the label with the largest value is the prediction.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.svm import LinearSVC

    weight, bias = np.zeros((labels, x.shape[1]), np.float32), np.full(labels, -1e3, np.float32)
    known = np.unique(y)
    for label in bar(known, progress) if progress else known:
        positive = y == label
        if positive.all():
            bias[label] = 1
            continue
        # The dual problem is much slower unless there are fewer rows than features.
        machine = LinearSVC(C=cost, dual="auto", random_state=seed % 2**32)
        with warnings.catch_warnings():
            # Without convergence after 1000 iterations the plane is still usable.
            warnings.simplefilter("ignore", ConvergenceWarning)
            machine.fit(x, positive)
        weight[label], bias[label] = machine.coef_[0], machine.intercept_[0]
    return weight, bias
