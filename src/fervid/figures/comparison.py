"""Accuracies of several runs and the differences between every pair."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from fervid.figures.style import COLOURS, GREY, drawing, note, png

# Value, low, high.
Range = tuple[float, float, float]


def comparison(
    accuracy: Mapping[str, Range], difference: Mapping[str, Range], title: str, origin: str = ""
) -> bytes:
    """PNG of accuracies above and paired differences below, each with its interval.

    Args:
        accuracy: shares (0..1), by run.
        difference: shares, by pair; drawn in grey if the interval contains 0.
        title: title of the figure.
        origin: origin of the data, written below the figure.
    """
    sizes = (1 + len(accuracy), 1 + len(difference))
    with drawing(8.2, 1.1 + 0.42 * sum(sizes)) as figure:
        panels: Any = figure.subplots(2, 1, height_ratios=sizes)
        _ranges(panels[0], accuracy, {})
        panels[0].set(title=title, xlabel="accuracy, %")
        _ranges(
            panels[1], difference, {n: GREY for n, r in difference.items() if _contains_zero(r)}
        )
        panels[1].axvline(0, color="#5F6670", linewidth=1)
        panels[1].set(
            xlabel="difference, points (lines: 95 % intervals over subjects, per pair; "
            "grey: interval contains 0)"
        )
        note(figure, origin)
        return png(figure)


def _contains_zero(values: Range) -> bool:
    return not (values[1] > 0 or values[2] < 0)


def _ranges(axes: Any, rows: Mapping[str, Range], colours: Mapping[str, str]) -> None:
    for place, (name, (value, low, high)) in enumerate(rows.items()):
        colour = colours.get(name, COLOURS[0])
        if np.isfinite([low, high]).all():
            axes.plot([100 * low, 100 * high], [place, place], color=colour, linewidth=2.6,
                      alpha=0.55, solid_capstyle="round")  # fmt: skip
        axes.plot(100 * value, place, "o", color=colour)
        axes.annotate(f"{100 * value:.1f}", (100 * value, place), (0, 6), ha="center",
                      textcoords="offset points", fontsize=8.5)  # fmt: skip
    axes.set_yticks(range(len(rows)), list(rows))
    axes.set_ylim(len(rows) - 0.5, -0.8)
    axes.margins(x=0.06)
    axes.grid(axis="x")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
