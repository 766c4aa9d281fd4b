"""Clips that one network calls right and another wrong [5, Fig. 7, Tables 1, 6]."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fervid.atomic import write
from fervid.errors import InputError
from fervid.evaluation import baseline
from fervid.figures.gallery import Tile, gallery
from fervid.systems.interface import Store
from fervid.text import CsvWriter

SHOWN = 8


@dataclass(frozen=True)
class Turned:
    """Rows of clips by what the second network does to the first one's answer.

    Args:
        corrected: the first is wrong and the second right; those whose true label gains most.
        broken: the first is right and the second wrong; those whose true label loses most.
        counts: how many there are of either.
    """

    corrected: tuple[int, ...]
    broken: tuple[int, ...]
    counts: tuple[int, int]


def turned(
    first: NDArray[np.float32],
    second: NDArray[np.float32],
    target: NDArray[np.int64],
    shown: int = SHOWN,
) -> Turned:
    """Which clips a second network corrects and which it breaks, the largest changes first.

    Args:
        first, second: (N, K) probabilities.
        target: (N,) the true labels.
        shown: rows of either kind at most.
    """
    right = [p.argmax(axis=1) == target for p in (first, second)]
    gain = (second - first)[np.arange(len(target)), target]
    corrected, broken = ~right[0] & right[1], right[0] & ~right[1]
    order = np.argsort(-np.abs(gain), kind="stable")
    better, worse = (tuple(order[some[order]][:shown].tolist()) for some in (corrected, broken))
    return Turned(better, worse, (int(corrected.sum()), int(broken.sum())))


def write_turned(
    answers: Mapping[str, NDArray[np.float32]],
    names: NDArray[np.str_],
    target: NDArray[np.int64],
    labels: Sequence[str],
    store: Store,
    out: Path,
) -> None:
    """Write `turned.png`, faces under both answers, and `turned.csv`, all scores of those clips.

    Args:
        answers: (N, K) probabilities of two networks, by name.
        names: (N,) of the clips.
        target: (N,) index into `labels`.
        store: holds the faces; each is shown at its frame nearest the apex.

    Raises:
        InputError: the store lacks a clip.
        OutputError: `out` cannot be written to.
    """
    (one, other), (first, second) = answers, answers.values()
    found = turned(first, second, target)
    rows = [
        (f"{count} {what} by {other}", [
            Tile(_face(store, str(names[row])), labels[target[row]],
                 tuple((labels[p[row].argmax()], float(p[row].max())) for p in (first, second)))
            for row in some
        ])
        for what, some, count in zip(
            ("corrected", "broken"), (found.corrected, found.broken), found.counts, strict=True
        )
    ]  # fmt: skip
    write(out / "turned.png", gallery(rows, (one, other), store.database.origin))
    text = io.StringIO()
    table = CsvWriter(text)
    table.writerow(["turned", "clip", "label", "network", *labels])
    for what, some in (("corrected", found.corrected), ("broken", found.broken)):
        for row in some:
            for name, p in answers.items():
                scores = (f"{value:.4f}" for value in p[row])
                table.writerow([what, names[row], labels[target[row]], name, *scores])
    write(out / "turned.csv", text.getvalue())


def _face(store: Store, name: str) -> NDArray[np.uint8]:
    clip = next((clip for clip in store.database.clips if clip.name == name), None)
    track = None if clip is None else store.main_track(clip)
    row = None if track is None else baseline.apex(track, store.database.course)
    if track is None or row is None:
        raise InputError(f"the store holds no face of {name}: name the store of these runs")
    if not track.pictured:
        raise InputError(f"{name} has landmarks without pictures: leave --store out")
    return np.asarray(track.faces[row], np.uint8)
