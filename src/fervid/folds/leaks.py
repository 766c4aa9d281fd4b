"""What must not stand on both sides of a split, found: people, clips, and copies of clips.

Looked for in the bytes: one file, or files with the same content, on both sides. Looked for in the
pictures (`perceptual`): the same clip encoded anew, mirrored, brighter or darker, rotated by up to
15 degrees in steps of five, or several of these at once. Copies that are cropped, shifted by more
than a hundredth of the picture, or cut to another length are not found.

How alike two clips look is the correlation of their small grey frames (three of each, 32 x 32),
each brought to mean 0 and deviation 1, less what all clips have in common. Measured on the
stand-ins of CK+ and MMI, on LFW and FER+: 0.97 and more for pictures with added noise, 0.93 and
more (half of them above 0.97) for rotated ones, at most 0.93 between two people.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fervid.clip import Clip
from fervid.errors import LeakError, ProtocolError
from fervid.folds import STRANGER, fingerprints, subjects
from fervid.folds.splits import Sides

ALIKE = 0.95  # correlation from which two clips are taken for one
HINT = 0.9  # the same at a quarter of the detail: those below are not compared closely
ANGLES = (0, -15, -10, -5, 5, 10, 15)  # degrees: the rotations that train DTAGN [1, Sec. 3.4]
ROWS = 256  # clips compared with all others at a time

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Leak:
    """One thing on both sides.

    Args:
        kind: "shared subject", "one subject, two spellings", "same clip", "same frames", "same
            content", "same track" or "same pictures" (as encoded anew), "mirrored", "rotated",
            "mirrored and rotated".
        fold: the first fold it was found in.
        train: the clip or subject trained on.
        test: the clip or subject tested on.
        likeness: 0..1; 1 where bytes or names are the same.
        folds: how many folds have it.
    """

    kind: str
    fold: str
    train: str
    test: str
    likeness: float = 1.0
    folds: int = 1


@dataclass(frozen=True)
class Findings:
    """What a check found.

    Args:
        leaks: worst kinds first.
        clips: how many were looked at.
        nobody: how many of them have no subject, so that people could not be checked.
        unread: clips whose file is absent or empty; with pictures compared, also undecodable ones.
        perceptual: whether pictures were compared.
    """

    leaks: tuple[Leak, ...]
    clips: int
    nobody: int = 0
    unread: tuple[str, ...] = ()
    perceptual: bool = False

    @property
    def counts(self) -> dict[str, int]:
        """Leaks of each kind."""
        found: dict[str, int] = defaultdict(int)
        for leak in self.leaks:
            found[leak.kind] += 1
        return dict(found)

    def refuse(self) -> None:
        """Raise where anything was found.

        Raises:
            LeakError: names the kinds and the first of each.
        """
        if not self.leaks:
            return
        firsts = {leak.kind: leak for leak in reversed(self.leaks)}
        named = "; ".join(
            f"{count} x {kind} (in fold {firsts[kind].fold}: {firsts[kind].train} in training, "
            f"{firsts[kind].test} in test)"
            for kind, count in self.counts.items()
        )
        raise LeakError(f"the split leaks: {named}: put each on one side, or remove the copies")

    def table(self, most: int = 20) -> str:
        """Lines for people: the counts, then the first leaks, then what was not checked."""
        kinds = ", ".join(f"{count} x {kind}" for kind, count in self.counts.items())
        lines = [f"{self.clips} clips checked: {kinds or 'no leak found'}"]
        for leak in self.leaks[:most]:
            also = f" and {leak.folds - 1} more" if leak.folds > 1 else ""
            alike = f" ({leak.likeness:.3f})" if leak.likeness < 1 else ""
            lines.append(
                f"  {leak.kind}{alike}: {leak.train} | {leak.test}, fold {leak.fold}{also}"
            )
        if len(self.leaks) > most:
            lines.append(f"  ... and {len(self.leaks) - most} more")
        if self.nobody:
            lines.append(f"not checked: {self.nobody} clips have no subject")
        if self.unread:
            lines.append(f"not checked: {len(self.unread)} clips unreadable ({self.unread[0]} ...)")
        if not self.perceptual:
            lines.append("not checked: re-encoded, mirrored and rotated copies (perceptual)")
        return "\n".join(lines)


def check(splits: Sequence[Sides], perceptual: bool = False, jobs: int = 1) -> Findings:
    """Look for everything that stands on both sides of any of the splits.

    Args:
        splits: folds (`fervid.folds`), or unchecked ones (`fervid.folds.splits.read`, `parts`).
        perceptual: whether to decode and compare pictures too (minutes for thousands of videos).
        jobs: processes that decode.

    Raises:
        ProtocolError: no split, or splits of several databases.
    """
    if not splits or any(split.clips != splits[0].clips for split in splits[1:]):
        raise ProtocolError("there is nothing to check: give the folds of one database")
    clips = splits[0].clips
    sides = _Sides(splits, len(clips))
    used = sides.used
    copies, empty = fingerprints.same_content(dict.fromkeys(clips[row].path for row in used))
    leaks = [*_people(clips, splits), *spellings(splits), *_bytes(clips, sides, copies)]
    unread = tuple(clips[row].name for row in used if clips[row].path in empty)
    if perceptual:
        known = {frozenset((leak.train, leak.test)) for leak in leaks}
        small, there = fingerprints.looks([clips[row] for row in used], jobs)
        found = _pictures(clips, used[there], small[there], sides)
        leaks += [leak for leak in found if frozenset((leak.train, leak.test)) not in known]
        unread = tuple(clips[row].name for row in used[~there])
    nobody = sum(clips[row].subject is None for row in used)
    return Findings(tuple(leaks), len(used), nobody, unread, perceptual)


def copies(splits: Sequence[Sides], keys: Mapping[str, str]) -> list[Leak]:
    """Copies on both sides of any split, under whatever names; no picture is decoded.

    Args:
        keys: a store's key of each clip, by name: two of one key hold the same frames of the same
            bytes. As keys also tell how faces were found, the files of clips of several databases
            are compared as well, where they still lie where they were prepared from.
    """
    clips = splits[0].clips
    sides = _Sides(splits, len(clips))
    rows: dict[str, list[int]] = defaultdict(list)
    for row in sides.used.tolist():
        if key := keys.get(clips[row].name):
            rows[key].append(row)
    pairs = (pair for same in rows.values() for pair in combinations(same, 2))
    found = [sides.leak("same track", clips, one, two) for one, two in pairs]
    if len({clips[row].database for row in sides.used}) > 1:
        groups, _ = fingerprints.same_content(dict.fromkeys(clips[r].path for r in sides.used))
        found += [leak for leak in _bytes(clips, sides, groups) if leak.kind == "same content"]
    named = {(leak.train, leak.test): leak for leak in reversed(found) if leak}
    return list(reversed(named.values()))


class _Sides:
    """On which side of which split a clip stands."""

    def __init__(self, splits: Sequence[Sides], count: int) -> None:
        self.names = [split.name for split in splits]
        self.side = np.zeros((len(splits), count), np.int8)  # 0 nowhere, 1 train, 2 test
        for line, split in zip(self.side, splits, strict=True):
            line[np.array(split.train, np.intp)] |= 1
            line[np.array(split.test, np.intp)] |= 2

    @property
    def used(self) -> NDArray[np.intp]:
        """Clips that stand anywhere."""
        return np.flatnonzero(self.side.any(axis=0))

    @property
    def tested(self) -> NDArray[np.bool_]:
        """Clips that are tested in any split."""
        return np.asarray((self.side & 2).any(axis=0))

    def apart(self, train: int, test: int) -> NDArray[np.intp]:
        """The splits that train on the one and test on the other."""
        return np.flatnonzero((self.side[:, train] & 1 > 0) & (self.side[:, test] & 2 > 0))

    def leak(
        self, kind: str, clips: Sequence[Clip], one: int, two: int, likeness: float = 1.0
    ) -> Leak | None:
        """A leak of two clips, if any split parts them; either way round."""
        for train, test in ((one, two), (two, one)):
            where = self.apart(train, test)
            if len(where):
                fold = self.names[where[0]]
                return Leak(kind, fold, clips[train].name, clips[test].name, likeness, len(where))
        return None


# People


def _people(clips: Sequence[Clip], splits: Sequence[Sides]) -> Iterator[Leak]:
    found: dict[str, list[str]] = defaultdict(list)
    for split in splits:
        train, test = ({clips[row].subject for row in rows} for rows in (split.train, split.test))
        for subject in sorted(filter(None, train & test)):
            found[subject].append(split.name)
    for subject, folds in found.items():
        yield Leak("shared subject", folds[0], subject, subject, folds=len(folds))


def spellings(splits: Sequence[Sides]) -> list[Leak]:
    """One person under two names that `subjects.plain` takes for one, on both sides of a split.

    Clips of strangers (`fervid.folds.strangers`) are named, not people: they do not count.
    """
    return [
        Leak("one subject, two spellings", folds[0], one, two, folds=len(folds))
        for (one, two), folds in subjects.respelt(splits).items()
        if not one.startswith(STRANGER)
    ]


# Bytes


def _bytes(
    clips: Sequence[Clip], sides: _Sides, copies: Sequence[Sequence[Path]]
) -> Iterator[Leak]:
    """Clips of one file, and of files with the same content, whose frames overlap."""
    for row in np.flatnonzero((sides.side == 3).any(axis=0)).tolist():
        where = np.flatnonzero(sides.side[:, row] == 3)
        name = clips[row].name
        yield Leak("same clip", sides.names[where[0]], name, name, folds=len(where))
    rows: dict[Path, list[int]] = defaultdict(list)
    for row in sides.used.tolist():
        rows[clips[row].path].append(row)
    for same in rows.values():
        yield from _overlapping("same frames", clips, sides, same, same)
    for group in copies:
        for number, path in enumerate(group):
            for other in group[number + 1 :]:
                yield from _overlapping("same content", clips, sides, rows[path], rows[other])


def _overlapping(
    kind: str, clips: Sequence[Clip], sides: _Sides, ones: list[int], twos: list[int]
) -> Iterator[Leak]:
    """Pairs in order of their first frame; each with those that begin before it ends."""
    if len(ones) == 1 and ones == twos:
        return
    second = sorted(twos, key=lambda row: clips[row].start)
    for one in ones:
        first, last = clips[one].start, clips[one].end
        for two in second:
            start, end = clips[two].start, clips[two].end
            if last is not None and start >= last:
                break
            if (end is not None and end <= first) or (ones is twos and two <= one):
                continue
            leak = sides.leak(kind, clips, one, two)
            if leak:
                yield leak


# Pictures


def _pictures(
    clips: Sequence[Clip], rows: NDArray[np.intp], small: NDArray[np.uint8], sides: _Sides
) -> list[Leak]:
    """Clips of different people that look like one, as they are or mirrored or rotated.

    Args:
        rows: (N,) clips.
        small: (N, 3, 32, 32) their small frames.
    """
    if not len(rows):
        return []
    shared = _normal(small).mean(axis=(0, 1)) * (len(small) / (len(small) + 8))
    rough = _rough(_normal(small), shared)
    numbers: dict[object, int] = {}
    people = np.array(
        [numbers.setdefault(clips[r].subject or ("nobody", r), len(numbers)) for r in rows]
    )
    queries = np.flatnonzero(sides.tested[rows])
    best: dict[tuple[int, int], tuple[float, str]] = {}
    for flip in (False, True):
        for angle in ANGLES:
            kind = _kind(flip, angle)
            for one, two, alike in _alike(
                small, rough, shared, queries, people, flip=flip, angle=angle
            ):
                pair = (min(one, two), max(one, two))
                if alike > best.get(pair, (0.0, ""))[0] + 1e-6:
                    best[pair] = (alike, kind)
    leaks = (
        sides.leak(kind, clips, int(rows[one]), int(rows[two]), round(alike, 4))
        for (one, two), (alike, kind) in sorted(best.items(), key=lambda item: -item[1][0])
    )
    return [leak for leak in leaks if leak]


def _kind(flip: bool, angle: int) -> str:
    if flip:
        return "mirrored and rotated" if angle else "mirrored"
    return "rotated" if angle else "same pictures"


def _alike(
    small: NDArray[np.uint8],
    rough: Floats,
    shared: Floats,
    queries: NDArray[np.intp],
    people: NDArray[np.intp],
    *,
    flip: bool,
    angle: int,
) -> Iterator[tuple[int, int, float]]:
    """(query, other, likeness) of clips that look alike and whose people are not the same."""
    plain = not (flip or angle)
    for first in range(0, len(queries), ROWS):
        block = queries[first : first + ROWS]
        turned = _normal(fingerprints.turned(small[block], flip, angle))
        line, other = np.nonzero(_rough(turned, shared) @ rough.T >= HINT)
        one = block[line]
        wanted = people[one] != people[other]
        if plain:  # both ways round are one pair
            wanted &= one != other
        line, one, other = line[wanted], one[wanted], other[wanted]
        for part in range(0, len(one), ROWS):
            some = slice(part, part + ROWS)
            likeness = _closely(turned[line[some]], _normal(small[other[some]]), shared)
            for number in np.flatnonzero(likeness >= ALIKE):
                at = part + int(number)
                yield int(one[at]), int(other[at]), float(likeness[number])


def _normal(small: NDArray[np.uint8]) -> Floats:
    """(..., 32, 32) -> (..., P) cells of the disc, each frame with mean 0 and deviation 1."""
    cells = small[..., fingerprints.disc()].astype(np.float32)
    cells -= cells.mean(axis=-1, keepdims=True)
    deviation = cells.std(axis=-1, keepdims=True)
    # A frame of one colour looks like every other: it counts for nothing.
    normal: Floats = np.where(deviation > 1, cells / np.maximum(deviation, 1), 0)
    return normal


def _rough(normal: Floats, shared: Floats) -> Floats:
    """(N, 3, P) -> (N, Q) of length 1: the mean frame, four cells in one."""
    side = fingerprints.SIDE
    whole = np.zeros((len(normal), side * side), np.float32)
    blank = ~normal.any(axis=(1, 2))
    whole[:, fingerprints.disc().ravel()] = normal.mean(axis=1) - shared
    cells = whole.reshape(-1, side // 2, 2, side // 2, 2).sum(axis=(2, 4)).reshape(len(normal), -1)
    cells /= np.linalg.norm(cells, axis=1, keepdims=True) + 1e-9
    cells[blank] = 0
    return np.asarray(cells, np.float32)


def _closely(one: Floats, two: Floats, shared: Floats) -> Floats:
    """(N,) correlations of (N, 3, P) frames in full detail."""
    a, b = ((frames - shared).reshape(len(frames), -1) for frames in (one, two))
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.asarray((a * b).sum(axis=1) / (lengths + 1e-9), np.float32)
