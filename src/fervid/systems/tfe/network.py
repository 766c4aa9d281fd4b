"""The two networks of paper 5 and their tandem: modules from pictures to logits.

Every network takes unnormalised grey faces, (B, P, P) in 0..255, and normalises them itself. Each
pixel's mean and standard deviation in training are saved with the weights [5, Sec. 4.3].
"""

from typing import TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from fervid.errors import InputError
from fervid.systems.tfe.notation import parse
from fervid.systems.tfe.recipe import Recipe

# Convolutions (filters, side) of the identity network, from [10] of [5]. Each of the first three is
# followed by 2 x 2 max pooling. The third shares weights within 2 x 2 places, the fourth nowhere.
DEEPID = ((20, 4), (40, 3), (60, 3), (80, 2))
IDENTITY = 160


class Standardise(nn.Module):
    """Subtracts each pixel's training mean and divides by its training standard deviation.

    Args:
        size: side of the picture in pixels.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.mean: Tensor
        self.deviation: Tensor
        self.register_buffer("mean", torch.zeros(size, size))
        self.register_buffer("deviation", torch.ones(size, size))

    def learn(self, faces: NDArray[np.uint8]) -> None:
        """Set mean and deviation from training faces (N, P', P'), which may be a memory map."""
        total, square = np.zeros((2, *faces.shape[1:]))
        for start in range(0, len(faces), 1024):
            batch = np.asarray(faces[start : start + 1024], np.float64)
            total += batch.sum(0)
            square += (batch**2).sum(0)
        mean = total / max(len(faces), 1)
        # At least 1, because a pixel that never changes has no deviation to divide by.
        deviation = np.sqrt(np.maximum(square / max(len(faces), 1) - mean**2, 1))
        for buffer, values in ((self.mean, mean), (self.deviation, deviation)):
            grid = torch.from_numpy(values)[None]
            buffer.copy_(F.adaptive_avg_pool2d(grid, buffer.shape[-1])[0])

    def forward(self, faces: Tensor) -> Tensor:
        """(B, P, P) in 0..255 to (B, 1, P, P)."""
        return ((faces.float() - self.mean) / self.deviation).unsqueeze(1)


class Block(nn.Module):
    """relu(BN(conv(relu(BN(conv(x))))) + shortcut), the shortcut x or BN(conv 1 x 1) [5, Fig. 4].

    Departure 3: in a projection block, the first 3 x 3 convolution and the 1 x 1 have stride two.
    The second 3 x 3 cannot, or the two branches would end with different sizes.
    """

    def __init__(self, before: int, filters: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Sequential(*_conv(before, filters, 3, stride), nn.ReLU(inplace=True))
        self.second = nn.Sequential(*_conv(filters, filters, 3))
        project = stride > 1 or before != filters
        self.stride = stride
        self.shortcut = nn.Sequential(*_conv(before, filters, 1) if project else ())

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, n, H / stride, W / stride)."""
        # The stride of the 1 x 1 is done by slicing: in channels-last memory, oneDNN's strided
        # 1 x 1 writes out of bounds (torch 2.13, few filters: the backward pass kills the process).
        shortcut = self.shortcut(x[:, :, :: self.stride, :: self.stride])
        return F.relu(self.second(self.first(x)) + shortcut, inplace=True)


def _conv(before: int, filters: int, side: int, stride: int = 1) -> tuple[nn.Module, nn.Module]:
    conv = nn.Conv2d(before, filters, side, stride, padding=side // 2, bias=False)
    nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
    return conv, nn.BatchNorm2d(filters)


class Emotion(nn.Module):
    """A residual network without max pooling, ending in the mean over the map [5, Sec. 3.1].

    Args:
        text: the layers, see `notation.py`.
        size: side of the face in pixels.
    """

    def __init__(self, text: str, size: int) -> None:
        super().__init__()
        layers = parse(text)
        self.standardise = Standardise(size)
        parts: list[nn.Module] = []
        before = 1
        for kind, filters, stride in layers:
            if kind == "C":
                parts += [*_conv(before, filters, 3, stride), nn.ReLU(inplace=True)]
            else:
                parts.append(Block(before, filters, stride))
            before = filters
        self.layers = nn.Sequential(*parts)
        self.width = before

    def forward(self, faces: Tensor) -> Tensor:
        """(B, P, P) in 0..255 to the emotion feature, (B, n); n = 64 in the paper."""
        maps: Tensor = self.layers(self.standardise(faces))
        return maps.mean((2, 3))


class LocalConv(nn.Module):
    """A convolution whose weights are shared only within regions of the map ([10] of [5]).

    Args:
        before, filters: maps in and out.
        kernel: side of a filter in pixels; there is no padding.
        side: side of the output map, a multiple of `region`.
        region: side of a region in pixels; 1 shares nothing.
    """

    def __init__(self, before: int, filters: int, kernel: int, side: int, region: int) -> None:
        super().__init__()
        if side % region:
            raise InputError(
                f"a map of {side} pixels is not a whole number of regions of {region}: choose "
                "another input size for the identity network"
            )
        self.kernel, self.count, self.region = kernel, side // region, region
        inside = before * kernel**2
        regions = self.count**2
        self.weight = nn.Parameter(torch.randn(regions, inside, filters) * (2 / inside) ** 0.5)
        self.bias = nn.Parameter(torch.zeros(regions, 1, filters))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, filters, side, side)."""
        n, r = self.count, self.region
        patches = F.unfold(x, self.kernel)  # (B, C k k, side side)
        inside, filters = self.weight.shape[1:]
        # By region: (n n, B r r, C k k).
        patches = patches.reshape(-1, inside, n, r, n, r).permute(2, 4, 0, 3, 5, 1)
        maps = torch.baddbmm(self.bias, patches.reshape(n * n, -1, inside), self.weight)
        maps = maps.reshape(n, n, -1, r, r, filters).permute(2, 5, 0, 3, 1, 4)
        return maps.reshape(-1, filters, n * r, n * r)


class DeepID(nn.Module):
    """Four convolutions, and 160 units fully connected to the third and the fourth ([10] of [5]).

    Args:
        size: side of the input face in pixels; larger faces are shrunk to it.
        local: share the weights of the third convolution only locally and those of the fourth not
            at all, as in [10].
    """

    def __init__(self, size: int = 48, local: bool = True) -> None:
        super().__init__()
        self.size, self.local = size, local
        self.standardise = Standardise(size)
        sides, side = [], size
        for place, (_, kernel) in enumerate(DEEPID):
            side = side - kernel + 1
            sides.append(side)
            side = side // 2 if place < 3 else side
        if side < 1:
            raise InputError(f"DeepID needs faces of at least 32 px, got {size}")
        (a, k1), (b, k2), (c, k3), (d, k4) = DEEPID
        self.low = nn.Sequential(
            nn.Conv2d(1, a, k1), nn.ReLU(inplace=True), nn.MaxPool2d(2),
            nn.Conv2d(a, b, k2), nn.ReLU(inplace=True), nn.MaxPool2d(2),
        )  # fmt: skip
        third: nn.Module = nn.Conv2d(b, c, k3)
        fourth: nn.Module = nn.Conv2d(c, d, k4)
        if local:
            third = LocalConv(b, c, k3, sides[2], region=2)
            fourth = LocalConv(c, d, k4, sides[3], region=1)
        self.third = nn.Sequential(third, nn.ReLU(inplace=True), nn.MaxPool2d(2))
        self.fourth = nn.Sequential(fourth, nn.ReLU(inplace=True))
        inside = c * (sides[2] // 2) ** 2 + d * sides[3] ** 2
        self.top = nn.Linear(inside, IDENTITY)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(layer.weight)
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, faces: Tensor) -> Tensor:
        """(B, P, P) in 0..255 to the identity feature (B, 160), which is >= 0."""
        if faces.shape[-1] != self.size:
            faces = F.adaptive_avg_pool2d(faces.float().unsqueeze(1), self.size).squeeze(1)
        third = self.third(self.low(self.standardise(faces)))
        both = torch.cat([third.flatten(1), self.fourth(third).flatten(1)], dim=1)
        return F.relu(self.top(both))


class Alone(nn.Module):
    """A network and a linear layer on top, with which each part is trained separately."""

    def __init__(self, body: Emotion | DeepID, labels: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.body: Emotion | DeepID = body
        width = body.width if isinstance(body, Emotion) else IDENTITY
        self.dropout, self.top = nn.Dropout(dropout), nn.Linear(width, labels)

    def forward(self, faces: Tensor) -> Tensor:
        """(B, P, P) in 0..255 to logits, (B, K)."""
        logits: Tensor = self.top(self.dropout(self.body(faces)))
        return logits


class Tandem(nn.Module):
    """Both features, batch-normalised and concatenated, and a linear layer on top [5, Sec. 3.2].

    The tandem feature has 160 + 64 = 224 numbers.

    Args:
        identity, emotion: the two networks.
        labels: K.
        dropout: probability of dropping a number of the identity feature [5, Sec. 4.2].
    """

    def __init__(self, identity: DeepID, emotion: Emotion, labels: int, dropout: float) -> None:
        super().__init__()
        self.identity, self.emotion = identity, emotion
        self.scale_identity = nn.BatchNorm1d(IDENTITY)
        self.scale_emotion = nn.BatchNorm1d(emotion.width)
        # Departure 4: after the normalisation, whose moments it would otherwise change.
        self.dropout = nn.Dropout(dropout)
        self.top = nn.Sequential(nn.Linear(IDENTITY + emotion.width, labels))

    def feature(self, faces: Tensor) -> Tensor:
        """(B, P, P) in 0..255 to the tandem feature, (B, 224)."""
        identity = self.dropout(self.scale_identity(self.identity(faces)))
        return torch.cat([identity, self.scale_emotion(self.emotion(faces))], dim=1)

    def forward(self, faces: Tensor) -> Tensor:
        """(B, P, P) in 0..255 to logits, (B, K)."""
        logits: Tensor = self.top(self.feature(faces))
        return logits


class Linear(nn.Module):
    """A linear classifier on only the identity feature: the transfer baseline [5, Table 5].

    Its "logits" are the margins of one support vector machine per label against all others.
    """

    def __init__(self, identity: DeepID, labels: int) -> None:
        super().__init__()
        self.identity = identity
        self.top = nn.Linear(IDENTITY, labels)

    def forward(self, faces: Tensor) -> Tensor:
        """(B, P, P) in 0..255 to margins, (B, K)."""
        margins: Tensor = self.top(self.identity(faces))
        return margins


N = TypeVar("N", bound=nn.Module)


def channels_last(net: N) -> N:
    """Convert to channels-last memory, fastest for convolutions on CPUs and on GPUs in bf16."""
    return net.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def resnet(recipe: Recipe, labels: int) -> Alone:
    """The residual network with its own linear layer, untrained."""
    return channels_last(Alone(Emotion(recipe.emotion.layers, recipe.input.size), labels))


def build(recipe: Recipe, name: str, labels: int) -> nn.Module:
    """An untrained network of the system, by its name in `recipe.OUTPUTS`."""
    if name == "resnet":
        return resnet(recipe, labels)
    people = DeepID(recipe.identity.size, recipe.identity.local)
    if name == "svm":
        return channels_last(Linear(people, labels))
    emotion = Emotion(recipe.emotion.layers, recipe.input.size)
    return channels_last(Tandem(people, emotion, labels, recipe.tandem.dropout))
