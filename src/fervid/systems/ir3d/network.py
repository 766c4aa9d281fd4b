"""The network of [3, Fig. 2] and the landmark weights of [3, Eq. 2]."""

import math
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from fervid.networks.inception3d import (
    ModuleA,
    ModuleB,
    ModuleC,
    ReductionA,
    ReductionB,
    Stem,
    Style,
)
from fervid.systems.ir3d.recipe import Network, Recipe

# Side of the feature maps that enter 3DIR-A and 3DIR-B [3, Fig. 2].
GRID_A, GRID_B = 38, 18


def landmark_maps(
    points: Tensor,
    size: int,
    grid: int,
    slope: float = 0.1,
    window: int = 7,
) -> Tensor:
    """Weight of every cell of a feature map by its nearest landmark, 1 - 0.1 d [3, Eq. 2].

    d is the Manhattan distance in cells of the map, after the landmarks were scaled to its grid
    like the pictures and moved to the centre of the cell they lie in (departure 6). A landmark
    gives weight to the 7 x 7 cells around it; all other cells get 0. Where windows overlap, the
    nearest landmark counts, so that the order of landmarks does not matter.

    Args:
        points: (B, T, L, 2) in pixels of the picture.
        size: side of the picture in pixels.
        grid: side of the feature map in cells.
        slope: weight lost per cell of distance.
        window: side of a landmark's window in cells, odd.

    Returns:
        (B, T, grid, grid).
    """
    cells = ((points.float() + 0.5) * (grid / size) - 0.5).round()
    axis = torch.arange(grid, device=points.device)
    along = (cells[..., None] - axis).abs()  # (B, T, L, 2, grid)
    along = along.masked_fill(along > window / 2, torch.inf)
    distance = along[..., 1, :, None] + along[..., 0, None, :]  # (B, T, L, grid, grid)
    nearest = distance.amin(dim=2)
    return torch.where(nearest.isinf(), 0.0, 1 - slope * nearest)


class InceptionResNet(nn.Module):
    """Stem, 3DIR-A, reduction A, 3DIR-B, reduction B, 3DIR-C, pooling, dropout, LSTM, linear layer.

    Heads: "lstm" reads each step's whole map, "lstm-pooled" its spatial mean. "mean" has no LSTM
    and classifies the mean over space and time; "frames" classifies each step's spatial mean
    separately.

    Args:
        recipe: head, width, landmark weights and so on.
        size: side of the pictures in pixels; 299 in the paper.
        labels: K.
    """

    def __init__(self, recipe: Network, size: int, labels: int) -> None:
        super().__init__()
        self.recipe, self.size = recipe, size
        style = Style(recipe.width, recipe.time)
        self.stem = Stem(style)
        self.a = ModuleA(self.stem.outside, style)
        self.reduction_a = ReductionA(self.a.outside, style)
        self.b = ModuleB(self.reduction_a.outside, style)
        self.reduction_b = ReductionB(self.b.outside, style)
        self.c = ModuleC(self.reduction_b.outside, style)
        # Open: the last pooling is over 1 x 3 x 3. It is smaller for small pictures, because torch
        # refuses a kernel larger than the map.
        grid = last_grid(size)
        side = min(3, grid - 1 + grid % 2)
        self.pool = nn.AvgPool3d((1, side, side), 1, (0, side // 2, side // 2),
                                 count_include_pad=False)  # fmt: skip
        self.dropout = nn.Dropout(recipe.dropout)
        features = self.c.outside
        if recipe.head == "lstm":
            features *= grid**2
        lstm = recipe.head.startswith("lstm")
        self.lstm = _lstm(features, recipe.hidden) if lstm else None
        self.top = nn.Linear(recipe.hidden if lstm else features, labels)
        nn.init.xavier_normal_(self.top.weight)
        nn.init.constant_(self.top.bias, 0)

    def forward(self, pictures: Tensor, points: Tensor) -> Tensor:
        """Logits (B, K), or (B, T', K) per step with the head "frames".

        Args:
            pictures: (B, 3, T, size, size).
            points: (B, T, L, 2) landmarks in pixels of the pictures.
        """
        x = self._run(self.stem, pictures)
        x = self._run(self.a, x, self.weights(points, x, GRID_A))
        x = self._run(self.reduction_a, x)
        x = self._run(self.b, x, self.weights(points, x, GRID_B))
        x = self._run(self.reduction_b, x)
        x = self._run(self.c, x)
        x = self.dropout(self.pool(torch.relu(x)))  # (B, C, T', h, w)
        if self.lstm is None:
            x = x.mean((3, 4)).transpose(1, 2)  # (B, T', C)
            x = x if self.recipe.head == "frames" else x.mean(1)
        else:
            x = x if self.recipe.head == "lstm" else x.mean((3, 4), keepdim=True)
            # Channels last, as in memory.
            steps = x.permute(0, 2, 3, 4, 1).flatten(2)  # (B, T', h w C)
            x = self.lstm(steps)[0][:, -1]  # (B, hidden)
        logits: Tensor = self.top(x)
        return logits

    def weights(self, points: Tensor, x: Tensor, printed: int) -> Tensor | None:
        """Landmark weights (B, T', h, w) for a module with input x; None for a plain shortcut.

        Each step of x is centred on one frame. Frames that "valid" padding removed at both ends are
        left out of the landmarks as well.

        Args:
            points: (B, T, L, 2) landmarks in pixels of the pictures.
            x: (B, C, T', h, w), the module's input.
            printed: side of the module's map in the paper.
        """
        if not self.recipe.landmarks:
            return None
        removed, grid = (points.shape[1] - x.shape[2]) // 2, x.shape[-1]
        # Departure 12: a map smaller than the printed one holds the averages of that one.
        side = max(grid, printed)
        centres = points[:, removed : removed + x.shape[2]]
        maps = landmark_maps(centres, self.size, side, self.recipe.slope, self.recipe.window)
        return maps if side == grid else F.adaptive_avg_pool2d(maps, grid)

    def _run(self, module: nn.Module, *inputs: Any) -> Tensor:
        if not (self.recipe.checkpointing and self.training):
            out: Tensor = module(*inputs)
            return out
        contexts = partial(_contexts, module)
        x: Tensor = checkpoint(module, *inputs, use_reentrant=False, context_fn=contexts)
        return x


def build(recipe: Recipe, labels: int) -> InceptionResNet:
    """The network for K labels, untrained [3, Fig. 2]."""
    network = InceptionResNet(recipe.network, recipe.input.size, labels)
    # The memory format of the films, and the fastest one for convolutions.
    return network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload, no-any-return]


def pooled_logits(logits: Tensor) -> Tensor:
    """(B, K): the logits of each clip, or the log of the steps' mean probabilities.

    Args:
        logits: (B, K), or (B, T, K) with logits per step.
    """
    logits = logits.float()
    if logits.ndim == 2:
        return logits
    return logits.log_softmax(2).logsumexp(1) - math.log(logits.shape[1])


def last_grid(size: int) -> int:
    """Side of the last feature map: 299 -> 150 -> 75 -> 38 -> 18 -> 8."""
    for _ in range(3):
        size = (size + 1) // 2
    for _ in range(2):
        size = (size - 1) // 2
    return size


def _lstm(features: int, hidden: int) -> nn.LSTM:
    """The LSTM of [3, Eq. 1]: torch's, where the sum of the two biases is the paper's b.

    Open: the initial weights. Glorot initialisation allows for the many inputs, with which torch's
    default would saturate every gate. The forget gate's bias starts at 1, so that the cell
    remembers.
    """
    lstm = nn.LSTM(features, hidden, batch_first=True)
    tensors = dict(lstm.named_parameters())
    for name, initialise in (("weight_ih_l0", nn.init.xavier_uniform_),
                             ("weight_hh_l0", nn.init.orthogonal_)):  # fmt: skip
        for gate in tensors[name].chunk(4):  # torch's order: input, forget, cell, output
            initialise(gate)
    for name, forget in (("bias_ih_l0", 1.0), ("bias_hh_l0", 0.0)):
        nn.init.constant_(tensors[name], 0)
        nn.init.constant_(tensors[name][hidden : 2 * hidden], forget)
    return lstm


def _contexts(module: nn.Module) -> tuple[Any, Any]:
    """Context managers for a checkpointed module's first pass and for its recomputation."""
    return nullcontext(), _norms_frozen(module)


@contextmanager
def _norms_frozen(module: nn.Module) -> Iterator[None]:
    """Keep batch norms from updating their running means a second time when recomputed."""
    norms = [layer for layer in module.modules() if isinstance(layer, nn.BatchNorm3d)]
    before = [(norm.momentum, norm.num_batches_tracked) for norm in norms]
    for norm in norms:
        norm.momentum, norm.num_batches_tracked = 0.0, None
    try:
        yield
    finally:
        for norm, (momentum, batches) in zip(norms, before, strict=True):
            norm.momentum, norm.num_batches_tracked = momentum, batches
