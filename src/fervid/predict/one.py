"""One input -> its timeline, held in memory."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fervid.faces.settings import FaceSettings
from fervid.predict.settings import MANY_FACES, WindowSettings
from fervid.predict.timeline import Timeline

if TYPE_CHECKING:
    from fervid.faces.detections import Finder
    from fervid.systems.interface import Recognizer


def timeline(
    source: str | Path | int,
    recognizer: "Recognizer",
    settings: FaceSettings = MANY_FACES,
    windows: WindowSettings = WindowSettings(),  # noqa: B008 - frozen
    finder: "Finder | None" = None,
) -> Timeline:
    """Predict every frame and face of one video, picture or folder of frames.

    Args:
        source: a file, a folder of numbered images, or a webcam's index.
        finder: an existing face finder; by default, one is created from `settings`.

    Raises:
        InputError: the source cannot be read.
    """
    from fervid.faces.detect import finder as find_by
    from fervid.predict.stream import records

    path = source if isinstance(source, int) else Path(source)
    chunks = list(records(path, recognizer, settings, windows, finder or find_by(settings)))
    return Timeline.of(np.concatenate(chunks), str(source), recognizer.labels)
