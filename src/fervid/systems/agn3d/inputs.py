"""Track -> 3DAGN's input: a short film of binary patterns, and the landmarks of two frames [2].

Nothing is learned here. The landmark-difference images of Sec. 3.2 are drawn from the points batch
by batch, on the batch's device (`pictures.py`).
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fervid.faces.points68 import PARTS
from fervid.faces.track import Track
from fervid.learning.batches import Batch
from fervid.learning.crops import Square
from fervid.systems.agn3d import lbp, pictures
from fervid.systems.agn3d.recipe import Geometry, Input

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

# Weights of R, G and B in grey (Rec. 601).
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


# Encoding "change" divides differences by this many grey levels.
CHANGE = 16.0
# Frames over which the rule "parts" smooths.
SMOOTH = 5


def peak_row(points: Floats, rule: str = "farthest") -> int:
    """Row of the peak frame; the non-peak frame is the first [2, Sec. 3.2, Fig. 4].

    Departure 5: the paper shows a peak frame but gives no rule. Under "farthest", the peak is the
    frame whose landmarks lie farthest, on average, from the first frame's. "parts" compares only
    brows and lips, each relative to its own centre, so that head movement does not count.

    Args:
        points: (T, 68, 2), no row missing.
        rule: "farthest" or "parts".
    """
    if rule == "farthest":
        return int(np.linalg.norm(points - points[0], axis=2).mean(axis=1).argmax())
    parts = [points[:, list(PARTS[name])] for name in ("brows", "lips")]
    shapes = np.concatenate([part - part.mean(axis=1, keepdims=True) for part in parts], axis=1)
    distance = np.linalg.norm(shapes - shapes[0], axis=2).mean(axis=1)
    window = np.ones(min(SMOOTH, len(distance)))
    counts = np.convolve(np.ones_like(distance), window, "same")
    return int((np.convolve(distance, window, "same") / counts).argmax())


def film_rows(peak: int, frames: int, rule: str = "consecutive") -> Rows:
    """(frames,): the consecutive rows that end at the peak, with the first row repeated if needed.

    For a clip that ends at its apex these are the last rows, as in [3, Sec. 4.1]. Under the rule
    "spread" the rows are evenly spaced from the first to the peak.
    """
    if rule == "spread":
        return np.rint(np.linspace(0, peak, frames)).astype(np.int64)
    rows: Rows = np.maximum(peak + np.arange(frames) - frames + 1, 0)
    return rows


def cut(track: Track, square: Square) -> tuple[NDArray[np.uint8], Floats]:
    """Grey squares (T, P, P) around the face, and landmarks (T, 68, 2) in their pixels.

    Departure 1: the points come from fervid's finder, and the square is ours.
    """
    coloured, points = square.cut(track.faces, track.landmarks)
    grey = np.clip(np.rint(coloured @ LUMA), 0, 255).astype(np.uint8)
    return grey, points


def samples(recipe: Input, track: Track) -> dict[str, NDArray[Any]]:
    """A clip's sample: `film` (1, T, P, P) uint8 and `points` (1, 2, 68, 2) float32.

    The film is encoded; P = size + 2 margin. Under "change" the clip's first frame precedes it,
    which makes T + 1 frames. The points are those of the non-peak and of the peak frame, in units
    of the square's side. Rows without a face are left out. There is no sample (N = 0) if fewer than
    `fewest_frames` rows show a face, unless the whole clip is shorter than that and shows a face in
    every row.
    """
    pixels = recipe.pixels
    visible = track.rows(track.seen)
    if len(visible) < max(1, min(recipe.fewest_frames, len(track))):
        count = recipe.frames + (recipe.encoding == "change")
        film = np.zeros((0, count, pixels, pixels), np.uint8)
        return {"film": film, "points": np.zeros((0, 2, 68, 2), np.float32)}
    peak = peak_row(visible.landmarks, recipe.peak)
    rows = film_rows(peak, recipe.frames, recipe.film)
    if recipe.encoding == "change":
        rows = np.append(0, rows)
    used = np.unique([*rows, 0, peak])
    square = Square(pixels, recipe.crop_side * pixels / recipe.size, recipe.crop_down)
    grey, points = cut(visible.rows(used), square)
    film = lbp.encode(grey) if recipe.encoding == "lbp" else grey
    ends = (points[np.searchsorted(used, [0, peak])] + 0.5 - recipe.margin) / recipe.size
    return {"film": film[np.searchsorted(used, rows)][None], "points": ends[None]}


def films(recipe: Input, batch: Batch, generator: torch.Generator | None = None) -> Tensor:
    """(B, T, H, W): a batch as network 1 takes it, shifted at random if there is a generator.

    Copy 1 of a film is its mirror image.
    """
    codes, count, margin = batch.arrays["film"], len(batch.target), recipe.margin
    shift = torch.full((count, 2), margin)
    if generator is not None:
        shift = torch.randint(2 * margin + 1, (count, 2), generator=generator)
    table = torch.from_numpy(lbp.mirrored()) if recipe.encoding == "lbp" else torch.arange(256)
    shift, table = shift.to(codes.device), table.to(codes.device, torch.uint8)
    cropped = pictures.films(codes, batch.copy == 1, table, shift, recipe.size).float()
    if recipe.encoding == "lbp":  # departure 2: codes are fed in as numbers in -1..1
        return cropped * (2 / 255) - 1
    if recipe.encoding == "change":  # departure 15
        return (cropped[:, 1:] - cropped[:, :1]) / CHANGE
    # Departure 13: each grey film is normalised to mean 0 and standard deviation 1.
    mean, std = (f((1, 2, 3), keepdim=True) for f in (cropped.mean, cropped.std))
    return (cropped - mean) / std.clamp(min=1)


def images(recipe: Geometry, batch: Batch, generator: torch.Generator | None = None) -> Tensor:
    """(B, 3, H, W): a batch as network 2 takes it, rotated and with noise if there is a generator.

    Departure 16: with `sees="points"`, only the differences of the points, (B, 136).
    """
    points = batch.arrays["points"]
    angle, noise = torch.zeros(len(points)), torch.zeros(points.shape)
    if generator is not None:
        angle = (torch.rand(len(points), generator=generator) * 2 - 1) * recipe.turn
        noise = torch.randn(points.shape, generator=generator) * recipe.noise
    angle, noise = angle.to(points.device), noise.to(points.device)
    moved = pictures.placed(points, batch.copy == 1, angle, noise)
    weights = pictures.point_weights(recipe.parts)
    if recipe.sees == "points":
        return pictures.moves(moved, weights)
    # VGG16 takes three channels, so the image is repeated.
    return pictures.difference(moved, weights, recipe.size, recipe.spot).expand(-1, 3, -1, -1)
