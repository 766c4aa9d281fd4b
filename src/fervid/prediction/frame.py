"""A frame and its faces: frames -> track to predict on, frame -> rows of the output."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fervid.faces.track import STATUS, Track
from fervid.prediction.timeline import NOBODY
from fervid.prediction.timeline import STATUS as ROW_STATUS

FACE = STATUS.index("face")
NO_FACE = STATUS.index("no face")
UNREADABLE = STATUS.index("unreadable")
TOO_SHORT = ROW_STATUS.index("too short")
GONE = np.zeros((0, 0, 3), np.uint8)


@dataclass(slots=True)
class FaceInFrame:
    """One face in one frame, with the probabilities collected for it so far.

    Args:
        face: id of the face.
        score: 0..1.
        landmarks: (68, 2) in pixels of the frame.
        crop: (S, S, 3) uint8; dropped once no further window can need it.
        crop_landmarks: (68, 2) in pixels of the crop.
        to_frame: (2, 3), crop to frame.
        total: (K,) sum of the predictions of all windows that cover it; None before the first.
        windows: number of these windows.
        movements: (35,) estimates of action units; NaN if not requested.
        light: mean grey value of the middle of the crop, 0..255.
    """

    face: int
    score: float
    landmarks: NDArray[np.float32]
    crop: NDArray[np.uint8]
    crop_landmarks: NDArray[np.float32]
    to_frame: NDArray[np.float32]
    total: NDArray[np.float64] | None = None
    windows: int = 0
    movements: NDArray[np.float32] | float = np.nan
    light: float = field(init=False)

    def __post_init__(self) -> None:
        quarter = len(self.crop) // 4
        middle = slice(quarter, len(self.crop) - quarter, 4)  # every 4th pixel is enough
        self.light = float(self.crop[middle, middle].mean())


@dataclass(slots=True)
class FrameRecord:
    """One decoded frame and the faces in it, by id.

    Args:
        brief: number of further faces, seen too briefly to get an id.
    """

    index: int
    time: float
    size: tuple[int, int]
    readable: bool = True
    faces: dict[int, FaceInFrame] = field(default_factory=dict)
    brief: int = 0


def track_of(frames: Sequence[FrameRecord], face: int, found_by: Mapping[str, str]) -> Track:
    """One face through a window; a frame without the face is an empty row."""
    count = len(frames)
    shapes = [f.faces[face].crop.shape for f in frames if face in f.faces]
    pictures = np.zeros((count, *shapes[0]), np.uint8)
    landmarks = np.full((count, 68, 2), np.nan, np.float32)
    to_frame = np.full((count, 2, 3), np.nan, np.float32)
    score = np.zeros(count, np.float32)
    status = np.array([NO_FACE if f.readable else UNREADABLE for f in frames], np.uint8)
    for row, frame in enumerate(frames):
        seen = frame.faces.get(face)
        if seen is not None:
            pictures[row], landmarks[row] = seen.crop, seen.crop_landmarks
            to_frame[row], score[row], status[row] = seen.to_frame, seen.score, FACE
    times = np.array([f.time for f in frames])
    numbers = np.array([f.index for f in frames], np.int64)
    return Track(pictures, landmarks, times, numbers, status, score, to_frame, face, found_by)


def rows_of(frame: FrameRecord) -> Iterator[tuple[Any, ...]]:
    """Rows of a frame as `record_type`: one for each face, or a single one if there is none."""
    missing = (np.nan,) * 5  # score, light, probabilities, landmarks, movements; broadcast
    if not frame.faces:
        no_face = TOO_SHORT if frame.brief else NO_FACE
        status = no_face if frame.readable else UNREADABLE
        yield (frame.index, frame.time, NOBODY, status, np.nan, *missing)
    for number, face in sorted(frame.faces.items()):
        low, high = face.landmarks.min(axis=0), face.landmarks.max(axis=0)
        box = np.concatenate([low, high - low])
        mean = np.nan if face.total is None else face.total / face.windows
        status = TOO_SHORT if face.total is None else FACE
        place = (frame.index, frame.time, number, status, box)
        yield (*place, face.score, face.light, mean, face.landmarks, face.movements)
