"""Clips that only one of two networks predicts correctly [5, Fig. 7, Tables 1, 6]."""

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
from fervid.text import Rows, csv_text

SHOWN = 8


@dataclass(frozen=True)
class Changes:
    """Clips on which two networks differ in being correct, as row numbers.

    Args:
        corrected: rows where only the second network is correct, by how much probability the true
            label gains, largest first.
        broken: rows where only the first network is correct, by how much it loses, largest first.
        counts: total number of corrected and of broken clips.
    """

    corrected: tuple[int, ...]
    broken: tuple[int, ...]
    counts: tuple[int, int]


def find_changes(
    first: NDArray[np.float32],
    second: NDArray[np.float32],
    target: NDArray[np.int64],
    shown: int = SHOWN,
) -> Changes:
    """Find the clips that a second network corrects and those that it breaks.

    Args:
        first, second: (N, K) probabilities.
        target: (N,) index of the true label.
        shown: most rows of each kind to return.
    """
    correct = [p.argmax(axis=1) == target for p in (first, second)]
    gain = (second - first)[np.arange(len(target)), target]
    corrected, broken = ~correct[0] & correct[1], correct[0] & ~correct[1]
    order = np.argsort(-np.abs(gain), kind="stable")
    better, worse = (tuple(order[mask[order]][:shown].tolist()) for mask in (corrected, broken))
    return Changes(better, worse, (int(corrected.sum()), int(broken.sum())))


def write_changes(
    probabilities: Mapping[str, NDArray[np.float32]],
    names: NDArray[np.str_],
    target: NDArray[np.int64],
    labels: Sequence[str],
    store: Store,
    out: Path,
) -> None:
    """Write the faces with both predictions as a picture, the probabilities as a CSV file.

    Args:
        probabilities: (N, K) probabilities of two networks, by name.
        names: (N,) names of the clips.
        target: (N,) index into `labels`.
        labels: K names.
        store: store with the faces; each is shown at its frame nearest the apex.
        out: folder to write to.

    Raises:
        InputError: the store lacks a clip.
        OutputError: `out` cannot be written to.
    """
    (first_name, second_name), (first, second) = probabilities, probabilities.values()
    changes = find_changes(first, second, target)
    kinds = {"corrected": changes.corrected, "broken": changes.broken}
    rows = [
        (f"{count} {kind} by {second_name}", [
            Tile(_face(store, str(names[row])), labels[target[row]],
                 tuple((labels[p[row].argmax()], float(p[row].max())) for p in (first, second)))
            for row in clips
        ])
        for (kind, clips), count in zip(kinds.items(), changes.counts, strict=True)
    ]  # fmt: skip
    picture = gallery(rows, (first_name, second_name), store.database.origin)
    write(out / "changed_answers.png", picture)
    table: Rows = [("change", "clip", "label", "network", *labels)]
    for kind, clips in kinds.items():
        for row in clips:
            for name, p in probabilities.items():
                scores = (f"{value:.4f}" for value in p[row])
                table.append((kind, names[row], labels[target[row]], name, *scores))
    write(out / "changed_answers.csv", csv_text(table))


def _face(store: Store, name: str) -> NDArray[np.uint8]:
    clip = next((clip for clip in store.database.clips if clip.name == name), None)
    track = None if clip is None else store.main_track(clip)
    row = None if track is None else baseline.apex(track, store.database.course)
    if track is None or row is None:
        raise InputError(f"the store has no face of {name}: give the store of these runs")
    if not track.pictured:
        raise InputError(f"{name} has landmarks without pictures: leave --store out")
    return np.asarray(track.faces[row], np.uint8)
