"""Accuracy of several networks, by label [1, Figs. 8-10] and with confidence intervals."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fervid.figures.style import COLOURS, GREY, drawing, note, png


def by_label(
    recall: Mapping[str, Sequence[float]],
    labels: tuple[str, ...],
    clips: Sequence[int],
    title: str,
    origin: str = "",
    baselines: Sequence[str] = (),
) -> bytes:
    """PNG of the accuracy on each label's clips, one bar per network.

    Args:
        recall: K shares (0..1) by network.
        labels: K names.
        clips: number of clips of each label.
        title: title of the figure.
        origin: origin of the data, written below the figure.
        baselines: networks to draw in grey, each paler than the one before.
    """
    networks = list(recall)
    width = 0.84 / len(networks)
    with drawing(max(7.5, 1.5 + 1.15 * len(labels)), 3.9) as figure:
        axes = figure.add_subplot()
        colours = iter(COLOURS)
        for number, network in enumerate(networks):
            left = np.arange(len(labels)) + (number - (len(networks) - 1) / 2) * width
            grey = network in baselines
            colour = GREY if grey else next(colours, GREY)
            strength = 0.5 ** list(baselines).index(network) if grey else 1.0
            values = 100 * np.nan_to_num(np.asarray(recall[network], float))
            axes.bar(left, values, width * 0.9, color=colour, alpha=strength, label=network)
        ticks = [f"{label}\nn = {n}" for label, n in zip(labels, clips, strict=True)]
        axes.set_xticks(range(len(labels)), ticks)
        axes.tick_params(axis="x", length=0)
        axes.set(ylabel="accuracy, %", ylim=(0, 100), title=title)
        axes.grid(axis="y")
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
        figure.legend(loc="outside upper right", ncols=len(networks), fontsize=8.5,
                      handlelength=1, handleheight=1, columnspacing=1.4)  # fmt: skip
        note(figure, origin)
        return png(figure)


def intervals(
    rows: Mapping[str, tuple[float, float, float]],
    title: str,
    origin: str = "",
    output: str = "",
    baselines: Sequence[str] = (),
) -> bytes:
    """PNG of accuracies with their 95 % intervals, one line per network.

    Args:
        rows: (accuracy, low, high) as shares (0..1), by network.
        title: title of the figure.
        origin: origin of the data, written below the figure.
        output: network whose output is the prediction, drawn in bold.
        baselines: networks to draw in grey.
    """
    with drawing(7.5, 1.25 + 0.42 * len(rows)) as figure:
        axes = figure.add_subplot()
        for place, (network, (value, low, high)) in enumerate(rows.items()):
            colour = GREY if network in baselines else COLOURS[0]
            thick = 3.2 if network == output else 2.0
            if np.isfinite([low, high]).all():
                axes.plot([100 * low, 100 * high], [place, place], color=colour, linewidth=thick,
                          solid_capstyle="round", alpha=0.55)  # fmt: skip
            axes.plot(100 * value, place, "o", color=colour, markersize=8 if thick > 2.5 else 6.5)
            axes.annotate(f"{100 * value:.1f}", (100 * value, place), (0, 7), ha="center",
                          textcoords="offset points", fontsize=9)  # fmt: skip
        axes.set_yticks(range(len(rows)), list(rows))
        _bold(axes, list(rows), output)
        axes.set(xlabel="accuracy, % (line: 95 % interval over subjects)", title=title)
        axes.set_ylim(len(rows) - 0.5, -0.75)
        axes.margins(x=0.06)
        axes.grid(axis="x")
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
        note(figure, origin)
        return png(figure)


def _bold(axes: Any, names: list[str], output: str) -> None:
    for name, tick in zip(names, axes.get_yticklabels(), strict=True):
        tick.set_fontweight("bold" if name == output else "normal")
