"""Linear support vector machine on clips' features, kept as planes [4, Sec. III-D]."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fervid.learning import svm
from fervid.progress import bar

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

# Open: C; the one that calls most validation clips right is taken, the smallest of equals.
COSTS = (0.001, 0.01, 0.1, 1.0, 10.0, 100.0)
# Steepness of the softmax over the scores, likewise the one of least validation loss.
SLOPES = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)


class SVM(nn.Module):
    """One plane for each label against the others; the farthest on its own side answers.

    Probabilities are softmax(slope * scores), which changes no answer. Departure 8: the paper asks
    for none.

    Args:
        labels: K.
        size: D.
    """

    def __init__(self, labels: int, size: int) -> None:
        super().__init__()
        self.weight: Tensor
        self.bias: Tensor
        self.slope: Tensor
        self.register_buffer("weight", torch.zeros(labels, size))
        self.register_buffer("bias", torch.zeros(labels))
        self.register_buffer("slope", torch.ones(()))

    @classmethod
    def of(cls, weight: Floats, bias: Floats, slope: float = 1.0) -> "SVM":
        """The machine of these planes, (K, D) and (K,)."""
        machine = cls(*weight.shape)
        machine.weight.copy_(torch.from_numpy(weight))
        machine.bias.copy_(torch.from_numpy(bias))
        machine.slope.fill_(slope)
        return machine

    def scores(self, x: Floats) -> Floats:
        """(N, D) to (N, K)."""
        out: Floats = x @ self.weight.cpu().numpy().T + self.bias.cpu().numpy()
        return out

    def probabilities(self, x: Floats) -> Floats:
        """(N, D) to (N, K), each row of sum 1."""
        return softmax(float(self.slope) * self.scores(x))


def softmax(scores: Floats) -> Floats:
    """(N, K) to rows of sum 1."""
    grown = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(grown / grown.sum(axis=1, keepdims=True), np.float32)


def fit(
    x: Floats, y: Ints, checked: tuple[Floats, Ints], labels: int, seed: int, said: str = "SVM"
) -> SVM:
    """Train with every C, keep the one that `checked` likes best.

    Args:
        x: (N, D) features of clips.
        y: (N,) their labels.
        checked: the same of the validation clips; where there are none C and slope are 1.
        labels: K.
        said: in the progress line.
    """
    size = svm.length(x)
    x = x / np.float32(size)
    made = {c: svm.planes(x, y, labels, c, seed) for c in bar(COSTS, said)}
    found = {c: SVM.of(np.float32(1 / size) * w, b) for c, (w, b) in made.items()}
    other, truth = checked
    if not len(truth):
        return found[1.0]
    right = {c: float((one.scores(other).argmax(1) == truth).mean()) for c, one in found.items()}
    best = found[max(COSTS, key=lambda c: (right[c], -c))]
    losses = {s: _loss(softmax(s * best.scores(other)), truth) for s in SLOPES}
    best.slope.fill_(min(SLOPES, key=lambda s: losses[s]))
    return best


def _loss(p: Floats, truth: Ints) -> float:
    return -float(np.log(np.maximum(p[np.arange(len(truth)), truth], 1e-12)).mean())
