"""LFW: Labeled Faces in the Wild, with its verification pairs [5, Sec. 4.1]."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fervid.clip import Clip, Database
from fervid.databases import identities, table
from fervid.databases.tree import origin
from fervid.errors import DatabaseError
from fervid.labels import FER_PLUS, canonical

# [5, Sec. 4.1]; view 2 has ten folds of 300 matched and 300 mismatched pairs.
IMAGES = 13_233
SUBJECTS = 5_749
FOLDS, PAIRS = 10, 300

LICENCE = "LFW consists of news photographs, for research use."
PLACES = ("images", "lfw", "lfw-deepfunneled", "lfw_funneled", "lfw-funneled")
WHAT = "Abel_Pacheco/Abel_Pacheco_0001.jpg, ..."


@dataclass(frozen=True, slots=True)
class Pair:
    """Two pictures, by clip name, and whether they show the same person."""

    first: str
    second: str
    same: bool


def load(root: Path) -> Database:
    """LFW: Abel_Pacheco/Abel_Pacheco_0001.jpg or the same files in one folder; one still per clip.

    Clips are named after their files without extension, as `pairs` names them. An optional
    `legend.csv` (image, identity, emotion) beside the pictures supplies labels.

    Args:
        root: folder with the pictures, or the one above (lfw/, lfw-deepfunneled/, images/).

    Raises:
        DatabaseError: no pictures.
    """
    root = Path(root)
    home = identities.place(root, PLACES, "lfw", WHAT)
    if home != root and any(home.glob("lfw*/")):  # lfw-deepfunneled/lfw-deepfunneled/
        home = identities.place(home, PLACES, "lfw", WHAT)
    emotions = _legend(root)
    clips = tuple(
        Clip(stem, Path(path), "lfw", emotions.get(stem), person)
        for person, name, path in identities.pictures(home, "lfw")
        if (stem := name.rpartition(".")[0])
    )
    if not clips:
        raise identities.nothing(root, "lfw", WHAT)
    found = {clip.label for clip in clips}
    labels = tuple(label for label in FER_PLUS if label in found)
    return Database("lfw", labels, clips, "still", origin(root), LICENCE)


def _legend(root: Path) -> dict[str, str]:
    path = root / "legend.csv"
    if not path.is_file():
        return {}
    rows = table.rows(path, ("image", "emotion"))
    return {
        row["image"].rpartition(".")[0]: label
        for row in rows
        if (label := canonical(row["emotion"])) in FER_PLUS
    }


def pairs(path: Path) -> tuple[tuple[Pair, ...], ...]:
    """The folds of a pairs file: pairs.txt (view 2, ten folds), pairsDevTrain.txt (view 1, one).

    A line of three cells names one person and two picture numbers, a line of four two people. Each
    fold lists its matched pairs, then as many mismatched ones.

    Raises:
        DatabaseError: not a pairs file.
    """
    lines = [(where, line.split()) for where, line in table.lines(Path(path))]
    head = [table.whole(cell) for cell in lines[0][1]] if lines else []
    counts = [number for number in head if number is not None]
    if len(counts) not in (1, 2) or len(counts) != len(head):
        raise DatabaseError(
            f"{path} does not begin with the number of folds and pairs: copy LFW's pairs.txt again"
        )
    folds, each = (1, counts[0]) if len(counts) == 1 else counts
    if len(lines) - 1 != 2 * folds * each:
        raise DatabaseError(
            f"{path} holds {len(lines) - 1} pairs instead of 2 x {folds} x {each}: copy it again"
        )
    read = [_pair(cells, where) for where, cells in lines[1:]]
    return tuple(tuple(read[2 * each * n : 2 * each * (n + 1)]) for n in range(folds))


def _pair(cells: list[str], where: str) -> Pair:
    numbers = [table.whole(cell) for cell in (cells[1:] if len(cells) == 3 else cells[1::2])]
    if len(cells) not in (3, 4) or None in numbers:
        shown = table.brief(" ".join(cells))
        raise DatabaseError(f"{where}: {shown} is not a pair: copy the file again")
    people = (cells[0], cells[0] if len(cells) == 3 else cells[2])
    first, second = (f"{who}_{n:04d}" for who, n in zip(people, numbers, strict=True))
    return Pair(first, second, len(cells) == 3)


def covered(folds: Sequence[Sequence[Pair]], database: Database) -> tuple[tuple[Pair, ...], ...]:
    """Pairs with both pictures present, fold by fold."""
    there = {clip.name for clip in database.clips}
    return tuple(
        tuple(pair for pair in fold if pair.first in there and pair.second in there)
        for fold in folds
    )
