"""Streams one input once, in bounded memory: frames -> faces -> windows -> rows."""

import math
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fervid.errors import InputError
from fervid.faces import sampling
from fervid.faces.action_units import units
from fervid.faces.cutting import cutter
from fervid.faces.detect import finder as new_finder
from fervid.faces.detections import Finder
from fervid.faces.settings import FaceSettings
from fervid.faces.tracking import follow
from fervid.faces.video import Frame, frames
from fervid.predict.frame import FaceInFrame, FrameRecord
from fervid.predict.per_frame import Stills
from fervid.predict.timeline import Timeline
from fervid.predict.windows import Windows
from fervid.systems.interface import Recognizer

if TYPE_CHECKING:
    from fervid.faces.movements import Movements

# An unknown video may show a distant crowd, but a database's clip shows one subject. Hence these
# defaults differ from those of FaceSettings.
MAX_FACES = 50
MANY_FACES = FaceSettings(max_faces=MAX_FACES, min_size=0.05)
SHORTEST, LONGEST = 0.01, 3600  # seconds of a window, whose face crops are held in memory


@dataclass(frozen=True)
class WindowSettings:
    """Which frames of a stream are used, and how they are grouped into windows.

    Args:
        window: length of the window for one prediction, seconds.
        step: seconds between the starts of two windows.
        least: share of a window's frames that must show the face to predict it.
        smooth: for systems that predict single frames and have no windows: standard deviation of
            the Gaussian over time by which predictions are averaged, seconds.
        seconds: stop after this many seconds (for a webcam); None for the end.
        every: use every so many frames; the others have no row.
        fps: use so many frames per second; None for all.
    """

    window: float = 1.0
    step: float = 0.25
    least: float = 0.5
    smooth: float = 0.1
    seconds: float | None = None
    every: int = 1
    fps: float | None = None

    def __post_init__(self) -> None:
        if not SHORTEST <= self.window <= LONGEST:
            raise InputError(f"--window {self.window}: give {SHORTEST} to {LONGEST} seconds")
        if not SHORTEST <= self.step <= self.window:
            raise InputError(
                f"--step {self.step} with --window {self.window}: give a step from {SHORTEST} "
                "seconds up to the window, because a longer one would skip frames"
            )
        if self.seconds is not None and not 0 < self.seconds < math.inf:
            raise InputError(
                f"--seconds {self.seconds}: give a number above 0, or leave it out to read all"
            )
        if not 0 < self.least <= 1:
            raise InputError(
                f"least={self.least} is not a share of a window: give one above 0 and up to 1"
            )
        if not 0 <= self.smooth <= 60:
            raise InputError(f"--smooth {self.smooth}: give seconds up to 60, or 0 for none")
        sampling.check(self.every, self.fps)


def timeline(
    source: str | Path | int,
    recognizer: Recognizer,
    settings: FaceSettings = MANY_FACES,
    windows: WindowSettings = WindowSettings(),
    finder: Finder | None = None,
) -> Timeline:
    """Predict every frame and face of one video, picture or folder of frames.

    Args:
        source: a file, a folder of numbered images, or a webcam's index.
        finder: an existing face finder; by default, one is created from `settings`.

    Raises:
        InputError: the source cannot be read.
    """
    path = source if isinstance(source, int) else Path(source)
    chunks = list(records(path, recognizer, settings, windows, finder or new_finder(settings)))
    return Timeline.of(np.concatenate(chunks), str(source), recognizer.labels)


def records(
    source: Path | int,
    recognizer: Recognizer,
    settings: FaceSettings,
    windows: WindowSettings,
    finder: Finder,
    progress: Callable[[Iterator[Frame]], Iterable[Frame]] = iter,
    *,
    movements: bool = False,
) -> Iterator[NDArray[Any]]:
    """Rows of one source in order, as `record_type`, a few hundred at a time.

    Args:
        progress: wraps the frames.
        movements: whether to estimate action units.

    Raises:
        InputError: the source cannot be read, or has no frames.
    """
    found_by = {"finder": settings.finder, "version": finder.version}
    predictor: Stills | Windows
    if recognizer.system.per_frame:
        predictor = Stills(recognizer, windows.smooth, found_by=found_by)
    else:
        lengths = (windows.window, windows.step, windows.least)
        predictor = Windows(recognizer, *lengths, found_by=found_by)
    estimate = None
    if movements:
        from fervid.faces.movements import Movements  # imports torch

        estimate = Movements()
    with _stoppable(isinstance(source, int)) as stopped:
        any_frame = False
        every_nth = sampling.sampler(windows.every, windows.fps)
        sampled = frames(source, rate=settings.rate, wanted=every_nth)
        decoded = _until(sampled, windows.seconds, stopped)
        for frame in with_faces(progress(decoded), settings, finder, estimate):
            any_frame = True
            yield from predictor.push(frame)
    if not any_frame:
        raise InputError(f"{source} has no frames: check it or copy it again")
    yield from predictor.finish()


def with_faces(
    decoded: Iterable[Frame],
    settings: FaceSettings,
    finder: Finder,
    estimate: "Movements | None" = None,
) -> Iterator[FrameRecord]:
    """Every frame with the crops of its faces, and their action units if asked for."""
    cut = cutter(settings)
    for tracked in follow(decoded, settings, finder):
        frame = tracked.frame
        size = (frame.image.shape[1], frame.image.shape[0])
        record = FrameRecord(frame.index, frame.time, size, frame.readable, brief=tracked.brief)
        for seen in tracked.faces:
            crop = cut(frame.image, seen.landmarks, seen.face)
            record.faces[seen.face] = FaceInFrame(seen.face, seen.score, seen.landmarks, *crop)
        if estimate and record.faces:
            faces = list(record.faces.values())
            cut_landmarks = np.stack([face.crop_landmarks for face in faces])
            shapes = estimate(np.stack([face.crop for face in faces]), cut_landmarks)
            for face, moved in zip(faces, units(shapes), strict=True):
                face.movements = moved
        yield record


def _until(
    decoded: Iterator[Frame], seconds: float | None, stopped: threading.Event
) -> Iterator[Frame]:
    for frame in decoded:
        if seconds is not None and frame.time >= seconds:
            return
        yield frame
        if stopped.is_set():
            return


@contextmanager
def _stoppable(live: bool) -> Iterator[threading.Event]:
    """For a live source, let Ctrl-C end the stream instead of the program, to keep its rows."""
    stopped = threading.Event()
    if not live or threading.current_thread() is not threading.main_thread():
        yield stopped
        return
    before = signal.signal(signal.SIGINT, lambda *_: stopped.set())
    try:
        yield stopped
    finally:
        signal.signal(signal.SIGINT, before)
