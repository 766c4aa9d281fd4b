"""Losses and what validation measures."""

import torch.nn.functional as F
from torch import Tensor


def three_losses(
    first: Tensor, second: Tensor, target: Tensor, weights: tuple[float, ...]
) -> Tensor:
    """l1 L(a) + l2 L(b) + l3 L(a + b): two networks' cross entropies and that of their sum.

    Args:
        first, second: logits a and b, (B, K).
        target: (B,) int64.
        weights: l1, l2, l3; those of 0 are left out.
    """
    logits = (first, second, first + second)
    terms = [w * F.cross_entropy(x, target) for w, x in zip(weights, logits, strict=True) if w]
    return sum(terms[1:], terms[0])
