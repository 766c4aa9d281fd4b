"""A fold's training clips -> those to learn from and those to choose an epoch by."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fervid.errors import ProtocolError
from fervid.folds.fold import Clips, Fold, need_subjects, subjects_of


def inner_sides(
    fold: Fold, train: Sequence[int], share: float = 0.2, seed: int = 0
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """A fold's usable training clips -> (train, validation): as fixed, else by `inner_split`.

    Args:
        train: those of `fold.train` that can be used.
        share: of the clips to validate on; with 0 even a fixed validation part is trained on.
    """
    if fold.validation is None or share == 0:
        return inner_split(fold.clips, train, share, seed)
    chosen = set(fold.validation)
    inner = tuple(row for row in train if row not in chosen)
    return inner, tuple(row for row in train if row in chosen)


def check_share(share: float) -> None:
    """Raise ProtocolError where no such share of the clips can be validated on."""
    if not 0 <= share < 1:
        raise ProtocolError(
            f"{share:g} is no share of the clips to validate on: use 0 (none) up to less than 1"
        )


def inner_split(
    clips: Clips, train: Sequence[int], share: float = 0.2, seed: int = 0
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Training clips -> (train, validation) by subject, for choosing an epoch within a fold.

    Subjects are added to the validation one by one, each time the one that brings its labels
    nearest to their share (ties by the seed), and none whose leaving would rob the training of a
    label, as far as that can be kept. Neither side is ever empty, but for a share of 0.

    Args:
        train: indices into `clips`.
        share: of the clips to validate on, at least 0 and below 1. With 0 there is no validation:
            the last epoch counts.

    Raises:
        ProtocolError: no such share, fewer than two subjects, or clips without subject.
    """
    check_share(share)
    if share == 0:
        return tuple(train), ()
    need_subjects(clips[row] for row in train)
    subjects = np.array(subjects_of(clips[row] for row in train), object)
    if len(subjects) < 2:
        raise ProtocolError(
            f"{len(subjects)} subject to train on leaves nobody to validate on: use more subjects"
        )
    subjects = np.random.default_rng(seed).permutation(subjects)
    chosen = _choose(_label_counts(clips, train, subjects), share)
    validating = set(subjects[chosen])
    inner = tuple(row for row in train if clips[row].subject not in validating)
    return inner, tuple(row for row in train if clips[row].subject in validating)


def _label_counts(
    clips: Clips, train: Sequence[int], subjects: NDArray[Any]
) -> NDArray[np.float64]:
    """(S, K) clips of each subject and label."""
    labels = sorted(Counter(clips[row].label or "" for row in train))
    column = {label: number for number, label in enumerate(labels)}
    line = {subject: number for number, subject in enumerate(subjects)}
    counts = np.zeros((len(subjects), len(labels)))
    for row in train:
        counts[line[clips[row].subject], column[clips[row].label or ""]] += 1
    return counts


def _choose(counts: NDArray[np.float64], share: float) -> list[int]:
    """Greedy: subjects (rows of counts) until the share is reached, one at least, never all."""
    aim, left = share * counts.sum(axis=0), counts.sum(axis=0)
    chosen: list[int] = []
    free = np.ones(len(counts), bool)
    while free.sum() > 1:
        distance = np.abs(counts[chosen].sum(axis=0) + counts - aim).sum(axis=1)
        robs = ((counts == left) & (left > 0)).any(axis=1)
        if chosen and not (free & ~robs).any():
            break
        distance[~free] = np.inf
        distance[robs] += counts.sum()
        best = int(distance.argmin())
        now = np.abs(counts[chosen].sum(axis=0) - aim).sum()
        if chosen and distance[best] >= now:
            break
        chosen.append(best)
        free[best] = False
        left = left - counts[best]
    return chosen
