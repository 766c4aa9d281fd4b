"""Faces under the answers they got: what one network calls right and another wrong [5, Fig. 7]."""

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
        label: the true one.
        answers: label and its probability, by network, in the order of the names.
    """

    picture: NDArray[np.uint8]
    label: str
    answers: tuple[tuple[str, float], ...]


def gallery(
    rows: Sequence[tuple[str, Sequence[Tile]]], names: Sequence[str], origin: str = ""
) -> bytes:
    """A PNG: titled rows of faces, each with its label and what every network made of it.

    Args:
        rows: title and tiles; of a row at most eight are shown.
        names: of the networks.
        origin: of the data, written below.
    """
    with drawing(1.45 * ACROSS, 2.35 * len(rows) + 0.3) as figure:
        parts: Any = figure.subfigures(len(rows), 1, squeeze=False)
        for part, (title, tiles) in zip(parts[:, 0], rows, strict=True):
            said = title if tiles else f"{title}: none"
            part.suptitle(said, x=0.01, ha="left", weight="bold", fontsize=11)
            axes = part.subplots(1, ACROSS)
            for ax in axes:
                ax.axis("off")
            for ax, tile in zip(axes, tiles, strict=False):
                ax.imshow(tile.picture)
                ax.set_title(tile.label, loc="center", fontsize=9, pad=3)
                for line, (name, (label, p)) in enumerate(zip(names, tile.answers, strict=True)):
                    colour = RIGHT if label == tile.label else WRONG
                    ax.text(0.5, -0.06 - 0.15 * line, f"{name}: {label} {100 * p:.0f}",
                            transform=ax.transAxes, ha="center", va="top", fontsize=7,
                            color=colour)  # fmt: skip
        note(figure, origin)
        return png(figure)
