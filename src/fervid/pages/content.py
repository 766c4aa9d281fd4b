"""A prediction table -> what its page holds: numbers packed, names and episodes as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fervid.figures.timeline import colours, rgb
from fervid.pages.packing import pack
from fervid.prediction.episodes import NEUTRAL, Episode
from fervid.prediction.timeline import STATUS
from fervid.prediction.writers.table import BOX, POINTS, PredictionTable

CHUNK = 512  # faces' landmarks unpacked at once while the page plays
QUARTER = 4  # landmarks are drawn to the nearest 1/4 pixel
DIGITS = {"time": 6, "box": 2, "score": 4, "probability": 6}  # as the table prints them
FAINTEST = 2.2  # least contrast of a curve on a light page


def content(
    table: PredictionTable, episodes: Sequence[Episode], summary: Sequence[Mapping[str, Any]]
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Names and episodes, and packed arrays by their names.

    Faces' rows go by face, then by frame; `faces` says how many are each one's.

    Args:
        table: one input's predictions.
        episodes: of the same input.
        summary: its rows in `summary.csv`, for the flags; may be empty.
    """
    rows = table.rows
    frame, first, place = np.unique(
        rows["frame"].to_numpy(np.int64), return_index=True, return_inverse=True
    )
    status = rows["status"].map({name: at for at, name in enumerate(STATUS)}).to_numpy(np.int64)
    seen = rows["face_id"].notna().to_numpy()
    empty = np.zeros(len(frame), np.int64)
    empty[place[~seen]] = status[~seen]
    face = rows["face_id"].to_numpy(float, na_value=-1).astype(np.int64)
    order = np.flatnonzero(seen)
    order = order[np.lexsort((place[order], face[order]))]
    ids, counts = np.unique(face[order], return_counts=True)
    labelled = rows["label"].notna().to_numpy()[order]
    probabilities = _whole(table, [f"p_{label}" for label in table.labels], order, "probability")
    packed = {
        "frame": pack(frame),
        "time": pack(_whole(table, ["timestamp"], first, "time")),
        "empty": pack(empty),
        "at": pack(place[order]),
        "status": pack(np.where(labelled, 0, np.maximum(status[order], 1))),
        "box": pack(_whole(table, BOX, order, "box")),
        "score": pack(_whole(table, ["score"], order, "score")),
        "probability": pack(probabilities),
    }
    if table.has_landmarks and len(order):
        columns = [f"{axis}{point}" for point in range(POINTS) for axis in "xy"]
        for number, begin in enumerate(range(0, len(order), CHUNK)):
            values = rows[columns].iloc[order[begin : begin + CHUNK]].to_numpy(float)
            packed[f"landmarks{number}"] = pack(_rounded(values * QUARTER))
    flagged = {row["face_id"]: row.get("flags", "") for row in summary if "face_id" in row}
    names = {
        "labels": table.labels,
        "colours": palette(table.labels),
        "neutral": NEUTRAL,
        "statuses": STATUS,
        "digits": DIGITS,
        "chunk": CHUNK if table.has_landmarks and len(order) else 0,
        "quarter": QUARTER,
        "faces": [
            {"id": int(each), "rows": int(count), "flags": flagged.get(int(each), "")}
            for each, count in zip(ids, counts, strict=True)
        ],
        "episodes": [_episode(each) for each in episodes],
        "reason": next((row.get("reason", "") for row in summary), ""),
        "seconds": round(table.seconds, 6) if len(frame) > 1 else 0,
    }
    return names, packed


def strongest(table: PredictionTable) -> float:
    """Seconds at which a face shows most of an expression; the middle if none has a label."""
    rows = table.rows
    shown = [f"p_{label}" for label in table.labels if label != NEUTRAL]
    most = rows[shown or [f"p_{table.labels[0]}"]].max(axis=1)
    at = int(most.argmax()) if most.notna().any() else len(rows) // 2
    return float(rows["timestamp"].iloc[at])


def palette(labels: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Each label's colour on a light and on a dark page; the second is that of the overlay.

    >>> palette(["anger", "happiness"])
    {'anger': ('#D55E00', '#D55E00'), 'happiness': ('#BAB033', '#F0E442')}
    """
    return {label: (_darkened(colour), colour) for label, colour in colours(labels).items()}


def _darkened(colour: str) -> str:
    """The colour, as much darker as a line on white needs."""
    parts = np.array(rgb(colour), float)
    while 1.05 / (_luminance(parts) + 0.05) < FAINTEST:
        parts *= 0.95
    return "#" + "".join(f"{round(part):02X}" for part in parts)


def _luminance(parts: NDArray[np.float64]) -> float:
    """Relative luminance as WCAG 2 defines it, 0..1."""
    share = parts / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def _whole(
    table: PredictionTable, columns: Sequence[str], order: NDArray[np.intp], digits: str
) -> NDArray[np.int64]:
    values = table.rows[list(columns)].iloc[order].to_numpy(float, na_value=np.nan)
    return _rounded(values * 10 ** DIGITS[digits])


def _rounded(values: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.nan_to_num(values).round().astype(np.int64)


def _episode(each: Episode) -> dict[str, Any]:
    names = ("face", "label", "onset", "apex", "offset", "peak", "mean")
    return {name: getattr(each, name) for name in names}
