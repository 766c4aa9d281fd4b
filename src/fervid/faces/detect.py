"""Which finder settings name; the two that look for faces: `builtin`, and `mediapipe`."""

import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fervid.errors import FacesError
from fervid.faces.cropped import Cropped
from fervid.faces.found import Finder, Floats, Found
from fervid.faces.settings import FaceSettings

CASCADE = "haarcascade_frontalface_alt2.xml"
DETECTOR_FACE = 30  # pixels the smallest face has in the picture given to the cascade (it knows 20)
LARGE = 0.3  # of the frame's shorter side: a face in a portrait
LEAST = 8.0  # pixels of a face's side below which nothing can be told
PATIENCE = 3  # searches without a face after which they come one frame further apart

MODEL = "face_landmarker.task"
MODEL_URL = (
    "https://storage.googleapis.com/mediapipe-models/face_landmarker/"
    f"face_landmarker/float16/1/{MODEL}"
)
MODEL_SHA256 = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"

# Which of MediaPipe's 478 mesh points lies nearest to each of the 68; brow tails are 70 and 300.
MESH = (
    162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389,  # jaw
    70, 63, 105, 66, 107, 336, 296, 334, 293, 300,  # brows
    168, 197, 5, 4, 75, 97, 2, 326, 305,  # nose
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,  # eyes
    61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181, 78, 82, 13, 312, 308, 317, 14, 87,  # mouth
)  # fmt: skip


def finder(settings: FaceSettings, threads: int | None = 1) -> Finder:
    """The finder that settings name.

    Args:
        threads: of the built-in network; 1 keeps results the same on any machine.

    Raises:
        FacesError: its package or model is not there.
    """
    if settings.finder == "mediapipe":
        return Mediapipe(settings)
    if settings.finder == "cropped":
        return Cropped(settings, threads)
    return Builtin(settings, threads)


class Builtin:
    """A Haar cascade proposes, the landmark network places, verifies and follows.

    The cascade runs only while fewer than `max_faces` are seen: at once when a face is lost, ever
    more rarely (down to each `redetect_every`-th frame) while nothing is found.
    """

    def __init__(self, settings: FaceSettings, threads: int | None = 1) -> None:
        from fervid.faces.landmarks import Landmarker

        self._landmarker = Landmarker(settings.model, threads)
        self._cascade = cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / CASCADE))
        self._settings = settings
        self.version = f"{self._landmarker.version}, {CASCADE} of OpenCV {cv2.__version__}"
        self.begin()

    def begin(self) -> None:
        """Forget every face."""
        self._landmarks = np.zeros((0, 68, 2), np.float32)
        self._rest = 0  # frames until the next search
        self._missed = 0  # frames in a row without a face

    def close(self) -> None:
        """Nothing is held."""

    def __call__(self, image: NDArray[np.uint8], time: float) -> Found:
        """Follow the faces known, look for others if it is time to."""
        set_ = self._settings
        before = len(self._landmarks)
        found = self._kept(Found(*self._landmarker.follow(image, self._landmarks)))
        self._rest -= 1
        lost = len(found.score) < before
        if len(found.score) < set_.max_faces and (lost or self._rest < 0):
            found = self._search(image, found)
            self._missed = 0 if len(found.score) else self._missed + 1
            seen_pause = set_.redetect_every if len(found.score) else 1 + self._missed // PATIENCE
            self._rest = min(set_.redetect_every, seen_pause) - 1
        self._landmarks = found.landmarks
        return found

    def _search(self, image: NDArray[np.uint8], known: Found) -> Found:
        alone = self._settings.max_faces == 1
        boxes = propose(self._cascade, image, self._settings.min_size, alone)
        if len(known.score) and len(boxes):
            middle = known.landmarks.mean(axis=1)  # (N, 2)
            into = middle[None] - boxes[:, None, :2]
            inside = ((into > 0) & (into < boxes[:, None, 2:])).all(axis=2).any(axis=1)
            boxes = boxes[~inside]
        if not len(boxes):
            return known
        new = self._kept(Found(*self._landmarker(image, boxes)))
        both = (np.concatenate(pair) for pair in zip(known, new, strict=True))
        return self._kept(Found(*both))

    def _kept(self, found: Found) -> Found:
        """Faces sure enough, each once; the largest, if there are more than `max_faces`."""
        landmarks, score = found
        low, high = landmarks.min(axis=1), landmarks.max(axis=1)
        side = np.sqrt(np.maximum(high - low, 0).prod(axis=1))
        keep: list[int] = []
        for i in np.argsort(-side, kind="stable"):
            if score[i] < self._settings.min_score or not side[i] >= LEAST:  # or NaN
                continue
            apart = [np.abs(landmarks[i] - landmarks[k]).mean() > 0.15 * side[i] for k in keep]
            if all(apart):
                keep.append(int(i))
        order = sorted(keep[: self._settings.max_faces])  # as they came: ids need not change
        return Found(landmarks[order], score[order])


def propose(cascade: Any, image: NDArray[np.uint8], min_size: float, alone: bool = False) -> Floats:
    """(N, 4) left, top, width, height of what the cascade takes for faces, in pixels.

    Args:
        min_size: smallest face looked for, as part of the frame's shorter side.
        alone: look for large faces first, in a small picture; smaller ones only if there is none.
    """
    shorter = min(image.shape[:2])
    boxes = np.zeros((0, 4), np.float32)
    for smallest in (max(min_size, LARGE), min_size) if alone else (min_size,):
        shrink = min(1.0, DETECTOR_FACE / (smallest * shorter))
        small = cv2.resize(image, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        grey = cv2.equalizeHist(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY))
        side = round(smallest * shorter * shrink)
        found = cascade.detectMultiScale(grey, 1.15, 3, minSize=(side, side))
        if len(found):
            boxes = np.asarray(sorted(found.tolist()), np.float32) / shrink  # threads race
            break
    return boxes


class Mediapipe:
    """MediaPipe's Face Landmarker in its video mode; 68 of its 478 points.

    MediaPipe does not say how sure it is of a face it returns: its score is 1.
    """

    def __init__(self, settings: FaceSettings) -> None:
        self._model = _model(settings.model)
        self._faces, self._score = settings.max_faces, settings.min_score
        self._running: Any = None
        self._clock = -1  # milliseconds of the frame seen last
        try:
            self.version = f"mediapipe {version('mediapipe')}, {MODEL} {_sha256(self._model)[:12]}"
            self.begin()  # fails now rather than at the first clip
        except ImportError as error:
            raise FacesError(
                "the face finder mediapipe is not installed: "
                "pip install 'fervid[mediapipe]' or use --faces builtin"
            ) from error
        except (RuntimeError, ValueError, OSError) as error:
            raise FacesError(
                f"mediapipe cannot start with {self._model}: name another model or use builtin"
            ) from error

    def begin(self) -> None:
        """A landmarker of its own for each stream: it keeps filters and places between frames."""
        if self._running is not None and self._clock < 0:
            return  # has seen nothing yet
        from mediapipe.tasks.python import BaseOptions, vision

        self.close()
        options = vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(self._model)),
            running_mode=vision.RunningMode.VIDEO,
            num_faces=self._faces,
            min_face_detection_confidence=self._score,
            min_face_presence_confidence=self._score,
        )
        with _quiet():
            self._running = vision.FaceLandmarker.create_from_options(options)
        self._clock = -1

    def close(self) -> None:
        """Stop MediaPipe's graph."""
        if self._running is not None:
            self._running.close()
            self._running = None

    def __call__(self, image: NDArray[np.uint8], time: float) -> Found:
        """Faces of the next frame; equal or falling time stamps are moved on by a millisecond."""
        import mediapipe as mp

        self._clock = max(self._clock + 1, round(time * 1000))
        picture = mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(image))
        meshes = self._running.detect_for_video(picture, self._clock).face_landmarks
        points = [[(mesh[i].x, mesh[i].y) for i in MESH] for mesh in meshes]
        parts = np.array(points, np.float32).reshape(-1, 68, 2)
        size = np.array(image.shape[1::-1], np.float32)
        # Its 0..1 runs from edge to edge, our pixel centres are whole numbers.
        return Found(parts * size - 0.5, np.ones(len(parts), np.float32))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep MediaPipe's libraries from writing lines to stderr for each stream; no setting does."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _model(path: Path | None) -> Path:
    """Where the model is: named, in $FERVID_MODELS, or fetched once and checked."""
    folder = os.environ.get("FERVID_MODELS")
    for candidate in (path, Path(folder) / MODEL if folder else None):
        if candidate is not None and Path(candidate).is_file():
            return Path(candidate)
    if path is not None:
        raise FacesError(f"{path} is no model file of mediapipe: correct the path")
    import pooch

    try:
        home = pooch.os_cache("fervid")
        return Path(pooch.retrieve(MODEL_URL, f"sha256:{MODEL_SHA256}", MODEL, home))
    except (OSError, ValueError) as error:  # no network, no room, or not the file we know
        raise FacesError(
            f"mediapipe's model could not be fetched from {MODEL_URL} ({type(error).__name__}): "
            f"put {MODEL} into a folder and name it in FERVID_MODELS, or use --faces builtin"
        ) from error


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
