"""How people voted on a clip, beside its samples, for systems that learn from it."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from fervid.clip import Clip
from fervid.learning.samples import Samples


def with_votes(samples: Samples, clips: Sequence[Clip]) -> Samples:
    """Samples with `votes`, (N, K) float32 counts in the order of their labels.

    Votes for what is no label here ("unknown") are left out; a clip without votes has one, for
    its label. Samples of which no clip has votes are given back as they are.

    Args:
        clips: which `samples.clip` numbers.
    """
    known = np.unique(samples.clip)
    if not any(clips[row].votes for row in known):
        return samples
    counts = np.zeros((len(clips), len(samples.labels)), np.float32)
    for row in known:
        clip = clips[row]
        given = clip.votes or {clip.label or "": 1}
        counts[row] = [given.get(label, 0) for label in samples.labels]
    return replace(samples, arrays={**samples.arrays, "votes": counts[samples.clip]})
