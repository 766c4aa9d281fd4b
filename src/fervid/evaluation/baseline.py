"""What a linear model knows: the landmarks of one frame, shown beside every network.

A network that does not beat it has not needed its video, its pictures or its depth.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fervid.clip import Course
from fervid.faces.track import Track

NAME = "landmarks"

# The 68 points' eyes: six each, the person's right one first.
EYES = (slice(36, 42), slice(42, 48))


def points(track: Track, course: Course) -> NDArray[np.float32] | None:
    """(136,) the 68 landmarks of the frame nearest the apex (`apex`); None without a face."""
    row = apex(track, course)
    if row is None:
        return None
    chosen: NDArray[np.float32] = normalise(track.landmarks[row : row + 1]).astype(np.float32)
    return chosen.reshape(-1)


def apex(track: Track, course: Course) -> int | None:
    """The row of the frame nearest the apex; None without a face.

    Where the course is known to end in the apex (or is one frame) that is the last frame with a
    face. Elsewhere nobody says where the apex lies [1, Sec. 5.4], and the frame whose landmarks
    lie farthest from the first one's is taken.
    """
    rows = np.flatnonzero(track.seen & np.isfinite(track.landmarks).all(axis=(1, 2)))
    if not len(rows):
        return None
    if course in ("onset-apex", "still"):
        return int(rows[-1])
    shapes = normalise(track.landmarks[rows])
    return int(rows[np.linalg.norm(shapes - shapes[0], axis=2).mean(axis=1).argmax()])


def normalise(landmarks: NDArray[Any]) -> NDArray[np.float64]:
    """(T, 68, 2) moved, turned and scaled: the eyes' centres come to (-1/2, 0) and (1/2, 0)."""
    complex_points = landmarks[..., 0].astype(np.float64) + 1j * landmarks[..., 1]  # (T, 68)
    right, left = (complex_points[:, eye].mean(axis=1, keepdims=True) for eye in EYES)
    apart = np.where(left == right, 1, left - right)
    placed = (complex_points - (right + left) / 2) / apart
    return np.stack([placed.real, placed.imag], axis=-1)


def predict(
    train: NDArray[np.float32], target: NDArray[np.int64], test: NDArray[np.float32], labels: int
) -> NDArray[np.float32]:
    """(N, K) probabilities of a logistic regression on standardised points.

    The regularisation is scikit-learn's default (C = 1); nothing is chosen on any data.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    answer = np.zeros((len(test), labels), np.float32)
    known = np.unique(target)
    if not len(test):
        return answer
    if len(known) == 1:
        answer[:, known] = 1
        return answer
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000))
    answer[:, known] = model.fit(train, target).predict_proba(test)
    return answer
