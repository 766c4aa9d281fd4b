"""Prediction by sliding windows, in seconds; every frame gets the mean of its windows."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fervid.predict.frame import GONE, FaceInFrame, FrameRecord, rows_of, track_of
from fervid.predict.timeline import Timeline, frame_step, record_type

if TYPE_CHECKING:
    from fervid.systems.interface import Recognizer

WAIT = 1024  # frames after which an incomplete batch is predicted


def too_far_apart(rows: Timeline, recognizer: "Recognizer", window: float) -> str:
    """Why a system of sequences cannot predict frames that are a window or more apart, or "".

    Args:
        window: length of a window, seconds.
    """
    step = frame_step(rows.time)
    if recognizer.system.per_frame or step < window:
        return ""
    return (
        f"frames are {step:.3g} s apart, but {recognizer.system.name} needs sequences: "
        "use --model tfe-plus or a longer --window"
    )


@dataclass
class Windows:
    """Turns frames into finished rows; holds about one window of crops in memory.

    Windows start at 0, step, 2 step, ... seconds. The last one ends with the last frame, so that
    every frame is covered; a clip shorter than a window is one window. A face is not predicted in a
    window that shows it in less than `least` of the frames. A window of a single frame is not
    predicted at all (a time lapse is not a sequence), unless the source has only one frame.

    Args:
        recognizer: the model that predicts.
        window: length in seconds.
        step: seconds from the start of one window to the next.
        least: share of a window's frames that must show the face.
        batch: number of samples predicted at once.
        found_by: passed on to each Track.
    """

    recognizer: "Recognizer"
    window: float = 1.0
    step: float = 0.25
    least: float = 0.5
    batch: int = 64
    found_by: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._recent: deque[FrameRecord] = deque()  # frames with crops that later windows may use
        self._pending: deque[FrameRecord] = deque()  # frames not returned yet
        self._waiting: list[tuple[list[FaceInFrame], dict[str, NDArray[Any]]]] = []
        self._samples = 0  # in _waiting
        self._frames = 0  # pushed so far
        self._number = 0  # number of the next window
        self._now = -np.inf
        self._type = record_type(len(self.recognizer.labels))

    def push(self, frame: FrameRecord) -> Iterator[NDArray[Any]]:
        """Add the next frame; returns rows that are now finished."""
        frame.time = max(frame.time, self._now)  # time never runs backwards, even if a clock does
        self._now = frame.time
        self._frames += 1
        while self._recent and self._start + self.window <= self._now:
            self._close(self._start, self._start + self.window)
            self._number += 1
            self._drop()
        if not self._recent:  # at the start, or after a gap in time
            self._number = max(self._number, int((self._now - self.window) // self.step) + 1)
        self._drop()
        self._recent.append(frame)
        self._pending.append(frame)
        if self._samples >= self.batch or len(self._pending) >= WAIT:
            self._predict()
        if not self._waiting:
            yield from self._finished(self._oldest)

    def finish(self) -> Iterator[NDArray[Any]]:
        """End the stream: close the last window; returns the remaining rows."""
        if self._recent:
            self._close(self._now - self.window, np.inf)
        self._predict()
        yield from self._finished(np.inf)

    @property
    def _start(self) -> float:
        """Start of the next window, seconds."""
        return self._number * self.step

    @property
    def _oldest(self) -> float:
        """Time before which no frame can be in the next window or in the last one, seconds."""
        return min(self._start, self._now - self.window)

    def _drop(self) -> None:
        """Drop frames that no later window can cover."""
        while self._recent and self._recent[0].time < self._oldest:
            for face in self._recent.popleft().faces.values():
                face.crop = GONE

    def _close(self, start: float, end: float) -> None:
        """Build the samples of every face in a window, to be predicted later in batches."""
        # The last window is open at its start, because it includes the frame at its end.
        last = end == np.inf
        inside = [f for f in self._recent if (start < f.time if last else start <= f.time < end)]
        if len(inside) == 1 and self._frames > 1:
            return
        for number in sorted({number for frame in inside for number in frame.faces}):
            faces = [frame.faces[number] for frame in inside if number in frame.faces]
            if len(faces) < self.least * len(inside):
                continue
            track = track_of(inside, number, self.found_by)
            arrays = self.recognizer.system.inputs(track)
            count = len(next(iter(arrays.values())))
            if count:
                self._waiting.append((faces, arrays))
                self._samples += count

    def _predict(self) -> None:
        """Predict all waiting samples, and add the results to the frames they cover."""
        if not self._waiting:
            return
        inputs = [arrays for _, arrays in self._waiting]
        joined = {name: np.concatenate([a[name] for a in inputs]) for name in inputs[0]}
        predictions = self.recognizer.predict(joined)[self.recognizer.output]
        begin = 0
        for faces, arrays in self._waiting:
            count = len(next(iter(arrays.values())))
            mean = predictions[begin : begin + count].mean(axis=0, dtype=np.float64)
            begin += count
            for face in faces:
                face.total = mean if face.total is None else face.total + mean
                face.windows += 1
        self._waiting, self._samples = [], 0

    def _finished(self, before: float) -> Iterator[NDArray[Any]]:
        """Rows of pending frames that no further window can cover."""
        rows: list[tuple[Any, ...]] = []
        while self._pending and self._pending[0].time < before:
            rows.extend(rows_of(self._pending.popleft()))
        if rows:
            yield np.array(rows, dtype=self._type)
