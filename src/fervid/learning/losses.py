"""Losses."""

import torch.nn.functional as F
from torch import Tensor


def three_losses(
    first: Tensor, second: Tensor, target: Tensor, weights: tuple[float, ...]
) -> Tensor:
    """l1 L(a) + l2 L(b) + l3 L(a + b), where L is the cross entropy.

    Args:
        first, second: logits a and b of two networks, (B, K).
        target: (B,) int64 index of each label.
        weights: l1, l2, l3; a term with weight 0 is not computed.
    """
    logits = (first, second, first + second)
    terms = [w * F.cross_entropy(x, target) for w, x in zip(weights, logits, strict=True) if w]
    return sum(terms[1:], terms[0])
