"""Summary of a run: one row per face, or one row for an input with no face."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fervid.atomic import whole
from fervid.prediction.flags import flags, shares
from fervid.prediction.timeline import STATUS, Timeline, durations, means
from fervid.text import CsvWriter, printable

COLUMNS = (
    *("input", "status", "reason", "frames", "seconds"),
    *("face_id", "frames_seen", "seconds_seen", "label", "probability"),
)
Row = Mapping[str, Any]
Outcome = tuple[
    str, Sequence[Row], str
]  # an input's name, its rows, and why it failed ("" if it did not)
KINDS = 8  # number of kinds of skipped files that are listed
MOVEMENTS = ("blinks_per_minute", "smile_asymmetry")  # with predict --movements


@dataclass(frozen=True)
class Summary:
    """Result of a run over all inputs.

    Args:
        path: the table on disk.
        rows: one for each input and face, as in the table.
        done: number of inputs predicted by this run.
        skipped: number of inputs that were done before and have not changed.
        failed: reason by input.
        left_out: number of files in the folders that are neither video nor picture, by kind.
    """

    path: Path
    rows: tuple[Mapping[str, Any], ...]
    done: int
    skipped: int
    failed: Mapping[str, str]
    left_out: Mapping[str, int] = field(default_factory=dict)

    def text(self) -> str:
        """One line per input and face, then the counts."""
        counts = f"{self.done} predicted, {self.skipped} already done, {len(self.failed)} failed"
        lines = [*map(_line, self.rows), *self._left_out(), f"{counts}: {self.path}"]
        return "\n".join(map(printable, lines))

    def _left_out(self) -> list[str]:
        count = sum(self.left_out.values())
        if not count:
            return []
        kinds = sorted(self.left_out.items(), key=lambda kind: (-kind[1], kind[0]))
        named = ", ".join(f"{number} {kind}" for kind, number in kinds[:KINDS])
        more = ", ..." if len(kinds) > KINDS else ""
        files = "1 file" if count == 1 else f"{count} files"
        return [f"{files} left out: {named}{more} (neither video nor picture)"]


def summarise(rows: Timeline, reason: str = "") -> list[dict[str, Any]]:
    """One row per face, or one row for an input without a face.

    Args:
        reason: why there are no labels, if that is known.
    """
    shown = durations(rows)
    first = np.flatnonzero(np.diff(rows.frame, prepend=-1))
    frames = len(first)
    unreadable = int((rows.status == STATUS.index("unreadable")).sum())
    damage = f"{unreadable} of {frames} frames are unreadable" if unreadable else ""
    common = {
        "input": printable(rows.input),
        "frames": frames,
        "seconds": round(float(shown[first].sum()), 3),
        "reason": "; ".join(filter(None, (reason, damage))),
    }
    by_face = []
    for mean in means(rows):
        row = {
            **common,
            "status": "face" if mean.probabilities else "too short",
            "face_id": mean.face,
            "frames_seen": mean.frames,
            "seconds_seen": round(mean.seconds, 3),
        }
        own = rows.face == mean.face
        row["flags"] = "; ".join(flags(rows.rows(own), frames))
        if mean.probabilities:
            best = max(range(len(rows.labels)), key=mean.probabilities.__getitem__)
            row |= {"label": rows.labels[best], "probability": round(mean.probabilities[best], 6)}
            row |= {
                f"p_{label}": round(p, 6)
                for label, p in zip(rows.labels, mean.probabilities, strict=True)
            }
            parts = shares(rows.rows(own), shown[own])
            row |= {f"share_{label}": round(part, 6) for label, part in parts.items()}
        by_face.append(row)
    brief = (rows.status == STATUS.index("too short")).any()
    return by_face or [{**common, "status": "too short" if brief else "no face"}]


def with_columns(
    rows: list[dict[str, Any]], values: Mapping[int, Mapping[str, float]]
) -> list[dict[str, Any]]:
    """Summary rows with further columns, by face: episodes of each label per minute, blinks."""
    return [{**row, **values.get(row.get("face_id", -1), {})} for row in rows]


def is_summary(rows: object) -> bool:
    """Whether the content of a file has the form that `summarise` returns."""
    if not isinstance(rows, list) or not rows:
        return False
    for row in rows:
        if not isinstance(row, dict) or not all(isinstance(row.get(n), str) for n in COLUMNS[:3]):
            return False
        texts = {name for name in ("label",) if row["status"] == "face"}
        numbers = {"frames", "seconds"}
        if row["status"] == "face" or "face_id" in row:
            numbers |= {"face_id", "frames_seen", "seconds_seen"}
        if row["status"] == "face":
            numbers |= {"probability"}
        numbers |= {name for name in row if name.startswith(("p_", "share_"))}
        if not all(isinstance(row.get(name), str) for name in texts):
            return False
        if not all(isinstance(row.get(name), int | float) for name in numbers):
            return False
    return True


def write_summary(
    path: Path,
    outcomes: Sequence[Outcome],
    labels: Sequence[str],
    others: Sequence[Row] = (),
    order: Sequence[str] = (),
) -> None:
    """Write the table of all inputs.

    Args:
        others: rows of inputs from earlier runs, or of other processes.
        order: inputs that come first, in this order.
    """
    place = {name: number for number, name in enumerate(order)}
    rows = [*summary_rows(outcomes), *others]
    rows.sort(key=lambda row: place.get(row["input"], len(place)))
    further = (f"{kind}_{label}" for kind in ("p", "share") for label in labels)
    columns = [*COLUMNS, "flags", *further]
    columns += [f"{label}_per_minute" for label in labels if label != "neutral"]
    columns += [name for name in MOVEMENTS if any(name in row for row in rows)]
    with whole(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        table = CsvWriter(file)
        table.writerow(columns)
        table.writerows([row.get(name, "") for name in columns] for row in rows)


def summary_rows(outcomes: Sequence[Outcome]) -> list[Row]:
    """One row per face of an input, per input without a face, and per failed input."""
    rows: list[Row] = []
    for name, own, reason in outcomes:
        failed = {"input": printable(name), "status": "failed", "reason": printable(reason)}
        rows += [failed] if reason else own
    return rows


def _line(row: Mapping[str, Any]) -> str:
    name = row["input"]
    if row["status"] in ("failed", "no face"):
        result = row["reason"] if row["status"] == "failed" else "no face"
        return result if result.startswith(f"{name} ") else f"{name}: {result}"
    if "face_id" not in row:
        return f"{name}: a face seen too briefly to track"
    result = row["reason"] or "seen too briefly for a label"
    if row["status"] == "face":
        result = f"{row['label']} {row['probability']:.0%}"
    seen = f"{row['frames_seen']} of {row['frames']} frames, {row['seconds_seen']:.1f} s"
    about = "; ".join(filter(None, ["" if row["frames"] == 1 else seen, row.get("flags", "")]))
    return f"{name}: face {row['face_id']}: {result}" + (f" ({about})" if about else "")
