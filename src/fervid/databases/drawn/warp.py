"""Skin between the moved control points: a thin plate spline back to where the skin was."""

import numpy as np
from numpy.typing import NDArray

from fervid.databases.drawn.shape import FINE, Map

# The part of the map that expressions move, in cells (columns of s, rows of y).
COLUMNS = (30, 210)
ROWS = (20, 220)
STEP = 4  # cells between the nodes at which the spline is computed


def _anchors() -> NDArray[np.float64]:
    """Places that no expression moves: a ring around the face, and the sides of the nasal root."""
    t = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    ring = np.stack([1.75 * np.cos(t), 0.35 + 1.75 * np.sin(t)], axis=1)
    return ring[(ring[:, 1] < 1.6)]


ANCHORS = _anchors()


def nodes() -> NDArray[np.float32]:
    """(N, 2) places (s, y) of the spline's nodes, row by row."""
    s = (np.arange(*COLUMNS, STEP) + STEP / 2) / FINE - 2.4
    y = (np.arange(*ROWS, STEP) + STEP / 2) / FINE - 2.1
    return np.stack(np.meshgrid(s, y), axis=-1).reshape(-1, 2).astype(np.float32)


def _kernel(squared: NDArray[np.floating]) -> NDArray[np.floating]:
    """r^2 log r of squared distances."""
    kept: NDArray[np.floating] = squared * np.log(squared + 1e-8)
    return kept


def backward(moved: NDArray[np.float64], rest: NDArray[np.float64], at: NDArray[np.float32]) -> Map:
    """(rows, columns, 2) offsets from moved places to the resting face.

    Args:
        moved: (P, 2) current control points.
        rest: (P, 2) the same at rest.
        at: nodes.
    """
    known = np.concatenate([moved, ANCHORS])
    wanted = np.concatenate([rest - moved, np.zeros_like(ANCHORS)])
    n = len(known)
    system = np.zeros((n + 3, n + 3))
    apart = known[:, None] - known[None]
    system[:n, :n] = _kernel((apart**2).sum(axis=2)) + 2e-4 * np.eye(n)
    system[:n, n] = system[n, :n] = 1
    system[:n, n + 1 :], system[n + 1 :, :n] = known, known.T
    weights = np.linalg.solve(system, np.concatenate([wanted, np.zeros((3, 2))])).astype(np.float32)
    centre = known.astype(np.float32)
    squared = (at**2).sum(1)[:, None] + (centre**2).sum(1)[None] - 2 * (at @ centre.T)
    found = _kernel(np.maximum(squared, 0)) @ weights[:n] + weights[n] + at @ weights[n + 1 :]
    rows, columns = len(range(*ROWS, STEP)), len(range(*COLUMNS, STEP))
    field: Map = found.reshape(rows, columns, 2).astype(np.float32)
    return field
