"""The fourteen copies of a clip [1, Sec. 3.4], made batch by batch on the batch's device.

Copy 2 i + f is kind i = 0..6 of a clip, mirrored if f = 1. Kind 0 is the clip itself. The other six
kinds rotate pictures by one of six angles each; for landmarks, three kinds add noise and three
rotate.
"""

import math

import torch
from torch import Tensor

from fervid.faces.points68 import POINTS_49
from fervid.faces.points68 import mirrored as mirror_places
from fervid.learning.augment import mirrored, rotated, turned

COPIES = 14
# Rotation of pictures in degrees, by kind.
ANGLES = (0, -15, -10, -5, 5, 10, 15)
# First kind of landmark copies with noise (1..3), and first rotated one (4..6).
NOISY, TURNED = 1, 4


def pictures(faces: Tensor, copy: Tensor, size: int) -> Tensor:
    """One copy of each grey film, as the appearance network takes it.

    Departure 5: each film is normalised to mean 0 and standard deviation 1 over all its pixels.

    Args:
        faces: (B, T, P, P) uint8, where P is `size` plus the margins on both sides.
        copy: (B,) int64 in 0..13, the copy to make of each film.
        size: side of the films returned, in pixels.

    Returns:
        (B, T, size, size) float32.
    """
    angle = torch.tensor(ANGLES, device=faces.device)[copy // 2] * (math.pi / 180)
    films = turned(faces, angle, copy % 2 == 1, size)
    mean = films.mean((1, 2, 3), keepdim=True)
    std = films.std((1, 2, 3), keepdim=True).clamp(min=1)
    return (films - mean) / std


def trajectories(
    points: Tensor, copy: Tensor, generator: torch.Generator, noise: float, turn: float
) -> Tensor:
    """One copy of each normalised landmark trajectory.

    Args:
        points: (B, T, 49, 2) float32.
        copy: (B,) int64 in 0..13, the copy to make of each trajectory.
        generator: on the CPU, so that every device draws the same numbers.
        noise: standard deviation of the added noise [1, Eq. 5].
        turn: each frame's angle is uniform in [-turn, turn], in radians [1, Eq. 6].
    """
    kind = (copy // 2)[:, None]
    angle = (torch.rand(points.shape[:2], generator=generator) * 2 - 1) * turn
    offset = torch.randn(points.shape, generator=generator) * noise
    angle, offset = angle.to(points.device), offset.to(points.device)
    points = points + torch.where((kind >= NOISY) & (kind < TURNED), 1, 0)[..., None, None] * offset
    angle = torch.where(kind >= TURNED, angle, 0)
    exchange = torch.tensor(mirror_places(POINTS_49), device=points.device)
    return mirrored(rotated(points, angle), copy % 2 == 1, exchange)
