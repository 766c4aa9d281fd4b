"""Track: one face through one clip, the input of every system."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Status of a frame; files store the index in this tuple.
STATUS = ("face", "no face", "unreadable")

# Side of a stored face in pixels. No system uses more than 299 [3, Fig. 2]; the rest is margin for
# the rotations of [1, Sec. 3.4] and for crops wider than a face.
SIZE = 320


@dataclass(frozen=True)
class Track:
    """One face through one clip: T rows, one for each frame of the clip's span.

    A frame without the face still has a row, with a black picture and NaN landmarks.

    Args:
        faces: (T, S, S, 3) uint8 RGB, aligned by a similarity transform (`align.py`); S = 0 if the
            landmarks come from another program's table and there is no video.
        landmarks: (T, 68, 2) float32, x and y in pixels of `faces` (of SIZE if S = 0), origin
            at the centre of the top left pixel; may lie outside the crop.
        times: (T,) float64, seconds from the start of the source.
        frames: (T,) int64, 0-based frame index in the source.
        status: (T,) uint8, index into STATUS.
        score: (T,) float32, 0..1, confidence of the finder that this is a face.
        to_frame: (T, 2, 3) float32, maps pixels of `faces` to pixels of the source frame.
        face: id of the face within its clip, 0, 1, ... by first appearance.
        found_by: name and version of the finder, and its settings.
        apex: frame index in the source of the apex that the database annotates, or None.
    """

    faces: NDArray[np.uint8]
    landmarks: NDArray[np.float32]
    times: NDArray[np.float64]
    frames: NDArray[np.int64]
    status: NDArray[np.uint8]
    score: NDArray[np.float32]
    to_frame: NDArray[np.float32]
    face: int
    found_by: Mapping[str, str]
    apex: int | None = None

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def seen(self) -> NDArray[np.bool_]:
        """(T,) whether a row holds a face."""
        return np.asarray(self.status == STATUS.index("face"))

    @property
    def pictured(self) -> bool:
        """Whether there are pictures, and not only landmarks."""
        return bool(self.faces.shape[1])

    @property
    def landmarks_in_frame(self) -> NDArray[np.float32]:
        """(T, 68, 2) the landmarks in pixels of the source frame."""
        linear, shift = self.to_frame[:, :, :2], self.to_frame[:, :, 2]
        moved = np.einsum("tij,tlj->tli", linear, self.landmarks) + shift[:, None]
        return np.asarray(moved, dtype=np.float32)

    def rows(self, keep: Any) -> "Track":
        """The rows selected by a numpy index (slice, mask or integers), in its order."""
        columns = ("faces", "landmarks", "times", "frames", "status", "score", "to_frame")
        return replace(self, **{name: getattr(self, name)[keep] for name in columns})
