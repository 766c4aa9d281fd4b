"""Augmentation of whole batches on the device they lie on."""

import torch
import torch.nn.functional as F
from torch import Tensor


def turned(pictures: Tensor, angle: Tensor, flip: Tensor, size: int) -> Tensor:
    """Turn pictures about their centre, mirror some, and cut out the middle.

    All frames of a sample are turned alike. Bilinear; beyond the picture its border goes on.

    Args:
        pictures: (B, C, P, P) uint8 or float; P - size is the margin a turn draws on.
        angle: (B,) radians, clockwise as seen.
        flip: (B,) bool, mirrored left to right after the turn.
        size: side of what is cut out, in pixels.

    Returns:
        (B, C, size, size) float32, in the units of `pictures`.
    """
    extent = size / pictures.shape[-1]
    cosine, sine = torch.cos(angle) * extent, torch.sin(angle) * extent
    mirror = 1 - 2 * flip.to(angle.dtype)
    zero = torch.zeros_like(angle)
    # From a place in what is made, in -1..1, to the place in the picture that is seen there.
    rows = [cosine * mirror, sine, zero, -sine * mirror, cosine, zero]
    matrix = torch.stack(rows, dim=1).view(-1, 2, 3)
    grid = F.affine_grid(matrix, [len(pictures), 1, size, size], align_corners=False)
    return F.grid_sample(
        pictures.float(), grid, mode="bilinear", padding_mode="border", align_corners=False
    )


def mirrored(points: Tensor, flip: Tensor, exchange: Tensor) -> Tensor:
    """Mirror some samples' points left to right, about x = 0.

    Args:
        points: (B, T, L, 2).
        flip: (B,) bool.
        exchange: (L,) int64, for each point the place of its mirror image.
    """
    other = points[:, :, exchange] * points.new_tensor([-1.0, 1.0])
    return torch.where(flip[:, None, None, None], other, points)


def rotated(points: Tensor, angle: Tensor) -> Tensor:
    """Turn points about the origin, each frame by its own angle.

    Args:
        points: (B, T, L, 2).
        angle: (B, T) radians.
    """
    cosine, sine = torch.cos(angle), torch.sin(angle)
    matrix = torch.stack([cosine, -sine, sine, cosine], dim=-1).view(*angle.shape, 2, 2)
    return torch.einsum("btij,btlj->btli", matrix, points)
