"""Streams one input once, in bounded memory: frames -> faces -> windows -> rows."""

import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fervid.errors import InputError
from fervid.faces import sampling
from fervid.faces.action_units import units
from fervid.faces.cutting import cutter
from fervid.faces.detections import Finder
from fervid.faces.settings import FaceSettings
from fervid.faces.tracking import follow
from fervid.faces.video import Frame, frames
from fervid.prediction.frame import FaceInFrame, FrameRecord
from fervid.prediction.per_frame import Stills
from fervid.prediction.settings import WindowSettings
from fervid.prediction.windows import Windows
from fervid.systems.interface import Recognizer

if TYPE_CHECKING:
    from fervid.faces.movements import Movements


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
