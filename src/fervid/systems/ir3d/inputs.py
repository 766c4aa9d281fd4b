"""Track -> the network's input: films of ten faces in colour, and their landmarks.

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
    """Whether the database says that the track's last frame, or a later one, is the apex."""
    return track.apex is not None and track.apex >= int(track.frames[-1])


# With `change`, differences from the clip's first picture are divided by this many grey levels.
CHANGE = 16.0


def tens(count: int, frames: int, last: bool, stride: int = 1) -> NDArray[np.int64]:
    """(N, frames): the rows of each film [3, Sec. 4.1]; departure 3.

    A clip that ends at its apex gives its last ten frames. Other clips give the first ten, the next
    ten and so on; leftover frames at the end are dropped. A clip of fewer than ten frames gives one
    film that begins by repeating the first frame.

    >>> tens(7, 3, last=True).tolist()
    [[4, 5, 6]]
    >>> tens(7, 3, last=False).tolist()
    [[0, 1, 2], [3, 4, 5]]
    >>> tens(2, 3, last=False).tolist()
    [[0, 0, 1]]
    >>> tens(7, 3, last=False, stride=2).tolist()
    [[0, 2, 4], [1, 3, 5]]

    Args:
        count: number of rows, at least 1.
        frames: frames of a film.
        last: whether the clip ends at its apex.
        stride: k, departure 14: a film takes every k-th row, so that k interleaved films replace k
            successive ones; reduced for a clip that is too short for it.
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

    With `change` also `rest` (N, size, size, 3) uint8, the clip's first picture. Rows without a
    face are dropped first. N = 1 for short clips and those that end at their apex; other clips give
    one sample per ten frames. N = 0 if fewer than `fewest_frames` rows show a face, unless the
    whole clip is shorter than that and shows a face in every row.
    """
    visible = track.rows(track.seen)
    if len(visible) < max(1, min(recipe.fewest_frames, len(track))):
        faces = np.zeros((0, recipe.frames, recipe.size, recipe.size, 3), np.uint8)
        points = np.zeros((0, recipe.frames, len(POINTS_66), 2), np.float32)
        return _sample(recipe, faces, points, faces[:, 0])
    rows = tens(len(visible), recipe.frames, ends_at_apex(track), recipe.stride)
    square = Square(recipe.size, recipe.crop_side, recipe.crop_down)  # departure 2
    begin = 0 if recipe.change else int(rows[0, 0])
    used = visible.rows(slice(begin, None))
    faces, points = square.cut(used.faces, used.landmarks)
    rows = rows - begin
    rest = np.repeat(faces[:1], len(rows), axis=0)
    return _sample(recipe, faces[rows], points[rows][:, :, list(POINTS_66)], rest)


def _sample(
    recipe: Input, faces: NDArray[Any], points: NDArray[Any], rest: NDArray[Any]
) -> dict[str, NDArray[Any]]:
    arrays = {"faces": faces, "landmarks": points}
    return {**arrays, "rest": rest} if recipe.change else arrays


def tensors(recipe: Recipe, batch: Batch) -> tuple[Tensor, Tensor]:
    """A batch as the network takes it: (B, 3, T, H, W) and (B, T, 66, 2).

    Each film is normalised to mean 0 and standard deviation 1 (open), or the clip's first picture
    is subtracted (departure 13). Copy 1 of a film is its mirror image. Mirrored landmarks keep
    their order, because the landmark weights do not depend on it.
    """
    faces, points = batch.arrays["faces"], batch.arrays["landmarks"]
    if recipe.input.change:
        faces = (faces.float() - batch.arrays["rest"].float()[:, None]) / CHANGE
    if bool((mirror := batch.copy == 1).any()):
        faces = torch.where(mirror[:, None, None, None, None], faces.flip(3), faces)
        flipped = torch.cat([recipe.input.size - 1 - points[..., :1], points[..., 1:]], dim=-1)
        points = torch.where(mirror[:, None, None, None], flipped, points)
    pixels = faces.float()
    if recipe.input.change:
        return pixels.permute(0, 4, 1, 2, 3), points
    std, mean = torch.std_mean(pixels, (1, 2, 3, 4), correction=0, keepdim=True)
    pixels = (pixels - mean) / std.clamp(min=1)
    return pixels.permute(0, 4, 1, 2, 3), points
