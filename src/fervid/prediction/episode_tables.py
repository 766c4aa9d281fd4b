"""Tables of episodes: one beside each input's predictions, and one for all inputs of a folder."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fervid.atomic import whole
from fervid.errors import InputError
from fervid.prediction.episodes import NEUTRAL, Episode
from fervid.prediction.timeline import Timeline, means
from fervid.text import CsvWriter, printable, uncell

ENDING = ".episodes.csv"
COLUMNS = (
    *("input", "face_id", "label", "onset", "apex", "offset"),
    *("onset_frame", "apex_frame", "offset_frame"),
    *("peak", "mean", "rise", "area", "probability", "frames", "missing", "margin", "score"),
)
WHOLE = ("face", "onset_frame", "apex_frame", "offset_frame", "frames", "missing")


def write_episodes(path: Path, name: str, episodes: Sequence[Episode]) -> None:
    """Write one row per episode of one input; only the header if there are none."""
    rows = [[printable(name), *_cells(each)] for each in episodes]
    with whole(path) as place, place.open("w", encoding="utf-8", newline="") as file:
        table = CsvWriter(file)
        table.writerow(COLUMNS)
        table.writerows(rows)


def _cells(each: Episode) -> list[Any]:
    return [
        round(value, 6) if isinstance(value, float) else value for value in asdict(each).values()
    ]


def read_episodes(path: Path) -> list[Episode]:
    """Read the episodes of one input from a table written by `write_episodes`.

    Raises:
        InputError: there is no such table, or another program wrote it.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) != COLUMNS:
                raise ValueError("unexpected columns")
            return [_episode(row) for row in reader]
    except (OSError, ValueError, TypeError, csv.Error) as error:
        raise InputError(
            f"{path} is not a table of episodes ({error}): run `fervid predict` on the input again"
        ) from None


def _episode(row: dict[str, str]) -> Episode:
    values: dict[str, Any] = {"face": int(row["face_id"]), "label": uncell(row["label"])}
    for name in COLUMNS[3:]:
        values[name] = int(row[name]) if name in WHOLE else float(row[name])
    return Episode(**values)


def join(path: Path, parts: Iterable[Path]) -> None:
    """Write the table of all inputs: the rows of each input's own table under one header."""
    with whole(path) as place, place.open("w", encoding="utf-8", newline="") as file:
        CsvWriter(file).writerow(COLUMNS)
        for part in parts:
            file.writelines(_lines(part))


def _lines(part: Path) -> Iterator[str]:
    """All lines except the header; no cell contains a line feed."""
    with part.open(encoding="utf-8", newline="") as file:
        next(file, "")
        yield from file


def is_joined(path: Path) -> bool:
    """Whether a file begins like one written by `join`."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return next(csv.reader(file), None) == [*COLUMNS]
    except (OSError, ValueError, csv.Error):
        return False


def per_minute(rows: Timeline, episodes: Sequence[Episode]) -> dict[int, dict[str, float]]:
    """Episodes per minute in which a face is visible: face -> column -> rate; without neutral."""
    names = [label for label in rows.labels if label != NEUTRAL]
    rates = {}
    for mean in means(rows):
        if mean.probabilities and mean.seconds > 0:
            shown = [each.label for each in episodes if each.face == mean.face]
            minutes = mean.seconds / 60
            rates[mean.face] = {
                f"{label}_per_minute": round(shown.count(label) / minutes, 3) for label in names
            }
    return rates
