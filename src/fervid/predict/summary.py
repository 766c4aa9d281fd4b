"""What became of every input: one row for each face, one for an input without any."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fervid.atomic import whole
from fervid.errors import InputError
from fervid.predict.timeline import STATUS, Timeline, durations, means

COLUMNS = (
    *("input", "status", "reason", "frames", "seconds"),
    *("face_id", "frames_seen", "seconds_seen", "label", "probability"),
)


@dataclass(frozen=True)
class Summary:
    """What became of every input.

    Args:
        path: the table on disk.
        rows: one for each input and face, as in the table.
        done: inputs predicted by this run.
        skipped: inputs that were done before and have not changed.
        failed: reason by input.
    """

    path: Path
    rows: tuple[Mapping[str, Any], ...]
    done: int
    skipped: int
    failed: Mapping[str, str]

    def text(self) -> str:
        """A line for each input and face, then the counts."""
        counts = f"{self.done} predicted, {self.skipped} there already, {len(self.failed)} failed"
        return "\n".join([*map(_line, self.rows), f"{counts}: {self.path}"])


def summarise(rows: Timeline) -> list[dict[str, Any]]:
    """One row for each face; one for an input without any."""
    shown = durations(rows)
    first = [
        0,
        *(place for place in range(1, len(rows)) if rows.frame[place] > rows.frame[place - 1]),
    ]
    frames = len(first)
    unreadable = int((rows.status == STATUS.index("unreadable")).sum())
    common = {
        "input": rows.input,
        "frames": frames,
        "seconds": round(float(shown[first].sum()), 3),
        "reason": f"{unreadable} of {frames} frames are unreadable" if unreadable else "",
    }
    found = []
    for mean in means(rows):
        row = {
            **common,
            "status": "face" if mean.probabilities else "too short",
            "face_id": mean.face,
            "frames_seen": mean.frames,
            "seconds_seen": round(mean.seconds, 3),
        }
        if mean.probabilities:
            best = max(range(len(rows.labels)), key=mean.probabilities.__getitem__)
            row |= {"label": rows.labels[best], "probability": round(mean.probabilities[best], 6)}
            row |= {
                f"p_{label}": round(p, 6)
                for label, p in zip(rows.labels, mean.probabilities, strict=True)
            }
        found.append(row)
    return found or [{**common, "status": "no face"}]


def write_summary(
    path: Path,
    told: Sequence[tuple[str, list[dict[str, Any]], str]],
    skipped: int,
    labels: Sequence[str],
) -> Summary:
    """Write the table of all inputs.

    Args:
        told: of each input its name, its rows, and why it failed ("" if it did not).
        skipped: how many were done before.

    Raises:
        InputError: all failed; the table is written nevertheless.
    """
    failed = {name: reason for name, _, reason in told if reason}
    rows: list[dict[str, Any]] = []
    for name, mine, reason in told:
        rows += [{"input": name, "status": "failed", "reason": reason}] if reason else mine
    with whole(path) as place, place.open("w", encoding="utf-8", newline="") as file:
        columns = [*COLUMNS, *(f"p_{label}" for label in labels)]
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    if len(failed) == len(told):
        first = told[0][2]
        raise InputError(first if len(told) == 1 else f"all {len(told)} inputs failed; {first}")
    return Summary(path, tuple(rows), len(told) - skipped - len(failed), skipped, failed)


def _line(row: Mapping[str, Any]) -> str:
    name = row["input"]
    if row["status"] in ("failed", "no face"):
        return f"{name}: {row['reason'] if row['status'] == 'failed' else 'no face'}"
    said = "seen too briefly for a label"
    if row["status"] == "face":
        said = f"{row['label']} {row['probability']:.0%}"
    seen = f"{row['frames_seen']} of {row['frames']} frames, {row['seconds_seen']:.1f} s"
    return f"{name}: face {row['face_id']}: {said} ({seen})"
