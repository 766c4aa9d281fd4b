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


# Grey levels that become 1 where films are less their clip's first picture.
CHANGE = 16.0


def tens(count: int, frames: int, last: bool, stride: int = 1) -> NDArray[np.int64]:
    """(N, frames) which rows each film shows [3, Sec. 4.1]; departure 3.

    Clips that end at their apex give their last ten frames; others the first ten, the next ten
    and so on, and what is left over at the end is dropped. A clip of fewer than ten gives one
    film, whose first frame stands still before it moves.

    >>> tens(7, 3, last=True).tolist()
    [[4, 5, 6]]
    >>> tens(7, 3, last=False).tolist()
    [[0, 1, 2], [3, 4, 5]]
    >>> tens(2, 3, last=False).tolist()
    [[0, 0, 1]]
    >>> tens(7, 3, last=False, stride=2).tolist()
    [[0, 2, 4], [1, 3, 5]]

    Args:
        count: of rows there are, at least 1.
        frames: of a film.
        last: the clip ends at its apex.
        stride: departure 14: every k-th row, k films in the place of one after the other; less in
            a clip that is too short for it.
    """
    if last or count < frames:
        stride = max(1, min(stride, (count - 1) // (frames - 1))) if frames > 1 else 1
        return np.maximum(count - 1 - stride * np.arange(frames)[::-1], 0)[None]
    stride = min(stride, count // frames)
    whole = count // (frames * stride)
    rows = np.arange(whole * frames * stride).reshape(whole, frames, stride)
    return rows.transpose(0, 2, 1).reshape(-1, frames)


def samples(recipe: Input, track: Track) -> dict[str, NDArray[Any]]:
    """`faces` (N, 10, size, size, 3) uint8 and `landmarks` (N, 10, 66, 2) float32, in their pixels.

    With `change` also `rest` (N, size, size, 3) uint8, the clip's first picture.
    Rows without a face are left out first. N = 1 for clips that end at their apex and for
    short ones, otherwise one for each ten frames; N = 0 where fewer than `fewest_frames` hold a
    face, unless the clip has no more to begin with.
    """
    seen = track.rows(track.seen)
    if len(seen) < max(1, min(recipe.fewest_frames, len(track))):
        faces = np.zeros((0, recipe.frames, recipe.size, recipe.size, 3), np.uint8)
        none = np.zeros((0, recipe.frames, len(POINTS_66), 2), np.float32)
        return _sample(recipe, faces, none, faces[:, 0])
    rows = tens(len(seen), recipe.frames, ends_at_apex(track), recipe.stride)
    square = Square(recipe.size, recipe.crop_side, recipe.crop_down)  # departure 2
    begin = 0 if recipe.change else int(rows[0, 0])
    used = seen.rows(slice(begin, None))
    faces, points = square.cut(used.faces, used.landmarks)
    rows = rows - begin
    rest = np.repeat(faces[:1], len(rows), axis=0)
    return _sample(recipe, faces[rows], points[rows][:, :, list(POINTS_66)], rest)


def _sample(
    recipe: Input, faces: NDArray[Any], points: NDArray[Any], rest: NDArray[Any]
) -> dict[str, NDArray[Any]]:
    made = {"faces": faces, "landmarks": points}
    return {**made, "rest": rest} if recipe.change else made


def tensors(recipe: Recipe, batch: Batch) -> tuple[Tensor, Tensor]:
    """A batch as the network takes it: (B, 3, T, H, W) and (B, T, 66, 2).

    Each film is brought to mean 0 and standard deviation 1 (open), or loses its clip's first
    picture (departure 13). Copy 1 of a film is its mirror image. Its landmarks keep their order,
    which the weights do not depend on.
    """
    faces, points = batch.arrays["faces"], batch.arrays["landmarks"]
    if recipe.input.change:
        faces = (faces.float() - batch.arrays["rest"].float()[:, None]) / CHANGE
    if bool((mirror := batch.copy == 1).any()):
        faces = torch.where(mirror[:, None, None, None, None], faces.flip(3), faces)
        other = torch.cat([recipe.input.size - 1 - points[..., :1], points[..., 1:]], dim=-1)
        points = torch.where(mirror[:, None, None, None], other, points)
    pixels = faces.float()
    if recipe.input.change:
        return pixels.permute(0, 4, 1, 2, 3), points
    spread, mean = torch.std_mean(pixels, (1, 2, 3, 4), correction=0, keepdim=True)
    pixels = (pixels - mean) / spread.clamp(min=1)
    return pixels.permute(0, 4, 1, 2, 3), points
