"""Faces that one network predicts correctly and another does not [5, Fig. 7]."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fervid.figures.style import COLOURS, drawing, note, png

RIGHT, WRONG = COLOURS[2], COLOURS[5]
ACROSS = 8


@dataclass(frozen=True)
class Tile:
    """One face.

    Args:
        picture: (H, W, 3) uint8.
        label: true label.
        predictions: (label, its probability) of each network, in the order of `gallery`'s names.
    """

    picture: NDArray[np.uint8]
    label: str
    predictions: tuple[tuple[str, float], ...]


def gallery(
    rows: Sequence[tuple[str, Sequence[Tile]]], names: Sequence[str], origin: str = ""
) -> bytes:
    """PNG of titled rows of faces, each with its true label and every network's prediction.

    Args:
        rows: title and tiles of each row; only the first eight tiles are shown.
        names: names of the networks.
        origin: origin of the data, written below the figure.
    """
    with drawing(1.45 * ACROSS, 2.35 * len(rows) + 0.3) as figure:
        parts: Any = figure.subfigures(len(rows), 1, squeeze=False)
        for part, (title, tiles) in zip(parts[:, 0], rows, strict=True):
            heading = title if tiles else f"{title}: none"
            part.suptitle(heading, x=0.01, ha="left", weight="bold", fontsize=11)
            axes = part.subplots(1, ACROSS)
            for ax in axes:
                ax.axis("off")
            for ax, tile in zip(axes, tiles, strict=False):
                ax.imshow(tile.picture)
                ax.set_title(tile.label, loc="center", fontsize=9, pad=3)
                predictions = zip(names, tile.predictions, strict=True)
                for line, (name, (label, p)) in enumerate(predictions):
                    colour = RIGHT if label == tile.label else WRONG
                    ax.text(0.5, -0.06 - 0.15 * line, f"{name}: {label} {100 * p:.0f}",
                            transform=ax.transAxes, ha="center", va="top", fontsize=7,
                            color=colour)  # fmt: skip
        note(figure, origin)
        return png(figure)
