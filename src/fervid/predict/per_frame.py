"""Frames judged one by one, and smoothed over time where asked for."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fervid.predict.frame import GONE, FrameRecord, rows_of, track_of
from fervid.predict.timeline import record_type
from fervid.systems.interface import Recognizer

WAIT = 1024  # frames after which a batch is asked about though it is not full
CUT = 3  # standard deviations after which a frame counts no more


@dataclass
class Stills:
    """Takes frames in, gives finished rows out, for a system that judges every frame by itself.

    A face's probabilities in a frame are the mean of those around it in time, weighted by a
    Gaussian (`smoothed`); frames without the face lend nothing and get nothing.

    Args:
        recognizer: what is asked.
        smooth: standard deviation of the Gaussian, seconds; 0 for none.
        batch: faces asked about at once.
        found_by: passed on to each Track.
    """

    recognizer: Recognizer
    smooth: float = 0.0
    batch: int = 64
    found_by: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._unasked: list[FrameRecord] = []
        self._pending: deque[FrameRecord] = deque()  # answered, not given out yet
        self._told: dict[int, deque[tuple[float, NDArray[Any]]]] = {}  # by face: time, answer
        self._faces = 0
        self._now = -np.inf
        self._type = record_type(len(self.recognizer.labels))

    def push(self, frame: FrameRecord) -> Iterator[NDArray[Any]]:
        """Take the next frame in; rows that are finished by it come out."""
        frame.time = max(frame.time, self._now)  # a broken clock never runs backwards
        self._now = frame.time
        self._unasked.append(frame)
        self._faces += len(frame.faces)
        if self._faces >= self.batch or len(self._unasked) >= WAIT:
            self._ask()
            yield from self._finished(self._now - CUT * self.smooth)

    def finish(self) -> Iterator[NDArray[Any]]:
        """The source has ended: give out what is left."""
        self._ask()
        yield from self._finished(np.inf)

    def _ask(self) -> None:
        """Ask about all faces gathered; their pictures are let go."""
        asked, gathered = [], []
        for frame in self._unasked:
            for face, sight in frame.faces.items():
                arrays = self.recognizer.system.inputs(track_of([frame], face, self.found_by))
                if len(next(iter(arrays.values()))):
                    asked.append((frame.time, sight))
                    gathered.append(arrays)
                sight.crop = GONE
        if asked:
            joined = {name: np.concatenate([a[name] for a in gathered]) for name in gathered[0]}
            answers = self.recognizer.predict(joined)[self.recognizer.output]
            for (time, sight), answer in zip(asked, answers, strict=True):
                sight.total, sight.windows = answer, 1
                self._told.setdefault(sight.face, deque()).append((time, answer))
        self._pending.extend(self._unasked)
        self._unasked, self._faces = [], 0

    def _finished(self, before: float) -> Iterator[NDArray[Any]]:
        """The rows of answered frames that no later frame can change."""
        done: list[FrameRecord] = []
        while self._pending and self._pending[0].time < before:
            done.append(self._pending.popleft())
        if not done:
            return
        for face, told in self._told.items():
            shown = [f for f in done if face in f.faces and f.faces[face].windows]
            if not shown or not self.smooth:
                continue
            times, answers = np.array([t for t, _ in told]), np.array([p for _, p in told])
            at = np.array([frame.time for frame in shown])
            for frame, mean in zip(shown, smoothed(answers, times, at, self.smooth), strict=True):
                frame.faces[face].total = mean
        self._forget(done[-1].time - CUT * self.smooth)
        yield np.array([row for frame in done for row in rows_of(frame)], dtype=self._type)

    def _forget(self, before: float) -> None:
        """Let the answers go that no coming row can need."""
        for told in self._told.values():
            while told and told[0][0] < before:
                told.popleft()
        self._told = {face: told for face, told in self._told.items() if told}


def smoothed(
    told: NDArray[np.floating],
    times: NDArray[np.floating],
    at: NDArray[np.floating],
    seconds: float,
) -> NDArray[np.float64]:
    """Means over time, weighted exp(-(t - t')^2 / (2 seconds^2)) up to three `seconds` away.

    Args:
        told: (N, K) probabilities.
        times: (N,) when they were told, seconds.
        at: (M,) the times asked for; each one of `times`.
        seconds: standard deviation of the Gaussian, above 0.

    Returns:
        (M, K).
    """
    apart = np.abs(np.subtract.outer(np.asarray(at, np.float64), times)) / seconds
    weight = np.where(apart <= CUT, np.exp(-0.5 * np.minimum(apart, CUT) ** 2), 0)
    mean: NDArray[np.float64] = weight @ told / weight.sum(1, keepdims=True)
    return mean
