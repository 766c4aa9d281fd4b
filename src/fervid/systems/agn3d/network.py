"""3DAGN's networks: network 1 on films, network 2 on landmark-difference images [2]."""

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

# The modules of [3, Fig. 2] that may follow its stem.
Module = type[ModuleA | ReductionA | ModuleB | ReductionB | ModuleC]
MODULES: Mapping[str, Module] = {
    "A": ModuleA,
    "RA": ReductionA,
    "B": ModuleB,
    "RB": ReductionB,
    "C": ModuleC,
}


class ShallowInception(nn.Module):
    """The 3D Inception-ResNet of [3] with fewer modules, without landmarks and LSTM [2, Sec. 3.1].

    Departure 3: which modules are left is open (Fig. 3 shows them as blocks), and so is the head:
    here ReLU, the mean over time and picture, dropout and one linear layer.

    Args:
        modules: after the stem, as in "A-RA-B"; all five of [3] are "A-RA-B-RB-C".
        labels: K.
    """

    def __init__(self, modules: str, labels: int, style: Style, dropout: float) -> None:
        super().__init__()
        stem = Stem(style, inside=1)
        layers: list[nn.Module] = [stem]
        channels = stem.outside
        for name in modules.split("-"):
            if name not in MODULES:
                raise InputError(
                    f"{modules!r} is no list of modules: join some of {', '.join(MODULES)} by -"
                )
            made = MODULES[name](channels, style)
            layers.append(made)
            channels = made.outside
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

    Four convolutions 3 x 3 x 3, three max poolings 2 x 2 x 2, one batch norm, two fully connected
    layers with dropout. Departure 4: Fig. 5's order and numbers are not in the text. A pooling
    takes what is left at an odd end, as otherwise nothing would be left of three frames.

    Args:
        maps: of the four convolutions; a pooling follows the first, second and fourth.
        hidden: units of the first fully connected layer.
        frames, size: T and side of the films.
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
                # Padded in time by itself: oneDNN's bf16 gradient of the weights is wrong where
                # its own padding makes a kernel of three frames fit two (torch 2.13).
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
    """A VGG16 of two classes for every pair of labels [2, Sec. 3.2], by its number.

    A batch leaves most of them without a gradient, which one training over several processes
    does not allow; folds may still be shared among them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.networks = nn.ModuleDict()

    def forward(self, images: Tensor, pair: Tensor) -> Tensor:
        """What it sees, (B, ...), and (B,) pairs, to logits (B, 2), the lesser label first."""
        parts, order = [], []
        for number in sorted(set(pair.tolist())):
            rows = (pair == number).nonzero()[:, 0]
            parts.append(self.networks[str(number)](images[rows]))
            order.append(rows)
        return torch.cat(parts)[torch.cat(order).argsort()]


class SharedPairs(nn.Module):
    """One VGG16 for all pairs: only the last layer, two logits a pair, is a pair's own."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor, pair: Tensor) -> Tensor:
        """As `OwnPairs`."""
        logits: Tensor = self.network(images)
        every = logits.view(len(images), -1, 2)  # (B, P, 2)
        return every[torch.arange(len(pair), device=pair.device), pair]


Pairs = OwnPairs | SharedPairs


class Joint(nn.Module):
    """Networks 1 and 2, from which network 3 has its logits [2, Fig. 1]."""

    def __init__(self, appearance: nn.Module, geometry: Pairs) -> None:
        super().__init__()
        self.appearance, self.geometry = appearance, geometry

    def forward(self, films: Tensor, images: Tensor, pair: Tensor) -> tuple[Tensor, Tensor]:
        """Films (B, T, H, W), images (B, 1, H', W') and pairs (B,) to l1 (B, K) and l2 (B, 2)."""
        return self.appearance(films), self.geometry(images, pair)


def network_1(recipe: Recipe, labels: int) -> nn.Module:
    """The appearance network for K labels, untrained [2, Sec. 3.1, 4.1]."""
    its = recipe.appearance
    if its.kind == "inception":
        return ShallowInception(its.modules, labels, Style(its.width), its.dropout)
    maps = tuple(scaled(each, its.width) for each in its.maps)
    hidden = scaled(its.hidden, its.width)
    return FourConvolutions(
        maps, hidden, labels, recipe.input.frames, recipe.input.size, its.dropout
    )


def network_2(recipe: Geometry, classes: int = 2) -> nn.Module:
    """A geometric network, untrained [2, Sec. 3.2]."""
    if recipe.sees == "points":  # departure 16: VGG16's fully connected layers alone
        hidden = scaled(4096, recipe.width)
        return nn.Sequential(
            nn.Linear(2 * 68, hidden), nn.ReLU(), nn.Dropout(recipe.dropout),
            nn.Linear(hidden, hidden), nn.ReLU(), nn.Dropout(recipe.dropout),
            nn.Linear(hidden, classes),
        )  # fmt: skip
    return VGG16(classes, recipe.width, recipe.size, dropout=recipe.dropout)


def pair_networks(recipe: Recipe, labels: int) -> Pairs:
    """Those of all pairs of K labels, untrained."""
    count = len(pairs(labels))
    if recipe.geometry.trunk == "shared":
        return SharedPairs(network_2(recipe.geometry, 2 * count))
    own = OwnPairs()
    for number in range(count):
        own.networks[str(number)] = network_2(recipe.geometry)
    return own
