"""Linear support vector machine on features of clips, stored as planes [4, Sec. III-D]."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fervid.learning import svm
from fervid.progress import bar

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

# Open: values of C to try. The most accurate on validation clips is used, the smallest if tied.
COSTS = (0.001, 0.01, 0.1, 1.0, 10.0, 100.0)
# Slopes of the softmax over scores to try. The one with the lowest validation loss is used.
SLOPES = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)


class SVM(nn.Module):
    """One plane per label against the others; the label with the largest score is the prediction.

    Departure 8: the paper needs no probabilities. Here they are softmax(slope * scores), which
    changes no prediction.

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
        """An SVM from its planes: weights (K, D) and biases (K,)."""
        machine = cls(*weight.shape)
        machine.weight.copy_(torch.from_numpy(weight))
        machine.bias.copy_(torch.from_numpy(bias))
        machine.slope.fill_(slope)
        return machine

    def scores(self, x: Floats) -> Floats:
        """Features (N, D) to scores (N, K)."""
        out: Floats = x @ self.weight.cpu().numpy().T + self.bias.cpu().numpy()
        return out

    def probabilities(self, x: Floats) -> Floats:
        """Features (N, D) to probabilities (N, K)."""
        return softmax(float(self.slope) * self.scores(x))


def softmax(scores: Floats) -> Floats:
    """Scores (N, K) to probabilities (N, K)."""
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True), np.float32)


def fit(
    x: Floats,
    y: Ints,
    validation: tuple[Floats, Ints],
    labels: int,
    seed: int,
    progress: str = "SVM",
) -> SVM:
    """Train with every C and return the SVM that is most accurate on the validation clips.

    Args:
        x: (N, D) features of clips.
        y: (N,) their label indices.
        validation: features and label indices of the validation clips; C and slope are 1 if there
            are none.
        labels: K.
        seed: seed for the solver.
        progress: description in the progress line.
    """
    size = svm.length(x)
    x = x / np.float32(size)
    planes = {c: svm.planes(x, y, labels, c, seed) for c in bar(COSTS, progress)}
    svms = {c: SVM.of(np.float32(1 / size) * w, b) for c, (w, b) in planes.items()}
    unseen, truth = validation
    if not len(truth):
        return svms[1.0]
    accuracy = {
        c: float((machine.scores(unseen).argmax(1) == truth).mean()) for c, machine in svms.items()
    }
    best = svms[max(COSTS, key=lambda c: (accuracy[c], -c))]
    losses = {s: _loss(softmax(s * best.scores(unseen)), truth) for s in SLOPES}
    best.slope.fill_(min(SLOPES, key=lambda s: losses[s]))
    return best


def _loss(p: Floats, truth: Ints) -> float:
    return -float(np.log(np.maximum(p[np.arange(len(truth)), truth], 1e-12)).mean())
