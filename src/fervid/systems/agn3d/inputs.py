"""Track -> what 3DAGN eats: a short film of binary patterns, and two frames' landmarks [2].

Nothing is learned here. The landmark-difference images of Sec. 3.2 are drawn from the points
batch by batch (`pictures.py`), where the batch lies.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fervid.faces.track import Track
from fervid.learning.crops import Square
from fervid.systems.agn3d import lbp

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

# Grey of RGB, Rec. 601.
LUMA = np.array([0.299, 0.587, 0.114], np.float32)
# What `peak` and `film` may say.
PEAKS = ("displacement", "last", "apex")
FILMS = ("peak", "spread", "runs")


def pair(track: Track, points: Floats, rule: str) -> tuple[int, int]:
    """Rows of the non-peak and of the peak frame, an expression set [2, Sec. 3.2, Fig. 4].

    Departure 5: the paper shows one and tells no rule. The non-peak frame is the first one.

    Args:
        track: every row a face.
        points: (T, 68, 2) its landmarks in the crop.
        rule: of the peak. "last": the last frame, where clips end in the apex. "displacement":
            the frame whose landmarks lie farthest, on average, from the first one's. "apex": the
            frame nearest to the apex that the database labels, by displacement where it labels
            none. A label of the tested clip is used then, which new video does not have.
    """
    if rule == "last":
        return 0, len(points) - 1
    if rule == "apex" and track.apex is not None:
        return 0, int(np.abs(track.frames - track.apex).argmin())
    return 0, int(np.linalg.norm(points - points[0], axis=2).mean(axis=1).argmax())


def chosen(count: int, peak: int, frames: int, film: str) -> Rows:
    """(N, T): the rows that each film of a clip shows.

    Args:
        count: rows of the clip.
        peak: row of the peak.
        frames: T.
        film: "peak": one film, the T consecutive frames that end at the peak; in a clip that ends
            in the apex its last T, as in [3, Sec. 4.1]. "spread": one film, T frames evenly from
            the first to the peak. "runs": consecutive T after consecutive T, the last one ending
            with the clip. Where there are fewer than T frames, the first one is repeated.
    """
    back = np.arange(frames) - frames + 1
    if film == "spread":
        return np.rint(np.linspace(0, peak, frames)).astype(np.int64)[None]
    ends = np.arange(count - 1, frames - 2, -frames)[::-1] if film == "runs" else np.array([peak])
    ends = ends if len(ends) else np.array([count - 1])
    rows: Rows = np.maximum(ends[:, None] + back, 0)
    return rows


def cut(track: Track, square: Square) -> tuple[NDArray[np.uint8], Floats]:
    """Grey squares around the face, (T, P, P), and landmarks in their pixels, (T, 68, 2).

    Departure 1: our own finder's points, and our own square.
    """
    coloured, points = square.cut(track.faces, track.landmarks)
    grey = np.clip(np.rint(coloured @ LUMA), 0, 255).astype(np.uint8)
    return grey, points


def encoded(grey: NDArray[np.uint8], encoding: str, neighbours: str) -> NDArray[np.uint8]:
    """What the appearance network is shown of grey pictures (..., H, W).

    Args:
        encoding: a kind of `lbp.encode`, or "grey" for the pictures themselves.
        neighbours: of `lbp.encode`.
    """
    return grey if encoding == "grey" else lbp.encode(grey, neighbours, encoding)


def nothing(frames: int, pixels: int) -> dict[str, NDArray[Any]]:
    """The arrays of a track without a sample."""
    film = np.zeros((0, frames, pixels, pixels), np.uint8)
    return {"film": film, "points": np.zeros((0, 2, 68, 2), np.float32)}
