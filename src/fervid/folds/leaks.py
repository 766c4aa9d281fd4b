"""Find people, clips and copies of clips that are on both sides of a split.

Comparing bytes finds one file, or files with the same content, on both sides. Comparing pictures
(`perceptual`) finds a clip that was re-encoded, mirrored, made brighter or darker, rotated by up
to 15 degrees in steps of five, or several of these at once. Copies that are cropped, shifted by
more than a hundredth of the picture, or cut to another length are not found.

The likeness of two clips is the correlation of their small grey frames (three of each, 32 x 32),
each normalised to mean 0 and standard deviation 1, after subtracting what all clips have in
common. Measured on the stand-ins of CK+ and MMI, on LFW and FER+: 0.97 and more for pictures with
added noise, 0.93 and more (half of them above 0.97) for rotated ones, at most 0.93 between two
people.
"""

from collections import Counter, defaultdict
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

ALIKE = 0.95  # lowest correlation of two clips that count as copies
HINT = 0.9  # lowest correlation at a quarter of the detail of pairs to compare in full detail
ANGLES = (0, -15, -10, -5, 5, 10, 15)  # degrees; DTAGN's training rotations [1, Sec. 3.4]
ROWS = 256  # clips compared with all others at a time

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Leak:
    """One subject, clip or copy on both sides of a split.

    Args:
        kind: "shared subject", "one subject, two spellings", "same clip", "same frames", "same
            content", "same track" or "same pictures" (re-encoded), "mirrored", "rotated",
            "mirrored and rotated".
        fold: name of the first fold with this leak.
        train: the clip or subject in training.
        test: the clip or subject in the test set.
        likeness: correlation, 0..1; 1 if bytes or names are the same.
        folds: number of folds with this leak.
    """

    kind: str
    fold: str
    train: str
    test: str
    likeness: float = 1.0
    folds: int = 1


@dataclass(frozen=True)
class Findings:
    """Result of a leak check.

    Args:
        leaks: worst kinds first.
        clips: number of clips checked.
        nobody: number of clips without a subject, whose people could not be checked.
        unread: names of clips whose file is missing or empty; also of undecodable ones if
            `perceptual`.
        perceptual: whether pictures were compared.
    """

    leaks: tuple[Leak, ...]
    clips: int
    nobody: int = 0
    unread: tuple[str, ...] = ()
    perceptual: bool = False

    @property
    def counts(self) -> dict[str, int]:
        """Number of leaks of each kind."""
        return dict(Counter(leak.kind for leak in self.leaks))

    def refuse(self) -> None:
        """Raise if there are leaks.

        Raises:
            LeakError: the message names each kind and its first leak.
        """
        if not self.leaks:
            return
        firsts = {leak.kind: leak for leak in reversed(self.leaks)}
        details = "; ".join(
            f"{count} x {kind} (in fold {firsts[kind].fold}: {firsts[kind].train} in training, "
            f"{firsts[kind].test} in test)"
            for kind, count in self.counts.items()
        )
        raise LeakError(f"the split leaks: {details}: put each on one side, or remove the copies")

    def table(self, most: int = 20) -> str:
        """Readable summary: the counts, the first leaks, and what was not checked."""
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
    """Find subjects, clips and copies that are on both sides of any of the splits.

    Args:
        splits: folds (`fervid.folds`), or unchecked splits (`fervid.folds.splits.read`, `parts`).
        perceptual: whether to decode and compare pictures too (minutes for thousands of videos).
        jobs: number of worker processes that decode.

    Raises:
        ProtocolError: there is no split, or the splits are of different databases.
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
        small, readable = fingerprints.looks([clips[row] for row in used], jobs)
        lookalikes = _pictures(clips, used[readable], small[readable], sides)
        leaks += [leak for leak in lookalikes if frozenset((leak.train, leak.test)) not in known]
        unread = tuple(clips[row].name for row in used[~readable])
    nobody = sum(clips[row].subject is None for row in used)
    return Findings(tuple(leaks), len(used), nobody, unread, perceptual)


def copies(splits: Sequence[Sides], keys: Mapping[str, str]) -> list[Leak]:
    """Find copies on both sides of any split, whatever their names, without decoding pictures.

    Args:
        keys: clip name -> the store's key of the clip. Clips with one key hold the same frames of
            the same bytes. Because keys also depend on how faces were found, the files themselves
            are compared too if the clips are from several databases and the files still exist.
    """
    clips = splits[0].clips
    sides = _Sides(splits, len(clips))
    rows: dict[str, list[int]] = defaultdict(list)
    for row in sides.used.tolist():
        if key := keys.get(clips[row].name):
            rows[key].append(row)
    pairs = (pair for same in rows.values() for pair in combinations(same, 2))
    leaks = [sides.leak("same track", clips, first, second) for first, second in pairs]
    if len({clips[row].database for row in sides.used}) > 1:
        groups, _ = fingerprints.same_content(dict.fromkeys(clips[r].path for r in sides.used))
        leaks += [leak for leak in _bytes(clips, sides, groups) if leak.kind == "same content"]
    distinct = {(leak.train, leak.test): leak for leak in reversed(leaks) if leak}
    return list(reversed(distinct.values()))


class _Sides:
    """The side of each split that each clip is on."""

    def __init__(self, splits: Sequence[Sides], count: int) -> None:
        self.names = [split.name for split in splits]
        self.side = np.zeros((len(splits), count), np.int8)  # bits: 1 train, 2 test
        for line, split in zip(self.side, splits, strict=True):
            line[np.array(split.train, np.intp)] |= 1
            line[np.array(split.test, np.intp)] |= 2

    @property
    def used(self) -> NDArray[np.intp]:
        """Clips that are on any side of any split."""
        return np.flatnonzero(self.side.any(axis=0))

    @property
    def tested(self) -> NDArray[np.bool_]:
        """Clips that are tested in any split."""
        return np.asarray((self.side & 2).any(axis=0))

    def apart(self, train: int, test: int) -> NDArray[np.intp]:
        """The splits that train on clip `train` and test on clip `test`."""
        return np.flatnonzero((self.side[:, train] & 1 > 0) & (self.side[:, test] & 2 > 0))

    def leak(
        self, kind: str, clips: Sequence[Clip], first: int, second: int, likeness: float = 1.0
    ) -> Leak | None:
        """A leak between two clips if any split separates them, in either direction."""
        for train, test in ((first, second), (second, first)):
            splits = self.apart(train, test)
            if len(splits):
                fold = self.names[splits[0]]
                return Leak(kind, fold, clips[train].name, clips[test].name, likeness, len(splits))
        return None


# People


def _people(clips: Sequence[Clip], splits: Sequence[Sides]) -> Iterator[Leak]:
    folds_of: dict[str, list[str]] = defaultdict(list)
    for split in splits:
        train, test = ({clips[row].subject for row in rows} for rows in (split.train, split.test))
        for subject in sorted(filter(None, train & test)):
            folds_of[subject].append(split.name)
    for subject, folds in folds_of.items():
        yield Leak("shared subject", folds[0], subject, subject, folds=len(folds))


def spellings(splits: Sequence[Sides]) -> list[Leak]:
    """Find subjects on both sides of a split under two names that `subjects.plain` equates.

    Subjects made by `fervid.folds.strangers` are skipped, because they are names of clips.
    """
    return [
        Leak("one subject, two spellings", folds[0], train, test, folds=len(folds))
        for (train, test), folds in subjects.respelt(splits).items()
        if not train.startswith(STRANGER)
    ]


# Bytes


def _bytes(
    clips: Sequence[Clip], sides: _Sides, copies: Sequence[Sequence[Path]]
) -> Iterator[Leak]:
    """Clips of the same file, or of files with the same content, whose frames overlap."""
    for row in np.flatnonzero((sides.side == 3).any(axis=0)).tolist():
        splits = np.flatnonzero(sides.side[:, row] == 3)
        name = clips[row].name
        yield Leak("same clip", sides.names[splits[0]], name, name, folds=len(splits))
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
    kind: str, clips: Sequence[Clip], sides: _Sides, rows: list[int], others: list[int]
) -> Iterator[Leak]:
    """Leaks between clips of `rows` and clips of `others` that share frames."""
    if len(rows) == 1 and rows == others:
        return
    by_start = sorted(others, key=lambda row: clips[row].start)
    for row in rows:
        first, last = clips[row].start, clips[row].end
        for other in by_start:
            start, end = clips[other].start, clips[other].end
            if last is not None and start >= last:
                break
            if (end is not None and end <= first) or (rows is others and other <= row):
                continue
            leak = sides.leak(kind, clips, row, other)
            if leak:
                yield leak


# Pictures


def _pictures(
    clips: Sequence[Clip], rows: NDArray[np.intp], small: NDArray[np.uint8], sides: _Sides
) -> list[Leak]:
    """Clips of different people that look alike, unchanged, mirrored or rotated.

    Args:
        rows: (N,) indices into `clips`.
        small: (N, 3, 32, 32) small frames of these clips.
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
            for query, other, likeness in _alike(
                small, rough, shared, queries, people, flip=flip, angle=angle
            ):
                pair = (min(query, other), max(query, other))
                if likeness > best.get(pair, (0.0, ""))[0] + 1e-6:
                    best[pair] = (likeness, kind)
    leaks = (
        sides.leak(kind, clips, int(rows[first]), int(rows[second]), round(likeness, 4))
        for (first, second), (likeness, kind) in sorted(best.items(), key=lambda item: -item[1][0])
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
    """Yield (query, other, likeness) of clips that look alike but show different people."""
    plain = not (flip or angle)
    for first in range(0, len(queries), ROWS):
        block = queries[first : first + ROWS]
        turned = _normal(fingerprints.turned(small[block], flip, angle))
        line, other = np.nonzero(_rough(turned, shared) @ rough.T >= HINT)
        query = block[line]
        candidate = people[query] != people[other]
        if plain:  # skip a clip compared with itself
            candidate &= query != other
        line, query, other = line[candidate], query[candidate], other[candidate]
        for start in range(0, len(query), ROWS):
            part = slice(start, start + ROWS)
            likeness = _closely(turned[line[part]], _normal(small[other[part]]), shared)
            for number in np.flatnonzero(likeness >= ALIKE):
                at = start + int(number)
                yield int(query[at]), int(other[at]), float(likeness[number])


def _normal(small: NDArray[np.uint8]) -> Floats:
    """(..., 32, 32) -> (..., P) cells of the disc, normalised to mean 0 and deviation 1."""
    cells = small[..., fingerprints.disc()].astype(np.float32)
    cells -= cells.mean(axis=-1, keepdims=True)
    deviation = cells.std(axis=-1, keepdims=True)
    # A frame of one colour would match every other, so it becomes 0.
    normal: Floats = np.where(deviation > 1, cells / np.maximum(deviation, 1), 0)
    return normal


def _rough(normal: Floats, shared: Floats) -> Floats:
    """(N, 3, P) -> (N, Q) of length 1: the mean frame, with each 2 x 2 cells summed."""
    side = fingerprints.SIDE
    square = np.zeros((len(normal), side * side), np.float32)
    blank = ~normal.any(axis=(1, 2))
    square[:, fingerprints.disc().ravel()] = normal.mean(axis=1) - shared
    cells = square.reshape(-1, side // 2, 2, side // 2, 2).sum(axis=(2, 4)).reshape(len(normal), -1)
    cells /= np.linalg.norm(cells, axis=1, keepdims=True) + 1e-9
    cells[blank] = 0
    return np.asarray(cells, np.float32)


def _closely(first: Floats, second: Floats, shared: Floats) -> Floats:
    """(N,) correlations of (N, 3, P) frames in full detail."""
    a, b = ((frames - shared).reshape(len(frames), -1) for frames in (first, second))
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.asarray((a * b).sum(axis=1) / (lengths + 1e-9), np.float32)
