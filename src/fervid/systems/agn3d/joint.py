"""Adding network 2's two logits to network 1's K logits, and the three losses [2, Sec. 3.3]."""

from itertools import combinations
from math import isqrt

import torch
import torch.nn.functional as F
from torch import Tensor


def pairs(labels: int) -> tuple[tuple[int, int], ...]:
    """All K (K - 1) / 2 pairs of K labels, smaller label first.

    >>> pairs(3)
    ((0, 1), (0, 2), (1, 2))
    """
    return tuple(combinations(range(labels), 2))


def members(pair: Tensor, labels: int) -> Tensor:
    """(B, 2): the two labels of each pair in (B,), which holds indices into `pairs`."""
    return torch.tensor(pairs(labels), device=pair.device)[pair]


def top_two(logits: Tensor) -> Tensor:
    """(B,): index of the pair of each sample's two most likely labels, from logits (B, K)."""
    labels = logits.shape[1]
    least, most = logits.topk(2, dim=1).indices.sort(dim=1).values.unbind(1)
    return least * (2 * labels - least - 1) // 2 + most - least - 1


def scatter(second: Tensor, pair: Tensor, labels: int) -> Tensor:
    """Network 2's values (B, 2) placed at their two labels in (B, K).

    All other labels get 0, so that their logits in Eq. 4 remain network 1's (departure 8).
    """
    empty = second.new_zeros(len(second), labels)
    return empty.scatter(1, members(pair, labels), second)


def fused(first: Tensor, second: Tensor, pair: Tensor) -> Tensor:
    """(B, K): the logits l1 + l2 of network 3 [2, Eq. 4].

    Args:
        first: (B, K) logits of network 1.
        second: (B, 2) logits of network 2.
        pair: (B,) index of the pair of labels that `second` is about.
    """
    return first + scatter(second, pair, first.shape[1])


def three_losses(
    first: Tensor, second: Tensor, pair: Tensor, target: Tensor, weights: tuple[float, ...]
) -> Tensor:
    """Weighted sum of L1, L2 and L3 [2, Eqs. 1-3], each a mean over samples.

    L2 covers only samples whose label is one of their pair, because network 2 has no class for the
    others (departure 9).

    Args:
        first, second, pair: as in `fused`.
        target: (B,) int64.
        weights: weights of L1, L2, L3; 1 each in the paper.
    """
    right = members(pair, first.shape[1]) == target[:, None]  # (B, 2)
    known = right.any(1)
    each = F.cross_entropy(second, right.int().argmax(1), reduction="none")
    l2 = (each * known).sum() / known.sum().clamp(min=1)
    l1, l3 = (F.cross_entropy(logits, target) for logits in (first, fused(first, second, pair)))
    return weights[0] * l1 + weights[1] * l2 + weights[2] * l3


def pairs_loss(second: Tensor, target: Tensor) -> Tensor:
    """Mean cross entropy over the K - 1 pairs that contain a sample's label.

    Args:
        second: (B, P, 2) logits of all P pairs of K labels.
        target: (B,) int64.
    """
    both_labels = torch.tensor(pairs(_labels(second.shape[1])), device=second.device)  # (P, 2)
    right = both_labels == target[:, None, None]  # (B, P, 2)
    known = right.any(2)
    return F.cross_entropy(second[known], right[known].int().argmax(1))


def votes(second: Tensor) -> Tensor:
    """(B, K): sum of each label's log probabilities over its pairs, from logits (B, P, 2)."""
    labels = _labels(second.shape[1])
    both_labels = torch.tensor(pairs(labels), device=second.device).flatten()
    empty = second.new_zeros(len(second), labels)
    return empty.index_add(1, both_labels, second.log_softmax(2).flatten(1))


def _labels(pair_count: int) -> int:
    """Number of labels K, given K (K - 1) / 2."""
    return (1 + isqrt(1 + 8 * pair_count)) // 2
