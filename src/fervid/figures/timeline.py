"""Probabilities over time, one panel per face."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fervid.figures.style import plain_text
from fervid.text import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's palette (2008), distinguishable with any kind of colour vision.
COLOURS = {
    "anger": "#D55E00",
    "contempt": "#CC79A7",
    "disgust": "#009E73",
    "fear": "#56B4E9",
    "happiness": "#F0E442",
    "neutral": "#B5B8BD",
    "sadness": "#0072B2",
    "surprise": "#E69F00",
}
SPARE = ("#117733", "#882255", "#44AA99", "#332288", "#DDCC77", "#AA4499", "#88CCEE", "#6B4C1E")
BINS = 1200  # most columns of a panel; longer inputs are averaged
PANELS = 8  # most faces shown; those labelled longest are chosen


def colours(labels: Sequence[str]) -> dict[str, str]:
    """A colour for each label; labels without a colour of their own get spare ones in turn."""
    spare = [label for label in labels if label not in COLOURS]
    extra = {label: SPARE[place % len(SPARE)] for place, label in enumerate(spare)}
    return {label: COLOURS.get(label) or extra[label] for label in labels}


def rgb(colour: str) -> tuple[int, int, int]:
    """Parse "#RRGGBB".

    >>> rgb("#D55E00")
    (213, 94, 0)
    """
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def plot_timeline(
    path: Path,
    time: NDArray[np.float64],
    face: NDArray[np.int32],
    probabilities: NDArray[np.float32],
    labels: Sequence[str],
    title: str,
    *,
    relative: NDArray[np.float32] | None = None,
) -> None:
    """Write a PNG of each face's stacked probabilities over time; grey where it is not visible.

    Args:
        path: file to write.
        time: (R,) seconds, ascending.
        face: (R,) ids; -1 without a face.
        probabilities: (R, K); NaN in rows without a label.
        labels: K names.
        title: title of the figure.
        relative: (R, K) probabilities relative to each face's neutral, for panels of their own.
    """
    with plain_text():
        figure = _figure(time, face, probabilities, labels, title, relative=relative)
        figure.savefig(path, format="png", metadata={"Software": None})


def _figure(
    time: NDArray[np.float64],
    face: NDArray[np.int32],
    probabilities: NDArray[np.float32],
    labels: Sequence[str],
    title: str,
    *,
    relative: NDArray[np.float32] | None,
) -> "Figure":
    from matplotlib.figure import Figure

    labelled = ~np.isnan(probabilities).any(axis=1)
    ids, counts = np.unique(face[labelled], return_counts=True)
    shown = np.sort(ids[np.argsort(-counts, kind="stable")][:PANELS])
    still = len(np.unique(time)) == 1
    nothing = "no label" if (face >= 0).any() else "no face"
    drawn = [(one, f"face {one}", probabilities) for one in shown]
    if relative is not None:
        compared = [(one, f"face {one},\nrelative\nto neutral", relative) for one in shown]
        drawn = [each for pair in zip(drawn, compared, strict=True) for each in pair]
    drawn = drawn or [(-2, nothing, probabilities)]  # a face that there never is
    panels = len(drawn)
    height = 1.1 + panels * ((0.26 * len(labels) + 0.5) if still else 1.6)
    figure = Figure(figsize=(10, max(height, 2.6)), layout="constrained", dpi=130)
    axes = figure.subplots(panels, 1, sharex=True, squeeze=False)[:, 0]
    for axis, (one, name, values) in zip(axes, drawn, strict=True):
        rows = face == one
        if still:
            _bars(axis, values[rows], labels)
        else:
            _stack(axis, time, rows, values, labels)
        axis.set_ylabel(name, rotation=0, ha="right", va="center", fontweight="bold")
        axis.spines[["top", "right", "left"]].set_visible(False)
    hidden = len(np.unique(face[face >= 0])) - len(shown)
    more = f" (and {hidden} more, visible for less time)" if hidden and len(shown) else ""
    figure.suptitle(printable(title) + more, x=0.01, ha="left", fontsize=11)
    axes[-1].set_xlabel("probability" if still else "seconds")
    if not still:
        _minutes(axes[-1], float(time[-1]))
        _legend(figure, labels)
    return figure


def _stack(
    axis: "Axes",
    time: NDArray[np.float64],
    rows: NDArray[np.bool_],
    probabilities: NDArray[np.float32],
    labels: Sequence[str],
) -> None:
    edges, binned = binned_means(time, time[rows], probabilities[rows])
    palette = colours(labels)
    axis.set_facecolor("#E3E4E6")  # remains visible where there is no face or no label
    lower = np.zeros(len(binned))
    for column, label in enumerate(labels):
        upper = lower + binned[:, column]
        axis.fill_between(
            edges, _per_edge(lower), _per_edge(upper), step="post", color=palette[label], lw=0
        )
        lower = upper
    axis.set_xlim(edges[0], edges[-1])
    axis.set_ylim(0, 1)
    axis.set_yticks([0, 0.5, 1], ["0", "", "1"], color="#70747A", fontsize=8)
    axis.tick_params(length=0, labelsize=9)


def _minutes(axis: "Axes", seconds: float) -> None:
    """Label the axis in minutes:seconds at round values if it lasts two minutes or longer."""
    if seconds < 120:
        return
    from matplotlib.ticker import MultipleLocator

    rounds = (15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200)
    step = next((r for r in rounds if seconds / r <= 14), seconds / 10)
    axis.xaxis.set_major_locator(MultipleLocator(step))
    axis.xaxis.set_major_formatter(lambda t, _: f"{int(t) // 60}:{int(t) % 60:02d}")
    axis.set_xlabel("minutes:seconds")


def binned_means(
    time: NDArray[np.float64], at: NDArray[np.float64], values: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean values per frame of the source, or per equal time bin if there are too many frames.

    Args:
        time: (R,) seconds of all rows, ascending.
        at: (M,) seconds of the values.
        values: (M, K); NaN for rows to ignore.

    Returns:
        Edges (N + 1,) in seconds and means (N, K), NaN for empty bins.
    """
    times = np.unique(time)
    last = float(np.median(np.diff(times)))
    if len(times) <= BINS:
        edges = np.append(times, times[-1] + last)
    else:
        edges = np.linspace(times[0], times[-1] + last, BINS + 1)
    valid = ~np.isnan(values).any(axis=1)
    place = np.clip(np.searchsorted(edges, at[valid], side="right") - 1, 0, len(edges) - 2)
    count = np.bincount(place, minlength=len(edges) - 1).astype(np.float64)
    sums = [np.bincount(place, column, len(edges) - 1) for column in values[valid].T]
    with np.errstate(invalid="ignore"):
        means = np.stack(sums, axis=1) / count[:, None]
    return edges, means


def _per_edge(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Repeat the last value, because a step plot needs one per edge."""
    return np.append(values, values[-1])


def _bars(axis: "Axes", probabilities: NDArray[np.float32], labels: Sequence[str]) -> None:
    palette = colours(labels)
    labelled = probabilities[~np.isnan(probabilities).any(axis=1)]
    axis.set_xlim(0, 1)
    if not len(labelled):
        axis.set_facecolor("#E3E4E6")
        axis.set_yticks([])
        return
    places = np.arange(len(labels))
    axis.barh(places, labelled[0], color=[palette[label] for label in labels])
    axis.set_yticks(places, labels, fontsize=9)
    axis.invert_yaxis()
    axis.tick_params(length=0)


def _legend(figure: Any, labels: Sequence[str]) -> None:
    from matplotlib.patches import Patch

    palette = colours(labels)
    patches = [Patch(color=palette[label], label=label) for label in labels]
    patches.append(Patch(color="#E3E4E6", label="no label"))
    figure.legend(handles=patches, loc="outside lower center", ncols=len(patches), frameon=False,
                  fontsize=9, handlelength=1.2, columnspacing=1.2)  # fmt: skip
