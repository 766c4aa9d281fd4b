"""Timeline: a recognizer's predictions for every frame and face of one input."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fervid.faces.action_units import COLUMNS as MOVEMENTS
from fervid.text import printable

if TYPE_CHECKING:
    import pandas as pd

# Status of a row; files store the index in this tuple. The first three are those of a track. "too
# short" is a face not seen for long enough: to get an id (then it has none), or to be predicted in
# any window.
STATUS = ("face", "no face", "unreadable", "too short")
NOBODY = -1  # face id of a row without a face


def record_type(labels: int) -> np.dtype[Any]:
    """Layout of a row, in memory and in the spool file.

    Args:
        labels: number of labels.
    """
    return np.dtype(
        [
            ("frame", "<i8"),
            ("time", "<f8"),
            ("face", "<i4"),
            ("status", "u1"),
            ("box", "<f4", (4,)),
            ("score", "<f4"),
            ("light", "<f4"),
            ("probabilities", "<f4", (labels,)),
            ("landmarks", "<f4", (68, 2)),
            ("movements", "<f4", (len(MOVEMENTS),)),
        ]
    )


@dataclass(frozen=True)
class Timeline:
    """R rows, one per used frame and face; a frame without a face has one row.

    Args:
        input: the source as the caller named it.
        labels: K names, the order of `probabilities`.
        frame: (R,) int64, 0-based frame index, ascending; every used frame occurs.
        time: (R,) float64, seconds from the start.
        face: (R,) int32, id of the face, -1 without a face.
        status: (R,) uint8, index into STATUS.
        box: (R, 4) float32: left, top, width, height in pixels of the frame; NaN without a face.
        score: (R,) float32, 0..1, confidence of the finder that this is a face; NaN without one.
        light: (R,) float32, mean grey value of the face, 0..255; NaN without a face.
        probabilities: (R, K) float32, NaN if the row has no label.
        landmarks: (R, 68, 2) float32, pixels of the frame; NaN without a face.
        relative: (R, K) float32, probabilities relative to the person's neutral face
            (`neutral.py`), NaN if that is not known; None if not requested.
        movements: (R, 35) float32, estimates of action units (`faces/action_units.py`); NaN without
            a face or if not requested.
    """

    input: str
    labels: tuple[str, ...]
    frame: NDArray[np.int64]
    time: NDArray[np.float64]
    face: NDArray[np.int32]
    status: NDArray[np.uint8]
    box: NDArray[np.float32]
    score: NDArray[np.float32]
    light: NDArray[np.float32]
    probabilities: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    relative: NDArray[np.float32] | None = None
    movements: NDArray[np.float32] | None = None

    @classmethod
    def of(cls, records: NDArray[Any], name: str, labels: Sequence[str]) -> "Timeline":
        """Columns of an array of `record_type`, as views (also into a memory map)."""
        columns = {column: records[column] for column in (*_COLUMNS, "movements")}
        return cls(name, tuple(labels), **columns)

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def faces(self) -> tuple[int, ...]:
        """Ids of all faces, ascending."""
        return tuple(int(face) for face in np.unique(self.face) if face != NOBODY)

    @property
    def labelled(self) -> NDArray[np.bool_]:
        """(R,) whether a row has a label."""
        return np.asarray(self.status == STATUS.index("face"))

    @property
    def label(self) -> NDArray[np.str_]:
        """(R,) the most probable label, or "" if there is none."""
        return _best(self.probabilities, self.labels)

    @property
    def label_relative(self) -> NDArray[np.str_]:
        """(R,) the most probable label relative to the person's neutral, or "" if there is none."""
        none = np.full(self.probabilities.shape, np.nan, np.float32)
        return _best(none if self.relative is None else self.relative, self.labels)

    def rows(self, keep: Any) -> "Timeline":
        """The rows selected by a numpy index."""
        columns = {column: getattr(self, column)[keep] for column in _COLUMNS}
        relative = None if self.relative is None else self.relative[keep]
        movements = None if self.movements is None else self.movements[keep]
        return Timeline(self.input, self.labels, **columns, relative=relative, movements=movements)

    def to_frame(self, landmarks: bool = False, movements: bool = False) -> "pd.DataFrame":
        """A pandas table with one row per frame and face; values are missing without a face.

        Args:
            landmarks: add columns x0, y0 .. x67, y67, in pixels of the frame.
            movements: add a column for each action unit, clipped to 0..1.
        """
        import pandas as pd

        named = np.array(STATUS, dtype=object)[self.status]
        columns: dict[str, Any] = {
            "input": printable(self.input),
            "frame": self.frame,
            "timestamp": self.time.round(6),
            "face_id": pd.arrays.IntegerArray(self.face.copy(), self.face == NOBODY),
            "status": named,
        }
        for place, side in enumerate(("left", "top", "width", "height")):
            columns[side] = _rounded(self.box[:, place], 2)
        columns["score"] = _rounded(self.score, 4)
        columns["label"] = _text(self.label)
        for place, name in enumerate(self.labels):
            columns[f"p_{name}"] = _rounded(self.probabilities[:, place], 6)
        if self.relative is not None:
            columns["label_relative"] = _text(self.label_relative)
            for place, name in enumerate(self.labels):
                columns[f"r_{name}"] = _rounded(self.relative[:, place], 6)
        if movements and self.movements is not None:
            for place, name in enumerate(MOVEMENTS):
                columns[name] = _rounded(self.movements[:, place].clip(0, 1), 4)
        if landmarks:
            for place in range(self.landmarks.shape[1]):
                columns[f"x{place}"] = _rounded(self.landmarks[:, place, 0], 2)
                columns[f"y{place}"] = _rounded(self.landmarks[:, place, 1], 2)
        return pd.DataFrame(columns, index=range(len(self)))


_COLUMNS = (
    *("frame", "time", "face", "status", "box", "score", "light", "probabilities", "landmarks"),
)


def _best(probabilities: NDArray[np.float32], labels: tuple[str, ...]) -> NDArray[np.str_]:
    """(R,) the most probable label, or "" if probabilities are NaN."""
    known = np.asarray(~np.isnan(probabilities).any(axis=1))
    best = np.where(known[:, None], probabilities, 0).argmax(axis=1)
    return np.where(known, np.array(labels)[best], "")


def _text(names: NDArray[np.str_]) -> "pd.Series[Any]":
    """A column of names, in which empty names are missing values."""
    import pandas as pd

    return pd.Series(names.astype(object)).where(names != "", None)


def _rounded(values: NDArray[np.float32], digits: int) -> NDArray[np.float64]:
    return values.astype(np.float64).round(digits)


@dataclass(frozen=True)
class FaceMean:
    """One face over the whole input.

    Args:
        face: id of the face.
        frames: number of frames that show it.
        seconds: how long it is visible.
        probabilities: (K,) mean over its labelled rows; None if there are none.
    """

    face: int
    frames: int
    seconds: float
    probabilities: tuple[float, ...] | None


def durations(timeline: Timeline) -> NDArray[np.float64]:
    """(R,) seconds until the next frame; for the last frame, the median of the others."""
    times, place = np.unique(timeline.time, return_inverse=True)
    steps = np.append(np.diff(times), frame_step(times))
    return np.asarray(steps[place], dtype=np.float64)


def frame_step(times: NDArray[np.float64]) -> float:
    """Median seconds from one frame to the next; 0 for a still image."""
    steps = np.diff(np.unique(times))
    return float(np.median(steps)) if len(steps) else 0.0


def frames_of(timeline: Timeline) -> int:
    """Number of frames in a timeline."""
    frame = timeline.frame
    return int((np.diff(frame) > 0).sum()) + 1 if len(frame) else 0


def means(timeline: Timeline) -> list[FaceMean]:
    """Mean of each face, by id; probabilities are weighted by how long a frame is shown."""
    shown = durations(timeline)
    by_face = []
    for face in timeline.faces:
        own = timeline.face == face
        labelled = own & timeline.labelled
        mean = None
        if labelled.any():
            weight = shown[labelled] if shown[labelled].sum() > 0 else None
            average = np.average(timeline.probabilities[labelled].astype(np.float64), 0, weight)
            mean = tuple(float(p) for p in average)
        by_face.append(FaceMean(face, int(own.sum()), float(shown[own].sum()), mean))
    return by_face
