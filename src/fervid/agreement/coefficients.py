"""Coefficients of agreement beyond chance, from counts that can be summed over recordings.

[1] Cohen, A coefficient of agreement for nominal scales, Educational and Psychological
    Measurement 20, 1960.
[2] Fleiss, Measuring nominal scale agreement among many raters, Psychological Bulletin 76, 1971.
[3] Krippendorff, Computing Krippendorff's alpha-reliability, University of Pennsylvania, 2011.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
MISSING = -1  # code of a moment that a rater did not label


def coincidences(codes: NDArray[np.int64], labels: int) -> Matrix:
    """(K, K) coincidence matrix [3, Sec. B]: pairs of labels that two raters gave to one moment.

    A moment with m labels adds m (m - 1) ordered pairs, each with weight 1 / (m - 1); a moment
    with fewer than two labels adds nothing.

    Args:
        codes: (R, N) label index by rater and moment; `MISSING` for no label.
        labels: K, the number of labels.
    """
    counts = np.stack([(codes == label).sum(axis=0) for label in range(labels)], axis=1)  # (N, K)
    pairable = counts[counts.sum(axis=1) > 1].astype(np.float64)
    weighted = pairable / (pairable.sum(axis=1, keepdims=True) - 1)
    matrix: Matrix = weighted.T @ pairable - np.diag(weighted.sum(axis=0))
    return matrix


def complete(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """(R, M) codes of the moments that every rater labelled."""
    return codes[:, (codes != MISSING).all(axis=0)]


def crossed(first: NDArray[np.int64], second: NDArray[np.int64], labels: int) -> Matrix:
    """(K, K) number of moments by the first rater's label (row) and the second's (column)."""
    both = complete(np.stack([first, second]))
    cells = both[0] * labels + both[1]
    return np.bincount(cells, minlength=labels**2).reshape(labels, labels).astype(np.float64)


def observed(matrix: NDArray[Any]) -> Matrix:
    """Share of pairs that agree, from coincidences or crossed labels (..., K, K)."""
    return _divided(np.trace(matrix, axis1=-2, axis2=-1), matrix.sum((-2, -1)))


def cohen(matrix: NDArray[Any]) -> Matrix:
    """Cohen's kappa [1, Eq. 1], from crossed labels (..., K, K).

    >>> float(cohen(np.array([[20, 5], [10, 15]])).round(3))
    0.4
    """
    total = matrix.sum((-2, -1))
    expected = (matrix.sum(-1) * matrix.sum(-2)).sum(-1)
    return _beyond_chance(observed(matrix), _divided(expected, total**2))


def fleiss(matrix: NDArray[Any]) -> Matrix:
    """Fleiss' kappa [2], from coincidences (..., K, K) of moments that all raters labelled."""
    shares = _divided(matrix.sum(-1), matrix.sum((-2, -1))[..., None])
    return _beyond_chance(observed(matrix), (shares**2).sum(-1))


def krippendorff(matrix: NDArray[Any]) -> Matrix:
    """Krippendorff's alpha for nominal data [3, Sec. C], from coincidences (..., K, K)."""
    values = matrix.sum(-1)
    total = values.sum(-1)
    expected = _divided((values * (values - 1)).sum(-1), total * (total - 1))
    return _beyond_chance(observed(matrix), expected)


def one_against_rest(matrix: NDArray[Any], label: int) -> Matrix:
    """Merge all labels but one: (..., K, K) pairs to (..., 2, 2)."""
    both = matrix[..., label, label]
    row, column = matrix[..., label, :].sum(-1), matrix[..., :, label].sum(-1)
    rest = matrix.sum((-2, -1)) - row - column + both
    cells = [[both, row - both], [column - both, rest]]
    return np.stack([np.stack(line, axis=-1) for line in cells], axis=-2)


def _beyond_chance(agreed: Matrix, expected: Matrix) -> Matrix:
    """(agreed - expected) / (1 - expected); NaN if only one label occurs, so expected = 1."""
    room = np.asarray(1 - expected)
    room = np.where(np.abs(room) < 1e-12, 0, room)  # zero but for rounding
    return _divided(agreed - expected, room)


def _divided(part: NDArray[Any], whole: NDArray[Any]) -> Matrix:
    part, whole = np.broadcast_arrays(np.asarray(part, np.float64), np.asarray(whole, np.float64))
    out: Matrix = np.full(part.shape, np.nan)
    np.divide(part, whole, out=out, where=whole != 0)
    return out
