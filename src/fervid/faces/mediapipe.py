"""The finder "mediapipe": MediaPipe's Face Landmarker, used only on request."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fervid.errors import FacesError
from fervid.faces import outside
from fervid.faces.detections import Detections
from fervid.faces.points68 import MESH
from fervid.faces.quiet import quiet
from fervid.faces.settings import FaceSettings
from fervid.faces.versions import version_of


class Mediapipe:
    """MediaPipe's Face Landmarker in video mode; 68 of its 478 points.

    MediaPipe reports no confidence for a face, so the score is always 1.
    """

    def __init__(self, settings: FaceSettings) -> None:
        self.version = version_of(settings)
        self._model = Path(settings.model or outside.get("mediapipe"))
        self._faces, self._score = settings.max_faces, settings.min_score
        self._running: Any = None
        self._clock = -1  # time of the last frame, milliseconds
        try:
            self.begin()  # to fail now rather than at the first clip
        except ImportError as error:
            raise FacesError(
                "the face finder mediapipe is not installed: "
                "pip install 'fervid[mediapipe]' or use --faces builtin"
            ) from error
        except (RuntimeError, ValueError, OSError) as error:
            raise FacesError(
                f"mediapipe cannot start with {self._model}: give another model or use "
                "--faces builtin"
            ) from error

    def begin(self) -> None:
        """One landmarker per stream, because it carries tracking state between frames."""
        if self._running is not None and self._clock < 0:
            return  # has not seen a frame yet
        from mediapipe.tasks.python import BaseOptions, vision

        self.close()
        options = vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(self._model)),
            running_mode=vision.RunningMode.VIDEO,
            num_faces=self._faces,
            min_face_detection_confidence=self._score,
            min_face_presence_confidence=self._score,
        )
        with quiet():  # it logs for each stream, and no setting turns that off
            self._running = vision.FaceLandmarker.create_from_options(options)
        self._clock = -1

    def close(self) -> None:
        """Stop MediaPipe's graph."""
        if self._running is not None:
            self._running.close()
            self._running = None

    def __call__(self, image: NDArray[np.uint8], time: float) -> Detections:
        """Find the faces of the next frame; a time stamp that does not rise is moved by 1 ms."""
        import mediapipe as mp

        self._clock = max(self._clock + 1, round(time * 1000))
        picture = mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(image))
        meshes = self._running.detect_for_video(picture, self._clock).face_landmarks
        points = [[(mesh[i].x, mesh[i].y) for i in MESH] for mesh in meshes]
        parts = np.array(points, np.float32).reshape(-1, 68, 2)
        size = np.array(image.shape[1::-1], np.float32)
        # MediaPipe's 0..1 runs from edge to edge; our pixel centres are whole numbers.
        return Detections(parts * size - 0.5, np.ones(len(parts), np.float32))
