"""Training curves, and the accuracy of a weighted sum against its weight [1, Fig. 11]."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fervid.figures.style import COLOURS, GREY, drawing, note, png

Curve = Mapping[str, NDArray[np.float64]]


def training(stages: Mapping[str, Sequence[Curve]], title: str, origin: str = "") -> bytes:
    """PNG of the loss by epoch, with one panel per stage and one thin line per fold.

    Args:
        stages: stage -> one curve per fold, with the columns epoch, loss and, if the fold was
            validated, validation_loss and validation_accuracy.
        title: title of the figure.
        origin: origin of the data, written below the figure.
    """
    columns = min(3, len(stages))
    lines = -(-len(stages) // columns)
    with drawing(max(3.2 * columns, 5), 0.5 + 2.9 * lines) as figure:
        panels: list[Any] = list(figure.subplots(lines, columns, squeeze=False).flat)
        for axes, (stage, folds) in zip(panels, stages.items(), strict=False):
            _panel(axes, folds)
            axes.set_title(stage)
        for axes in panels[len(stages) :]:
            axes.set_axis_off()
        panels[0].legend(fontsize=8.5)
        figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")
        note(figure, origin)
        return png(figure)


def _panel(axes: Any, folds: Sequence[Curve]) -> None:
    from matplotlib.ticker import MaxNLocator

    for column, colour, name in (
        ("loss", COLOURS[0], "training"),
        ("validation_loss", COLOURS[5], "validation subjects"),
    ):
        with_column = [fold for fold in folds if column in fold]
        for fold in with_column:
            axes.plot(fold["epoch"] + 1, fold[column], color=colour, alpha=0.22, linewidth=1)
        if with_column:
            epochs, median = _median(with_column, column)
            axes.plot(epochs + 1, median, color=colour, linewidth=2, label=name)
    axes.set(xlabel="epoch", ylabel="loss", ylim=(0, None))
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.grid(axis="y")


def _median(folds: Sequence[Curve], column: str) -> tuple[Any, Any]:
    """Median over the folds at each epoch that at least half of the folds reached."""
    longest = max((fold["epoch"] for fold in folds), key=len)
    reached = [sum(len(fold["epoch"]) > e for fold in folds) for e in range(len(longest))]
    count = sum(n >= len(folds) / 2 for n in reached)
    medians = [
        np.median([fold[column][e] for fold in folds if len(fold[column]) > e])
        for e in range(count)
    ]
    return longest[:count], np.array(medians)


def sweep(
    alpha: NDArray[Any],
    accuracy: NDArray[Any],
    names: tuple[str, str],
    title: str,
    origin: str = "",
    used: float | None = None,
) -> bytes:
    """PNG of the accuracy of alpha * first + (1 - alpha) * second against alpha.

    Args:
        alpha: (A,) weights in 0..1, ascending.
        accuracy: (A,) shares (0..1).
        names: names of the first and the second network.
        title: title of the figure.
        origin: origin of the data, written below the figure.
        used: alpha that was fixed beforehand, which is marked; None for no mark.
    """
    with drawing(7.5, 3.4) as figure:
        axes = figure.add_subplot()
        values = 100 * np.asarray(accuracy)
        axes.plot(alpha, values, color=COLOURS[0], linewidth=2)
        for end, network, side in ((0, names[1], "left"), (-1, names[0], "right")):
            axes.plot(alpha[end], values[end], "o", color=GREY)
            axes.annotate(f"{network} alone, {values[end]:.1f}", (alpha[end], values[end]),
                          (10 if end == 0 else -10, -9), ha=side, va="top", fontsize=8.5,
                          textcoords="offset points")  # fmt: skip
        if used is not None:
            at = int(np.abs(alpha - used).argmin())
            axes.axvline(alpha[at], color=GREY, linewidth=1, linestyle=(0, (4, 3)))
            axes.annotate(f"used here: α = {used:g}, {values[at]:.1f}", (alpha[at], values.min()),
                          (6, 2), textcoords="offset points", fontsize=8.5)  # fmt: skip
        axes.set(xlabel=f"α, the weight of {names[0]}", ylabel="accuracy, %", title=title)
        axes.set_xlim(-0.02, 1.02)
        axes.margins(y=0.15)
        axes.grid(axis="y")
        note(figure, origin)
        return png(figure)
