"""What the summary says of a face besides its mean: share of time per label, and warnings."""

import numpy as np
from numpy.typing import NDArray

from fervid.faces.points68 import EYES
from fervid.predict.timeline import Timeline

# From where on answers are less sure, by `benchmarks/flags.py`.
SMALL = 20.0  # pixels of the box around the landmarks, its shorter side
DARK = 48.0  # mean grey value of the face, 0..255
TURNED = 0.4  # shift of the nose in distances between the eyes, at about 30 degrees
FEW = 10  # labelled frames, of an input that has as many
MOST = 0.5  # share of a face's frames from which a flag is raised


def shares(rows: Timeline, shown: NDArray[np.float64]) -> dict[str, float]:
    """Share of a face's labelled time in which each label is its most probable one.

    Args:
        rows: of one face.
        shown: (R,) seconds for which each row's frame is shown; of a picture 0.
    """
    labelled = rows.labelled
    weight = shown[labelled] if shown[labelled].sum() > 0 else np.ones(labelled.sum())
    best = rows.label[labelled]
    whole = weight.sum()
    return {label: float(weight[best == label].sum() / whole) for label in rows.labels if whole}


def flags(rows: Timeline, frames: int) -> tuple[str, ...]:
    """What makes one face's answers less sure: small, dark, turned (half its frames), few frames.

    Args:
        rows: of one face.
        frames: of the whole input.
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
    """(R,) how far the nose's tip lies from between the eyes, along the line through them.

    In distances between the eyes; 0 is a face seen from the front, 0.4 is about 30 degrees.

    Args:
        landmarks: (R, 68, 2).
    """
    left, right = (landmarks[:, eye].mean(axis=1) for eye in EYES)
    across = (right - left).astype(np.float64)
    shift = ((landmarks[:, 30] - (left + right) / 2) * across).sum(axis=1)
    return np.asarray(np.abs(shift) / np.maximum((across**2).sum(axis=1), 1e-9))
