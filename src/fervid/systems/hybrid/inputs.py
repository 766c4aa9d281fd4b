"""Track -> what the two streams see: segments of face pictures and of optical flow pictures.

Nothing is learned here [4, Sec. III-A].
"""

import hashlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fervid.faces.points68 import EYES
from fervid.faces.track import Track
from fervid.systems.hybrid.recipe import Input
from fervid.systems.hybrid.segments import Rows, kept, segments

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Flow = Callable[[Bytes, Bytes], Floats]

# Rows and columns of a cropped face [4, Sec. III-A.2].
HEIGHT, WIDTH = 150, 110
# Eq. 1: where no motion lies.
SHIFT = 128


@dataclass(frozen=True)
class Crop:
    """The 150 x 110 picture of a face, placed and scaled by its eyes.

    The paper gives the size and says "as in [23]" (Shan, Gong and McOwan, 2009), whose faces have
    their eyes 55 pixels apart: the crop is two such distances wide.

    Args:
        apart: pixels of the crop between the eyes' centres.
        eyes: the eyes' row, as part of the crop's height.
        size: side of the stored squares; 0 stores the crop as it is. For small networks, whose
            input would be smaller than a crop.
    """

    apart: float = 55.0
    eyes: float = 0.25
    size: int = 0

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of what is stored."""
        return (self.size, self.size) if self.size else (HEIGHT, WIDTH)

    def matrix(self, landmarks: Floats) -> Floats:
        """(2, 3) from the crop's pixels to the track's, one for a whole clip.

        Departure 2: from medians over the clip, so that the face moves in the crop and not the
        crop with the face; a flow between two crops would hold the crop's own motion.

        Args:
            landmarks: (T, 68, 2).
        """
        right, left = (landmarks[:, eye].mean(axis=1) for eye in EYES)
        distance = max(float(np.median(np.hypot(*(left - right).T))), 1e-3)
        x, y = np.median((left + right) / 2, axis=0)
        s = distance / self.apart
        return np.array(
            [[s, 0, x - s * (WIDTH - 1) / 2], [0, s, y - s * (HEIGHT * self.eyes - 0.5)]],
            np.float32,
        )

    def cut(self, face: Bytes, matrix: Floats) -> Bytes:
        """The crop (150, 110, 3) of a face (S, S, 3); beyond the picture its border goes on."""
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        out = cv2.warpAffine(
            face, matrix, (WIDTH, HEIGHT), flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(out, np.uint8)

    def stored(self, picture: Bytes) -> Bytes:
        """A crop or a flow picture at the size that is kept."""
        if not self.size:
            return picture
        side = (self.size, self.size)
        return np.asarray(cv2.resize(picture, side, interpolation=cv2.INTER_AREA), np.uint8)


def flow_method() -> Flow:
    """A new flow of grey (H, W) to grey (H, W), (H, W, 2) pixels right and down.

    Departure 13: not the paper's method. This one holds buffers, so each thread makes its own.
    """
    method: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return lambda first, second: np.asarray(method.calc(first, second, None), np.float32)


def encoded(flow: Floats, scale: float = 16.0) -> Bytes:
    """A flow picture (H, W, 3): a d + 128 of d_x, d_y, and the magnitude [4, Eq. 1].

    Open: how the magnitude is scaled; here a |d|, which is never negative and needs no 128. All
    three are rounded and clipped to 0..255.

    Args:
        flow: (H, W, 2) pixels.
        scale: a, 16 as printed: motion of 8 pixels and more is cut.
    """
    x, y = cv2.split(flow)
    # OpenCV saturates and rounds in one pass; numpy takes a third of the flow's own time for it.
    moved = (cv2.addWeighted(d, scale, d, 0, SHIFT, dtype=cv2.CV_8U) for d in (x, y))
    far = cv2.convertScaleAbs(cv2.magnitude(x, y), alpha=scale)
    return np.asarray(cv2.merge([*moved, far]), np.uint8)


def pictures(
    track: Track, crop: Crop, rows: Rows, before: Rows, scale: float = 16.0
) -> tuple[Bytes, Bytes]:
    """The face of each asked frame, and the flow that leads to it from another frame.

    They are shared among OpenCV's number of threads; no face is cut and no flow computed twice.

    Args:
        track: T rows, every one a face.
        rows: (M,) which frames, in any order, also more than once.
        before: (M,) where each flow begins; a frame has not moved from itself.
        scale: of `encoded`.

    Returns:
        faces and flows, (M, h, w, 3).
    """
    matrix = crop.matrix(track.landmarks)
    faces = np.empty((len(rows), *crop.shape, 3), np.uint8)
    flows = np.empty_like(faces)
    flows[rows == before] = (SHIFT, SHIFT, 0)
    used, place = np.unique(np.append(rows, before), return_inverse=True)
    shown, begun = place[: len(rows)], place[len(rows) :]
    grey = np.empty((len(used), HEIGHT, WIDTH), np.uint8)

    def cut(number: int) -> None:
        face = crop.cut(track.faces[used[number]], matrix)
        grey[number] = cv2.cvtColor(face, cv2.COLOR_RGB2GRAY)
        if (places := shown == number).any():
            faces[places] = crop.stored(face)

    _shared(cut, len(used))
    moving = np.flatnonzero(rows != before)
    ways, way = np.unique(np.stack([begun, shown], 1)[moving], axis=0, return_inverse=True)
    local = threading.local()  # a method holds buffers

    def move(number: int) -> None:
        if not hasattr(local, "flow"):
            local.flow = flow_method()
        first, second = ways[number]
        moved = encoded(local.flow(grey[first], grey[second]), scale)
        flows[moving[way == number]] = crop.stored(moved)

    _shared(move, len(ways))
    return faces, flows


def _shared(work: Callable[[int], None], count: int) -> None:
    """Work with each number below `count`."""
    threads = min(cv2.getNumThreads(), count)
    if threads < 2:
        for number in range(count):
            work(number)
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(count)))


def samples(recipe: Input, track: Track) -> dict[str, NDArray[Any]]:
    """A track's N segments of P pairs of frames.

    No segment (N = 0) where fewer than `fewest_frames` hold a face, unless the clip has no more to
    begin with.

    Returns:
        `faces` and `flows` (N, P, h, w, 3) uint8; `video` (N,) int64, the same number in every
        segment of one track and another in another's: whose segments are pooled.
    """
    # Stored smaller where the networks see smaller ones.
    crop = Crop(recipe.crop_apart, recipe.crop_eyes, recipe.size if recipe.size < WIDTH else 0)
    # Departure 3: rows without a face go.
    seen = track.rows(track.seen)
    if len(seen) < max(1, min(recipe.fewest_frames, len(track))):
        empty = np.zeros((0, recipe.pairs, *crop.shape, 3), np.uint8)
        return {"faces": empty, "flows": empty, "video": np.zeros(0, np.int64)}
    rows = segments(len(seen), recipe.length, recipe.step, recipe.rule)
    places = kept(recipe.length, recipe.pairs)
    shown = rows[:, 1:][:, places]  # (N, P)
    before = rows[:, :-1][:, places]
    if recipe.since != "previous":  # departure 12
        before = np.repeat(rows[:, :1], recipe.pairs, axis=1) * (recipe.since == "segment")
    shape = (*shown.shape, *crop.shape, 3)
    faces, flows = pictures(seen, crop, shown.ravel(), before.ravel(), recipe.flow_scale)
    video = np.full(len(rows), identity(seen), np.int64)
    return {"faces": faces.reshape(shape), "flows": flows.reshape(shape), "video": video}


def identity(track: Track) -> int:
    """A number that two tracks share only if they are the same."""
    total = hashlib.sha256()
    for array in (track.frames, track.times, track.landmarks, track.to_frame, track.faces[0]):
        total.update(np.ascontiguousarray(array).data)
    return int.from_bytes(total.digest()[:8], "big", signed=True)
