"""Several faces through a stream: stable ids by overlap and appearance, a row for every frame."""

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

LOOK = 24  # side of the remembered picture of a face, pixels
OVERLAP = 0.3  # intersection over union from which two boxes are one face, unless looks forbid it
SAME_PLACE = 0.5  # the same across a pause in which a head turns and a face changes
ALIKE = 0.5  # correlation of two pictures from which a face elsewhere is the one that was lost
CUT = 0.4  # correlation of two frames in a row below which they are of two scenes, if also
CHANGE = 20.0  # grey values (of 255) is what they differ by on average
PAUSE = 0.9  # seconds from one frame to the next from which each is a picture by itself
REACH = 2.0  # box sides that a face may move while unseen, for each second, and at once


@dataclass(frozen=True)
class Seen:
    """One face in one frame.

    Args:
        face: its id within the stream: 0, 1, ... by first appearance.
        landmarks: (68, 2) pixels of the frame.
        score: 0..1, how sure the finder is.
    """

    face: int
    landmarks: Floats
    score: float


@dataclass(frozen=True)
class FrameFaces:
    """One frame and the faces in it, by ascending id; there may be none.

    Args:
        brief: how many more were found, but not in enough frames in a row to count.
    """

    frame: Frame
    faces: tuple[Seen, ...] = ()
    brief: int = 0

    @property
    def status(self) -> str:
        """As in `track.STATUS`."""
        if not self.frame.readable:
            return "unreadable"
        return "face" if self.faces else "no face"


def follow(frames: Iterable[Frame], settings: FaceSettings, finder: Finder) -> Iterator[FrameFaces]:
    """Name the faces of a stream; every frame comes out once, in order, faces or not.

    A face counts from the first of `min_frames` frames in a row that show it, so frames come out
    `min_frames - 1` late. A stream shorter than that (a still) is taken as it is, and so is a
    stretch between two pauses of `PAUSE` seconds: nothing is followed across a pause, so the
    frames of a time lapse are so many stills.
    """
    ids, public = _Ids(settings.max_gap), dict[int, int]()
    waiting: deque[tuple[Frame, list[Seen]]] = deque()
    length, before = 0, np.inf  # of the stretch, in frames; time of its last frame
    finder.begin()
    try:
        for frame in frames:
            if frame.time - before >= PAUSE:
                yield from _rest(waiting, public, min(settings.min_frames, length))
                finder.begin()
                length = 0
            length, before = length + 1, frame.time
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
    """The oldest frame, with the faces that have an id or earn one now."""
    counts = Counter(seen.face for _, faces in waiting for seen in faces)
    frame, faces = waiting.popleft()
    kept = []
    for seen in faces:
        if seen.face not in public and counts[seen.face] < needed:
            continue
        number = public.setdefault(seen.face, len(public))
        kept.append(Seen(number, seen.landmarks, seen.score))
    ordered = tuple(sorted(kept, key=lambda seen: seen.face))
    return FrameFaces(frame, ordered, len(faces) - len(kept))


@dataclass
class _Known:
    box: Floats  # (4,) left, top, right, bottom
    look: Floats  # (LOOK * LOOK,) zero mean, unit length
    time: float


class _Ids:
    """Gives found faces the ids of known ones, by the least total cost."""

    def __init__(self, max_gap: float) -> None:
        self._max_gap = max_gap
        self._known: dict[int, _Known] = {}
        self._next = 0
        self._before = -np.inf  # time of the frame before
        self._view = np.zeros(LOOK * LOOK, np.float32)  # the frame before, as `small` has it

    def named(self, frame: Frame, finder: Finder) -> list[Seen]:
        self._mind_cuts(frame, finder)
        found = finder(frame.image, frame.time)
        now = frame.time
        since = min(now - self._max_gap, self._before)  # who was gone longer gets a new id
        self._known = {i: k for i, k in self._known.items() if k.time >= since}
        self._before = now
        boxes = np.concatenate([found.landmarks.min(axis=1), found.landmarks.max(axis=1)], axis=1)
        looks = [look(frame.image, box) for box in boxes]
        names = self._assigned(boxes, looks, now)
        for name, box, seen in zip(names, boxes, looks, strict=True):
            known = self._known.get(name)
            kept = seen if known is None else _unit(0.9 * known.look + 0.1 * seen)
            self._known[name] = _Known(box, kept, now)
        return [Seen(n, p, float(s)) for n, p, s in zip(names, *found, strict=True)]

    def _mind_cuts(self, frame: Frame, finder: Finder) -> None:
        """Another scene holds other faces: the finder must find them, not follow the old ones."""
        height, width = frame.image.shape[:2]
        view = small(frame.image, np.array([0, 0, width, height], np.float32))
        change = float(np.abs(view - self._view).mean())
        if self._known and change > CHANGE and float(_unit(view) @ _unit(self._view)) < CUT:
            self._known.clear()
            finder.begin()
        self._view = view

    def _assigned(self, boxes: Floats, looks: list[Floats], now: float) -> list[int]:
        known = list(self._known.items())
        cost = np.full((len(boxes), len(known)), 9.0)
        for j, (_, old) in enumerate(known):
            for i, (box, seen) in enumerate(zip(boxes, looks, strict=True)):
                together, alike = overlap(box, old.box), float(seen @ old.look)
                side = np.sqrt(np.prod(old.box[2:] - old.box[:2]))
                moved = np.hypot(*((box - old.box).reshape(2, 2).mean(axis=0))) / max(side, 1.0)
                gone = now - old.time
                near = moved <= REACH * (1 + min(gone, self._max_gap))
                stays = OVERLAP if gone <= self._max_gap else SAME_PLACE
                if together >= stays or (near and alike >= ALIKE):
                    cost[i, j] = 2 - together - alike
        names = [-1] * len(boxes)
        for row, column in _assignment(cost):
            if cost[row, column] < 9:
                names[row] = known[column][0]
        for place, name in enumerate(names):
            if name < 0:
                names[place], self._next = self._next, self._next + 1
        return names


def _assignment(cost: NDArray[np.float64]) -> Iterable[tuple[int, int]]:
    """Pairs (row, column) of least total cost; one face in a frame needs no scipy, slow to load."""
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


def look(image: NDArray[np.uint8], box: Floats) -> Floats:
    """(LOOK * LOOK,) a face's grey picture with zero mean and unit length, to correlate."""
    return _unit(small(image, box))


def small(image: NDArray[np.uint8], box: Floats) -> Floats:
    """(LOOK * LOOK,) grey values of a part of a frame: left, top, right, bottom."""
    height, width = image.shape[:2]
    left, top = np.clip(box[:2], 0, (width - 2, height - 2)).astype(int)
    right, bottom = np.clip(box[2:] + 1, (left + 2, top + 2), (width, height)).astype(int)
    y, x = max(1, (bottom - top) // (2 * LOOK)), max(1, (right - left) // (2 * LOOK))
    few = image[top:bottom:y, left:right:x]  # enough to know a face by, at a tenth of the cost
    part = cv2.resize(few, (LOOK, LOOK), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(part, cv2.COLOR_RGB2GRAY), np.float32).ravel()


def _unit(picture: Floats) -> Floats:
    centred = picture - picture.mean()
    return np.asarray(centred / max(float(np.linalg.norm(centred)), 1e-6), np.float32)
