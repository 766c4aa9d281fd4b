"""Accuracy against the number of people to learn from."""

from collections.abc import Mapping

from fervid.figures.style import COLOURS, drawing, note, png

# Value, low, high.
Range = tuple[float, ...]


def learning(curves: Mapping[str, Mapping[int, Range]], title: str, origin: str = "") -> bytes:
    """PNG of one line per curve, each in the band of its interval.

    Args:
        curves: name -> number of people -> accuracy and its interval, shares (0..1).
        title: title of the figure.
        origin: origin of the data, written below the figure.
    """
    with drawing(6.4, 4.2) as figure:
        axes = figure.subplots()
        for colour, (name, points) in zip(COLOURS, curves.items(), strict=False):
            people = sorted(points)
            value, low, high = ([100 * points[n][place] for n in people] for place in range(3))
            axes.fill_between(people, low, high, color=colour, alpha=0.15, linewidth=0)
            axes.plot(people, value, "o-", color=colour, linewidth=2, markersize=4, label=name)
        axes.set(title=title, xlabel="people trained on", ylabel="accuracy, %")
        axes.set(xlim=(0, None), ylim=(0, 100))
        axes.grid(axis="y")
        axes.legend(loc="lower right", fontsize=8.5)
        note(figure, origin)
        return png(figure)
