"""Sliding windows over a stream of faces, in seconds; every frame gets the mean of its windows."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fervid.predict.frame import GONE, FaceInFrame, FrameRecord, rows_of, track_of
from fervid.predict.timeline import Timeline, frame_step, record_type
from fervid.systems.interface import Recognizer

WAIT = 1024  # frames after which a batch is asked about though it is not full


def too_far_apart(rows: Timeline, recognizer: Recognizer, window: float) -> str:
    """Why a system of sequences says nothing where frames are a window apart; "" if they are not.

    Args:
        window: seconds.
    """
    step = frame_step(rows.time)
    if recognizer.system.per_frame or step < window:
        return ""
    return (
        f"frames are {step:.3g} s apart and {recognizer.system.name} judges sequences: "
        "use --model tfe-plus or a longer --window"
    )


@dataclass
class Windows:
    """Takes frames in, gives finished rows out; holds about one window of pictures.

    Windows start at 0, step, 2 step, ... seconds; the last ends with the last frame, so that every
    frame is covered; a clip shorter than a window is one window. A window says nothing about a
    face that it shows in less than `least` of its frames; a window of one frame says nothing at
    all (a time lapse is no sequence), unless the source has no other.

    Args:
        recognizer: what is asked.
        window: length in seconds.
        step: seconds from one window's start to the next.
        least: share of a window's frames that must show the face.
        batch: samples asked about at once.
        found_by: passed on to each Track.
    """

    recognizer: Recognizer
    window: float = 1.0
    step: float = 0.25
    least: float = 0.5
    batch: int = 64
    found_by: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._recent: deque[FrameRecord] = deque()  # frames a coming window may hold, with pictures
        self._pending: deque[FrameRecord] = deque()  # frames not given out yet
        self._asked: list[tuple[list[FaceInFrame], dict[str, NDArray[Any]]]] = []
        self._samples = 0
        self._frames = 0  # pushed
        self._number = 0  # of the next window
        self._now = -np.inf
        self._type = record_type(len(self.recognizer.labels))

    def push(self, frame: FrameRecord) -> Iterator[NDArray[Any]]:
        """Take the next frame in; rows that are finished by it come out."""
        frame.time = max(frame.time, self._now)  # a broken clock never runs backwards
        self._now = frame.time
        self._frames += 1
        while self._recent and self._start + self.window <= self._now:
            self._close(self._start, self._start + self.window)
            self._number += 1
            self._drop()
        if not self._recent:  # at the beginning, or after a gap in the clock
            self._number = max(self._number, int((self._now - self.window) // self.step) + 1)
        self._drop()
        self._recent.append(frame)
        self._pending.append(frame)
        if self._samples >= self.batch or len(self._pending) >= WAIT:
            self._ask()
        if not self._asked:
            yield from self._finished(self._oldest)

    def finish(self) -> Iterator[NDArray[Any]]:
        """The source has ended: close the last window and give out what is left."""
        if self._recent:
            self._close(self._now - self.window, np.inf)
        self._ask()
        yield from self._finished(np.inf)

    @property
    def _start(self) -> float:
        """Seconds at which the next window starts."""
        return self._number * self.step

    @property
    def _oldest(self) -> float:
        """Seconds; no frame before this can be in the next window, nor in the last one."""
        return min(self._start, self._now - self.window)

    def _drop(self) -> None:
        """Drop frames that no later window can cover."""
        while self._recent and self._recent[0].time < self._oldest:
            for sight in self._recent.popleft().faces.values():
                sight.crop = GONE

    def _close(self, start: float, end: float) -> None:
        """Make the samples of every face in a window; asked about later, many at once."""
        # The last window is open at its start: it ends with a frame, where others end before one.
        last = end == np.inf
        inside = [f for f in self._recent if (start < f.time if last else start <= f.time < end)]
        if len(inside) == 1 and self._frames > 1:
            return
        for face in sorted({face for frame in inside for face in frame.faces}):
            sights = [frame.faces[face] for frame in inside if face in frame.faces]
            if len(sights) < self.least * len(inside):
                continue
            track = track_of(inside, face, self.found_by)
            arrays = self.recognizer.system.inputs(track)
            count = len(next(iter(arrays.values())))
            if count:
                self._asked.append((sights, arrays))
                self._samples += count

    def _ask(self) -> None:
        """Ask about all samples gathered, and add the answers to the frames they cover."""
        if not self._asked:
            return
        gathered = [arrays for _, arrays in self._asked]
        joined = {name: np.concatenate([a[name] for a in gathered]) for name in gathered[0]}
        answers = self.recognizer.predict(joined)[self.recognizer.output]
        begin = 0
        for sights, arrays in self._asked:
            count = len(next(iter(arrays.values())))
            mean = answers[begin : begin + count].mean(axis=0, dtype=np.float64)
            begin += count
            for sight in sights:
                sight.total = mean if sight.total is None else sight.total + mean
                sight.windows += 1
        self._asked, self._samples = [], 0

    def _finished(self, before: float) -> Iterator[NDArray[Any]]:
        """The rows of pending frames that no further window can cover."""
        rows: list[tuple[Any, ...]] = []
        while self._pending and self._pending[0].time < before:
            rows.extend(rows_of(self._pending.popleft()))
        if rows:
            yield np.array(rows, dtype=self._type)
