"""Further columns of the summary for each face: share of time per label, and warnings."""

import numpy as np
from numpy.typing import NDArray

from fervid.faces.points68 import EYES
from fervid.prediction.timeline import Timeline

# Limits beyond which predictions are less reliable, measured by `benchmarks/flags.py`.
SMALL = 20.0  # shorter side of the box around the landmarks, pixels
DARK = 48.0  # mean grey value of the face, 0..255
TURNED = 0.4  # shift of the nose in units of the distance between the eyes; about 30 degrees
FEW = 10  # labelled frames, in an input with at least as many frames
MOST = 0.5  # share of a face's frames that raises a flag


def shares(rows: Timeline, shown: NDArray[np.float64]) -> dict[str, float]:
    """Share of a face's labelled time in which each label is its most probable one.

    Args:
        rows: rows of one face.
        shown: (R,) seconds for which each row's frame is shown; 0 for a still image.
    """
    labelled = rows.labelled
    weight = shown[labelled] if shown[labelled].sum() > 0 else np.ones(labelled.sum())
    best = rows.label[labelled]
    total = weight.sum()
    return {label: float(weight[best == label].sum() / total) for label in rows.labels if total}


def flags(rows: Timeline, frames: int) -> tuple[str, ...]:
    """Warnings for one face: small, dark or turned in half of its frames, or few frames.

    Args:
        rows: rows of one face.
        frames: number of frames of the whole input.
    """
    checks = {
        "small": rows.box[:, 2:].min(axis=1) < SMALL,
        "dark": rows.light < DARK,
        "turned": turn(rows.landmarks) > TURNED,
    }
    raised = [name for name, bad in checks.items() if bad.mean() >= MOST]
    few = rows.labelled.sum() < FEW <= frames
    return (*raised, "few frames") if few else tuple(raised)


def turn(landmarks: NDArray[np.float32]) -> NDArray[np.float64]:
    """(R,) distance of the tip of the nose from the midpoint of the eyes, along their line.

    In units of the distance between the eyes: 0 for a frontal face, 0.4 at about 30 degrees.

    Args:
        landmarks: (R, 68, 2).
    """
    left, right = (landmarks[:, eye].mean(axis=1) for eye in EYES)
    across = (right - left).astype(np.float64)
    shift = ((landmarks[:, 30] - (left + right) / 2) * across).sum(axis=1)
    return np.asarray(np.abs(shift) / np.maximum((across**2).sum(axis=1), 1e-9))
