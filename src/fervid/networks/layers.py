"""Layers that torch does not offer."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def window(size: int) -> Tensor:
    """(size,) Gaussian weights along one axis, with sum 1.

    Args:
        size: width in pixels, odd; equal to four standard deviations, two on each side.
    """
    places = torch.arange(size) - (size - 1) / 2
    weights = torch.exp(-(places**2) / (2 * (size / 4) ** 2))
    return weights / weights.sum()


class Centre(nn.Module):
    """Subtracts the mean of the training data, which is set once and saved with the weights.

    Args:
        shape: shape of one sample.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.mean: Tensor
        self.register_buffer("mean", torch.zeros(shape))

    def forward(self, x: Tensor) -> Tensor:
        """(B, ...) to the same shape."""
        return x - self.mean


class LocalContrast(nn.Module):
    """Local contrast normalisation, subtractive then divisive (Jarrett et al., ICCV 2009).

    v = x - sum w x and y = v / max(c, s), where s = sqrt(sum w v^2) and c is the mean of s over
    the picture; the sums run over the C maps and a window of n x n around a pixel, with weights
    that sum to 1.
    At the picture's border the window is cut off and its weights still sum to 1.

    Args:
        size: n, odd.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        self.taps: Tensor
        self.register_buffer("taps", window(size), persistent=False)

    def extra_repr(self) -> str:
        """Text shown by `repr`."""
        return str(self.size)

    def _local_mean(self, x: Tensor) -> Tensor:
        """Weighted mean in each map's window, (B, C, H, W) to the same shape."""
        half, (height, width) = self.size // 2, x.shape[2:]
        taps = self.taps.to(x.dtype)
        maps = torch.cat([x.reshape(-1, 1, height, width), x.new_ones(1, 1, height, width)])
        maps = F.conv2d(maps, taps.view(1, 1, -1, 1), padding=(half, 0))
        maps = F.conv2d(maps, taps.view(1, 1, 1, -1), padding=(0, half))
        return (maps[:-1] / maps[-1:]).view(x.shape)

    def _scale_and_shift(self, mean: Tensor, square: Tensor) -> tuple[Tensor, Tensor]:
        """The scale and shift in y = scale x + shift, from the moments of x over the maps.

        Args:
            mean: (B, 1, H, W) mean of x.
            square: (B, 1, H, W) mean of x^2.
        """
        local = self._local_mean(mean)
        # The mean of v^2 = (x - local)^2 over the maps, from the moments of x alone.
        energy = (square - 2 * local * mean + local.square()).clamp(min=0)
        # In a flat region s = 0, where the root has an infinite slope; 1e-8 keeps it finite.
        spread = torch.sqrt(self._local_mean(energy) + 1e-8)
        scale = 1 / torch.maximum(spread, spread.mean((2, 3), keepdim=True))
        return scale, -local * scale

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        out: Tensor = _AcrossMaps.apply(x, self._scale_and_shift)  # type: ignore[no-untyped-call]
        return out


class _AcrossMaps(torch.autograd.Function):
    """y = scale x + shift, where scale and shift have one map and depend on two moments of x.

    Equivalent to autograd, with a third of its passes over the C maps. A separate product and sum
    are used because torch vectorises them for pixel-major memory, but not its addcmul.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, scale_and_shift: Any) -> Tensor:
        mean = x.mean(1, keepdim=True, dtype=torch.float32)
        square = torch.linalg.vector_norm(x, dim=1, keepdim=True, dtype=torch.float32).square()
        moments = mean.requires_grad_(), (square / x.shape[1]).requires_grad_()
        with torch.enable_grad(), torch.autocast(x.device.type, enabled=False):
            inner = scale_and_shift(*moments)
        scale, shift = (part.detach().to(x.dtype) for part in inner)
        ctx.save_for_backward(x, scale)
        ctx.moments, ctx.inner = moments, inner
        out: Tensor = (x * scale).add_(shift)
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        x, scale = ctx.saved_tensors
        outer = ((grad * x).sum(1, keepdim=True), grad.sum(1, keepdim=True))
        mean, square = torch.autograd.grad(ctx.inner, ctx.moments, [part.float() for part in outer])
        maps = x.shape[1]
        slope = (x * (square * (2 / maps)).to(x.dtype)).add_((mean / maps).to(x.dtype))
        slope += grad * scale
        return slope, None
