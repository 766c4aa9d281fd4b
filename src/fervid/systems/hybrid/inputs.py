"""Track -> what the two streams see: segments of face pictures and of optical flow pictures.

Nothing is learned here [4, Sec. III-A].
"""

import hashlib
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
# Eq. 1.
SCALE, SHIFT = 16, 128


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

    Open: the paper names no method. This one holds buffers, so each thread makes its own.
    """
    method: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return lambda first, second: np.asarray(method.calc(first, second, None), np.float32)


def encoded(flow: Floats) -> Bytes:
    """A flow picture (H, W, 3): 16 d + 128 of d_x, d_y, and the magnitude [4, Eq. 1].

    Open: how the magnitude is scaled; here 16 |d|, which is never negative and needs no 128. All
    three are rounded and clipped to 0..255.

    Args:
        flow: (H, W, 2) pixels.
    """
    x, y = cv2.split(flow)
    # OpenCV saturates and rounds in one pass; numpy takes a third of the flow's own time for it.
    moved = (cv2.addWeighted(d, SCALE, d, 0, SHIFT, dtype=cv2.CV_8U) for d in (x, y))
    far = cv2.convertScaleAbs(cv2.magnitude(x, y), alpha=SCALE)
    return np.asarray(cv2.merge([*moved, far]), np.uint8)


def pictures(track: Track, crop: Crop, rows: Rows, still: Any) -> tuple[Bytes, Bytes]:
    """The face of each asked frame, and the flow that leads to it from the frame before.

    The frames are shared among OpenCV's number of threads; none is looked at twice, and no flow
    is computed that nobody asked for.

    Args:
        track: T rows, every one a face.
        rows: (M,) which frames, in any order, also more than once.
        still: (M,) bool, where the frame before is the same one; the first frame's always is.

    Returns:
        faces and flows, (M, h, w, 3).
    """
    matrix = crop.matrix(track.landmarks)
    faces = np.empty((len(rows), *crop.shape, 3), np.uint8)
    flows = np.empty_like(faces)
    still = np.logical_or(still, rows == 0)
    flows[still] = (SHIFT, SHIFT, 0)
    shown = [np.flatnonzero(rows == row) for row in range(len(track))]
    moving = [places[~still[places]] for places in shown]

    def work(start: int, stop: int) -> None:
        """Frames start..stop - 1; the one before them is cut again, not waited for."""
        flow, before = flow_method(), None
        for row in range(max(start - 1, 0), stop):
            mine = row >= start
            after = row + 1 < stop and len(moving[row + 1])
            if not (after or (mine and len(shown[row]))):
                before = None
                continue
            face = crop.cut(track.faces[row], matrix)
            grey = np.asarray(cv2.cvtColor(face, cv2.COLOR_RGB2GRAY), np.uint8)
            if mine and len(shown[row]):
                faces[shown[row]] = crop.stored(face)
            if mine and before is not None and len(moving[row]):
                flows[moving[row]] = crop.stored(encoded(flow(before, grey)))
            before = grey

    bounds = np.linspace(0, len(track), min(cv2.getNumThreads(), len(track)) + 1).astype(int)
    if len(bounds) == 2:
        work(0, len(track))
    else:
        with ThreadPoolExecutor(len(bounds) - 1) as pool:
            list(pool.map(work, bounds[:-1].tolist(), bounds[1:].tolist()))
    return faces, flows


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
    still = shown == rows[:, :-1][:, places]  # a repeated frame has not moved
    shape = (*shown.shape, *crop.shape, 3)
    faces, flows = pictures(seen, crop, shown.ravel(), still.ravel())
    video = np.full(len(rows), identity(seen), np.int64)
    return {"faces": faces.reshape(shape), "flows": flows.reshape(shape), "video": video}


def identity(track: Track) -> int:
    """A number that two tracks share only if they are the same."""
    total = hashlib.sha256()
    for array in (track.frames, track.times, track.landmarks, track.to_frame, track.faces[0]):
        total.update(np.ascontiguousarray(array).data)
    return int.from_bytes(total.digest()[:8], "big", signed=True)
