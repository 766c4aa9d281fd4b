"""Training targets of a face: one label, people's votes, or the predictions of trained models."""

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
    """(N, K): votes (N, K) as shares that sum to 1.

    A single vote is dropped as a slip if another label has more votes, as FER+'s authors do. A row
    without votes becomes its target.
    """
    counted = np.where(votes > 1, votes, 0).astype(np.float32)
    single = counted.sum(1) == 0
    counted[single] = votes[single]
    without = counted.sum(1) == 0
    counted[without] = np.eye(votes.shape[1], dtype=np.float32)[target[without]]
    return np.asarray(counted / counted.sum(1, keepdims=True), np.float32)


def ready(samples: Samples) -> Samples:
    """Convert votes to shares, in memory; samples without votes are returned unchanged."""
    if "votes" not in samples.arrays:
        return samples
    shares = distribution(np.asarray(samples.arrays["votes"]), samples.target)
    return replace(samples, arrays={**samples.arrays, "votes": shares})


def taught(samples: Samples, teachers: Sequence[Recognizer[Any]]) -> Samples:
    """Add the teachers' mean probabilities to the samples, as `teacher` (N, K).

    Each teacher averages its predictions for a face and its mirror image.

    Raises:
        WeightsError: a teacher has other labels.
    """
    total = np.zeros((len(samples), len(samples.labels)), np.float32)
    for teacher in teachers:
        if set(teacher.labels) != set(samples.labels):
            raise WeightsError(
                f"a teacher has the labels {', '.join(teacher.labels)}: name teachers of the same "
                "labels"
            )
        order = [teacher.labels.index(label) for label in samples.labels]
        mirroring = replace(teacher, system=replace(teacher.system, mirror=True))
        probabilities = mirroring.predict({"faces": samples.arrays["faces"]})[mirroring.output]
        total += probabilities[:, order]
    return replace(samples, arrays={**samples.arrays, "teacher": total / len(teachers)})


def loss(logits: Tensor, batch: Batch, votes: bool, share: float) -> Tensor:
    """Mean cross entropy against the batch's targets.

    Args:
        logits: (B, K).
        batch: the batch.
        votes: use people's votes instead of one label, if the batch has them.
        share: weight of the teachers in the target, 0..1.
    """
    if votes and "votes" in batch.arrays:
        target = batch.arrays["votes"]
    elif not share:
        return F.cross_entropy(logits, batch.target)
    else:
        target = F.one_hot(batch.target, logits.shape[1]).to(logits.dtype)
    if share:
        target = torch.lerp(target, batch.arrays["teacher"], share)
    return F.cross_entropy(logits, target)
