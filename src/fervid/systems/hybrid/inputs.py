"""Track -> the input of both streams: segments of face pictures and of optical flow pictures.

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
from fervid.systems.hybrid.segments import Rows, segments, used_pairs

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Flow = Callable[[Bytes, Bytes], Floats]

# Rows and columns of a cropped face [4, Sec. III-A.2].
HEIGHT, WIDTH = 150, 110
# Grey level of no motion [4, Eq. 1].
SHIFT = 128


@dataclass(frozen=True)
class Crop:
    """The 150 x 110 picture of a face, positioned and scaled by its eyes.

    The paper gives the size and says "as in [23]" (Shan, Gong and McOwan, 2009), where the eyes are
    55 pixels apart, so that the crop is two such distances wide.

    Args:
        apart: distance between the eyes' centres in pixels of the crop.
        eyes: row of the eyes as a share of the crop's height.
        size: side of the stored squares, for small networks whose input is smaller than a crop; 0
            stores the crop itself.
    """

    apart: float = 55.0
    eyes: float = 0.25
    size: int = 0

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of a stored picture."""
        return (self.size, self.size) if self.size else (HEIGHT, WIDTH)

    def matrix(self, landmarks: Floats) -> Floats:
        """The clip's one affine matrix (2, 3), from the crop's pixels to the track's.

        Departure 2: it uses medians over the clip, so that the face moves within a fixed crop. If
        the crop followed the face, the flow between two crops would contain the crop's motion.

        Args:
            landmarks: (T, 68, 2), pixels.
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
        """Crop (150, 110, 3) from a face (S, S, 3), repeating its border pixels beyond the edge."""
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        out = cv2.warpAffine(
            face, matrix, (WIDTH, HEIGHT), flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(out, np.uint8)

    def stored(self, picture: Bytes) -> Bytes:
        """Resize a crop or a flow picture to the stored size."""
        if not self.size:
            return picture
        side = (self.size, self.size)
        return np.asarray(cv2.resize(picture, side, interpolation=cv2.INTER_AREA), np.uint8)


def flow_method() -> Flow:
    """A function from two grey pictures (H, W) to their flow (H, W, 2), pixels right and down.

    Departure 13: this is not the paper's method. It holds buffers, so each thread needs its own.
    """
    method: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return lambda first, second: np.asarray(method.calc(first, second, None), np.float32)


def encoded(flow: Floats, scale: float = 16.0) -> Bytes:
    """A flow picture (H, W, 3): a d + 128 for d_x and d_y, and the magnitude [4, Eq. 1].

    Open: the scale of the magnitude. Here it is a |d|, without 128 because it is never negative.
    All three channels are rounded and clipped to 0..255.

    Args:
        flow: (H, W, 2) pixels.
        scale: a; the paper's 16 clips motion of 8 pixels and more.
    """
    x, y = cv2.split(flow)
    # OpenCV saturates and rounds in one pass; numpy would take a third of the flow's time.
    channels = (cv2.addWeighted(d, scale, d, 0, SHIFT, dtype=cv2.CV_8U) for d in (x, y))
    magnitude = cv2.convertScaleAbs(cv2.magnitude(x, y), alpha=scale)
    return np.asarray(cv2.merge([*channels, magnitude]), np.uint8)


def pictures(
    track: Track, crop: Crop, rows: Rows, before: Rows, scale: float = 16.0
) -> tuple[Bytes, Bytes]:
    """The face of each requested frame, and the flow that leads to it from another frame.

    The work is spread over as many threads as OpenCV uses. No face is cropped and no flow computed
    twice.

    Args:
        track: T rows with a face in each.
        crop: the crop.
        rows: (M,) the frames, in any order, repeats allowed.
        before: (M,) the frame from which each flow starts; the same frame gives no motion.
        scale: see `encoded`.

    Returns:
        Faces and flows, (M, h, w, 3) each.
    """
    matrix = crop.matrix(track.landmarks)
    faces = np.empty((len(rows), *crop.shape, 3), np.uint8)
    flows = np.empty_like(faces)
    flows[rows == before] = (SHIFT, SHIFT, 0)
    used, place = np.unique(np.append(rows, before), return_inverse=True)
    end, start = place[: len(rows)], place[len(rows) :]
    grey = np.empty((len(used), HEIGHT, WIDTH), np.uint8)

    def cut(number: int) -> None:
        face = crop.cut(track.faces[used[number]], matrix)
        grey[number] = cv2.cvtColor(face, cv2.COLOR_RGB2GRAY)
        if (places := end == number).any():
            faces[places] = crop.stored(face)

    _in_threads(cut, len(used))
    moving = np.flatnonzero(rows != before)
    pairs, pair = np.unique(np.stack([start, end], 1)[moving], axis=0, return_inverse=True)
    local = threading.local()  # one method per thread, because it holds buffers

    def move(number: int) -> None:
        if not hasattr(local, "flow"):
            local.flow = flow_method()
        first, second = pairs[number]
        picture = encoded(local.flow(grey[first], grey[second]), scale)
        flows[moving[pair == number]] = crop.stored(picture)

    _in_threads(move, len(pairs))
    return faces, flows


def _in_threads(work: Callable[[int], None], count: int) -> None:
    """Call `work` with each number below `count`."""
    threads = min(cv2.getNumThreads(), count)
    if threads < 2:
        for number in range(count):
            work(number)
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(count)))


def samples(recipe: Input, track: Track) -> dict[str, NDArray[Any]]:
    """A track's N segments of P pairs of frames.

    There is no segment (N = 0) if fewer than `fewest_frames` rows show a face, unless the whole
    clip is shorter than that and shows a face in every row.

    Returns:
        `faces` and `flows` (N, P, h, w, 3) uint8, and `video` (N,) int64, a number that identifies
        the track, so that its segments can be pooled.
    """
    # Pictures are stored smaller if the networks see smaller ones.
    crop = Crop(recipe.crop_apart, recipe.crop_eyes, recipe.size if recipe.size < WIDTH else 0)
    # Departure 3: rows without a face are dropped.
    visible = track.rows(track.seen)
    if len(visible) < max(1, min(recipe.fewest_frames, len(track))):
        empty = np.zeros((0, recipe.pairs, *crop.shape, 3), np.uint8)
        return {"faces": empty, "flows": empty, "video": np.zeros(0, np.int64)}
    rows = segments(len(visible), recipe.length, recipe.step, recipe.rule)
    places = used_pairs(recipe.length, recipe.pairs)
    after = rows[:, 1:][:, places]  # (N, P)
    before = rows[:, :-1][:, places]
    if recipe.since != "previous":  # departure 12
        before = np.repeat(rows[:, :1], recipe.pairs, axis=1) * (recipe.since == "segment")
    shape = (*after.shape, *crop.shape, 3)
    faces, flows = pictures(visible, crop, after.ravel(), before.ravel(), recipe.flow_scale)
    video = np.full(len(rows), identity(visible), np.int64)
    return {"faces": faces.reshape(shape), "flows": flows.reshape(shape), "video": video}


def identity(track: Track) -> int:
    """A number that two tracks share only if they are the same track."""
    sha = hashlib.sha256()
    for array in (track.frames, track.times, track.landmarks, track.to_frame, track.faces[0]):
        sha.update(np.ascontiguousarray(array).data)
    return int.from_bytes(sha.digest()[:8], "big", signed=True)
