"""Read split files as they are; this module does not check for leaks."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fervid.clip import Clip
from fervid.databases import table
from fervid.databases.tree import natural
from fervid.errors import ProtocolError
from fervid.text import cell

Sides = tuple[tuple[int, ...], tuple[int, ...], str]  # rows to train on, rows to test on, name


def read(path: Path, clips: Sequence[Clip]) -> list[Sides]:
    """Read a split file as (train, test, name) with indices into `clips`, unchecked.

    A CSV file has the columns clip and fold, or subject and fold. Each clip is tested in its fold
    and trained on in all the others; every clip, or every subject, must be listed. A JSON file
    holds a list of `{"train": [...], "test": [...]}` with clip names; clips that it leaves out are
    not used.

    Raises:
        ProtocolError: the file has another format, or names a clip or subject that is not in the
            database.
    """
    path = Path(path)
    if path.suffix.lower() == ".json":
        return _from_json(path, {clip.name: row for row, clip in enumerate(clips)})
    return _from_csv(path, clips)


def _from_csv(path: Path, clips: Sequence[Clip]) -> list[Sides]:
    cells = table.grid(path, ProtocolError)
    header = [cell.lower() for cell in cells[0][1]] if cells else []
    key = next((name for name in ("clip", "subject") if {name, "fold"} <= set(header)), "")
    if not key:
        raise ProtocolError(
            f"{path}, line 1: the first line must name the columns clip and fold, or subject "
            "and fold"
        )
    rows = table.named(cells, (key, "fold"), path, ProtocolError)
    lines = [(row[key], row["fold"], row.where) for row in rows]
    names = [(clip.name if key == "clip" else clip.subject) or "" for clip in clips]
    fold_of = _fold_of(lines, key, set(names))
    absent = [name for name in names if name not in fold_of]
    if absent:
        raise ProtocolError(
            f"{path} leaves out {len(absent)} of {len(names)} clips (the first is "
            f"{key} {absent[0]}): add them, or list the clips to use in a JSON file"
        )
    folds = [fold_of[name] for name in names]
    return [
        (
            tuple(row for row, fold in enumerate(folds) if fold != name),
            tuple(row for row, fold in enumerate(folds) if fold == name),
            name,
        )
        for name in sorted(set(folds), key=natural)
    ]


def _fold_of(lines: Sequence[tuple[str, str, str]], key: str, known: set[str]) -> dict[str, str]:
    """Map each clip or subject to its fold."""
    fold_of: dict[str, str] = {}
    exported = {cell(name): name for name in known}  # as `fervid folds export` writes them
    for text, fold, where in lines:
        name = exported.get(text, text)
        if not name or name not in known:
            raise ProtocolError(
                f"{where}: the database holds no {key} {table.brief(name)}: correct the name"
            )
        if not fold:
            raise ProtocolError(f"{where}: {key} {table.brief(name)} has no fold: fill it in")
        if name in fold_of:
            raise ProtocolError(
                f"{where}: {key} {table.brief(name)} is listed twice: remove one of the two lines"
            )
        fold_of[name] = fold
    return fold_of


def _from_json(path: Path, rows: Mapping[str, int]) -> list[Sides]:
    folds = table.document(path, ProtocolError)
    try:
        if not isinstance(folds, list):
            raise TypeError
        parts: list[tuple[Any, Any, str]] = [
            (fold["train"], fold["test"], _name(fold.get("name", number)))
            for number, fold in enumerate(folds, 1)
        ]
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ProtocolError(
            f'{path} is not a list of {{"train": [...], "test": [...]}}: correct the file'
        ) from None
    return [
        (_rows(train, rows, path), _rows(test, rows, path), name) for train, test, name in parts
    ]


def _name(value: Any) -> str:
    """Check that a fold's name can be used in tables and as a folder name."""
    if (
        not isinstance(value, str | int)
        or table.CONTROL.search(str(value))
        or len(str(value)) > 200
    ):
        raise TypeError
    return str(value)


def _rows(names: Any, rows: Mapping[str, int], path: Path) -> tuple[int, ...]:
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ProtocolError(f"{path}: train and test must be lists of clip names: correct the file")
    unknown = [name for name in names if name not in rows]
    if unknown:
        raise ProtocolError(
            f"{path}: the database holds no clip {table.brief(unknown[0])}: correct the name"
        )
    return tuple(sorted(rows[name] for name in names))
