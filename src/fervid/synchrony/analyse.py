"""Prediction tables -> how two faces' curves go together, label by label."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fervid.errors import InputError
from fervid.evaluation.statistics import holm
from fervid.prediction.writers.table import read_table
from fervid.synchrony.correlation import LEAST_SEGMENTS, Curve, Windows, lagged, peak, starts
from fervid.synchrony.curves import curve, grid, pair, shared_labels
from fervid.text import csv_text


@dataclass(frozen=True)
class Synchrony:
    """How one label's curve of the second face goes with that of the first.

    Args:
        label: whose probability.
        names: of the first and the second face.
        lags: (L,) seconds; positive: the second face follows the first.
        time: (W,) seconds, middles of overlapping windows.
        correlations: (W, L) by window and lag; NaN where a face is missing.
        mean: (L,) mean over windows that do not share a segment.
        null: (L,) 95th percentile of the same after shuffling.
        peak_lag: seconds, where `mean` is largest.
        strength: -1..1, `mean` there.
        windows: how many the mean is of.
        p: share of shuffles that reach as high a peak, at any lag.
        p_holm: the same, corrected for all labels that were compared.
    """

    label: str
    names: tuple[str, str]
    lags: Curve
    time: Curve
    correlations: NDArray[np.float64]
    mean: Curve
    null: Curve
    peak_lag: float
    strength: float
    windows: int
    p: float
    p_holm: float

    def text(self) -> str:
        """One line."""
        first, second = self.names
        when = "both at the same time"
        if self.peak_lag > 0:
            when = f"{second} follows {first} by {self.peak_lag:.2f} s"
        elif self.peak_lag < 0:
            when = f"{first} follows {second} by {-self.peak_lag:.2f} s"
        chance = f"p = {self.p:.3g} (Holm {self.p_holm:.3g})"
        return f"{self.label}: r = {self.strength:.3f}, {when}, {chance}, {self.windows} windows"


def synchrony(
    paths: Sequence[Path],
    faces: tuple[int, int] | None = None,
    labels: Sequence[str] = (),
    *,
    window: float = 6.0,
    reach: float = 3.0,
    step: float = 1.0,
    offset: float = 0.0,
    count: int = 999,
    seed: int = 0,
) -> list[Synchrony]:
    """Windowed lagged cross-correlation of two faces' probabilities.

    Args:
        paths: one table with both faces, or a table for each, aligned by their time stamps.
        faces: the two ids, of one table in that order, of two tables the first's and the second's;
            by default the two labelled longest, or of each table the one.
        labels: which; by default all.
        window: seconds of a window.
        reach: seconds of the largest lag.
        step: seconds between two windows of the picture.
        offset: seconds from the first recording's start to the second's.
        count: shuffles.

    Raises:
        InputError: tables that do not hold two such faces or labels, or too short together.
    """
    if not 1 <= len(paths) <= 2:
        raise InputError("synchrony takes one table with two faces, or two tables")
    if min(window, reach, step) <= 0 or count < 1:
        raise InputError("--window, --reach, --step and --surrogates must be above 0")
    tables = [read_table(path) for path in paths]
    if offset and len(tables) == 1:
        raise InputError("--offset shifts the second of two tables: leave it out")
    ids, chosen = pair(tables, faces), shared_labels(tables, labels)
    times, rate = grid(tables, offset)
    sizes = Windows(max(3, round(window * rate)), max(1, round(reach * rate)))
    if len(times) < LEAST_SEGMENTS * sizes.segment:
        raise InputError(
            f"{' and '.join(map(str, paths))}: {len(times) / rate:.1f} s in common, but "
            f"{LEAST_SEGMENTS} windows take {LEAST_SEGMENTS * sizes.segment / rate:.1f} s: choose "
            "a shorter --window or --reach"
        )
    names = _names([table.name for table in tables], ids)
    at = starts(len(times), sizes, max(1, round(step * rate)))
    parts: list[dict[str, Any]] = []
    for label in chosen:
        first = curve(tables[0], ids[0], label, times)
        second = curve(tables[-1], ids[1], label, times - (offset if len(tables) == 2 else 0))
        best = peak(first, second, sizes, count, seed)
        if best is None:
            raise InputError(
                f"{paths[0]}: {label} of {' and '.join(names)} never changes in one window: "
                "choose other faces, or labels with --label"
            )
        parts.append({
            "lags": sizes.lags / rate,
            "time": times[at] + sizes.width / rate / 2,
            "correlations": lagged(first, second, at, sizes),
            "mean": best.mean,
            "null": best.null,
            "peak_lag": float(sizes.lags[best.place] / rate),
            "strength": float(best.mean[best.place]),
            "windows": best.windows,
            "p": best.p,
        })  # fmt: skip
    corrected = holm([part["p"] for part in parts])
    return [
        Synchrony(label, names, **part, p_holm=p)
        for label, part, p in zip(chosen, parts, corrected, strict=True)
    ]


def _names(tables: Sequence[str], ids: tuple[int, int]) -> tuple[str, str]:
    first, second = (f"face {face}" for face in ids)
    if len(tables) == 1:
        return first, second
    return f"{tables[0]} {first}", f"{tables[1]} {second}"


def table(results: Sequence[Synchrony]) -> str:
    """CSV text, one line per label."""
    header = ["label", "first", "second", "peak_lag_seconds", "strength", "p", "p_holm", "windows"]
    lines = [
        [r.label, *r.names, f"{r.peak_lag:.4f}", f"{r.strength:.6f}", f"{r.p:.6g}",
         f"{r.p_holm:.6g}", r.windows]
        for r in results
    ]  # fmt: skip
    return csv_text([header, *lines])


def windows_table(results: Sequence[Synchrony]) -> str:
    """CSV text, the peak of each window: when, at which lag and how high."""
    lines: list[list[Any]] = [["label", "seconds", "peak_lag_seconds", "correlation"]]
    for result in results:
        for time, row in zip(result.time, result.correlations, strict=True):
            cells = ["", ""]
            if not np.isnan(row).all():
                place = int(np.nanargmax(row))
                cells = [f"{result.lags[place]:.4f}", f"{row[place]:.6f}"]
            lines.append([result.label, f"{time:.3f}", *cells])
    return csv_text(lines)
