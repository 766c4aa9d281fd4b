"""Split a fold's training clips into those to learn from and those that select the epoch."""

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
    """Split a fold's usable training clips into (train, validation).

    The fold's own validation part is used if it has one, otherwise `inner_split`.

    Args:
        train: the usable indices of `fold.train`.
        share: share of the clips to validate on; with 0, a fixed validation part is trained on too.
        seed: seed for `inner_split`.
    """
    if fold.validation is None or share == 0:
        return inner_split(fold.clips, train, share, seed)
    chosen = set(fold.validation)
    inner = tuple(row for row in train if row not in chosen)
    return inner, tuple(row for row in train if row in chosen)


def check_share(share: float) -> None:
    """Raise ProtocolError unless 0 <= share < 1."""
    if not 0 <= share < 1:
        raise ProtocolError(
            f"a validation share of {share:g} is out of range: use 0 (none) up to less than 1"
        )


def inner_split(
    clips: Clips, train: Sequence[int], share: float = 0.2, seed: int = 0
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Split training clips by subject into (train, validation), to select an epoch within a fold.

    Subjects move to validation one at a time. Each time it is the subject that brings the label
    counts closest to their share (the seed breaks ties), avoiding subjects without whom training
    would lose a label. Neither side is ever empty, except with a share of 0.

    Args:
        train: indices into `clips`.
        share: share of the clips to validate on, in [0, 1). With 0 there is no validation, and the
            last epoch is used.
        seed: seed for the order of subjects.

    Raises:
        ProtocolError: `share` is out of range, fewer than two subjects, or clips without subject.
    """
    check_share(share)
    if share == 0:
        return tuple(train), ()
    need_subjects(clips[row] for row in train)
    subjects = np.array(subjects_of(clips[row] for row in train), object)
    if len(subjects) < 2:
        raise ProtocolError(
            f"cannot split {len(subjects)} training subjects into training and validation: use "
            "more subjects, or a validation share of 0"
        )
    subjects = np.random.default_rng(seed).permutation(subjects)
    chosen = _choose(_label_counts(clips, train, subjects), share)
    validating = set(subjects[chosen])
    inner = tuple(row for row in train if clips[row].subject not in validating)
    return inner, tuple(row for row in train if clips[row].subject in validating)


def _label_counts(
    clips: Clips, train: Sequence[int], subjects: NDArray[Any]
) -> NDArray[np.float64]:
    """(S, K) number of clips of each subject and label."""
    labels = sorted(Counter(clips[row].label or "" for row in train))
    column = {label: number for number, label in enumerate(labels)}
    line = {subject: number for number, subject in enumerate(subjects)}
    counts = np.zeros((len(subjects), len(labels)))
    for row in train:
        counts[line[clips[row].subject], column[clips[row].label or ""]] += 1
    return counts


def _choose(counts: NDArray[np.float64], share: float) -> list[int]:
    """Choose subjects (rows of `counts`) greedily up to the share; at least one, never all."""
    aim, left = share * counts.sum(axis=0), counts.sum(axis=0)
    chosen: list[int] = []
    free = np.ones(len(counts), bool)
    while free.sum() > 1:
        distance = np.abs(counts[chosen].sum(axis=0) + counts - aim).sum(axis=1)
        last_of_label = ((counts == left) & (left > 0)).any(axis=1)
        if chosen and not (free & ~last_of_label).any():
            break
        distance[~free] = np.inf
        distance[last_of_label] += counts.sum()
        best = int(distance.argmin())
        now = np.abs(counts[chosen].sum(axis=0) - aim).sum()
        if chosen and distance[best] >= now:
            break
        chosen.append(best)
        free[best] = False
        left = left - counts[best]
    return chosen
