"""The networks: VGG16 on face pictures and on flow pictures, DBNs over both, SVMs [4, Sec. III]."""

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
    """VGG16 behind what makes its input of stored pictures.

    Departure 4: each colour channel is brought to mean 0 and standard deviation 1 over the
    training pictures; the published weights were trained on pictures so normalised.

    Args:
        classes: K.
        width: of VGG16.
        size: side in pixels of what VGG16 sees.
        dropout: of VGG16.
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
        """Keep the channels' mean and standard deviation over (B, h, w, 3) pictures."""
        values = pictures.flatten(0, 2).double()
        self.mean.copy_(values.mean(0))
        self.spread.copy_(values.std(0).clamp(min=1))

    def pictures(self, x: Tensor) -> Tensor:
        """(B, h, w, 3) uint8 to (B, 3, size, size) float32, pixel-major in memory as it was."""
        seen = ((x.float() - self.mean) / self.spread).permute(0, 3, 1, 2)
        if seen.shape[2:] != (self.size, self.size):
            seen = F.interpolate(seen, (self.size, self.size), mode="bilinear")
        return seen

    def fc7(self, x: Tensor) -> Tensor:
        """(B, h, w, 3) uint8 to the features (B, 4096 width)."""
        return self.vgg.fc7(self.pictures(x))

    def forward(self, x: Tensor) -> Tensor:
        """(B, h, w, 3) uint8 to logits (B, K)."""
        logits: Tensor = self.vgg(self.pictures(x))
        return logits


# The stored array that each stream sees.
PICTURES = {"spatial": "faces", "temporal": "flows"}


def stream(recipe: Recipe, labels: int) -> Stream:
    """One VGG16 for K labels, untrained [4, Sec. III-B]."""
    its = recipe.stream
    vgg = Stream(labels, its.width, recipe.input.size, its.dropout)
    # Pixel-major memory is what convolutions on a CPU and on a GPU in bf16 are fastest on.
    return vgg.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def machines(recipe: Recipe) -> list[RBM]:
    """Untrained machines for a DBN of all layers: 8192-4096-2048-1024 at width 1."""
    hidden = (scaled(units, recipe.dbn.width) for units in recipe.dbn.hidden)
    sizes = [2 * scaled(4096, recipe.stream.width), *hidden]
    return [RBM(below, above) for below, above in pairwise(sizes)]


def depth(name: str) -> int:
    """How many machines a DBN has.

    >>> depth("dbn-3")
    3
    """
    return int(name.removeprefix("dbn-"))


def build(recipe: Recipe, labels: int) -> nn.ModuleDict:
    """Streams, DBNs, the scale of their features, and an SVM over each, untrained."""
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
    """The machine over a stream or a DBN."""
    machine = networks.get_submodule(f"svm.{name}")
    assert isinstance(machine, SVM)
    return machine


def last_hidden(dbn: nn.Module, x: Tensor) -> NDArray[np.float32]:
    """The last hidden layer of a DBN, (B, V) scaled features to (B, H) [4, Sec. III-D]."""
    assert isinstance(dbn, DBN)
    rows: NDArray[np.float32] = by_parts(dbn.hidden, x).cpu().numpy()
    return rows
