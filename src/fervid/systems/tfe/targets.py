"""What is learnt of a face: one label, how people voted, or what trained models say of it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from fervid.errors import WeightsError
from fervid.learning.batches import Batch
from fervid.learning.samples import Samples
from fervid.systems.recognizer import Recognizer


def distribution(votes: NDArray[np.floating], target: NDArray[np.int64]) -> NDArray[np.float32]:
    """Votes, (N, K), as shares of a whole.

    A single vote is taken for a slip where another label has more (as FER+'s authors do); a row
    without votes is its target.
    """
    kept = np.where(votes > 1, votes, 0).astype(np.float32)
    only = kept.sum(1) == 0
    kept[only] = votes[only]
    none = kept.sum(1) == 0
    kept[none] = np.eye(votes.shape[1], dtype=np.float32)[target[none]]
    return np.asarray(kept / kept.sum(1, keepdims=True), np.float32)


def ready(samples: Samples) -> Samples:
    """Samples with votes as shares, in memory; others as they are."""
    if "votes" not in samples.arrays:
        return samples
    shares = distribution(np.asarray(samples.arrays["votes"]), samples.target)
    return replace(samples, arrays={**samples.arrays, "votes": shares})


def taught(samples: Samples, teachers: Sequence[Recognizer[Any]]) -> Samples:
    """Samples with the teachers' mean probabilities as `teacher`, (N, K).

    Each looks at every face and at its mirror image.

    Raises:
        WeightsError: a teacher knows other labels.
    """
    total = np.zeros((len(samples), len(samples.labels)), np.float32)
    for teacher in teachers:
        if set(teacher.labels) != set(samples.labels):
            raise WeightsError(
                f"a teacher knows {', '.join(teacher.labels)}: name teachers of the same labels"
            )
        order = [teacher.labels.index(label) for label in samples.labels]
        both = replace(teacher, system=replace(teacher.system, mirror=True))
        total += both.predict({"faces": samples.arrays["faces"]})[both.output][:, order]
    return replace(samples, arrays={**samples.arrays, "teacher": total / len(teachers)})


def loss(logits: Tensor, batch: Batch, votes: bool, share: float) -> Tensor:
    """Mean cross entropy against what a batch is to be called.

    Args:
        logits: (B, K).
        votes: against the votes, where the batch holds them.
        share: of the teachers, 0..1.
    """
    if votes and "votes" in batch.arrays:
        wanted = batch.arrays["votes"]
    elif not share:
        return F.cross_entropy(logits, batch.target)
    else:
        wanted = F.one_hot(batch.target, logits.shape[1]).to(logits.dtype)
    if share:
        wanted = torch.lerp(wanted, batch.arrays["teacher"], share)
    return F.cross_entropy(logits, wanted)
