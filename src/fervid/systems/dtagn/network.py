"""DTAGN's networks, built from the paper's notation (`notation.py`) [1, Sec. 3, 5.1]."""

from copy import deepcopy

import torch
from torch import Tensor, nn

from fervid.errors import InputError
from fervid.networks.layers import Centre, LocalContrast
from fervid.systems.dtagn.notation import parse
from fervid.systems.dtagn.recipe import Recipe


class Stream(nn.Module):
    """One network, split where the training stages split it: top(upper(lower(x))).

    `lower` ends before the first dropout, so its output for a sample is deterministic and a stage
    that freezes it computes it only once. `upper` ends with the activations of the top hidden
    layer, after dropout. `top` is the linear layer below the softmax.
    """

    def __init__(self, lower: nn.Sequential, upper: nn.Sequential, top: nn.Linear) -> None:
        super().__init__()
        self.lower, self.upper, self.top = lower, upper, top

    @property
    def centre(self) -> Centre:
        """The first layer, which subtracts the mean of the training input."""
        first = self.lower[0]
        assert isinstance(first, Centre)
        return first

    def forward(self, x: Tensor) -> Tensor:
        """Pictures (B, T, H, W) or vectors (B, D) to logits (B, K)."""
        logits: Tensor = self.top(self.upper(self.lower(x)))
        return logits


def build(
    text: str,
    labels: int,
    init_std: float,
    dropout: float,
    frames: int = 1,
) -> Stream:
    """Build a network from its notation; S without a number has one output per label.

    Args:
        text: the notation, see `notation.py`.
        labels: K.
        init_std: standard deviation of the normal initial weights; biases start at 0.
        dropout: probability of dropping a unit of a fully connected hidden layer.
        frames: input channels of the first convolution. Each frame has its own filter slice, so
            no weight is shared over time [1, Eq. 1].
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
            lower += [nn.Conv2d(shape[0], sizes[1], sizes[0]), nn.ReLU()]
        elif kind == "L":
            lower.append(LocalContrast(sizes[0]))
        elif kind == "P":
            lower.append(nn.MaxPool2d(sizes[0], stride=2))
        elif kind == "FC":
            part = upper if upper else lower
            part += [nn.Flatten()] if len(shape) > 1 else []
            part += [nn.Linear(torch.Size(shape).numel(), sizes[0]), nn.ReLU()]
            upper.append(nn.Dropout(dropout))
        if kind in ("I", "D"):
            lower.append(Centre(shape))
        elif kind in ("C", "P"):
            shape = _shape(lower[-2] if kind == "C" else lower[-1], shape)
        elif kind == "FC":
            shape = sizes
        elif kind == "S" and sizes not in ((), (labels,)):
            raise InputError(f"{text!r} has {sizes[0]} outputs for {labels} labels: write S alone")
    stream = Stream(nn.Sequential(*lower), nn.Sequential(*upper), nn.Linear(shape[0], labels))
    _initialise(stream, init_std)
    return stream


def _shape(layer: nn.Module, shape: tuple[int, ...]) -> tuple[int, ...]:
    with torch.no_grad():
        return tuple(layer(torch.zeros(1, *shape)).shape[1:])


def _initialise(network: nn.Module, init_std: float) -> None:
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.normal_(layer.weight, 0, init_std)
            nn.init.constant_(layer.bias, 0)  # type: ignore[arg-type]


class JointTop(nn.Module):
    """The top layers of both networks, tuned together [1, Fig. 2]."""

    def __init__(self, appearance: nn.Linear, geometry: nn.Linear) -> None:
        super().__init__()
        self.tops = nn.ModuleList([appearance, geometry])

    def forward(self, appearance: Tensor, geometry: Tensor) -> tuple[Tensor, Tensor]:
        """Top hidden activations of both networks, (B, .) each, to logits l1, l2, (B, K) each."""
        first, second = self.tops
        return first(appearance), second(geometry)


class ConcatTop(nn.Module):
    """One linear layer over both networks' top hidden activations [1, Sec. 6, Table 9]."""

    def __init__(self, width: int, labels: int) -> None:
        super().__init__()
        self.top = nn.Linear(width, labels)
        _initialise(self.top, init_std=0.01)

    def forward(self, appearance: Tensor, geometry: Tensor) -> Tensor:
        """Top hidden activations of both networks, (B, .) each, to logits (B, K)."""
        logits: Tensor = self.top(torch.cat([appearance, geometry], dim=1))
        return logits


Top = JointTop | ConcatTop


class Tuning(nn.Module):
    """A top that is trained on the frozen upper parts of both networks [1, Sec. 3.5.2].

    Their dropout stays active in training; without it nothing would be left to tune [1, Sec. 6].
    """

    def __init__(self, appearance: Stream, geometry: Stream, top: Top) -> None:
        super().__init__()
        uppers = deepcopy([appearance.upper, geometry.upper])
        self.uppers = nn.ModuleList(uppers).requires_grad_(False)
        self.top = top

    def forward(self, appearance: Tensor, geometry: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """Outputs of both networks' `lower`, (B, .) each, to the top's logits."""
        pairs = zip(self.uppers, (appearance, geometry), strict=True)
        logits: Tensor | tuple[Tensor, Tensor] = self.top(*(upper(x) for upper, x in pairs))
        return logits


def stream(recipe: Recipe, name: str, labels: int) -> Stream:
    """DTAN or DTGN for K labels, untrained [1, Sec. 3.2, 3.3]."""
    if name == "dtgn":
        geometry = recipe.geometry
        return build(geometry.layers, labels, geometry.init_std, geometry.dropout)
    appearance = recipe.appearance
    dtan = build(
        appearance.layers, labels, appearance.init_std, appearance.dropout, appearance.frames
    )
    # Convolutions are fastest in channels-last memory, on CPUs and on GPUs in bf16.
    return dtan.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def streams(networks: nn.ModuleDict) -> tuple[Stream, Stream]:
    """DTAN and DTGN."""
    dtan, dtgn = networks["dtan"], networks["dtgn"]
    assert isinstance(dtan, Stream) and isinstance(dtgn, Stream)
    return dtan, dtgn


def new_top(fusion: str, dtan: Stream, dtgn: Stream) -> Top:
    """The layers that a fusion trains: copies of both tops, or one new layer."""
    if fusion == "concat":
        width = dtan.top.in_features + dtgn.top.in_features
        return ConcatTop(width, dtan.top.out_features)
    return JointTop(deepcopy(dtan.top), deepcopy(dtgn.top))


def fused(logits: Tensor | tuple[Tensor, Tensor]) -> Tensor:
    """Logits (B, K) of the prediction; for a joint top they are l1 + l2 [1, Eq. 10]."""
    return logits if isinstance(logits, Tensor) else logits[0] + logits[1]
