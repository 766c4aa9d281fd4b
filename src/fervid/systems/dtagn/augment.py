"""The fourteen copies of a clip [1, Sec. 3.4], made batch by batch where the batch lies.

Copy 2 i + f is kind i = 0..6 of a clip, mirrored where f = 1. Kind 0 is the clip itself. The other
six are, for pictures, a turn by one of six angles; for landmarks, three times noise and three
times a turn.
"""

import math

import torch
from torch import Tensor

from fervid.faces.points68 import POINTS_49
from fervid.faces.points68 import mirrored as mirror_places
from fervid.learning.augment import mirrored, rotated, turned

COPIES = 14
# Degrees, by kind.
ANGLES = (0, -15, -10, -5, 5, 10, 15)
# Kinds of landmark copies: 1..3 with noise, 4..6 turned.
NOISY, TURNED = 1, 4


def pictures(faces: Tensor, copy: Tensor, size: int) -> Tensor:
    """The asked copies of grey films, as the appearance network takes them.

    Departure 5: each film is brought to mean 0 and standard deviation 1 over all its pixels.

    Args:
        faces: (B, T, P, P) uint8, P = size + margin on both sides.
        copy: (B,) int64 in 0..13.

    Returns:
        (B, T, size, size) float32.
    """
    angle = torch.tensor(ANGLES, device=faces.device)[copy // 2] * (math.pi / 180)
    seen = turned(faces, angle, copy % 2 == 1, size)
    mean = seen.mean((1, 2, 3), keepdim=True)
    spread = seen.std((1, 2, 3), keepdim=True).clamp(min=1)
    return (seen - mean) / spread


def trajectories(
    points: Tensor, copy: Tensor, generator: torch.Generator, noise: float, turn: float
) -> Tensor:
    """The asked copies of normalised landmark trajectories.

    Args:
        points: (B, T, 49, 2) float32.
        copy: (B,) int64 in 0..13.
        generator: on the CPU, so that every device draws the same.
        noise: standard deviation of the added noise [1, Eq. 5].
        turn: angles are uniform in [-turn, turn], radians, one for each frame [1, Eq. 6].
    """
    kind = (copy // 2)[:, None]
    angle = (torch.rand(points.shape[:2], generator=generator) * 2 - 1) * turn
    drawn = torch.randn(points.shape, generator=generator) * noise
    angle, drawn = angle.to(points.device), drawn.to(points.device)
    points = points + torch.where((kind >= NOISY) & (kind < TURNED), 1, 0)[..., None, None] * drawn
    angle = torch.where(kind >= TURNED, angle, 0)
    exchange = torch.tensor(mirror_places(POINTS_49), device=points.device)
    return mirrored(rotated(points, angle), copy % 2 == 1, exchange)
