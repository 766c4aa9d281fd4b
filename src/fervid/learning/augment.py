"""Augmentation of whole batches on their device."""

import torch
import torch.nn.functional as F
from torch import Tensor


def turned(pictures: Tensor, angle: Tensor, flip: Tensor, size: int) -> Tensor:
    """Rotate pictures about their centre, mirror some, and crop the middle.

    All frames of a sample are rotated alike. Sampling is bilinear; beyond the picture, border
    pixels are repeated.

    Args:
        pictures: (B, C, P, P) uint8 or float; P - size is the margin for the rotation.
        angle: (B,) radians, clockwise as displayed.
        flip: (B,) bool, whether to mirror left to right after the rotation.
        size: height and width of the crop, in pixels.

    Returns:
        (B, C, size, size) float32, in the units of `pictures`.
    """
    extent = size / pictures.shape[-1]
    cosine, sine = torch.cos(angle) * extent, torch.sin(angle) * extent
    mirror = 1 - 2 * flip.to(angle.dtype)
    zero = torch.zeros_like(angle)
    # Maps a position in the crop, in -1..1, to the position in the picture that it shows.
    rows = [cosine * mirror, sine, zero, -sine * mirror, cosine, zero]
    matrix = torch.stack(rows, dim=1).view(-1, 2, 3)
    grid = F.affine_grid(matrix, [len(pictures), 1, size, size], align_corners=False)
    return F.grid_sample(
        pictures.float(), grid, mode="bilinear", padding_mode="border", align_corners=False
    )


def mirrored(points: Tensor, flip: Tensor, exchange: Tensor) -> Tensor:
    """Mirror some samples' points left to right, about x = 0.

    Args:
        points: (B, T, L, 2) coordinates relative to the axis x = 0.
        flip: (B,) bool, which samples to mirror.
        exchange: (L,) int64, index of each point's mirror image.
    """
    other = points[:, :, exchange] * points.new_tensor([-1.0, 1.0])
    return torch.where(flip[:, None, None, None], other, points)


def rotated(points: Tensor, angle: Tensor) -> Tensor:
    """Rotate points about the origin, each frame by its own angle.

    Args:
        points: (B, T, L, 2) coordinates relative to the origin.
        angle: (B, T) radians.
    """
    cosine, sine = torch.cos(angle), torch.sin(angle)
    matrix = torch.stack([cosine, -sine, sine, cosine], dim=-1).view(*angle.shape, 2, 2)
    return torch.einsum("btij,btlj->btli", matrix, points)
