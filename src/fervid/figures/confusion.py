"""Confusion matrices in per cent, with counts [1, Tables 3, 5, 7]."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fervid.figures.style import drawing, note, png


def confusion(counts: NDArray[Any], labels: tuple[str, ...], title: str, origin: str = "") -> bytes:
    """PNG of a confusion matrix.

    Args:
        counts: (K, K) clips by true label (row) and predicted label (column).
        labels: K names.
        title: title of the figure.
        origin: origin of the data, written below the figure.
    """
    counts = np.asarray(counts)
    total = counts.sum(axis=1, keepdims=True)
    share = np.divide(100 * counts, total, out=np.zeros(counts.shape), where=total > 0)
    side = 1.9 + 0.72 * len(labels)
    with drawing(side + 0.45, side) as figure:
        axes = figure.add_subplot()
        axes.imshow(share, cmap="Blues", vmin=0, vmax=100)
        axes.set_xticks(range(len(labels)), labels, rotation=35, ha="right", rotation_mode="anchor")
        axes.set_yticks(
            range(len(labels)),
            [f"{label} ({int(n)})" for label, n in zip(labels, total[:, 0], strict=True)],
        )
        axes.set(xlabel="predicted", ylabel="true (clips)", title=title)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        axes.set_xticks(np.arange(1, len(labels)) - 0.5, minor=True)
        axes.set_yticks(np.arange(1, len(labels)) - 0.5, minor=True)
        axes.grid(which="minor", color="white", linewidth=2)
        axes.tick_params(which="minor", length=0)
        for (row, column), value in np.ndenumerate(share):
            _cell(axes, row, column, float(value), int(counts[row, column]))
        note(figure, origin)
        return png(figure)


def _cell(axes: Any, row: int, column: int, share: float, count: int) -> None:
    if not count:
        axes.text(column, row, "·", ha="center", va="center", color="#B4BAC2")
        return
    colour = "white" if share > 55 else "#1F2328"
    weight = "bold" if row == column else "normal"
    axes.text(column, row - 0.1, f"{share:.1f}", ha="center", va="center", color=colour,
              fontsize=9.5, fontweight=weight)  # fmt: skip
    axes.text(column, row + 0.25, f"{count}", ha="center", va="center", color=colour, fontsize=7)
