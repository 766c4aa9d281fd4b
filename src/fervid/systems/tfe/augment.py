"""Faces moved, turned, mirrored and disturbed at random, a batch at a time where it lies."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from fervid.systems.tfe.shake import Shake


def shaken(faces: Tensor, shake: Shake, generator: torch.Generator) -> Tensor:
    """Every face changed by its own draw.

    Args:
        faces: (B, P, P) uint8 or float, 0..255.
        generator: on the CPU, so that every device draws the same.

    Returns:
        (B, P, P) float32 in the same units; beyond a face's border its edge goes on.
    """
    count, side = len(faces), faces.shape[-1]
    drawn = torch.rand(count, 12, generator=generator)
    even = drawn[:, :6] * 2 - 1  # -1..1
    mirror = torch.where(drawn[:, 6] < 0.5, -1.0, 1.0) if shake.flip else torch.ones(count)
    angle, size = even[:, 0] * shake.turn * (math.pi / 180), 1 / (1 + even[:, 1] * shake.scale)
    cosine, sine = torch.cos(angle) * size, torch.sin(angle) * size
    across, down = even[:, 2] * 2 * shake.shift, even[:, 3] * 2 * shake.shift
    # From a place in what is made, in -1..1, to the place in the face that is seen there.
    rows = [cosine * mirror, sine, across, -sine * mirror, cosine, down]
    matrix = torch.stack(rows, dim=1).view(-1, 2, 3).to(faces.device)
    grid = F.affine_grid(matrix, [count, 1, side, side], align_corners=False)
    seen = F.grid_sample(
        faces.float().unsqueeze(1), grid, "bilinear", padding_mode="border", align_corners=False
    ).squeeze(1)
    if shake.light:
        gain, offset = (1 + shake.light * even[:, 4], 255 * shake.light * even[:, 5])
        mean = seen.mean((1, 2), keepdim=True)
        seen = (seen - mean) * _spread(gain, seen) + mean + _spread(offset, seen)
        seen = seen.clamp(0, 255)
    return _erased(seen, shake.erase, drawn[:, 7:]) if shake.erase else seen


def _spread(values: Tensor, like: Tensor) -> Tensor:
    return values.to(like.device)[:, None, None]


def _erased(faces: Tensor, share: float, drawn: Tensor) -> Tensor:
    """Some faces with a rectangle of their own mean grey; `drawn` is (B, 5) in 0..1."""
    side = faces.shape[-1]
    places = torch.arange(side, device=faces.device) / side
    inside = []
    for axis in (0, 1):
        extent = 0.1 + 0.4 * drawn[:, 1 + axis]
        start = drawn[:, 3 + axis] * (1 - extent)
        low, high = (value.to(faces.device)[:, None] for value in (start, start + extent))
        inside.append((places >= low) & (places < high))  # (B, P)
    some = (drawn[:, 0] < share).to(faces.device)[:, None, None]
    hole = inside[0][:, :, None] & inside[1][:, None, :] & some
    return torch.where(hole, faces.mean((1, 2), keepdim=True), faces)
