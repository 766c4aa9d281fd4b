"""Streams one input once, in bounded memory: frames -> faces -> windows -> rows."""

import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from fervid.errors import InputError
from fervid.faces import sampling
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


def records(
    source: Path | int,
    recognizer: Recognizer,
    settings: FaceSettings,
    windows: WindowSettings,
    finder: Finder,
    progress: Callable[[Iterator[Frame]], Iterable[Frame]] = iter,
) -> Iterator[NDArray[Any]]:
    """Rows of one source in order, as `record_type`, a few hundred at a time.

    Args:
        progress: wraps the frames.

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
    with _stoppable(isinstance(source, int)) as stopped:
        any_frame = False
        every_nth = sampling.sampler(windows.every, windows.fps)
        sampled = frames(source, rate=settings.rate, wanted=every_nth)
        decoded = _until(sampled, windows.seconds, stopped)
        for frame in with_faces(progress(decoded), settings, finder):
            any_frame = True
            yield from predictor.push(frame)
    if not any_frame:
        raise InputError(f"{source} has no frames: check it or copy it again")
    yield from predictor.finish()


def with_faces(
    decoded: Iterable[Frame], settings: FaceSettings, finder: Finder
) -> Iterator[FrameRecord]:
    """Every frame with the crops of its faces."""
    cut = cutter(settings)
    for tracked in follow(decoded, settings, finder):
        frame = tracked.frame
        size = (frame.image.shape[1], frame.image.shape[0])
        record = FrameRecord(frame.index, frame.time, size, frame.readable, brief=tracked.brief)
        for seen in tracked.faces:
            crop = cut(frame.image, seen.landmarks, seen.face)
            record.faces[seen.face] = FaceInFrame(seen.face, seen.score, seen.landmarks, *crop)
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
