"""Databases of film and web clips, read through their lists: AFEW, DFEW, FERV39k, MAFW.

A list names clips and labels in one of these styles, recognised from its lines:

* `path label`: "Train/Angry/000046280.avi Angry", or with a comma, or with a number for the label;
* `frames_dir n label`: a folder of frames, how many, the label;
* a CSV with a header that has `video_name` or `clip` or `path`, and `label` [, `subject`]
  (DFEW's set_1.csv to set_5.csv).

None of these databases names its subjects. Add a subject column to the list, or a `subjects.csv`
(clip,subject) beside the lists. Without either, no subject-independent protocol is possible, and
the official parts (`Clip.groups["part"]`) may hold one person on both sides.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fervid.clip import Clip, Database
from fervid.databases import table
from fervid.databases.tree import (
    IMAGES,
    VIDEOS,
    folders,
    inside,
    natural,
    origin,
    visible,
    within,
)
from fervid.errors import DatabaseError, LabelError
from fervid.labels import SHORT, named

# Numeric labels by database; never guessed, so the database has to be named.
CODES: Mapping[str, Mapping[int, str]] = {
    "afew": dict(
        enumerate(("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"))
    ),
    "dfew": dict(
        enumerate(("happiness", "sadness", "neutral", "anger", "surprise", "disgust", "fear"), 1)
    ),
    "ferv39k": dict(
        enumerate(("happiness", "sadness", "neutral", "anger", "surprise", "disgust", "fear"))
    ),
    "mafw": dict(
        enumerate(
            ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise",
             "contempt", "anxiety", "helplessness", "disappointment"), 1)
    ),
}  # fmt: skip
LICENCES: Mapping[str, str] = {
    "afew": "AFEW is available for research under a signed licence.",
    "dfew": "DFEW is available for research under a signed licence.",
    "ferv39k": "FERV39k is available for research under a signed licence.",
    "mafw": "MAFW is available for research under a signed licence.",
}
PARTS = {"train": "train", "val": "validation", "valid": "validation", "test": "test"}
PATHS = ("path", "clip", "video_name", "video", "name")
ENDINGS = ("", *sorted(VIDEOS), *sorted(IMAGES))


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a list: the clip as named there, frames or None, label, subject, file and line."""

    name: str
    count: int | None
    label: str
    subject: str
    part: str
    where: str


def load(
    root: Path,
    *,
    name: str = "lists",
    fold: int = 1,
    media: Path | None = None,
    codes: Mapping[int, str] | None = None,
) -> Database:
    """Clips named by lists (train.txt, test_All.csv, set_1.csv, ...), parts in `Clip.groups`.

    Lists are the .txt and .csv files in the folder and in subfolders named after a part (train,
    val, test). If there are numbered sets, `fold` selects one.

    Args:
        root: folder with the lists, or a single list.
        name: the database and its style: afew, dfew, ferv39k, mafw or lists.
        fold: number of the set to read (set_1, set_2, ...).
        media: folder that the paths in the lists are relative to; by default the lists' folder,
            or the one above it.
        codes: meaning of numeric labels; by default those of the database (`CODES`).

    Raises:
        DatabaseError: no list, a bad line, or a missing clip.
        LabelError: an unknown label.
    """
    root = Path(root)
    meanings = CODES.get(name, {}) if codes is None else codes
    lines = [line for path in _lists(root, name, fold) for line in _read(path, name)]
    if not lines:
        raise DatabaseError(f"{name}: the lists in {root} name no clip: copy them again")
    home = root if root.is_dir() else root.parent
    find = _Finder(_homes(home, media, lines, name))
    clips: dict[str, Clip] = {}
    for line in lines:
        label = _meaning(line, meanings, name)
        groups = {"part": line.part} if line.part else {}
        if line.name in clips:
            raise DatabaseError(
                f"{line.where}: {table.brief(line.name)} stands there twice: remove one"
            )
        clips[line.name] = Clip(
            line.name, find(line, name), name, label, line.subject or None,
            end=line.count, groups=groups,
        )  # fmt: skip
    who = table.subjects(home, clips)
    if who:
        clips = {key: _of(clip, who[key]) for key, clip in clips.items()}
    ordered = sorted(clips.values(), key=lambda c: (natural(c.subject or ""), natural(c.name)))
    found = {clip.label for clip in ordered}
    known = dict.fromkeys((*meanings.values(), *SHORT, *sorted(filter(None, found))))
    labels = tuple(label for label in known if label in found)
    return Database(name, labels, tuple(ordered), "unknown", origin(home), LICENCES.get(name, ""))


def _of(clip: Clip, subject: str) -> Clip:
    return Clip(clip.name, clip.path, clip.database, clip.label, subject, clip.start, clip.end,
                clip.apex, clip.view, clip.groups)  # fmt: skip


def afew(root: Path, *, media: Path | None = None) -> Database:
    """AFEW: film clips in lists of `path label` (train.txt, val.txt), seven labels."""
    return load(root, name="afew", media=media)


def dfew(root: Path, *, fold: int = 1, media: Path | None = None) -> Database:
    """DFEW: EmoLabel_DataSplit/ with set_1.csv, clips in Clip/; seven labels, one fold of five."""
    return load(root, name="dfew", fold=fold, media=media)


def ferv39k(root: Path, *, media: Path | None = None) -> Database:
    """FERV39k: 4_setups/All_scenes/ with train_All.csv and test_All.csv; seven labels."""
    return load(root, name="ferv39k", media=media)


def mafw(root: Path, *, media: Path | None = None) -> Database:
    """MAFW: lists of clips, eleven labels."""
    return load(root, name="mafw", media=media)


# Lists


def _lists(root: Path, name: str, fold: int) -> list[Path]:
    if root.is_file():
        return [root]
    if not root.is_dir():
        raise DatabaseError(f"{name}: no {root}: give a list, or the folder that holds the lists")
    places = [root, *(path for path in visible(root) if path.is_dir() and _part(path.name))]
    files = [path for place in places for path in visible(place) if _is_list(path)]
    numbered = [path for path in files if path.stem.lower().startswith("set_")]
    chosen = [path for path in numbered if path.stem.lower() == f"set_{fold}"]
    if numbered and not chosen:
        found = ", ".join(sorted({path.stem for path in numbered}))
        raise DatabaseError(f"{name}: no set_{fold} in {root} (found {found}): choose another fold")
    files = chosen + [path for path in files if path not in numbered]
    if not files:
        shown = ", ".join(path.name for path in visible(root)[:5]) or "nothing"
        raise DatabaseError(
            f"{name}: expected lists (train.txt, set_1.csv, ...) in {root} and found {shown}: "
            "give the folder of the lists"
        )
    return files


def _is_list(path: Path) -> bool:
    return path.suffix.lower() in (".txt", ".csv") and path.name.lower() not in (
        "subjects.csv", "labels.txt", "readme.txt",
    )  # fmt: skip


def _part(name: str) -> str:
    """The part in the name of a file or folder, such as train(single-labeled) or test_All.csv.

    >>> _part("test(single-labeled)"), _part("train_All"), _part("Annotation")
    ('test', 'train', '')
    """
    low = name.lower()
    return next((part for head, part in PARTS.items() if low.startswith(head)), "")


def _read(path: Path, database: str) -> list[_Line]:
    part = _part(path.stem) or _part(path.parent.name)
    listed = table.lines(path)
    first = listed[0][1].lower() if listed else ""
    header = [cell.strip() for cell in re.split("[,;\t]", first)]
    column = next((cell for cell in PATHS if cell in header), None)
    if column and "label" in header:
        return [
            _line(row[column], None, row["label"], part, f"{database}: {row.where}",
                  row.get("subject"))
            for row in table.rows(path, (column, "label"))
        ]  # fmt: skip
    return [_cells(line, part, f"{database}: {where}") for where, line in listed]


def _cells(text: str, part: str, where: str) -> _Line:
    """`path label` or `frames_dir n label`; the path may contain spaces."""
    cells = text.replace(",", " ").split()
    if len(cells) < 2:
        raise DatabaseError(f"{where}: {table.brief(text.strip())} is no 'path label': correct it")
    count, head = None, text.replace(",", " ").rstrip()[: -len(cells[-1])].rstrip()
    if len(cells) > 2 and table.whole(cells[-2]) is not None and not _has_ending(head):
        count = table.whole(cells[-2])
        head = head[: -len(cells[-2])].rstrip()
        if not count:
            raise DatabaseError(f"{where}: a clip of no frames: remove the line")
    return _line(head.strip(), count, cells[-1], part, where)


def _line(
    name: str, count: int | None, label: str, part: str, where: str, subject: str = ""
) -> _Line:
    if not name or not label:
        raise DatabaseError(f"{where}: no clip or no label: fill it in or remove the line")
    return _Line(within(name, where), count, label, subject, part, where)


def _has_ending(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in ENDINGS[1:]  # noqa: PTH122


def _meaning(line: _Line, codes: Mapping[int, str], database: str) -> str:
    number = table.whole(line.label)
    if number is None:
        label = named(line.label, line.where)
        if codes and label not in codes.values():
            raise LabelError(
                f"{line.where}: label {table.brief(line.label)} is none of "
                f"{', '.join(codes.values())}: correct it"
            )
        return label
    if not codes:
        raise LabelError(
            f"{line.where}: the label is the number {number} and {database} does not say what "
            "numbers mean: give codes, or use labels' names"
        )
    if number not in codes:
        raise LabelError(
            f"{line.where}: no label {number}: {database} counts from {min(codes)} to {max(codes)}"
        )
    return codes[number]


# Files


class _Finder:
    """Looks up clips in folder listings, each read once, instead of asking the disk every time."""

    def __init__(self, homes: Sequence[Path]) -> None:
        self.homes = homes
        self.listed: dict[str, set[str]] = {}

    def look(self, line: _Line) -> tuple[Path, Path] | None:
        """The folder and the clip in it; extension and leading zeros are optional."""
        for home in self.homes:
            for name in dict.fromkeys((line.name, line.name.zfill(5))):
                folder, _, last = f"{home}/{name}".rpartition("/")
                there = self._list(folder)
                for ending in ENDINGS:
                    if last + ending in there:
                        return home, Path(f"{folder}/{last}{ending}")
        return None

    def __call__(self, line: _Line, database: str) -> Path:
        """As `look`, but raises DatabaseError if there is no such clip."""
        found = self.look(line)
        if found is not None:
            home, path = found
            return inside(path, home, line.where)
        shown = " or ".join(str(home) for home in self.homes[:3])
        raise DatabaseError(
            f"{line.where}: no clip {table.brief(line.name)} under {shown}: copy it, or give the "
            f"folder that the paths of {database} start from"
        )

    def _list(self, folder: str) -> set[str]:
        if folder not in self.listed:
            try:
                self.listed[folder] = set(os.listdir(folder))  # noqa: PTH208 - names only
            except OSError:
                self.listed[folder] = set()
        return self.listed[folder]


def _folders(place: Path) -> list[Path]:
    """Subfolders of a place; none if it cannot be read."""
    try:
        return folders(place)
    except DatabaseError:
        return []


def _homes(home: Path, media: Path | None, lines: Sequence[_Line], name: str) -> tuple[Path, ...]:
    """Folders that paths may start from: the lists' own, those above, and their subfolders."""
    if media is not None:
        if not Path(media).is_dir():
            raise DatabaseError(f"{name}: {media} is not a folder: give the folder of the clips")
        return (Path(media),)
    above = [home, home.parent, home.parent.parent]
    below = [inner for place in above for inner in _folders(place)]
    nested = ("clip", "clips", "data", "image")
    deeper = [inner for place in below if place.name.lower() in nested for inner in _folders(place)]
    first = lines[0]
    homes = [*above, *deeper, *below]
    fitting = [place for place in homes if _Finder([place]).look(first)]
    return tuple(fitting or homes[:3])
