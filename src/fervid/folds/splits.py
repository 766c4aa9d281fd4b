"""Unchecked splits: show them as a table, write them to a file, read them from one."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from fervid.atomic import write
from fervid.clip import Clip, Database
from fervid.databases.tree import natural
from fervid.errors import ProtocolError
from fervid.folds import files, part_sides
from fervid.text import csv_text


class Sides(Protocol):
    """What a `Fold` and a `Split` have in common."""

    @property
    def clips(self) -> tuple[Clip, ...]:
        """All clips of the database, which `train` and `test` index."""

    @property
    def train(self) -> tuple[int, ...]:
        """Rows to train on."""

    @property
    def test(self) -> tuple[int, ...]:
        """Rows to test on."""

    @property
    def name(self) -> str:
        """Shown in tables."""


@dataclass(frozen=True)
class Split:
    """An unchecked fold: subjects may be unknown, or be on both sides.

    Args:
        clips: all clips of the database, which `train` and `test` index.
        train: rows to train on.
        test: rows to test on.
        name: shown in tables.
    """

    clips: tuple[Clip, ...] = field(repr=False)
    train: tuple[int, ...] = field(repr=False)
    test: tuple[int, ...] = field(repr=False)
    name: str = ""


def read(path: Path, database: Database) -> list[Split]:
    """Read a split file without checking for leaks: CSV (clip,fold) or JSON (train, test).

    Raises:
        ProtocolError: as `fervid.folds.files.read`.
    """
    clips = database.clips
    return [Split(clips, *sides) for sides in files.read(Path(path), clips)]


def parts(database: Database) -> list[Split]:
    """The fixed parts of a database, whether or not their subjects are known.

    Raises:
        ProtocolError: as `fervid.folds.part_sides`.
    """
    return [Split(database.clips, *sides) for sides in part_sides(database.clips)]


def show(folds: Sequence[Sides], database: Database, width: int = 48) -> str:
    """Table of the clips on each side of each fold, the labels tested on and the subjects.

    Args:
        width: characters of the last column, which is cut.
    """
    head = ["fold", "train", "test", "subjects", *database.labels, "test subjects"]
    lines = [head]
    for fold in folds:
        tested = [fold.clips[row] for row in fold.test]
        subjects = sorted({clip.subject for clip in tested if clip.subject}, key=natural)
        labels = Counter(clip.label for clip in tested)
        names = " ".join(subjects) or "unknown"
        lines.append(
            [fold.name, str(len(fold.train)), str(len(fold.test)), str(len(subjects) or "?"),
             *(str(labels[label]) for label in database.labels),
             names if len(names) <= width else names[: width - 3] + "..."]
        )  # fmt: skip
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    rows = ("  ".join(_cell(*pair) for pair in zip(line, widths, strict=True)) for line in lines)
    return "\n".join(row.rstrip() for row in rows)


def _cell(text: str, width: int) -> str:
    return text.rjust(width) if text.replace("?", "0").isdecimal() else text.ljust(width)


def export(folds: Sequence[Sides], path: Path) -> None:
    """Write a split file from which `fervid.folds.from_file` reads the same folds.

    A .csv with clip and fold can describe only folds that test every clip once and train on all
    the others; a .json describes any folds.

    Raises:
        ProtocolError: a .csv cannot describe these folds.
        OutputError: the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() == ".csv":
        text = _csv(folds)
    else:
        sides = [
            {"name": fold.name,
             "train": [fold.clips[row].name for row in fold.train],
             "test": [fold.clips[row].name for row in fold.test]}
            for fold in folds
        ]  # fmt: skip
        text = json.dumps(sides, indent=1) + "\n"
    write(path, text)


def _csv(folds: Sequence[Sides]) -> str:
    clips = folds[0].clips if folds else ()
    everything = set(range(len(clips)))
    tested = [row for fold in folds for row in fold.test]
    complete = sorted(tested) == sorted(everything) and all(
        set(fold.train) == everything - set(fold.test) for fold in folds
    )
    if not complete or len({fold.name for fold in folds}) < len(folds):
        raise ProtocolError(
            "a CSV file can hold only folds that test every clip once and train on all the others: "
            "export to a .json file"
        )
    lines = sorted((row, fold.name) for fold in folds for row in fold.test)
    return csv_text([("clip", "fold"), *((clips[row].name, name) for row, name in lines)])
