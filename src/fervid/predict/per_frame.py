"""Prediction frame by frame, with optional smoothing over time."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fervid.predict.frame import GONE, FrameRecord, rows_of, track_of
from fervid.predict.timeline import record_type

if TYPE_CHECKING:
    from fervid.systems.interface import Recognizer

WAIT = 1024  # frames after which an incomplete batch is predicted
CUT = 3  # standard deviations beyond which a frame has no weight


@dataclass
class Stills:
    """Turns frames into finished rows, for a system that predicts each frame on its own.

    A face's probabilities in a frame are the mean of its predictions around that time, weighted by
    a Gaussian (`smoothed`). Frames without the face neither contribute nor get probabilities.

    Args:
        recognizer: the model that predicts.
        smooth: standard deviation of the Gaussian, seconds; 0 for none.
        batch: number of faces predicted at once.
        found_by: passed on to each Track.
    """

    recognizer: "Recognizer"
    smooth: float = 0.0
    batch: int = 64
    found_by: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._waiting: list[FrameRecord] = []  # not predicted yet
        self._pending: deque[FrameRecord] = deque()  # predicted, not returned yet
        self._predictions: dict[int, deque[tuple[float, NDArray[Any]]]] = {}  # face: time, (K,)
        self._faces = 0
        self._now = -np.inf
        self._type = record_type(len(self.recognizer.labels))

    def push(self, frame: FrameRecord) -> Iterator[NDArray[Any]]:
        """Add the next frame; returns rows that are now finished."""
        frame.time = max(frame.time, self._now)  # time never runs backwards, even if a clock does
        self._now = frame.time
        self._waiting.append(frame)
        self._faces += len(frame.faces)
        if self._faces >= self.batch or len(self._waiting) >= WAIT:
            self._predict()
            yield from self._finished(self._now - CUT * self.smooth)

    def finish(self) -> Iterator[NDArray[Any]]:
        """End the stream; returns the remaining rows."""
        self._predict()
        yield from self._finished(np.inf)

    def _predict(self) -> None:
        """Predict all waiting faces and drop their crops."""
        faces, inputs = [], []
        for frame in self._waiting:
            for number, face in frame.faces.items():
                arrays = self.recognizer.system.inputs(track_of([frame], number, self.found_by))
                if len(next(iter(arrays.values()))):
                    faces.append((frame.time, face))
                    inputs.append(arrays)
                face.crop = GONE
        if faces:
            joined = {name: np.concatenate([a[name] for a in inputs]) for name in inputs[0]}
            predictions = self.recognizer.predict(joined)[self.recognizer.output]
            for (time, face), prediction in zip(faces, predictions, strict=True):
                face.total, face.windows = prediction, 1
                self._predictions.setdefault(face.face, deque()).append((time, prediction))
        self._pending.extend(self._waiting)
        self._waiting, self._faces = [], 0

    def _finished(self, before: float) -> Iterator[NDArray[Any]]:
        """Rows of predicted frames that no later frame can change."""
        done: list[FrameRecord] = []
        while self._pending and self._pending[0].time < before:
            done.append(self._pending.popleft())
        if not done:
            return
        for face, timed in self._predictions.items():
            shown = [f for f in done if face in f.faces and f.faces[face].windows]
            if not shown or not self.smooth:
                continue
            times, values = np.array([t for t, _ in timed]), np.array([p for _, p in timed])
            at = np.array([frame.time for frame in shown])
            for frame, mean in zip(shown, smoothed(values, times, at, self.smooth), strict=True):
                frame.faces[face].total = mean
        self._forget(done[-1].time - CUT * self.smooth)
        yield np.array([row for frame in done for row in rows_of(frame)], dtype=self._type)

    def _forget(self, before: float) -> None:
        """Drop predictions that no later row needs."""
        for timed in self._predictions.values():
            while timed and timed[0][0] < before:
                timed.popleft()
        self._predictions = {face: timed for face, timed in self._predictions.items() if timed}


def smoothed(
    probabilities: NDArray[np.floating],
    times: NDArray[np.floating],
    at: NDArray[np.floating],
    seconds: float,
) -> NDArray[np.float64]:
    """Means over time, weighted exp(-(t - t')^2 / (2 seconds^2)) up to three `seconds` away.

    Args:
        probabilities: (N, K).
        times: (N,) times of the probabilities, seconds.
        at: (M,) times at which to smooth; each one of `times`.
        seconds: standard deviation of the Gaussian, above 0.

    Returns:
        (M, K).
    """
    apart = np.abs(np.subtract.outer(np.asarray(at, np.float64), times)) / seconds
    weight = np.where(apart <= CUT, np.exp(-0.5 * np.minimum(apart, CUT) ** 2), 0)
    mean: NDArray[np.float64] = weight @ probabilities / weight.sum(1, keepdims=True)
    return mean
