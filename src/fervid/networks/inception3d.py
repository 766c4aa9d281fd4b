"""The modules of the 3D Inception-ResNet, one class each.

Sizes are those of Hasani and Mahoor, CVPR Workshops 2017, Fig. 2, which shows every module once.
A module works on (B, C, T, H, W); kernels are written T x H x W, and the stride along time is 1.
"Same" padding is symmetric, which gives the printed sizes; where a stride halves an even length,
TensorFlow's padding would begin one pixel later.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

Kernel = tuple[int, int, int]
POINT: Kernel = (1, 1, 1)
CUBE: Kernel = (3, 3, 3)


@dataclass(frozen=True)
class Style:
    """Settings shared by all modules of a network.

    Args:
        width: factor for every printed number of filters; 1 is as printed.
        time: True for kernels that extend over time as printed. False applies the same 2D network
            to each frame, and "valid" padding then drops no frame.
    """

    width: float = 1.0
    time: bool = True

    def filters(self, printed: int) -> int:
        """Number of filters to use in place of the printed number."""
        return max(1, round(printed * self.width))


class Convolution(nn.Sequential):
    """Convolution, batch norm and ReLU, or a convolution alone.

    Args:
        inside, outside: number of input and output channels.
        kernel: printed kernel size over time, height and width.
        stride: stride over height and width.
        valid: True for no padding, False for "same" padding.
        linear: True for the convolution alone, with a bias.
    """

    def __init__(
        self,
        inside: int,
        outside: int,
        kernel: Kernel,
        style: Style,
        *,
        stride: int = 1,
        valid: bool = False,
        linear: bool = False,
    ) -> None:
        size = kernel if style.time else (1, *kernel[1:])
        padding = (0, 0, 0) if valid else (size[0] // 2, size[1] // 2, size[2] // 2)
        layers: list[nn.Module] = [
            nn.Conv3d(inside, outside, size, (1, stride, stride), padding, bias=linear)
        ]
        if not linear:
            layers += [nn.BatchNorm3d(outside), nn.ReLU(inplace=True)]
        super().__init__(*layers)
        # He et al., ICCV 2015; a linear layer has no ReLU to compensate for.
        weight = layers[0].weight
        nn.init.kaiming_normal_(weight, nonlinearity="linear" if linear else "relu")  # type: ignore[arg-type]
        if linear:
            nn.init.constant_(layers[0].bias, 0)  # type: ignore[arg-type]


def chain(inside: int, style: Style, *layers: tuple[int, Kernel], last: int = 1) -> nn.Sequential:
    """Convolutions in sequence.

    Args:
        inside: channels of the first convolution's input.
        layers: printed number of filters and kernel of each convolution.
        last: stride of the last convolution, which has "valid" padding if this is above 1.
    """
    convolutions = []
    for place, (printed, kernel) in enumerate(layers, 1):
        outside = style.filters(printed)
        stride = last if place == len(layers) else 1
        convolutions.append(
            Convolution(inside, outside, kernel, style, stride=stride, valid=stride > 1)
        )
        inside = outside
    return nn.Sequential(*convolutions)


def pooling(stride: int) -> nn.MaxPool3d:
    """Max pooling over 1 x 3 x 3 with "same" padding; the figure does not say which pooling."""
    return nn.MaxPool3d((1, 3, 3), (1, stride, stride), (0, 1, 1))


class Stem(nn.Sequential):
    """10 x 299 x 299 x 3 to 10 x 38 x 38 x 192.

    Args:
        inside: number of input channels; 3 as printed.
    """

    def __init__(self, style: Style, inside: int = 3) -> None:
        first, self.outside = style.filters(96), style.filters(192)
        super().__init__(
            Convolution(inside, first, (7, 7, 7), style, stride=2),
            pooling(stride=2),
            Convolution(first, self.outside, (5, 5, 5), style, stride=2),
            pooling(stride=1),
        )


class Residual(nn.Module):
    """y = w * relu(x) + join(branches(relu(x))) [3, Eq. 3]; the next module applies f, its ReLU.

    Args:
        branches: parallel branches.
        join: layer over the concatenated channels of all branches.
        outside: number of output channels.
    """

    def __init__(self, branches: list[nn.Module], join: nn.Module, outside: int) -> None:
        super().__init__()
        self.branches, self.join, self.outside = nn.ModuleList(branches), join, outside

    def forward(self, x: Tensor, weights: Tensor | None = None) -> Tensor:
        """(B, C, T, H, W) to the same shape.

        Args:
            weights: (B, T, H, W) weights of the shortcut, shared by all channels; None for 1.
        """
        x = torch.relu(x)
        joined: Tensor = self.join(torch.cat([branch(x) for branch in self.branches], dim=1))
        return joined + (x if weights is None else x * weights[:, None].to(x.dtype))


class ModuleA(Residual):
    """3DIR-A, 10 x 38 x 38 x 192."""

    def __init__(self, inside: int, style: Style) -> None:
        branches: list[nn.Module] = [
            chain(inside, style, (32, POINT)),
            # The figure omits the second number of filters; the size of the join implies 32.
            chain(inside, style, (32, POINT), (32, CUBE)),
            chain(inside, style, (32, POINT), (48, CUBE), (64, CUBE)),
        ]
        joined = sum(style.filters(n) for n in (32, 32, 64))
        super().__init__(branches, Convolution(joined, inside, POINT, style, linear=True), inside)


class ModuleB(Residual):
    """3DIR-B, 8 x 18 x 18 x 576."""

    def __init__(self, inside: int, style: Style) -> None:
        branches: list[nn.Module] = [
            chain(inside, style, (192, POINT)),
            chain(inside, style, (128, POINT), (128, (1, 1, 7)), (192, (1, 7, 1))),
        ]
        joined = 2 * style.filters(192)
        super().__init__(branches, Convolution(joined, inside, POINT, style, linear=True), inside)


class ModuleC(Residual):
    """3DIR-C, 6 x 8 x 8 x 1072; unweighted shortcut, and a join that is not marked as linear.

    Departure 5 of ir3d: the join has batch norm and ReLU.
    """

    def __init__(self, inside: int, style: Style) -> None:
        branches: list[nn.Module] = [
            chain(inside, style, (192, POINT)),
            chain(inside, style, (192, POINT), (224, (1, 1, 3)), (256, (1, 3, 1))),
        ]
        joined = style.filters(192) + style.filters(256)
        super().__init__(branches, Convolution(joined, inside, POINT, style), inside)


class Reduction(nn.Module):
    """Parallel branches; each drops the first and last frame and halves height and width."""

    def __init__(self, branches: list[nn.Module], outside: int) -> None:
        super().__init__()
        self.branches, self.outside = nn.ModuleList(branches), outside

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T, H, W) to (B, C', T - 2, (H - 1) // 2, (W - 1) // 2)."""
        x = torch.relu(x)
        return torch.cat([branch(x) for branch in self.branches], dim=1)


class ReductionA(Reduction):
    """10 x 38 x 38 x 192 to 8 x 18 x 18 x 576."""

    def __init__(self, inside: int, style: Style) -> None:
        branches: list[nn.Module] = [
            chain(inside, style, (128, CUBE), (192, CUBE), last=2),
            chain(inside, style, (192, CUBE), last=2),
            chain(inside, style, (128, POINT), (128, CUBE), (192, CUBE), last=2),
        ]
        super().__init__(branches, 3 * style.filters(192))


class ReductionB(Reduction):
    """8 x 18 x 18 x 576 to 6 x 8 x 8 x 1072."""

    def __init__(self, inside: int, style: Style) -> None:
        branches: list[nn.Module] = [
            chain(inside, style, (144, POINT), (576, CUBE), last=2),
            # Printed as 3x3; the time axis goes from 8 to 6 frames.
            chain(inside, style, (128, CUBE), (192, CUBE), last=2),
            chain(inside, style, (128, POINT), (144, CUBE), last=2),
            chain(inside, style, (128, POINT), (144, CUBE), (160, CUBE), last=2),
        ]
        super().__init__(branches, sum(style.filters(n) for n in (576, 192, 144, 160)))
