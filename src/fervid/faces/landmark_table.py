"""Landmark tables written by OpenFace [1, 2] and py-feat [3] -> faces, frame by frame.

OpenFace 2 counts frames from 1, the others from 0. OpenFace 3 has 98 points, of which 68 are used.

[1] Baltrusaitis, Zadeh, Lim, Morency, OpenFace 2.0: Facial Behavior Analysis Toolkit, FG 2018.
[2] Hu, Mathur, Liang, Morency, OpenFace 3.0: A Lightweight Multitask System for Comprehensive
    Facial Behavior Analysis, FG 2025.
[3] Cheong, Jolly, Xie, Byrne, Kenney, Chang, Py-Feat: Python Facial Expression Analysis Toolbox,
    Affective Science 4, 2023.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fervid.errors import FacesError, InputError
from fervid.faces.detections import Detections
from fervid.faces.points68 import WFLW
from fervid.faces.settings import FaceSettings
from fervid.faces.tracking import FrameFaces, Seen, overlap
from fervid.faces.versions import version_of
from fervid.faces.video import RATE, Frame, frames
from fervid.text import parse_json

if TYPE_CHECKING:
    import pandas as pd

ENDINGS = (".csv", ".tsv")
POINTS = [f"{axis}_{point}" for axis in "xy" for point in range(68)]
NOT_NUMBERS = ("", "nan", "-nan", "nan(ind)", "-nan(ind)", "inf", "-inf")
OPENFACE, OPENFACE_3, FEX = "OpenFace 2", "OpenFace 3", "py-feat"
NEAR = 0.1  # smallest overlap of two boxes of one face, in tables without identities


@dataclass(frozen=True)
class LandmarkTable:
    """N faces in F frames.

    Args:
        frames: (F,) int64, 0-based index of every frame in the table, ascending.
        times: (F,) float64, seconds from the start; NaN if the table has no times.
        frame: (N,) int64, 0-based index of each face's frame, ascending.
        face: (N,) int64, id of each face.
        landmarks: (N, 68, 2) float32, pixels of the frame.
        score: (N,) float32, 0..1, confidence of the program that wrote the table.
        size: (width, height) of the frames; (0, 0) if the table has no size.
    """

    frames: NDArray[np.int64]
    times: NDArray[np.float64]
    frame: NDArray[np.int64]
    face: NDArray[np.int64]
    landmarks: NDArray[np.float32]
    score: NDArray[np.float32]
    size: tuple[int, int] = (0, 0)

    @property
    def rate(self) -> float:
        """Frames per second: the inverse of the median step, or `RATE` without times."""
        steps = np.diff(self.times) / np.maximum(np.diff(self.frames), 1)
        step = float(np.median(steps)) if len(steps) else np.nan
        return 1 / step if step > 0 else RATE


class Table:
    """The finder "table": detects nothing, because the clips bring their own landmarks."""

    version = version_of(FaceSettings("table"))

    def begin(self) -> None:
        """Do nothing: no state is kept between frames."""

    def close(self) -> None:
        """Do nothing: no resources are held."""

    def __call__(self, image: NDArray[np.uint8], time: float) -> Detections:
        """Raise FacesError, because pictures need another finder."""
        raise FacesError("the finder 'table' cannot find faces in pictures: choose another finder")


def from_table(
    table: Path, video: Path, start: int = 0, end: int | None = None, rate: float = RATE
) -> Iterator[FrameFaces]:
    """The frames of a table with their faces; ids count from 0 by first appearance.

    Args:
        video: the video that the landmarks belong to; without one, the table itself, and then
            frames have no pictures.
        start: first frame.
        end: one past the last frame; None reads to the end.
        rate: frames per second if neither the video nor the table has times.

    Raises:
        InputError: the file is not such a table, or belongs to another video.
    """
    landmarks = read_landmarks(table)
    inside = (landmarks.frames >= start) & (landmarks.frames < (np.inf if end is None else end))
    if not inside.any():
        raise InputError(f"{table} has no frame from {start} to {end}: correct the span")
    ids: dict[int, int] = {}
    if video == table:
        source = _without_pictures(landmarks, inside, rate)
    else:
        source = _with_pictures(landmarks.frames[inside], table, video, rate)
    for frame in source:
        low, high = np.searchsorted(landmarks.frame, [frame.index, frame.index + 1])
        rows = slice(low, high)
        faces = (
            Seen(ids.setdefault(int(face), len(ids)), points, float(score))
            for face, points, score in zip(
                landmarks.face[rows], landmarks.landmarks[rows], landmarks.score[rows], strict=True
            )
        )
        yield FrameFaces(frame, tuple(sorted(faces, key=lambda seen: seen.face)))


def _without_pictures(
    table: LandmarkTable, inside: NDArray[np.bool_], rate: float
) -> Iterator[Frame]:
    width, height = table.size
    image = np.broadcast_to(np.uint8(0), (height, width, 3))  # has the size, takes no memory
    for index, time in zip(table.frames[inside], table.times[inside], strict=True):
        yield Frame(int(index), float(time) if np.isfinite(time) else index / rate, image)


def _with_pictures(
    indices: NDArray[np.int64], table: Path, video: Path, rate: float
) -> Iterator[Frame]:
    last, listed = -1, set(indices.tolist())
    for frame in frames(video, int(indices[0]), int(indices[-1]) + 1, rate):
        last = frame.index
        if last in listed:
            yield frame
    if last < indices[-1]:
        raise InputError(
            f"the last frame is {indices[-1]} (from 0) in {table} but {last} in {video}: "
            "give the video that the table belongs to"
        )


def program(columns: list[str]) -> str:
    """The program that writes such columns; "" if there are no landmarks.

    >>> program(["frame", " confidence", *(f" {name}" for name in POINTS)])
    'OpenFace 2'
    """
    names = {name.strip() for name in columns}
    if {"landmarks", "face_id"} <= names:
        return OPENFACE_3
    if not set(POINTS) <= names:
        return ""
    return FEX if "FaceRectX" in names else OPENFACE if "confidence" in names else ""


def header(path: Path) -> list[str]:
    """The names of a table's columns, without surrounding blanks.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            first = file.readline(1 << 20)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as text ({error}): copy it again") from None
    return [name.strip().strip('"') for name in first.rstrip("\r\n").split(_separator(first))]


def _separator(line: str) -> str:
    return max(",;\t", key=line.count)


def read_landmarks(path: Path) -> LandmarkTable:
    """Read a table written by OpenFace 2 or 3 or by py-feat.

    Raises:
        InputError: the table is none of these, or it contradicts itself.
    """
    import pandas as pd

    names = header(path)
    kind = program(names)
    if not kind:
        raise InputError(
            f"{path} does not have the 68 landmarks of OpenFace or py-feat (x_0 to y_67): run "
            "OpenFace with -2Dfp, or give another table"
        )
    with path.open(encoding="utf-8-sig") as file:
        mark = _separator(file.readline(1 << 20))
    try:
        rows = pd.read_csv(
            path, sep=mark, header=0, names=names, skipinitialspace=True, encoding="utf-8-sig",
            index_col=False, na_values=list(NOT_NUMBERS), low_memory=False,
        )  # fmt: skip
    except (ValueError, OSError) as error:
        raise InputError(f"{path} cannot be read ({error}): write it again") from None
    if rows.empty:
        raise InputError(f"{path} has no rows: leave it out")
    return READERS[kind](path, rows)


def _openface(path: Path, rows: "pd.DataFrame") -> LandmarkTable:
    """Tables of FeatureExtraction, FaceLandmarkVidMulti, and FaceLandmarkImg.

    The last has no frames, times or success.
    """
    one = np.ones(len(rows))
    frame = _numbers(path, rows, "frame", one) - 1
    face = _numbers(path, rows, "face_id" if "face_id" in rows else "face", 0 * one)
    score = _numbers(path, rows, "confidence")
    seen = _numbers(path, rows, "success", one) > 0
    times = _numbers(path, rows, "timestamp", np.nan * one)
    points = _points(path, rows)
    _reject_duplicates(path, frame, np.where(seen, face, -1 - np.arange(len(rows))))
    return _table(path, frame=frame, times=times, face=face, points=points, score=score, seen=seen)


def _openface_3(path: Path, rows: "pd.DataFrame") -> LandmarkTable:
    """Tables of videos or of numbered pictures.

    Their `face_id` only counts the faces of a frame, and their time is the time of day.
    """
    one = np.ones(len(rows))
    frame = _frames_3(path, rows)
    lists = [_list(path, line, cell) for line, cell in enumerate(rows["landmarks"], 2)]
    seen = np.array([each is not None for each in lists])
    points = np.array([np.full((98, 2), np.nan) if each is None else each for each in lists])
    points = points[:, WFLW]
    boxes = rows["face_detection"] if "face_detection" in rows else [None] * len(rows)
    scores = [_score(cell) for cell in boxes]
    face = _numbers(path, rows, "face_id")
    _reject_duplicates(path, frame, np.where(seen, face, -1 - np.arange(len(rows))))
    if (face[seen] > 0).any():
        face = _linked(frame, points, seen)
    return _table(
        path, frame=frame, times=np.nan * one, face=face, points=points, score=np.array(scores),
        seen=seen,
    )  # fmt: skip


def _frames_3(path: Path, rows: "pd.DataFrame") -> NDArray[np.float64]:
    """Frame numbers from 0: a column, the end of a picture's name, or the order of the pictures."""
    import pandas as pd

    if column := next((name for name in ("frame_index", "frame") if name in rows), ""):
        return _numbers(path, rows, column)
    pictures = rows.get("image_path", pd.Series("", rows.index)).astype(str)
    number = pictures.str.extract(r"_frame_(\d+)\.\w+$")[0]
    order = pictures.astype("category").cat.codes
    return np.asarray(number if number.notna().all() else order, np.float64)


def _fex(path: Path, rows: "pd.DataFrame") -> LandmarkTable:
    """A py-feat table of one input; a frame without a face is a row without numbers."""
    if "input" in rows and rows["input"].nunique() > 1:
        raise InputError(f"{path} has {rows['input'].nunique()} inputs: write one table for each")
    one = np.ones(len(rows))
    points, score = _points(path, rows), _numbers(path, rows, "FaceScore", one)
    frame = _numbers(path, rows, "frame", 0 * one)
    seen: NDArray[np.bool_] = np.asarray(np.isfinite(points).all(axis=(1, 2)))
    if "Identity" in rows:
        face = np.asarray(rows["Identity"].astype("category").cat.codes, np.float64)
        # If py-feat gave two faces of a frame the same identity, keep the one with the best score.
        best = np.lexsort((-score, face, frame))
        duplicate = np.zeros(len(rows), np.bool_)
        duplicate[best[1:]] = (np.diff(frame[best]) == 0) & (np.diff(face[best]) == 0)
        seen = np.asarray(seen & ~duplicate)
    else:
        face = _linked(frame, points, seen)
    sizes = [_numbers(path, rows, name, 0 * one) for name in ("FrameWidth", "FrameHeight")]
    width, height = (int(np.nan_to_num(size).max()) for size in sizes)
    return _table(
        path, frame=frame, times=np.nan * one, face=face, points=points, score=score, seen=seen,
        size=(width, height),
    )  # fmt: skip


READERS: Mapping[str, Callable[[Path, "pd.DataFrame"], LandmarkTable]] = {
    OPENFACE: _openface,
    OPENFACE_3: _openface_3,
    FEX: _fex,
}


def _numbers(
    path: Path, rows: "pd.DataFrame", name: str, default: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """The numbers of a column; NaN where a cell is NaN or empty."""
    import pandas as pd

    if name not in rows:
        if default is None:
            raise InputError(f"{path} has no column {name}: write it again")
        return default
    column = rows[name]
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(np.float64)
    if len(bad := np.flatnonzero(np.isnan(numbers) & column.notna().to_numpy())):
        raise InputError(
            f"{path}, line {bad[0] + 2}: {name} is {str(column.iloc[bad[0]])[:40]!r}, not a "
            "number: correct it"
        )
    return np.asarray(numbers)


def _points(path: Path, rows: "pd.DataFrame") -> NDArray[np.float64]:
    columns = np.stack([_numbers(path, rows, name) for name in POINTS], axis=1)
    return columns.reshape(-1, 2, 68).transpose(0, 2, 1)


def _list(path: Path, line: int, cell: object) -> NDArray[np.float64] | None:
    """(98, 2) points from a cell "[[x, y], ...]"; None if it is empty."""
    if not isinstance(cell, str) or cell.strip() in ("", "None"):
        return None
    try:
        points = np.array(parse_json(cell), np.float64)
    except (ValueError, TypeError):
        points = np.zeros(0)
    if points.shape != (98, 2):
        raise InputError(f"{path}, line {line}: not a list of 98 landmarks: write the table again")
    return points


def _score(cell: object) -> float:
    """RetinaFace's confidence, the fifth number of its box; 1 if there is none."""
    try:
        return float(parse_json(str(cell))[4])
    except (ValueError, TypeError, IndexError, KeyError):
        return 1.0


def _linked(
    frame: NDArray[np.float64], points: NDArray[np.float64], seen: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Ids for a table without identities: a face keeps the id of the last box that it overlaps."""
    from scipy.optimize import linear_sum_assignment

    ids, boxes = np.full(len(frame), -1.0), dict[int, NDArray[np.float32]]()
    rows = np.flatnonzero(seen)
    rows = rows[np.argsort(frame[rows], kind="stable")]
    for here in np.split(rows, np.flatnonzero(np.diff(frame[rows])) + 1) if len(rows) else ():
        sides = np.concatenate([points[here].min(1), points[here].max(1)], axis=1)
        new = list(sides.astype(np.float32))
        known = list(boxes)
        shared = np.array([[overlap(a, boxes[k]) for k in known] for a in new])
        shared = shared.reshape(len(new), len(known))
        for row, column in zip(*linear_sum_assignment(-shared), strict=True):
            if shared[row, column] >= NEAR:
                ids[here[row]] = known[column]
        for n, box in zip(here, new, strict=True):
            ids[n] = len(boxes) if ids[n] < 0 else ids[n]
            boxes[int(ids[n])] = box
    return ids


def _reject_duplicates(path: Path, frame: NDArray[np.float64], face: NDArray[np.float64]) -> None:
    _, first, counts = np.unique(
        np.stack([frame, face], 1), axis=0, return_index=True, return_counts=True
    )
    if (counts > 1).any():
        row = int(first[counts > 1].min())
        raise InputError(
            f"{path}, line {row + 2}: face {face[row]:g} occurs twice in this frame: write the "
            "table again"
        )


def _table(
    path: Path,
    *,
    frame: NDArray[np.float64],
    times: NDArray[np.float64],
    face: NDArray[np.float64],
    points: NDArray[np.float64],
    score: NDArray[np.float64],
    seen: NDArray[np.bool_],
    size: tuple[int, int] = (0, 0),
) -> LandmarkTable:
    """Sort faces by frame; a row without a face adds only its frame."""
    valid = np.isfinite(frame) & (frame >= 0) & (frame == np.floor(frame))
    if not valid.all():
        line = int(np.argmin(valid)) + 2
        raise InputError(f"{path}, line {line}: not a valid frame number: correct it")
    index, first = np.unique(frame.astype(np.int64), return_index=True)
    seen = seen & np.isfinite(points).all(axis=(1, 2))
    rows = np.flatnonzero(seen)
    rows = rows[np.argsort(frame[rows], kind="stable")]
    sure = np.clip(np.nan_to_num(score[rows], nan=1.0), 0, 1)
    return LandmarkTable(
        index, times[first], frame[rows].astype(np.int64), face[rows].astype(np.int64),
        points[rows].astype(np.float32), sure.astype(np.float32), size,
    )  # fmt: skip
