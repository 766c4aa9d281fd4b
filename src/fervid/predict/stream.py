"""One input, streamed once: frames -> faces -> windows -> rows, in bounded memory."""

import math
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fervid.errors import InputError
from fervid.faces import sampling
from fervid.faces.cutting import cutter
from fervid.faces.detect import finder as find_by
from fervid.faces.detections import Finder
from fervid.faces.settings import FaceSettings
from fervid.faces.tracking import follow
from fervid.faces.video import Frame, frames
from fervid.predict.frame import FaceInFrame, FrameRecord
from fervid.predict.per_frame import Stills
from fervid.predict.timeline import Timeline
from fervid.predict.windows import Windows
from fervid.systems.interface import Recognizer

# Frames of an unknown video may show a crowd, far away; a database's clip shows one subject, hence
# the other defaults in FaceSettings.
MAX_FACES = 50
MANY_FACES = FaceSettings(max_faces=MAX_FACES, min_size=0.05)
SHORTEST, LONGEST = 0.01, 3600  # seconds of a window; its face crops lie in memory


@dataclass(frozen=True)
class WindowSettings:
    """How a stream is looked at.

    Args:
        window: seconds that one answer looks at.
        step: seconds between the starts of two windows.
        least: share of a window's frames that must show the face, or it says nothing of it.
        smooth: of a system that judges every frame by itself, which has no windows: standard
            deviation of the Gaussian over time that its answers are averaged by, seconds.
        seconds: stop after so many; for a webcam. None: at the end.
        every: look at every so many frames; the others have no row.
        fps: look at so many frames a second; None: at all of them.
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
            raise InputError(
                f"a window of {self.window} s: give one of {SHORTEST} to {LONGEST} seconds"
            )
        if not SHORTEST <= self.step <= self.window:
            raise InputError(
                f"a window of {self.window} s every {self.step} s: give a step of {SHORTEST} "
                "seconds or more, and not above the window, which would skip frames"
            )
        if self.seconds is not None and not 0 < self.seconds < math.inf:
            raise InputError(
                f"to read {self.seconds} seconds: give a number above 0, or none to read all"
            )
        if not 0 < self.least <= 1:
            raise InputError(
                f"least={self.least} is no share of a window: give one above 0, up to 1"
            )
        if not 0 <= self.smooth <= 60:
            raise InputError(f"smoothing over {self.smooth} s: give 0 for none, and up to 60")
        sampling.check(self.every, self.fps)


def timeline(
    source: str | Path | int,
    recognizer: Recognizer,
    settings: FaceSettings = MANY_FACES,
    gaze: WindowSettings = WindowSettings(),
    finder: Finder | None = None,
) -> Timeline:
    """What a recognizer says of every frame and face of one video, picture or folder of frames.

    Args:
        source: a file, a folder of numbered images, or a webcam's index.
        finder: of faces, where one is at hand already; by default what `settings` name.

    Raises:
        InputError: the source cannot be read.
    """
    path = source if isinstance(source, int) else Path(source)
    chunks = list(records(path, recognizer, settings, gaze, finder or find_by(settings)))
    return Timeline.of(np.concatenate(chunks), str(source), recognizer.labels)


def records(
    source: Path | int,
    recognizer: Recognizer,
    settings: FaceSettings,
    gaze: WindowSettings,
    finder: Finder,
    progress: Callable[[Iterator[Frame]], Iterable[Frame]] = iter,
) -> Iterator[NDArray[Any]]:
    """The rows of one source in their order, a few hundred at a time, of `record_type`.

    Args:
        progress: wraps the frames.

    Raises:
        InputError: the source cannot be read, or holds no frame.
    """
    found_by = {"finder": settings.finder, "version": finder.version}
    asked: Stills | Windows
    if recognizer.system.per_frame:
        asked = Stills(recognizer, gaze.smooth, found_by=found_by)
    else:
        asked = Windows(recognizer, gaze.window, gaze.step, gaze.least, found_by=found_by)
    with _stoppable(isinstance(source, int)) as stopped:
        any_frame = False
        wanted = sampling.sampler(gaze.every, gaze.fps)
        looked_at = frames(source, rate=settings.rate, wanted=wanted)
        decoded = _until(looked_at, gaze.seconds, stopped)
        for moment in moments(progress(decoded), settings, finder):
            any_frame = True
            yield from asked.push(moment)
    if not any_frame:
        raise InputError(f"{source} holds no frame: check or copy it again")
    yield from asked.finish()


def moments(
    decoded: Iterable[Frame], settings: FaceSettings, finder: Finder
) -> Iterator[FrameRecord]:
    """Every frame with the faces cut out of it."""
    cut = cutter(settings)
    for found in follow(decoded, settings, finder):
        image = found.frame.image
        size = (image.shape[1], image.shape[0])
        moment = FrameRecord(found.frame.index, found.frame.time, size, found.frame.readable)
        moment.brief = found.brief
        for seen in found.faces:
            crop = cut(image, seen.landmarks, seen.face)
            moment.faces[seen.face] = FaceInFrame(seen.face, seen.score, seen.landmarks, *crop)
        yield moment


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
    """For a live source, Ctrl-C ends the stream instead of the program: what was seen is kept."""
    stopped = threading.Event()
    if not live or threading.current_thread() is not threading.main_thread():
        yield stopped
        return
    before = signal.signal(signal.SIGINT, lambda *_: stopped.set())
    try:
        yield stopped
    finally:
        signal.signal(signal.SIGINT, before)
