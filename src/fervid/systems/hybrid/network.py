"""The networks: VGG16s for faces and for flow, DBNs over both, and SVMs [4, Sec. III]."""

from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from fervid.networks.vgg import VGG16, scaled
from fervid.systems.hybrid.dbn import DBN, RBM, Scale, by_parts
from fervid.systems.hybrid.recipe import Recipe
from fervid.systems.hybrid.svm import SVM


class Stream(nn.Module):
    """VGG16 together with the normalisation and resizing of stored pictures.

    Departure 4: each channel is normalised to mean 0 and standard deviation 1 over the training
    pictures, as for the published weights.

    Args:
        classes: K.
        width: factor on the width of VGG16's layers.
        size: side of VGG16's input in pixels.
        dropout: probability of dropping a unit in VGG16's fully connected layers.
    """

    def __init__(self, classes: int, width: float, size: int, dropout: float) -> None:
        super().__init__()
        self.size = size
        self.vgg = VGG16(classes, width, size, dropout=dropout)
        self.mean: Tensor
        self.spread: Tensor
        self.register_buffer("mean", torch.zeros(3))
        self.register_buffer("spread", torch.ones(3))

    @torch.no_grad()
    def normalise(self, pictures: Tensor) -> None:
        """Set each channel's mean and standard deviation from pictures (B, h, w, 3)."""
        values = pictures.flatten(0, 2).double()
        self.mean.copy_(values.mean(0))
        self.spread.copy_(values.std(0).clamp(min=1))

    def pictures(self, x: Tensor) -> Tensor:
        """(B, h, w, 3) uint8 to (B, 3, size, size) float32, channels last in memory."""
        normalised = ((x.float() - self.mean) / self.spread).permute(0, 3, 1, 2)
        if normalised.shape[2:] != (self.size, self.size):
            normalised = F.interpolate(normalised, (self.size, self.size), mode="bilinear")
        return normalised

    def fc7(self, x: Tensor) -> Tensor:
        """(B, h, w, 3) uint8 to fc7 features (B, 4096 width)."""
        return self.vgg.fc7(self.pictures(x))

    def forward(self, x: Tensor) -> Tensor:
        """(B, h, w, 3) uint8 to logits (B, K)."""
        logits: Tensor = self.vgg(self.pictures(x))
        return logits


# The stored array that each stream sees.
PICTURES = {"spatial": "faces", "temporal": "flows"}


def stream(recipe: Recipe, labels: int) -> Stream:
    """One VGG16 for K labels, untrained [4, Sec. III-B]."""
    vgg = Stream(labels, recipe.stream.width, recipe.input.size, recipe.stream.dropout)
    # Convolutions are fastest in channels-last memory, on CPUs and on GPUs in bf16.
    return vgg.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def machines(recipe: Recipe) -> list[RBM]:
    """Untrained RBMs for a DBN of all layers: 8192-4096-2048-1024 at width 1."""
    hidden = (scaled(units, recipe.dbn.width) for units in recipe.dbn.hidden)
    sizes = [2 * scaled(4096, recipe.stream.width), *hidden]
    return [RBM(below, above) for below, above in pairwise(sizes)]


def depth(name: str) -> int:
    """Number of RBMs in a DBN, from its name.

    >>> depth("dbn-3")
    3
    """
    return int(name.removeprefix("dbn-"))


def build(recipe: Recipe, labels: int) -> nn.ModuleDict:
    """Streams, DBNs, their feature scale, and an SVM on each stream and DBN, untrained."""
    parts: dict[str, nn.Module] = {name: stream(recipe, labels) for name in recipe.streams}
    width = scaled(4096, recipe.stream.width)
    sizes = dict.fromkeys(recipe.streams, width)
    for name in recipe.dbns:
        dbn = DBN(machines(recipe)[: depth(name)], labels)
        parts[name], sizes[name] = dbn, dbn.size
    if recipe.dbns:
        parts["scale"] = Scale(2 * width)
    svms = {name: SVM(labels, size) for name, size in sizes.items()}
    return nn.ModuleDict({**parts, "svm": nn.ModuleDict(svms)})


def svm_of(networks: nn.ModuleDict, name: str) -> SVM:
    """The SVM on a stream or a DBN."""
    machine = networks.get_submodule(f"svm.{name}")
    assert isinstance(machine, SVM)
    return machine


def last_hidden(dbn: nn.Module, x: Tensor) -> NDArray[np.float32]:
    """Scaled features (B, V) to a DBN's last hidden layer (B, H) [4, Sec. III-D]."""
    assert isinstance(dbn, DBN)
    rows: NDArray[np.float32] = by_parts(dbn.hidden, x).cpu().numpy()
    return rows
