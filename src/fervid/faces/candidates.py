"""Face detectors. They propose crops that the landmark network then examines."""

from pathlib import Path
from typing import Any, NamedTuple, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from fervid.errors import FacesError
from fervid.faces import outside
from fervid.faces.landmarks import crops_of_anchors, crops_of_boxes
from fervid.faces.settings import FaceSettings
from fervid.faces.versions import CASCADE

Floats = NDArray[np.float32]

CASCADE_FACE = 30  # size of the smallest face in the cascade's input, pixels (it can detect 20)
LARGE = 0.3  # size of a face in a portrait, as a share of the frame's shorter side
YUNET_FACE = 16  # size of the smallest face in YuNet's input, pixels (it can detect 10)
YUNET_SCORE = 0.6  # from this score on, a YuNet detection needs no confirmation
YUNET_ANCHORS = (0, 1, 3, 4)  # without the base of the nose: YuNet finds the tip instead


class Candidates(NamedTuple):
    """Proposed faces of one frame.

    Args:
        crops: (N, 2, 3) maps from the unit square of each face's crop to pixels of the frame.
        score: (N,) confidence of the detector in 0..1; 0 if it reports none.
    """

    crops: Floats
    score: Floats


class Detector(Protocol):
    """Proposes faces in single frames."""

    def __call__(self, image: NDArray[np.uint8]) -> Candidates:
        """Propose the faces of a frame, (H, W, 3) RGB."""


class Haar:
    """OpenCV's frontal cascade. Needs no extra file, but misses small and turned faces."""

    def __init__(self, settings: FaceSettings) -> None:
        self.cascade: Any = cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / CASCADE))
        least = settings.min_size
        # For a single face, first search a small picture for large faces, then for smaller ones.
        self._least = (max(least, LARGE), least) if settings.max_faces == 1 else (least,)

    def __call__(self, image: NDArray[np.uint8]) -> Candidates:
        """Propose the faces of a frame, (H, W, 3) RGB."""
        boxes = self.boxes(image)
        upright = np.zeros(len(boxes), np.float32)
        return Candidates(crops_of_boxes(boxes, upright), upright)

    def boxes(self, image: NDArray[np.uint8]) -> Floats:
        """(N, 4) boxes: left, top, width, height in pixels."""
        shorter = min(image.shape[:2])
        for least in self._least:
            shrink = min(1.0, CASCADE_FACE / (least * shorter))
            small = cv2.resize(image, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
            grey = cv2.equalizeHist(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY))
            side = round(least * shorter * shrink)
            boxes = self.cascade.detectMultiScale(grey, 1.15, 3, minSize=(side, side))
            if len(boxes):
                # Sorted, because the order depends on the cascade's threads.
                ordered = np.asarray(sorted(boxes.tolist()), np.float32)
                return np.asarray(ordered / np.float32(shrink))
        return np.zeros((0, 4), np.float32)


class YuNet:
    """YuNet (Wu, Peng and Yu 2023) in OpenCV. Also finds small, turned and half-hidden faces.

    Raises:
        FacesError: the model file is missing, or OpenCV cannot read it.
    """

    def __init__(self, settings: FaceSettings) -> None:
        path = settings.model or outside.get("yunet")
        try:
            self._network = cv2.FaceDetectorYN.create(str(path), "", (320, 320), YUNET_SCORE)
        except cv2.error as error:
            raise FacesError(
                f"{path} is not a YuNet model that OpenCV {cv2.__version__} can read: run "
                "`fervid weights get yunet`, or use --faces builtin"
            ) from error
        self._least = settings.min_size

    def __call__(self, image: NDArray[np.uint8]) -> Candidates:
        """Propose the faces of a frame, (H, W, 3) RGB."""
        shrink = min(1.0, YUNET_FACE / (self._least * min(image.shape[:2])))
        small = cv2.resize(image, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        self._network.setInputSize(small.shape[1::-1])
        rows = self._network.detect(cv2.cvtColor(small, cv2.COLOR_RGB2BGR))[1]
        if rows is None:
            return Candidates(np.zeros((0, 2, 3), np.float32), np.zeros(0, np.float32))
        scale = np.array(image.shape[1::-1]) / small.shape[1::-1]
        # Pixel centres are whole numbers.
        points = (rows[:, 4:14].reshape(-1, 5, 2) + 0.5) * scale - 0.5
        crops = crops_of_anchors(points[:, YUNET_ANCHORS], YUNET_ANCHORS)
        return Candidates(crops, np.asarray(rows[:, 14], np.float32))
