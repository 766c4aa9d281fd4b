"""Which finder settings name; and the one that follows faces with the landmark network."""

import numpy as np
from numpy.typing import NDArray

from fervid.device import chosen
from fervid.faces import outside
from fervid.faces.detections import Detections, Finder, Floats
from fervid.faces.settings import FaceSettings
from fervid.faces.versions import version_of

LEAST = 8.0  # pixels of a face's side below which no face is judged
PATIENCE = 3  # searches without a face after which they come one frame further apart


def choose(name: str) -> str:
    """The finder's name; for "auto" yunet where its file is at hand, else builtin."""
    if name != "auto":
        return name
    return "builtin" if outside.at_hand("yunet") is None else "yunet"


def finder(settings: FaceSettings, threads: int | None = 1, device: str = "cpu") -> Finder:
    """The finder that settings name.

    Args:
        threads: of the landmark network; 1 keeps results the same on any machine.
        device: of the landmark network: "cpu", "cuda" or "auto". MediaPipe's stays on the CPU.

    Raises:
        FacesError: its package or model is not there.
        InputError: there is no such device.
    """
    if settings.finder == "mediapipe":
        from fervid.faces.mediapipe import Mediapipe

        return Mediapipe(settings)
    if settings.finder == "cropped":
        from fervid.faces.cropped import Cropped

        return Cropped(settings, threads, chosen(device))
    if settings.finder == "table":
        from fervid.faces.landmark_table import Table

        return Table()
    return TrackingFinder(settings, threads, chosen(device))


class TrackingFinder:
    """A detector proposes faces, the landmark network places, verifies and follows them.

    The detector runs only while fewer than `max_faces` are seen: at once when a face is lost, ever
    more rarely (down to each `redetect_every`-th frame) while nothing is found. A face that a
    detector is itself sure of needs no second opinion: the network's presence, which small and
    turned faces lack, then decides only whether it is followed.
    """

    def __init__(
        self, settings: FaceSettings, threads: int | None = 1, device: str = "cpu"
    ) -> None:
        from fervid.faces.candidates import Detector, Haar, YuNet
        from fervid.faces.landmarks import Landmarker

        self.version = version_of(settings)
        yunet = settings.finder == "yunet"
        self._landmarker = Landmarker(None if yunet else settings.model, threads, device)
        self._detector: Detector = YuNet(settings) if yunet else Haar(settings)
        self._settings = settings
        self.begin()

    def begin(self) -> None:
        """Forget every face."""
        self._landmarks = np.zeros((0, 68, 2), np.float32)
        self._rest = 0  # frames until the next search
        self._missed = 0  # frames in a row without a face

    def close(self) -> None:
        """Nothing is held."""

    def __call__(self, image: NDArray[np.uint8], time: float) -> Detections:
        """Follow the faces known, look for others if it is time to."""
        set_ = self._settings
        before = len(self._landmarks)
        found = self._kept(Detections(*self._landmarker.follow(image, self._landmarks)))
        self._rest -= 1
        lost = len(found.score) < before
        if len(found.score) < set_.max_faces and (lost or self._rest < 0):
            found = self._search(image, found)
            self._missed = 0 if len(found.score) else self._missed + 1
            seen_pause = set_.redetect_every if len(found.score) else 1 + self._missed // PATIENCE
            self._rest = min(set_.redetect_every, seen_pause) - 1
        self._landmarks = found.landmarks
        return found

    def _search(self, image: NDArray[np.uint8], known: Detections) -> Detections:
        crops, sure = self._detector(image)
        if len(known.score) and len(crops):
            new = ~_within(known.landmarks.mean(axis=1), crops).any(axis=0)
            crops, sure = crops[new], sure[new]
        if not len(crops):
            return known
        landmarks, presence = self._landmarker.place(image, crops)
        placed = _within(landmarks.mean(axis=1), crops).diagonal()  # it did not slip elsewhere
        fresh = Detections(landmarks, np.where(placed, np.maximum(presence, sure), presence))
        both = (np.concatenate(pair) for pair in zip(known, self._kept(fresh), strict=True))
        return self._kept(Detections(*both))

    def _kept(self, found: Detections) -> Detections:
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
        return Detections(landmarks[order], score[order])


def _within(points: Floats, crops: Floats) -> NDArray[np.bool_]:
    """(M, N) whether each of (M, 2) points lies in the box of each of (N, 2, 3) crops."""
    from fervid.faces.landmarks import middle_and_side

    middle, side = middle_and_side(crops)
    return np.asarray((np.abs(points[:, None] - middle) < side[:, None] / 2).all(axis=-1))
