"""Track -> what the network sees: films of ten faces in colour, and where their landmarks lie.

Nothing is learned here. Sources: [3, Sec. 3.2, 4.1, 4.2].
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fervid.faces.points68 import POINTS_66  # departure 1
from fervid.faces.track import Track
from fervid.learning.batches import Batch
from fervid.learning.crops import Square
from fervid.systems.ir3d.recipe import Input, Recipe


def ends_at_apex(track: Track) -> bool:
    """Whether the database calls the track's last frame, or one after it, the apex."""
    return track.apex is not None and track.apex >= int(track.frames[-1])


def tens(count: int, frames: int, last: bool) -> NDArray[np.int64]:
    """(N, frames) which rows each film shows [3, Sec. 4.1].

    Clips that end at their apex give their last ten frames; others the first ten, the next ten
    and so on, and what is left over at the end is dropped. A clip of fewer than ten gives one
    film, whose first frame stands still before it moves.

    >>> tens(7, 3, last=True).tolist()
    [[4, 5, 6]]
    >>> tens(7, 3, last=False).tolist()
    [[0, 1, 2], [3, 4, 5]]
    >>> tens(2, 3, last=False).tolist()
    [[0, 0, 1]]

    Args:
        count: of rows there are, at least 1.
        frames: of a film.
        last: the clip ends at its apex.
    """
    if last or count < frames:
        return np.maximum(np.arange(count - frames, count), 0)[None]
    whole = count // frames
    return np.arange(whole * frames).reshape(whole, frames)


def samples(recipe: Input, track: Track) -> dict[str, NDArray[Any]]:
    """`faces` (N, 10, size, size, 3) uint8 and `landmarks` (N, 10, 66, 2) float32, in their pixels.

    Rows without a face are left out first. N = 1 for clips that end at their apex and for
    short ones, otherwise one for each ten frames; N = 0 where fewer than `fewest_frames` hold a
    face, unless the clip has no more to begin with.
    """
    seen = track.rows(track.seen)
    if len(seen) < max(1, min(recipe.fewest_frames, len(track))):
        faces = np.zeros((0, recipe.frames, recipe.size, recipe.size, 3), np.uint8)
        return {"faces": faces, "landmarks": np.zeros((0, recipe.frames, 66, 2), np.float32)}
    rows = tens(len(seen), recipe.frames, ends_at_apex(track))
    square = Square(recipe.size, recipe.crop_side, recipe.crop_down)
    used = seen.rows(slice(int(rows[0, 0]), None))
    faces, points = square.cut(used.faces, used.landmarks)
    rows = rows - rows[0, 0]
    return {"faces": faces[rows], "landmarks": points[rows][:, :, list(POINTS_66)]}


def tensors(recipe: Recipe, batch: Batch) -> tuple[Tensor, Tensor]:
    """A batch as the network takes it: (B, 3, T, H, W) and (B, T, 66, 2).

    Each film is brought to mean 0 and standard deviation 1 (open). Copy 1 of a film is its mirror
    image. Its landmarks keep their order, which the weights do not depend on.
    """
    faces, points = batch.arrays["faces"], batch.arrays["landmarks"]
    if bool((mirror := batch.copy == 1).any()):
        faces = torch.where(mirror[:, None, None, None, None], faces.flip(3), faces)
        other = torch.cat([recipe.input.size - 1 - points[..., :1], points[..., 1:]], dim=-1)
        points = torch.where(mirror[:, None, None, None], other, points)
    pixels = faces.float()
    spread, mean = torch.std_mean(pixels, (1, 2, 3, 4), correction=0, keepdim=True)
    pixels = (pixels - mean) / spread.clamp(min=1)
    return pixels.permute(0, 4, 1, 2, 3), points
