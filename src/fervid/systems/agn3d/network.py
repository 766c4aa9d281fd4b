"""3DAGN's networks: network 1 for films, network 2 for landmark-difference images [2]."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from fervid.errors import InputError
from fervid.networks.inception3d import (
    ModuleA,
    ModuleB,
    ModuleC,
    ReductionA,
    ReductionB,
    Stem,
    Style,
)
from fervid.networks.vgg import VGG16, scaled
from fervid.systems.agn3d.joint import pairs
from fervid.systems.agn3d.recipe import Geometry, Recipe

# The modules of [3, Fig. 2] that may follow the stem.
Module = type[ModuleA | ReductionA | ModuleB | ReductionB | ModuleC]
MODULES: Mapping[str, Module] = {
    "A": ModuleA,
    "RA": ReductionA,
    "B": ModuleB,
    "RB": ReductionB,
    "C": ModuleC,
}


class ShallowInception(nn.Module):
    """The 3D Inception-ResNet of [3] with fewer modules and no landmarks or LSTM [2, Sec. 3.1].

    Departure 3: the paper does not say which modules remain (Fig. 3 shows only blocks) or what the
    head is. The head here is ReLU, the mean over time and space, dropout and one linear layer.

    Args:
        modules: modules after the stem, such as "A-RA-B"; all five of [3] are "A-RA-B-RB-C".
        labels: K.
        style: width and kind of the modules, see `inception3d`.
        dropout: probability of dropping a feature before the linear layer.
    """

    def __init__(self, modules: str, labels: int, style: Style, dropout: float) -> None:
        super().__init__()
        stem = Stem(style, inside=1)
        layers: list[nn.Module] = [stem]
        channels = stem.outside
        for name in modules.split("-"):
            if name not in MODULES:
                raise InputError(
                    f"{modules!r} is not a list of modules: join some of {', '.join(MODULES)} by -"
                )
            module = MODULES[name](channels, style)
            layers.append(module)
            channels = module.outside
        self.layers = nn.Sequential(*layers)
        self.dropout = nn.Dropout(dropout)
        self.top = nn.Linear(channels, labels)

    def forward(self, films: Tensor) -> Tensor:
        """(B, T, H, W) to logits (B, K)."""
        maps = torch.relu(self.layers(films[:, None]))  # (B, C, T', H', W')
        logits: Tensor = self.top(self.dropout(maps.mean((2, 3, 4))))
        return logits


class FourConvolutions(nn.Module):
    """The network of the paper's own experiment [2, Sec. 4.1, Fig. 5].

    Four 3 x 3 x 3 convolutions, three 2 x 2 x 2 max poolings, one batch norm, two fully connected
    layers with dropout. Departure 4: the text does not give Fig. 5's order and numbers. Poolings
    round odd lengths up, because three frames would otherwise not survive them.

    Args:
        maps: channels out of the four convolutions; poolings follow the first, second and fourth.
        hidden: units of the first fully connected layer.
        labels: K.
        frames: T of the films.
        size: side of the films in pixels.
        dropout: probability of dropping a hidden unit.
    """

    def __init__(
        self,
        maps: tuple[int, ...],
        hidden: int,
        labels: int,
        frames: int,
        size: int,
        dropout: float,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inside = 1
        for place, outside in enumerate(maps):
            layers += [
                # Pad time separately: oneDNN computes wrong bf16 weight gradients if its own
                # padding is what makes two frames fit a kernel of three (torch 2.13).
                nn.ConstantPad3d((0, 0, 0, 0, 1, 1), 0.0),
                nn.Conv3d(inside, outside, 3, padding=(0, 1, 1)),
                nn.ReLU(inplace=True),
            ]
            if place != 2:
                layers.append(nn.MaxPool3d(2, ceil_mode=True))
                frames, size = -(-frames // 2), -(-size // 2)
            inside = outside
        self.layers = nn.Sequential(*layers, nn.BatchNorm3d(inside), nn.Flatten())
        self.hidden = nn.Sequential(
            nn.Linear(inside * frames * size * size, hidden), nn.ReLU(), nn.Dropout(dropout)
        )
        self.top = nn.Linear(hidden, labels)

    def forward(self, films: Tensor) -> Tensor:
        """(B, T, H, W) to logits (B, K)."""
        logits: Tensor = self.top(self.hidden(self.layers(films[:, None])))
        return logits


class OwnPairs(nn.Module):
    """One two-class VGG16 for every pair of labels, by the pair's index [2, Sec. 3.2].

    A batch gives most of them no gradient, which distributed training of one model does not allow.
    Different folds may still run in different processes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.networks = nn.ModuleDict()

    def forward(self, images: Tensor, pair: Tensor) -> Tensor:
        """Images (B, ...) and pairs (B,) to logits (B, 2), smaller label first."""
        parts, order = [], []
        for number in sorted(set(pair.tolist())):
            rows = (pair == number).nonzero()[:, 0]
            parts.append(self.networks[str(number)](images[rows]))
            order.append(rows)
        return torch.cat(parts)[torch.cat(order).argsort()]


class SharedPairs(nn.Module):
    """One VGG16 shared by all pairs; each pair has its own two logits in the last layer."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor, pair: Tensor) -> Tensor:
        """As `OwnPairs`."""
        logits: Tensor = self.network(images)
        by_pair = logits.view(len(images), -1, 2)  # (B, P, 2)
        return by_pair[torch.arange(len(pair), device=pair.device), pair]


Pairs = OwnPairs | SharedPairs


class Joint(nn.Module):
    """Networks 1 and 2, whose logits network 3 adds [2, Fig. 1]."""

    def __init__(self, appearance: nn.Module, geometry: Pairs) -> None:
        super().__init__()
        self.appearance, self.geometry = appearance, geometry

    def forward(self, films: Tensor, images: Tensor, pair: Tensor) -> tuple[Tensor, Tensor]:
        """Films (B, T, H, W), images (B, 1, H', W') and pairs (B,) to l1 (B, K) and l2 (B, 2)."""
        return self.appearance(films), self.geometry(images, pair)


def network_1(recipe: Recipe, labels: int) -> nn.Module:
    """The appearance network for K labels, untrained [2, Sec. 3.1, 4.1]."""
    part = recipe.appearance
    if part.kind == "inception":
        return ShallowInception(part.modules, labels, Style(part.width), part.dropout)
    maps = tuple(scaled(channels, part.width) for channels in part.maps)
    hidden = scaled(part.hidden, part.width)
    return FourConvolutions(
        maps, hidden, labels, recipe.input.frames, recipe.input.size, part.dropout
    )


def network_2(recipe: Geometry, classes: int = 2) -> nn.Module:
    """A geometric network, untrained [2, Sec. 3.2]."""
    if recipe.sees == "points":  # departure 16: only VGG16's fully connected layers
        hidden = scaled(4096, recipe.width)
        return nn.Sequential(
            nn.Linear(2 * 68, hidden), nn.ReLU(), nn.Dropout(recipe.dropout),
            nn.Linear(hidden, hidden), nn.ReLU(), nn.Dropout(recipe.dropout),
            nn.Linear(hidden, classes),
        )  # fmt: skip
    return VGG16(classes, recipe.width, recipe.size, dropout=recipe.dropout)


def pair_networks(recipe: Recipe, labels: int) -> Pairs:
    """The geometric networks for all pairs of K labels, untrained."""
    count = len(pairs(labels))
    if recipe.geometry.trunk == "shared":
        return SharedPairs(network_2(recipe.geometry, 2 * count))
    own = OwnPairs()
    for number in range(count):
        own.networks[str(number)] = network_2(recipe.geometry)
    return own
