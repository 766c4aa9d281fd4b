"""Two faces' windowed lagged cross-correlation as a picture."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fervid.figures.style import COLOURS, GREY, drawing, png

Values = NDArray[np.float64]


def synchrony(
    lags: Values,
    time: Values,
    correlations: Values,
    mean: Values,
    null: Values,
    title: str,
    *,
    names: tuple[str, str],
) -> bytes:
    """A PNG: correlation by window and lag; beside it the mean by lag and what chance gives.

    Args:
        lags: (L,) seconds; positive: the second follows the first.
        time: (W,) seconds, middles of the windows.
        correlations: (W, L), NaN where unknown (grey).
        mean: (L,) over the windows.
        null: (L,) 95th percentile of surrogates.
        names: of the first and the second face.
    """
    with drawing(10, 3.8) as figure:
        left, right = figure.subplots(1, 2, width_ratios=[2, 1], sharey=True)
        _map(figure, left, lags, time, correlations)
        left.set_title(title)
        right.plot(mean, lags, color=COLOURS[0], linewidth=2, label="mean of windows")
        right.plot(null, lags, color=GREY, linestyle="--", label="95 % of surrogates below")
        peak = int(np.nanargmax(mean))
        right.plot(mean[peak], lags[peak], "o", color=COLOURS[5])
        place = {"textcoords": "offset points", "ha": "right", "va": "center",
                 "bbox": {"facecolor": "white", "edgecolor": "none", "pad": 1}}  # fmt: skip
        at = (mean[peak], lags[peak])
        right.annotate(f"{lags[peak]:+.2f} s", at, (-8, 0), fontsize=8.5, **place)
        right.axhline(0, color=GREY, linewidth=0.6)
        right.set_xlabel("correlation")
        right.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, 1.2))
        left.set_ylabel(f"lag of {names[1]}\nbehind {names[0]}, s")
        return png(figure)


def _map(figure: Any, axes: Any, lags: Values, time: Values, correlations: Values) -> None:
    axes.set_facecolor("#E3E4E6")
    edge = (time[1] - time[0]) / 2 if len(time) > 1 else 0.5
    extent = (time[0] - edge, time[-1] + edge, lags[0], lags[-1])
    picture = axes.imshow(correlations.T, cmap="RdBu_r", vmin=-1, vmax=1, origin="lower",
                          aspect="auto", extent=extent, interpolation="nearest")  # fmt: skip
    figure.colorbar(picture, ax=axes, label="correlation", pad=0.01)
    axes.axhline(0, color=GREY, linewidth=0.6)
    axes.set_xlabel("seconds")
