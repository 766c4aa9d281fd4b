"""Reliability: how often answers are right, by how sure they are."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fervid.figures.style import COLOURS, GREY, drawing, note, png


def reliability(
    edges: NDArray[Any],
    count: NDArray[Any],
    sure: NDArray[Any],
    right: NDArray[Any],
    title: str,
    *,
    origin: str = "",
    said: str = "",
) -> bytes:
    """A PNG of the share right in each bin of the answer's probability, and of the bins' sizes.

    Args:
        edges: (M + 1,) of the bins, 0..1.
        count: (M,) clips in each.
        sure: (M,) mean probability in each; NaN where empty.
        right: (M,) share right in each; NaN where empty.
        said: above the legend ("error 8.1 %").
    """
    full = np.asarray(count) > 0
    width, left = 100 * np.diff(edges), 100 * np.asarray(edges)[:-1]
    with drawing(5.2, 5.6) as figure:
        panels: Any = figure.subplots(2, 1, sharex=True, height_ratios=(3.2, 1))
        axes, below = panels
        axes.plot([0, 100], [0, 100], color=GREY, linestyle="--", linewidth=1.2,
                  label="as sure as right")  # fmt: skip
        axes.bar(left[full], 100 * right[full], width[full] * 0.94, align="edge",
                 color=COLOURS[0], alpha=0.3)  # fmt: skip
        axes.plot(100 * sure[full], 100 * right[full], "o-", color=COLOURS[0], label="answers")
        axes.set(ylabel="right, %", title=title, xlim=(0, 100), ylim=(0, 103))
        axes.grid(axis="y")
        axes.legend(loc="upper left", fontsize=8.5, title=said or None, title_fontsize=8.5)
        below.bar(left, count, width * 0.94, align="edge", color=GREY)
        below.set(xlabel="probability of the answer, %", ylabel="clips")
        note(figure, origin)
        return png(figure)
