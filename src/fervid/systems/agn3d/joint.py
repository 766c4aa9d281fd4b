"""How network 2's two logits meet network 1's K, and the three losses [2, Sec. 3.3]."""

from itertools import combinations
from math import isqrt

import torch
import torch.nn.functional as F
from torch import Tensor


def pairs(labels: int) -> tuple[tuple[int, int], ...]:
    """Every pair of K labels, K (K - 1) / 2 of them, the lesser label first.

    >>> pairs(3)
    ((0, 1), (0, 2), (1, 2))
    """
    return tuple(combinations(range(labels), 2))


def members(pair: Tensor, labels: int) -> Tensor:
    """(B, 2) the labels of pairs (B,), as numbers in `pairs`."""
    return torch.tensor(pairs(labels), device=pair.device)[pair]


def top_two(logits: Tensor) -> Tensor:
    """(B,) the pair of each sample's two most likely labels, from (B, K) of network 1."""
    labels = logits.shape[1]
    least, most = logits.topk(2, dim=1).indices.sort(dim=1).values.unbind(1)
    return least * (2 * labels - least - 1) // 2 + most - least - 1


def scatter(second: Tensor, pair: Tensor, labels: int) -> Tensor:
    """Network 2's logits at the places of their two labels, (B, 2) to (B, K).

    All others get 0, so that their logits in Eq. 4 stay network 1's (departure 8).
    """
    empty = second.new_zeros(len(second), labels)
    return empty.scatter(1, members(pair, labels), second)


def fused(first: Tensor, second: Tensor, pair: Tensor) -> Tensor:
    """l1 + l2, (B, K), the logits of network 3 [2, Eq. 4].

    Args:
        first: (B, K) logits of network 1.
        second: (B, 2) logits of network 2.
        pair: (B,) which two labels they are of.
    """
    return first + scatter(second, pair, first.shape[1])


def three_losses(
    first: Tensor, second: Tensor, pair: Tensor, target: Tensor, weights: tuple[float, ...]
) -> Tensor:
    """L1 + L2 + L3 [2, Eqs. 1-3], each a mean.

    L2 is over the samples whose label is one of their pair: the others have no place among
    network 2's two classes (departure 9).

    Args:
        first, second, pair: as in `fused`.
        target: (B,) int64.
        weights: of the three; 1 each as printed.
    """
    right = members(pair, first.shape[1]) == target[:, None]  # (B, 2)
    known = right.any(1)
    each = F.cross_entropy(second, right.int().argmax(1), reduction="none")
    l2 = (each * known).sum() / known.sum().clamp(min=1)
    l1, l3 = (F.cross_entropy(logits, target) for logits in (first, fused(first, second, pair)))
    return weights[0] * l1 + weights[1] * l2 + weights[2] * l3


def pairs_loss(second: Tensor, target: Tensor) -> Tensor:
    """Cross entropy of every pair's logits, over the K - 1 pairs that hold a sample's label.

    Args:
        second: (B, P, 2) of all pairs of K labels.
        target: (B,) int64.
    """
    both = torch.tensor(pairs(_labels(second.shape[1])), device=second.device)  # (P, 2)
    right = both == target[:, None, None]  # (B, P, 2)
    known = right.any(2)
    return F.cross_entropy(second[known], right[known].int().argmax(1))


def votes(second: Tensor) -> Tensor:
    """(B, K): for each label the sum of its log probabilities over its pairs, (B, P, 2)."""
    labels = _labels(second.shape[1])
    both = torch.tensor(pairs(labels), device=second.device).flatten()
    empty = second.new_zeros(len(second), labels)
    return empty.index_add(1, both, second.log_softmax(2).flatten(1))


def _labels(count: int) -> int:
    """K of K (K - 1) / 2."""
    return (1 + isqrt(1 + 8 * count)) // 2
