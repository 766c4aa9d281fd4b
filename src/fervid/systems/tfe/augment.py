"""Random augmentation of faces, a batch at a time on the batch's device."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from fervid.systems.tfe.shake import Shake


def shaken(faces: Tensor, shake: Shake, generator: torch.Generator) -> Tensor:
    """Change each face at random, independently of the others.

    Args:
        faces: (B, P, P) uint8 or float, 0..255.
        shake: largest size of each change.
        generator: on the CPU, so that every device draws the same numbers.

    Returns:
        (B, P, P) float32 in 0..255; edge pixels are repeated beyond a face's border.
    """
    count, side = len(faces), faces.shape[-1]
    uniform = torch.rand(count, 12, generator=generator)
    signed = uniform[:, :6] * 2 - 1  # -1..1
    mirror = torch.where(uniform[:, 6] < 0.5, -1.0, 1.0) if shake.flip else torch.ones(count)
    angle = signed[:, 0] * shake.turn * (math.pi / 180)
    size = 1 / (1 + signed[:, 1] * shake.scale)
    cosine, sine = torch.cos(angle) * size, torch.sin(angle) * size
    across, down = signed[:, 2] * 2 * shake.shift, signed[:, 3] * 2 * shake.shift
    # Maps a position in the result, in -1..1, to the position in the face it is sampled from.
    rows = [cosine * mirror, sine, across, -sine * mirror, cosine, down]
    matrix = torch.stack(rows, dim=1).view(-1, 2, 3).to(faces.device)
    grid = F.affine_grid(matrix, [count, 1, side, side], align_corners=False)
    moved = F.grid_sample(
        faces.float().unsqueeze(1), grid, "bilinear", padding_mode="border", align_corners=False
    ).squeeze(1)
    if shake.light:
        gain, offset = (1 + shake.light * signed[:, 4], 255 * shake.light * signed[:, 5])
        mean = moved.mean((1, 2), keepdim=True)
        moved = (moved - mean) * _per_face(gain, moved) + mean + _per_face(offset, moved)
        moved = moved.clamp(0, 255)
    return _erased(moved, shake.erase, uniform[:, 7:]) if shake.erase else moved


def _per_face(values: Tensor, faces: Tensor) -> Tensor:
    """(B,) to (B, 1, 1) on the faces' device."""
    return values.to(faces.device)[:, None, None]


def _erased(faces: Tensor, share: float, uniform: Tensor) -> Tensor:
    """Fill a rectangle with the face's mean grey in a share of faces; `uniform` is (B, 5)."""
    side = faces.shape[-1]
    places = torch.arange(side, device=faces.device) / side
    inside = []
    for axis in (0, 1):
        extent = 0.1 + 0.4 * uniform[:, 1 + axis]
        start = uniform[:, 3 + axis] * (1 - extent)
        low, high = (value.to(faces.device)[:, None] for value in (start, start + extent))
        inside.append((places >= low) & (places < high))  # (B, P)
    chosen = (uniform[:, 0] < share).to(faces.device)[:, None, None]
    hole = inside[0][:, :, None] & inside[1][:, None, :] & chosen
    return torch.where(hole, faces.mean((1, 2), keepdim=True), faces)
