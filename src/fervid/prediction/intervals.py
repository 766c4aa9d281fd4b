"""Rows of a prediction table -> label intervals in seconds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fervid.prediction.episodes import Episode

if TYPE_CHECKING:
    import pandas as pd

STILL_SECONDS = 1 / 25  # duration of a still image; programs reject intervals without length


@dataclass(frozen=True)
class LabelInterval:
    """A stretch in which the most probable label of one face stays the same.

    Args:
        face: id of the face.
        label: the most probable label.
        start: time stamp of the first frame, seconds.
        end: time stamp of the frame after the last one, seconds.
        first_frame: first frame, 0-based.
        last_frame: last frame, 0-based.
        probability: mean probability of the label over the frames, 0..1.
    """

    face: int
    label: str
    start: float
    end: float
    first_frame: int
    last_frame: int
    probability: float


def intervals(rows: "pd.DataFrame", labels: Sequence[str]) -> list[LabelInterval]:
    """Runs of consecutive frames in which the most probable label of a face stays the same.

    Frames are consecutive if no frame between them was used. Runs are neither smoothed nor dropped,
    however short. A frame without the face, or without a label, ends a run.

    Args:
        rows: one per frame and face, with the columns of `Timeline.to_frame`.
        labels: K names with a column `p_<name>` each.

    Returns:
        Intervals by face, then by time; those of one face never overlap.
    """
    ends = frame_ends(rows)
    labelled = rows[rows["label"].notna() & rows["face_id"].notna()]
    labelled = labelled.sort_values(["face_id", "frame"], kind="stable")
    if labelled.empty:
        return []
    face = labelled["face_id"].to_numpy(np.int64)
    frame = labelled["frame"].to_numpy(np.int64)
    time = labelled["timestamp"].to_numpy(np.float64)
    place = {label: number for number, label in enumerate(labels)}
    label = np.array([place[name] for name in labelled["label"]])
    columns = labelled[[f"p_{name}" for name in labels]].to_numpy(np.float64)
    top = columns[np.arange(len(columns)), label]
    order = np.searchsorted(np.unique(rows["frame"].to_numpy(np.int64)), frame)
    changes = (np.diff(face) != 0) | (np.diff(order) != 1) | (np.diff(label) != 0)
    starts = np.append(0, np.flatnonzero(changes) + 1)
    stops = np.append(starts[1:], len(face))
    return [
        LabelInterval(
            int(face[start]),
            labels[label[start]],
            float(time[start]),
            ends[int(frame[stop - 1])],
            int(frame[start]),
            int(frame[stop - 1]),
            float(top[start:stop].mean()),
        )
        for start, stop in zip(starts, stops, strict=True)
    ]


def of_episode(each: Episode) -> LabelInterval:
    """An episode as an interval, with the mean of its curve as probability."""
    frames = (each.onset_frame, each.offset_frame)
    return LabelInterval(each.face, each.label, each.onset, each.offset, *frames, each.mean)


def frame_ends(rows: "pd.DataFrame") -> dict[int, float]:
    """End of each frame in seconds: the start of the next; the last one has median length."""
    frame, first = np.unique(rows["frame"].to_numpy(np.int64), return_index=True)
    time: NDArray[Any] = rows["timestamp"].to_numpy(np.float64)[first]
    ends = np.append(time[1:], time[-1:] + step(rows))
    return dict(zip(frame.tolist(), ends.round(6).tolist(), strict=True))


def step(rows: "pd.DataFrame") -> float:
    """Median seconds between two frames; `STILL_SECONDS` for a still image."""
    times = np.unique(rows["timestamp"].to_numpy(np.float64))
    return float(np.median(np.diff(times))) if len(times) > 1 else STILL_SECONDS
