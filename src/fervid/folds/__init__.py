"""Clips -> folds. Pure: nothing is read but a user's split file.

Every protocol here is subject-independent: nobody is trained on and tested on in one fold, and a
`Fold` that would break this cannot be built.
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

# How the person of a clip begins whom nobody knows (`strangers`).
STRANGER = "? "


def _folds(clips: Clips, groups: Sequence[Sequence[str]], protocol: str) -> list[Fold]:
    """One fold per group of subjects: it is tested, all the others are trained on."""
    group = {subject: number for number, members in enumerate(groups) for subject in members}
    of = np.array([group[clip.subject or ""] for clip in clips])
    folds = []
    for number in range(len(groups)):
        train, test = (
            tuple(np.flatnonzero(side).tolist()) for side in (of != number, of == number)
        )
        folds.append(Fold(clips, train, test, str(number + 1), protocol))
    return folds


def _enough(clips: Clips, groups: int) -> tuple[str, ...]:
    """The subjects, ascending by id with digits read as numbers; at least `groups` of them."""
    need_subjects(clips)
    subjects = subjects_of(clips)
    if len(subjects) < max(groups, 2):
        raise ProtocolError(
            f"{groups} folds need as many subjects and there are {len(subjects)}: "
            "choose a protocol with fewer folds, or loso"
        )
    return subjects


def ten_fold_by_id(clips: Clips, groups: int = 10) -> list[Fold]:
    """Subjects ascending by id, cut into ten groups of neighbours [1, Sec. 5.2].

    The paper does not say how 118 subjects make ten groups. Here the first groups are one larger:
    118 = 8 x 12 + 2 x 11, whatever number of clips that gives.
    """
    subjects = _enough(clips, groups)
    cut = [list(part) for part in np.array_split(np.array(subjects, object), groups)]
    return _folds(clips, cut, f"{groups} folds, subjects ascending by id")


def leave_one_subject_out(clips: Clips) -> list[Fold]:
    """Each subject once alone in the test [4, Sec. IV-B, for fewer than ten subjects]."""
    subjects = _enough(clips, 2)
    return _folds(clips, [[subject] for subject in subjects], "leave one subject out")


def leave_one_group_out(clips: Clips, groups: int = 5) -> list[Fold]:
    """Each of five groups of subjects once in the test [4, Sec. IV-B].

    The paper does not say who is in a group. Here subjects are dealt out in ascending order, the
    first to group 1, the sixth again to group 1.
    """
    subjects = _enough(clips, groups)
    dealt = [subjects[number::groups] for number in range(groups)]
    return _folds(clips, dealt, f"leave one of {groups} subject groups out")


def k_fold(clips: Clips, folds: int = 5, seed: int = 0) -> list[Fold]:
    """Subjects shuffled by the seed, cut into k groups [3, Sec. 4.2.1: 5; 5, Sec. 4.1: 10]."""
    subjects = np.array(_enough(clips, folds), object)
    shuffled = np.random.default_rng(seed).permutation(subjects)
    cut = [list(part) for part in np.array_split(shuffled, folds)]
    return _folds(clips, cut, f"{folds} folds, subjects shuffled by seed {seed}")


def hold_out(clips: Clips, share: float = 0.2, seed: int = 0) -> list[Fold]:
    """One fold: a share of the subjects, drawn by the seed, is tested [3, Sec. 4.2.1]."""
    subjects = np.array(_enough(clips, 2), object)
    shuffled = np.random.default_rng(seed).permutation(subjects)
    count = min(max(round(share * len(subjects)), 1), len(subjects) - 1)
    words = f"{share:.0%} of the subjects held out by seed {seed}"
    return _folds(clips, [list(shuffled[:count]), list(shuffled[count:])], words)[:1]


def cross_database(clips: Clips, test: str) -> list[Fold]:
    """One fold: a database is tested, all the others are trained on [3, Sec. 4.2.2].

    Args:
        clips: of several databases, subjects with names of their own in each.
        test: the name of the tested one.
    """
    names = list(dict.fromkeys(clip.database for clip in clips))
    if test not in names or len(names) < 2:
        raise ProtocolError(
            f"cannot test on {test!r} and train on others: the clips are of {', '.join(names)}"
        )
    others = " and ".join(name for name in names if name != test)
    train, tested = (
        tuple(row for row, clip in enumerate(clips) if (clip.database == test) is side)
        for side in (False, True)
    )
    words = f"trained on {others}, tested on {test}"
    return [Fold(clips, train, tested, test, words)]


def leave_one_database_out(clips: Clips) -> list[Fold]:
    """Each database once tested, all the others trained on; folds are named by it."""
    names = dict.fromkeys(clip.database for clip in clips)
    folds = [fold for name in names for fold in cross_database(clips, name)]
    return [replace(fold, protocol="leave one database out") for fold in folds]


def part_sides(clips: Clips) -> list[Sides]:
    """The parts a database is delivered in (`Clip.groups["part"]`), unchecked: train, test, name.

    Validation is judged after training on the training part, test after training on both.

    Raises:
        ProtocolError: no training part, or nothing beside it.
    """
    rows: dict[str, list[int]] = {}
    for row, clip in enumerate(clips):
        rows.setdefault(clip.groups.get("part", ""), []).append(row)
    train, validation, test = (
        tuple(rows.get(part, ())) for part in ("train", "validation", "test")
    )
    both = tuple(sorted(train + validation))
    sides = [(train, validation, "validation"), (both, test, "test")]
    found = [(learnt, tested, name) for learnt, tested, name in sides if train and tested]
    if not found:
        named = ", ".join(filter(None, rows)) or "none"
        raise ProtocolError(
            "there is no fixed training part with another beside it (parts found: "
            f"{named}): choose a protocol, or give a split file"
        )
    return found


def fixed_parts(clips: Clips) -> list[Fold]:
    """The parts a database is delivered in [5, Sec. 4.1 for FER+]: one fold, of the last part.

    The test part is judged where it is there and labelled: the validation part then chooses the
    epoch and is not trained on. Else the validation part is judged and nothing chooses: the last
    epoch counts.

    Raises:
        ProtocolError: as `part_sides`, or clips without subject (`strangers` gives them one each).
        LeakError: the parts share subjects; names them.
    """
    chosen = {"test": tuple(r for r, c in enumerate(clips) if c.groups.get("part") == "validation")}
    folds = [  # of both parts, so that neither shares people with what it is judged by
        Fold(clips, train, test, name, "fixed parts", chosen.get(name, ()))
        for train, test, name in part_sides(clips)
    ]
    labelled = [fold for fold in folds if all(clips[row].label for row in fold.test)]
    return (labelled or folds)[-1:]


def unseen(clips: Clips) -> list[Fold]:
    """What a model that is there already may be judged on: one fold without training.

    Of a database that is delivered in parts its test part, or else its validation part; of others
    every clip with a label.

    Raises:
        ProtocolError: there is nothing but a training part; or as `Fold`.
    """
    rows: dict[str, list[int]] = {}
    for row, clip in enumerate(clips):
        if clip.label is not None:
            rows.setdefault(clip.groups.get("part", ""), []).append(row)
    name = next((part for part in ("test", "validation", "") if part in rows), None)
    if name is None:
        raise ProtocolError("there is only a training part: prepare a part to judge the model on")
    return [Fold(clips, (), tuple(rows[name]), name or "all", "nothing trained", (), ready=True)]


def strangers(clips: Clips) -> Clips:
    """Clips of unknown people, each as of a person of its own ("? NAME").

    Only for splits that somebody else has fixed: nothing then keeps people apart, and intervals
    take every such clip for a witness of its own. Whoever does this must say so.
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

# Of these another seed draws other folds.
SHUFFLED = frozenset({"five-fold", "ten-fold", "hold-out"})

# These need clips of several databases, or of a database that comes in parts.
FURTHER: Mapping[str, Callable[[Clips], list[Fold]]] = {
    "leave-one-database-out": leave_one_database_out,
    "parts": fixed_parts,
}


# Everything that --protocol takes by name; cross-database is told what to test on.
NAMED: Mapping[str, Callable[..., list[Fold]]] = {
    **PROTOCOLS,
    "cross-database": cross_database,
    **FURTHER,
}


def make(protocol: str, clips: Clips, seed: int = 0) -> list[Fold]:
    """The folds of a protocol, by its name, or of a user's split file, by its path.

    Args:
        seed: shuffles subjects where the protocol does (`SHUFFLED`); others know one way only.

    Raises:
        ProtocolError: neither a name nor a file, or folds that cannot be built.
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


def from_file(path: Path, clips: Clips) -> list[Fold]:
    """A user's own split, checked for subjects on both sides.

    Raises:
        ProtocolError: as `read`.
        LeakError: a subject on both sides.
    """
    words = f"split file {Path(path).name}"
    return [Fold(clips, train, test, name, words) for train, test, name in read(path, clips)]


def digest(folds: Sequence[Fold]) -> str:
    """Sha256 over the clips of every fold: which split this was, on any machine."""
    lists = [(fold.name, fold.train_names, fold.test_names) for fold in folds]
    return hashlib.sha256(json.dumps(lists).encode()).hexdigest()
