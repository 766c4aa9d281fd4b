"""Tracks faces through a stream: stable ids by overlap and appearance, one row per frame."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from fervid.faces.detections import Finder
from fervid.faces.settings import FaceSettings
from fervid.faces.video import Frame

Floats = NDArray[np.float32]

THUMBNAIL = 24  # side of the stored thumbnail of a face, pixels
OVERLAP = 0.3  # least intersection over union of two boxes of one face
SAME_PLACE = 0.5  # the same after a pause, in which a head may turn and a face may change
ALIKE = 0.5  # least correlation of thumbnails for a lost face to be recognised elsewhere
CUT = 0.4  # a scene cut: consecutive frames correlate less than this,
CHANGE = 20.0  # and differ by more than this on average (grey values of 255)
PAUSE = 0.9  # seconds between frames from which each counts as a separate picture
REACH = 2.0  # box sides that a face may move while unseen: at once, plus the same per second


@dataclass(frozen=True)
class Seen:
    """One face in one frame.

    Args:
        face: id within the stream: 0, 1, ... by first appearance.
        landmarks: (68, 2) pixels of the frame.
        score: confidence of the finder, 0..1.
    """

    face: int
    landmarks: Floats
    score: float


@dataclass(frozen=True)
class FrameFaces:
    """One frame and the faces in it, if any, by ascending id.

    Args:
        brief: number of further faces, not seen in enough consecutive frames to count.
    """

    frame: Frame
    faces: tuple[Seen, ...] = ()
    brief: int = 0

    @property
    def status(self) -> str:
        """One of `track.STATUS`."""
        if not self.frame.readable:
            return "unreadable"
        return "face" if self.faces else "no face"


def follow(frames: Iterable[Frame], settings: FaceSettings, finder: Finder) -> Iterator[FrameFaces]:
    """Assign ids to the faces of a stream. Every frame is returned once, in order.

    A face counts from the first of `min_frames` consecutive frames that show it, so frames are
    returned `min_frames - 1` frames late. A shorter stream (a still) is exempt, and so is a shorter
    stretch between two pauses of `PAUSE` seconds: the finder does not track across a pause, so the
    frames of a time lapse are treated as stills.
    """
    ids, public = _Ids(settings.max_gap), dict[int, int]()
    waiting: deque[tuple[Frame, list[Seen]]] = deque()
    length, last_time = 0, np.inf  # frames of this stretch; time of its last frame
    finder.begin()
    try:
        for frame in frames:
            if frame.time - last_time >= PAUSE:
                yield from _rest(waiting, public, min(settings.min_frames, length))
                finder.begin()
                length = 0
            length, last_time = length + 1, frame.time
            waiting.append((frame, ids.named(frame, finder) if frame.readable else []))
            if len(waiting) == settings.min_frames:
                yield _settled(waiting, public, settings.min_frames)
    finally:
        finder.close()
    yield from _rest(waiting, public, min(settings.min_frames, length))


def _rest(
    waiting: deque[tuple[Frame, list[Seen]]], public: dict[int, int], needed: int
) -> Iterator[FrameFaces]:
    """The last frames of a stretch."""
    while waiting:
        yield _settled(waiting, public, needed)


def _settled(
    waiting: deque[tuple[Frame, list[Seen]]], public: dict[int, int], needed: int
) -> FrameFaces:
    """The oldest frame, with the faces that already have a public id or qualify for one now."""
    counts = Counter(seen.face for _, faces in waiting for seen in faces)
    frame, faces = waiting.popleft()
    counted = []
    for seen in faces:
        if seen.face not in public and counts[seen.face] < needed:
            continue
        number = public.setdefault(seen.face, len(public))
        counted.append(Seen(number, seen.landmarks, seen.score))
    ordered = tuple(sorted(counted, key=lambda seen: seen.face))
    return FrameFaces(frame, ordered, len(faces) - len(counted))


@dataclass
class _Known:
    box: Floats  # (4,) left, top, right, bottom
    thumbnail: Floats  # (THUMBNAIL * THUMBNAIL,) zero mean, unit length
    time: float


class _Ids:
    """Matches detected faces to known ones with the least total cost."""

    def __init__(self, max_gap: float) -> None:
        self._max_gap = max_gap
        self._known: dict[int, _Known] = {}
        self._next = 0
        self._last_time = -np.inf  # time of the previous frame
        self._last_view = np.zeros(THUMBNAIL * THUMBNAIL, np.float32)  # previous frame, by `small`

    def named(self, frame: Frame, finder: Finder) -> list[Seen]:
        self._reset_at_cut(frame, finder)
        detections = finder(frame.image, frame.time)
        now = frame.time
        since = min(now - self._max_gap, self._last_time)  # a face gone longer gets a new id
        self._known = {i: k for i, k in self._known.items() if k.time >= since}
        self._last_time = now
        points = detections.landmarks
        boxes = np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1)
        thumbnails = [thumbnail(frame.image, box) for box in boxes]
        ids = self._assigned(boxes, thumbnails, now)
        for face, box, picture in zip(ids, boxes, thumbnails, strict=True):
            known = self._known.get(face)
            if known is not None:
                picture = _unit(0.9 * known.thumbnail + 0.1 * picture)
            self._known[face] = _Known(box, picture, now)
        return [Seen(i, p, float(s)) for i, p, s in zip(ids, *detections, strict=True)]

    def _reset_at_cut(self, frame: Frame, finder: Finder) -> None:
        """After a scene cut, make the finder search again instead of tracking the old faces."""
        height, width = frame.image.shape[:2]
        view = small(frame.image, np.array([0, 0, width, height], np.float32))
        change = float(np.abs(view - self._last_view).mean())
        if self._known and change > CHANGE and float(_unit(view) @ _unit(self._last_view)) < CUT:
            self._known.clear()
            finder.begin()
        self._last_view = view

    def _assigned(self, boxes: Floats, thumbnails: list[Floats], now: float) -> list[int]:
        known = list(self._known.items())
        cost = np.full((len(boxes), len(known)), 9.0)
        for j, (_, old) in enumerate(known):
            for i, (box, picture) in enumerate(zip(boxes, thumbnails, strict=True)):
                shared, similarity = overlap(box, old.box), float(picture @ old.thumbnail)
                side = np.sqrt(np.prod(old.box[2:] - old.box[:2]))
                moved = np.hypot(*((box - old.box).reshape(2, 2).mean(axis=0))) / max(side, 1.0)
                gap = now - old.time
                near = moved <= REACH * (1 + min(gap, self._max_gap))
                least = OVERLAP if gap <= self._max_gap else SAME_PLACE
                if shared >= least or (near and similarity >= ALIKE):
                    cost[i, j] = 2 - shared - similarity
        ids = [-1] * len(boxes)
        for row, column in _assignment(cost):
            if cost[row, column] < 9:
                ids[row] = known[column][0]
        for row, face in enumerate(ids):
            if face < 0:
                ids[row], self._next = self._next, self._next + 1
        return ids


def _assignment(cost: NDArray[np.float64]) -> Iterable[tuple[int, int]]:
    """Pairs (row, column) with the least total cost; one face does not need scipy, slow to load."""
    if min(cost.shape) <= 1:
        return [divmod(int(cost.argmin()), cost.shape[1])] if cost.size else []
    from scipy.optimize import linear_sum_assignment

    return zip(*linear_sum_assignment(cost), strict=True)


def overlap(a: Floats, b: Floats) -> float:
    """Intersection over union of two boxes (left, top, right, bottom).

    >>> overlap(np.array([0, 0, 2, 2.0]), np.array([1, 0, 3, 2.0]))
    0.333...
    """
    width, height = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    both = max(float(width), 0.0) * max(float(height), 0.0)
    areas = float(np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]))
    return both / max(areas - both, 1e-9)


def thumbnail(image: NDArray[np.uint8], box: Floats) -> Floats:
    """(THUMBNAIL * THUMBNAIL,) grey picture of a face, with zero mean and unit length."""
    return _unit(small(image, box))


def small(image: NDArray[np.uint8], box: Floats) -> Floats:
    """(THUMBNAIL * THUMBNAIL,) grey values of a part of a frame: left, top, right, bottom."""
    height, width = image.shape[:2]
    left, top = np.clip(box[:2], 0, (width - 2, height - 2)).astype(int)
    right, bottom = np.clip(box[2:] + 1, (left + 2, top + 2), (width, height)).astype(int)
    y, x = max(1, (bottom - top) // (2 * THUMBNAIL)), max(1, (right - left) // (2 * THUMBNAIL))
    # Skipping pixels keeps enough to recognise a face, at a tenth of the cost.
    sparse = image[top:bottom:y, left:right:x]
    part = cv2.resize(sparse, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(part, cv2.COLOR_RGB2GRAY), np.float32).ravel()


def _unit(picture: Floats) -> Floats:
    centred = picture - picture.mean()
    return np.asarray(centred / max(float(np.linalg.norm(centred)), 1e-6), np.float32)
