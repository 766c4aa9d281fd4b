"""Episodes as tables: one beside each input's predictions, one over all inputs of a folder."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fervid.atomic import whole
from fervid.errors import InputError
from fervid.predict.episodes import NEUTRAL, Episode
from fervid.predict.timeline import Timeline, means
from fervid.text import CsvWriter, printable, uncell

ENDING = ".episodes.csv"
COLUMNS = (
    *("input", "face_id", "label", "onset", "apex", "offset"),
    *("onset_frame", "apex_frame", "offset_frame"),
    *("peak", "mean", "rise", "area", "probability", "frames", "missing", "margin", "score"),
)
WHOLE = ("face", "onset_frame", "apex_frame", "offset_frame", "frames", "missing")


def write_episodes(path: Path, name: str, found: Sequence[Episode]) -> None:
    """One row for each episode of one input; the header alone where there is none."""
    rows = [[printable(name), *_cells(each)] for each in found]
    with whole(path) as place, place.open("w", encoding="utf-8", newline="") as file:
        table = CsvWriter(file)
        table.writerow(COLUMNS)
        table.writerows(rows)


def _cells(each: Episode) -> list[Any]:
    return [
        round(value, 6) if isinstance(value, float) else value for value in asdict(each).values()
    ]


def read_episodes(path: Path) -> list[Episode]:
    """The episodes of one input, back from the table that `write_episodes` wrote.

    Raises:
        InputError: no such table, or another program's.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) != COLUMNS:
                raise ValueError("other columns")
            return [_episode(row) for row in reader]
    except (OSError, ValueError, TypeError, csv.Error) as error:
        raise InputError(
            f"{path} is no table of episodes ({error}): run `fervid predict` on the input again"
        ) from None


def _episode(row: dict[str, str]) -> Episode:
    values: dict[str, Any] = {"face": int(row["face_id"]), "label": uncell(row["label"])}
    for name in COLUMNS[3:]:
        values[name] = int(row[name]) if name in WHOLE else float(row[name])
    return Episode(**values)


def join(path: Path, parts: Iterable[Path]) -> None:
    """Write the table over all inputs: the rows of each input's own table, under one header."""
    with whole(path) as place, place.open("w", encoding="utf-8", newline="") as file:
        CsvWriter(file).writerow(COLUMNS)
        for part in parts:
            file.writelines(_lines(part))


def _lines(part: Path) -> Iterator[str]:
    """All lines but the first; no cell of ours holds a line feed."""
    with part.open(encoding="utf-8", newline="") as file:
        next(file, "")
        yield from file


def is_joined(path: Path) -> bool:
    """Whether a file begins as `join` writes it."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return next(csv.reader(file), None) == [*COLUMNS]
    except (OSError, ValueError, csv.Error):
        return False


def per_minute(rows: Timeline, found: Sequence[Episode]) -> dict[int, dict[str, float]]:
    """By face: episodes of each label but neutral in a minute of the face's being seen."""
    names = [label for label in rows.labels if label != NEUTRAL]
    rates = {}
    for mean in means(rows):
        if mean.probabilities and mean.seconds > 0:
            mine = [each.label for each in found if each.face == mean.face]
            minutes = mean.seconds / 60
            rates[mean.face] = {
                f"{label}_per_minute": round(mine.count(label) / minutes, 3) for label in names
            }
    return rates
