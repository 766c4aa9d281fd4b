"""Reliability diagram: the share of correct predictions against their probability."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fervid.figures.style import COLOURS, GREY, drawing, note, png


def reliability(
    edges: NDArray[Any],
    count: NDArray[Any],
    confidence: NDArray[Any],
    correct: NDArray[Any],
    title: str,
    *,
    origin: str = "",
    legend_title: str = "",
) -> bytes:
    """PNG of the share correct in each bin of the predicted probability, and of the bins' sizes.

    Args:
        edges: (M + 1,) edges of the bins, 0..1.
        count: (M,) number of clips in each bin.
        confidence: (M,) mean probability of the predictions in each bin; NaN for an empty bin.
        correct: (M,) share of correct predictions in each bin; NaN for an empty bin.
        title: title of the figure.
        origin: origin of the data, written below the figure.
        legend_title: text above the legend ("error 8.1 %").
    """
    full = np.asarray(count) > 0
    width, left = 100 * np.diff(edges), 100 * np.asarray(edges)[:-1]
    with drawing(5.2, 5.6) as figure:
        panels: Any = figure.subplots(2, 1, sharex=True, height_ratios=(3.2, 1))
        axes, below = panels
        axes.plot([0, 100], [0, 100], color=GREY, linestyle="--", linewidth=1.2,
                  label="perfect calibration")  # fmt: skip
        axes.bar(left[full], 100 * correct[full], width[full] * 0.94, align="edge",
                 color=COLOURS[0], alpha=0.3)  # fmt: skip
        axes.plot(100 * confidence[full], 100 * correct[full], "o-", color=COLOURS[0],
                  label="predictions")  # fmt: skip
        axes.set(ylabel="correct, %", title=title, xlim=(0, 100), ylim=(0, 103))
        axes.grid(axis="y")
        axes.legend(loc="upper left", fontsize=8.5, title=legend_title or None, title_fontsize=8.5)
        below.bar(left, count, width * 0.94, align="edge", color=GREY)
        below.set(xlabel="probability of the prediction, %", ylabel="clips")
        note(figure, origin)
        return png(figure)
