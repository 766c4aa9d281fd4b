"""Clips -> folds. Pure functions; the only file they read is a user's split file.

Every protocol here is subject-independent: no subject is in both the training and the test set of
a fold, and a `Fold` that would break this rule cannot be built.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from fervid.errors import ProtocolError
from fervid.folds.files import Sides, read
from fervid.folds.fold import Clips, Fold, need_subjects, subjects_of
from fervid.folds.inner import check_share, inner_sides, inner_split

__all__ = [
    "FURTHER",
    "NAMED",
    "PROTOCOLS",
    "SHUFFLED",
    "STRANGER",
    "Clips",
    "Fold",
    "check_share",
    "cross_database",
    "digest",
    "fewer_people",
    "fixed_parts",
    "from_file",
    "hold_out",
    "inner_sides",
    "inner_split",
    "k_fold",
    "leave_one_database_out",
    "leave_one_group_out",
    "leave_one_subject_out",
    "make",
    "part_sides",
    "strangers",
    "ten_fold_by_id",
    "unseen",
]

# Prefix of the subject that `strangers` gives to a clip of an unknown person.
STRANGER = "? "


def _folds(clips: Clips, groups: Sequence[Sequence[str]], protocol: str) -> list[Fold]:
    """One fold per group of subjects: test on that group, train on all the others."""
    group = {subject: number for number, members in enumerate(groups) for subject in members}
    group_of = np.array([group[clip.subject or ""] for clip in clips])
    folds = []
    for number in range(len(groups)):
        train, test = (
            tuple(np.flatnonzero(side).tolist())
            for side in (group_of != number, group_of == number)
        )
        folds.append(Fold(clips, train, test, str(number + 1), protocol))
    return folds


def _enough(clips: Clips, groups: int) -> tuple[str, ...]:
    """The subjects, ascending by id with digits read as numbers; refuse fewer than `groups`."""
    need_subjects(clips)
    subjects = subjects_of(clips)
    if len(subjects) < max(groups, 2):
        raise ProtocolError(
            f"{groups} folds need at least {max(groups, 2)} subjects, got {len(subjects)}: "
            "choose a protocol with fewer folds, or loso"
        )
    return subjects


def ten_fold_by_id(clips: Clips, groups: int = 10) -> list[Fold]:
    """Sort subjects by id, ascending, and cut the list into ten groups [1, Sec. 5.2].

    The paper does not say how to divide 118 subjects by ten. Here the first groups are larger by
    one subject (118 = 8 x 12 + 2 x 11); the number of clips per group is not balanced.
    """
    subjects = _enough(clips, groups)
    cut = [list(part) for part in np.array_split(np.array(subjects, object), groups)]
    return _folds(clips, cut, f"{groups} folds, subjects ascending by id")


def leave_one_subject_out(clips: Clips) -> list[Fold]:
    """Test on each subject in turn [4, Sec. IV-B, for fewer than ten subjects]."""
    subjects = _enough(clips, 2)
    return _folds(clips, [[subject] for subject in subjects], "leave one subject out")


def leave_one_group_out(clips: Clips, groups: int = 5) -> list[Fold]:
    """Test on each of five groups of subjects in turn [4, Sec. IV-B].

    The paper does not say how groups are formed. Here subjects are dealt out in ascending order:
    the first to group 1, the second to group 2, the sixth to group 1 again.
    """
    subjects = _enough(clips, groups)
    dealt = [subjects[number::groups] for number in range(groups)]
    return _folds(clips, dealt, f"leave one of {groups} subject groups out")


def k_fold(clips: Clips, folds: int = 5, seed: int = 0) -> list[Fold]:
    """Shuffle the subjects by the seed and cut them into k groups [3, Sec. 4.2.1; 5, Sec. 4.1]."""
    subjects = np.array(_enough(clips, folds), object)
    shuffled = np.random.default_rng(seed).permutation(subjects)
    cut = [list(part) for part in np.array_split(shuffled, folds)]
    return _folds(clips, cut, f"{folds} folds, subjects shuffled by seed {seed}")


def hold_out(clips: Clips, share: float = 0.2, seed: int = 0) -> list[Fold]:
    """One fold that tests on a share of the subjects, drawn by the seed [3, Sec. 4.2.1]."""
    subjects = np.array(_enough(clips, 2), object)
    shuffled = np.random.default_rng(seed).permutation(subjects)
    count = min(max(round(share * len(subjects)), 1), len(subjects) - 1)
    words = f"{share:.0%} of the subjects held out by seed {seed}"
    return _folds(clips, [list(shuffled[:count]), list(shuffled[count:])], words)[:1]


def cross_database(clips: Clips, test: str) -> list[Fold]:
    """One fold: train on all databases but one and test on that one [3, Sec. 4.2.2].

    Clips whose label no training clip has are not tested.

    Args:
        clips: clips of several databases, which share no subject name.
        test: name of the database to test on.

    Raises:
        ProtocolError: no clip is from `test`, or all are.
    """
    names = list(dict.fromkeys(clip.database for clip in clips))
    if test not in names or len(names) < 2:
        raise ProtocolError(
            f"cannot test on {test!r} and train on other databases: the clips are from "
            f"{', '.join(names)}"
        )
    others = " and ".join(name for name in names if name != test)
    train, tested = (
        tuple(row for row, clip in enumerate(clips) if (clip.database == test) is side)
        for side in (False, True)
    )
    learned = {clips[row].label for row in train}
    tested = tuple(row for row in tested if clips[row].label in learned)
    words = f"trained on {others}, tested on {test}"
    return [Fold(clips, train, tested, test, words)]


def leave_one_database_out(clips: Clips) -> list[Fold]:
    """Test on each database in turn, whose name the fold gets, and train on all the others."""
    names = dict.fromkeys(clip.database for clip in clips)
    folds = [fold for name in names for fold in cross_database(clips, name)]
    return [replace(fold, protocol="leave one database out") for fold in folds]


def part_sides(clips: Clips) -> list[Sides]:
    """The fixed parts of a database (`Clip.groups["part"]`) as (train, test, name), unchecked.

    The validation part is tested after training on the training part, the test part after
    training on both.

    Raises:
        ProtocolError: there is no training part, or no other part.
    """
    rows: dict[str, list[int]] = {}
    for row, clip in enumerate(clips):
        rows.setdefault(clip.groups.get("part", ""), []).append(row)
    train, validation, test = (
        tuple(rows.get(part, ())) for part in ("train", "validation", "test")
    )
    both = tuple(sorted(train + validation))
    sides = [(train, validation, "validation"), (both, test, "test")]
    usable = [(learnt, tested, name) for learnt, tested, name in sides if train and tested]
    if not usable:
        names = ", ".join(filter(None, rows)) or "none"
        raise ProtocolError(
            "no fixed training part with a validation or test part (parts found: "
            f"{names}): choose a protocol, or give a split file"
        )
    return usable


def fixed_parts(clips: Clips) -> list[Fold]:
    """One fold from the fixed parts of a database [5, Sec. 4.1 for FER+].

    It tests on the test part if that exists and is labelled; the validation part then selects the
    epoch and is not trained on. Otherwise it tests on the validation part, and the last epoch is
    used because no clips are left to select one by.

    Raises:
        ProtocolError: as `part_sides`, or clips without subject (`strangers` gives them one each).
        LeakError: the parts share subjects, which the message names.
    """
    chosen = {"test": tuple(r for r, c in enumerate(clips) if c.groups.get("part") == "validation")}
    folds = [  # build both, so that a shared subject is found in either
        Fold(clips, train, test, name, "fixed parts", chosen.get(name, ()))
        for train, test, name in part_sides(clips)
    ]
    labelled = [fold for fold in folds if all(clips[row].label for row in fold.test)]
    return (labelled or folds)[-1:]


def unseen(clips: Clips) -> list[Fold]:
    """One fold without training, to evaluate an existing model.

    It holds the labelled clips of a database's test part, otherwise those of its validation part;
    all labelled clips if the database has no fixed parts.

    Raises:
        ProtocolError: the database has only a training part; or as `Fold`.
    """
    rows: dict[str, list[int]] = {}
    for row, clip in enumerate(clips):
        if clip.label is not None:
            rows.setdefault(clip.groups.get("part", ""), []).append(row)
    name = next((part for part in ("test", "validation", "") if part in rows), None)
    if name is None:
        raise ProtocolError(
            "there is only a training part: prepare the validation or test part to evaluate on"
        )
    return [Fold(clips, (), tuple(rows[name]), name or "all", "no training", (), ready=True)]


def strangers(clips: Clips) -> Clips:
    """Give every clip without a subject a subject of its own ("? NAME").

    Use this only for splits fixed by a database's authors: training and test may then share
    people, and confidence intervals treat every such clip as independent. Reports must mention it.
    """
    return tuple(
        clip if clip.subject else replace(clip, subject=f"{STRANGER}{clip.name}") for clip in clips
    )


PROTOCOLS: Mapping[str, Callable[[Clips], list[Fold]]] = {
    "paper": ten_fold_by_id,
    "five-fold": k_fold,
    "ten-fold": partial(k_fold, folds=10),
    "loso": leave_one_subject_out,
    "losgo": leave_one_group_out,
    "hold-out": hold_out,
}

# Protocols whose folds depend on the seed.
SHUFFLED = frozenset({"five-fold", "ten-fold", "hold-out"})

# Protocols that need clips of several databases, or of a database with fixed parts.
FURTHER: Mapping[str, Callable[[Clips], list[Fold]]] = {
    "leave-one-database-out": leave_one_database_out,
    "parts": fixed_parts,
}


# Everything that --protocol takes by name; cross-database takes its test set from --test.
NAMED: Mapping[str, Callable[..., list[Fold]]] = {
    **PROTOCOLS,
    "cross-database": cross_database,
    **FURTHER,
}


def make(protocol: str, clips: Clips, seed: int = 0) -> list[Fold]:
    """Make the folds of a protocol, given by name, or of a split file, given by path.

    Args:
        seed: seed for shuffling subjects; only the protocols in `SHUFFLED` use it.

    Raises:
        ProtocolError: `protocol` is neither a name nor a file, or its folds cannot be built.
    """
    known: Mapping[str, Callable[..., list[Fold]]] = {**PROTOCOLS, **FURTHER}
    if protocol in known:
        return known[protocol](clips, **({"seed": seed} if protocol in SHUFFLED else {}))
    path = Path(protocol)
    if not path.is_file():
        raise ProtocolError(
            f"no protocol or split file {protocol!r}: choose one of {', '.join(known)}, or "
            "give the path of a CSV (clip,fold) or JSON file"
        )
    return from_file(path, clips)


def usual(clips: Clips) -> str:
    """The protocol of a database that names none: its fixed parts, or else "paper"."""
    return "parts" if all(clip.groups.get("part") for clip in clips) else "paper"


def from_file(path: Path, clips: Clips) -> list[Fold]:
    """Read a user's split file and check that no subject is on both sides.

    Raises:
        ProtocolError: as `read`.
        LeakError: a subject is on both sides.
    """
    words = f"split file {Path(path).name}"
    return [Fold(clips, train, test, name, words) for train, test, name in read(path, clips)]


def fewer_people(fold: Fold, people: int, seed: int = 0) -> Fold:
    """The same test, but trained on so few of the fold's people, as for a learning curve.

    Everybody in a smaller selection is in a larger one with the same seed, too.

    Raises:
        ProtocolError: the fold trains on fewer people than that.
    """
    everybody = fold.train_subjects
    if not 1 <= people <= len(everybody):
        raise ProtocolError(
            f"fold {fold.name} trains on {len(everybody)} people: choose 1 to {len(everybody)} of "
            f"them, not {people}"
        )
    order = np.random.default_rng(seed).permutation(len(everybody))
    some = {everybody[place] for place in order[:people]}

    def theirs(rows: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(row for row in rows if fold.clips[row].subject in some)

    return replace(
        fold,
        train=theirs(fold.train),
        validation=None if fold.validation is None else theirs(fold.validation),
        protocol=f"{fold.protocol}, trained on {people} people",
    )


def digest(folds: Sequence[Fold]) -> str:
    """SHA-256 of the clips of every fold; the same on every machine."""
    lists = [(fold.name, fold.train_names, fold.test_names) for fold in folds]
    return hashlib.sha256(json.dumps(lists).encode()).hexdigest()
