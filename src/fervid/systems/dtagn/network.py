"""DTAGN's networks, built from the paper's own notation of them [1, Sec. 5.1].

`I64-C(5,64)-L5-P2-C(5,64)-L3-P2-FC500-FC500-S7` reads: a 64 x 64 picture, 64 filters of 5 x 5,
local contrast normalisation in a 5 x 5 window, max pooling over 2 x 2, ..., fully connected layers
of 500, softmax over 7 labels; `D1176` is a vector of 1176. Convolutions go at stride 1, poolings
at stride 2. Every C and FC is followed by a ReLU [1, Sec. 3.2, 3.3].
"""

import re

import torch
from torch import Tensor, nn

from fervid.errors import InputError
from fervid.learning.layers import Centre, LocalContrast

EXAMPLE = "D1176-FC100-FC600-S"
LAYER = re.compile(r"(FC|[IDCLPS])\(?(\d*)(?:,(\d+)\))?")


def parse(text: str) -> list[tuple[str, tuple[int, ...]]]:
    """The paper's notation as layers and their sizes.

    >>> parse("I64-C(5,64)-L5-FC500-S7")
    [('I', (64,)), ('C', (5, 64)), ('L', (5,)), ('FC', (500,)), ('S', (7,))]
    """
    found = [LAYER.fullmatch(part) for part in text.split("-")]
    if not all(found):
        raise InputError(f"{text!r} is no network: write it as the paper does, {EXAMPLE!r} for one")
    return [(m[1], tuple(int(size) for size in m.groups()[1:] if size)) for m in found if m]


class Stream(nn.Module):
    """One network, cut where the stages cut it: top(upper(lower(x))).

    `lower` ends before the first dropout: what it gives for a sample is always the same, so a
    stage that freezes it needs it once. `upper` ends with what the paper calls the activations of
    the top hidden layer, dropped out. `top` is the linear layer below the softmax.
    """

    def __init__(self, lower: nn.Sequential, upper: nn.Sequential, top: nn.Linear) -> None:
        super().__init__()
        self.lower, self.upper, self.top = lower, upper, top

    @property
    def centre(self) -> Centre:
        """The first layer, which holds the mean input of training."""
        first = self.lower[0]
        assert isinstance(first, Centre)
        return first

    def forward(self, x: Tensor) -> Tensor:
        """(B, ...) pictures (B, T, H, W) or vectors (B, D), to logits (B, K)."""
        logits: Tensor = self.top(self.upper(self.lower(x)))
        return logits


def build(
    text: str,
    labels: int,
    spread: float,
    dropout: float,
    frames: int = 1,
    padding: str = "valid",
    across: bool = True,
    window: str = "gaussian",
) -> Stream:
    """A network from its notation; S without a number takes as many outputs as there are labels.

    Args:
        spread: standard deviation of the initial weights, which are normal; biases begin at 0.
        dropout: the chance to drop a unit of a fully connected hidden layer.
        frames: input channels of the first convolution, one filter slice for each time: no
            weight is shared over time [1, Eq. 1].
        padding: of the convolutions, "valid" or "same".
        across, window: of local contrast normalisation, see `LocalContrast`.
    """
    lower: list[nn.Module] = []
    upper: list[nn.Module] = []
    shape: tuple[int, ...] = ()
    for kind, sizes in parse(text):
        if kind == "I":
            shape = (frames, sizes[0], sizes[0])
        elif kind == "D":
            shape = sizes
        elif kind == "C":
            lower += [nn.Conv2d(shape[0], sizes[1], sizes[0], padding=padding), nn.ReLU()]
        elif kind == "L":
            lower.append(LocalContrast(sizes[0], across, window))
        elif kind == "P":
            lower.append(nn.MaxPool2d(sizes[0], stride=2))
        elif kind == "FC":
            part = upper if upper else lower
            part += [nn.Flatten()] if len(shape) > 1 else []
            part += [nn.Linear(torch.Size(shape).numel(), sizes[0]), nn.ReLU()]
            upper.append(nn.Dropout(dropout))
        if kind in ("I", "D"):
            lower.append(Centre(shape))
        elif kind in ("C", "L", "P"):
            shape = _shape(lower[-2] if kind == "C" else lower[-1], shape)
        elif kind == "FC":
            shape = sizes
        elif kind == "S" and sizes not in ((), (labels,)):
            raise InputError(f"{text!r} has {sizes[0]} outputs for {labels} labels: write S alone")
    stream = Stream(nn.Sequential(*lower), nn.Sequential(*upper), nn.Linear(shape[0], labels))
    _initialise(stream, spread)
    return stream


def _shape(layer: nn.Module, shape: tuple[int, ...]) -> tuple[int, ...]:
    with torch.no_grad():
        return tuple(layer(torch.zeros(1, *shape)).shape[1:])


def _initialise(network: nn.Module, spread: float) -> None:
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.normal_(layer.weight, 0, spread)
            nn.init.constant_(layer.bias, 0)  # type: ignore[arg-type]


class JointTop(nn.Module):
    """Both networks from their `lower` activations on, everything but the tops frozen [1, Fig. 2].

    Their dropout stays active in training, which is what leaves something to tune [1, Sec. 6].
    """

    def __init__(self, appearance: Stream, geometry: Stream) -> None:
        super().__init__()
        self.uppers = nn.ModuleList([appearance.upper, geometry.upper]).requires_grad_(False)
        self.tops = nn.ModuleList([appearance.top, geometry.top])

    def forward(self, appearance: Tensor, geometry: Tensor) -> tuple[Tensor, Tensor]:
        """Activations (B, .), (B, .) to the logits l1, l2 of both networks, (B, K) each."""
        pairs = zip(self.tops, self.uppers, (appearance, geometry), strict=True)
        first, second = (top(upper(x)) for top, upper, x in pairs)
        return first, second


class ConcatTop(nn.Module):
    """One linear layer over both networks' top hidden activations [1, Sec. 6, Table 9]."""

    def __init__(self, appearance: Stream, geometry: Stream) -> None:
        super().__init__()
        self.uppers = nn.ModuleList([appearance.upper, geometry.upper]).requires_grad_(False)
        width = appearance.top.in_features + geometry.top.in_features
        self.top = nn.Linear(width, appearance.top.out_features)
        _initialise(self.top, spread=0.01)

    def forward(self, appearance: Tensor, geometry: Tensor) -> Tensor:
        """Activations (B, .), (B, .) to logits (B, K)."""
        both = zip(self.uppers, (appearance, geometry), strict=True)
        logits: Tensor = self.top(torch.cat([upper(x) for upper, x in both], dim=1))
        return logits


def fused(made: Tensor | tuple[Tensor, Tensor]) -> Tensor:
    """The logits (B, K) below the softmax that answers: a joint top's are l1 + l2 [1, Eq. 10]."""
    return made if isinstance(made, Tensor) else made[0] + made[1]
