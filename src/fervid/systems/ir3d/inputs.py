"""Track -> what the network eats: films of ten faces in colour, and where their landmarks lie.

Nothing is learned here. Sources: [3, Sec. 3.2, 4.1, 4.2].
"""

import numpy as np
from numpy.typing import NDArray

from fervid.faces.track import Track

# Departure 1: the 66-point annotation has the 68 points without the inner corners of the mouth
# (60, 64), each of which lies within a few pixels of an outer one.
POINTS = tuple(index for index in range(68) if index not in (60, 64))

FILLS = ("first", "stretch")


def ends_at_apex(track: Track) -> bool:
    """Whether the database calls the track's last frame, or one after it, the apex."""
    return track.apex is not None and track.apex >= int(track.frames[-1])


def tens(count: int, frames: int, last: bool, fill: str) -> NDArray[np.int64]:
    """(N, frames) which rows each film shows [3, Sec. 4.1].

    Clips that end at their apex give their last ten frames; others the first ten, the next ten
    and so on, and what is left over at the end is dropped. A clip of fewer than ten gives one
    film: its first frame stands still before it moves, or it is shown slower.

    >>> tens(7, 3, last=True, fill="first").tolist()
    [[4, 5, 6]]
    >>> tens(7, 3, last=False, fill="first").tolist()
    [[0, 1, 2], [3, 4, 5]]
    >>> tens(2, 3, last=False, fill="first").tolist()
    [[0, 0, 1]]

    Args:
        count: of rows there are, at least 1.
        frames: of a film.
        last: the clip ends at its apex.
        fill: "first" or "stretch".
    """
    if count < frames and fill == "stretch":
        return (np.arange(frames) * count // frames)[None]
    if last or count < frames:
        return np.maximum(np.arange(count - frames, count), 0)[None]
    whole = count // frames
    return np.arange(whole * frames).reshape(whole, frames)
