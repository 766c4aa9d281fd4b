"""Batches as the networks take them, made on the device that holds the samples."""

import torch
from torch import Tensor

from fervid.faces.points68 import MIRROR, PARTS


def point_weights(parts: tuple[float, ...]) -> Tensor:
    """(68,): the weight of each point.

    Args:
        parts: weights of jaw, brows, nose, eyes and lips.
    """
    return torch.tensor(
        [weight for part, weight in zip(PARTS.values(), parts, strict=True) for _ in part]
    )


def films(codes: Tensor, mirror: Tensor, table: Tensor, shift: Tensor, size: int) -> Tensor:
    """Crop films of codes at a shift and mirror some of them, without interpolating codes.

    Args:
        codes: (B, T, P, P) uint8.
        mirror: (B,) bool, which films to mirror.
        table: (256,) uint8, the value that each value becomes when mirrored.
        shift: (B, 2) int64, first row and column of the crop, in 0..P - size.
        size: side of the crop in pixels.

    Returns:
        (B, T, size, size) uint8.
    """
    steps = torch.arange(size, device=codes.device)
    rows = shift[:, 0, None] + steps  # (B, size)
    columns = shift[:, 1, None] + torch.where(mirror[:, None], steps.flip(0), steps)
    sample = torch.arange(len(codes), device=codes.device)[:, None, None]
    # Torch puts index dimensions before the slice: (B, size, size, T).
    cropped = codes[sample, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
    return torch.where(mirror[:, None, None, None], table[cropped.int()], cropped)


def placed(points: Tensor, mirror: Tensor, angle: Tensor, noise: Tensor) -> Tensor:
    """Rotate points about the square's centre, mirror some of them, and add noise.

    Args:
        points: (B, 2, 68, 2) in units of the square's side, 0..1.
        mirror: (B,) bool, which samples to mirror.
        angle: (B,) radians, the same for both frames of a sample.
        noise: added to the points; the shape of `points`.
    """
    exchange = torch.tensor(MIRROR, device=points.device)
    centred = points - 0.5
    mirrored = centred[:, :, exchange] * centred.new_tensor([-1.0, 1.0])
    centred = torch.where(mirror[:, None, None, None], mirrored, centred)
    cosine, sine = torch.cos(angle), torch.sin(angle)
    matrix = torch.stack([cosine, -sine, sine, cosine], dim=-1).view(-1, 2, 2)
    return torch.einsum("bij,bflj->bfli", matrix, centred) + noise + 0.5


def moves(points: Tensor, weights: Tensor) -> Tensor:
    """Movement of each point from rest to peak, whatever the face's position and size.

    Args:
        points: (B, 2, 68, 2), non-peak and peak, any unit.
        weights: (68,).

    Returns:
        (B, 136), ten times the weighted movement in units of the face's size, so of order 1.
    """
    centred = points - points.mean(2, keepdim=True)
    size = centred.square().sum(3).mean(2).sqrt()[..., None, None]  # (B, 2, 1, 1)
    shapes = centred / size.clamp(min=1e-6)
    moved = (shapes[:, 1] - shapes[:, 0]) * weights.to(points.device)[:, None]
    return 10 * moved.flatten(1)


def difference(points: Tensor, weights: Tensor, size: int, spot: float) -> Tensor:
    """Landmark-difference images: weighted spots at the peak's points minus those at rest.

    D(y, x) = sum_l w_l (g(|(x, y) - p_l|) - g(|(x, y) - n_l|)), where p are the landmarks of the
    peak frame, n those of the non-peak frame and g(d) = exp(-d^2 / 2 s^2) [2, Sec. 3.2].
    Departure 6: this way of drawing the images is ours.

    Args:
        points: (B, 2, 68, 2), non-peak and peak, in units of the square's side, 0..1.
        weights: (68,).
        size: side of the image in pixels.
        spot: s, in units of the square's side.

    Returns:
        (B, 1, size, size).
    """
    places = (torch.arange(size, device=points.device) + 0.5) / size
    # A spot is the product of its profiles along both axes: (B, 2, 68, size) each.
    across, down = (
        torch.exp(-((places - points[..., axis, None]) ** 2) / (2 * spot**2)) for axis in (0, 1)
    )
    sign = torch.tensor([-1.0, 1.0], device=points.device)
    signed = down * (sign[:, None] * weights.to(points.device))[..., None]
    return torch.einsum("bfly,bflx->byx", signed, across)[:, None]
