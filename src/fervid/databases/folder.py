"""Anybody's data: a CSV manifest, or a tree with one folder per label."""

import csv
import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fervid.clip import Clip, Course, Database
from fervid.databases.tree import IMAGES, VIDEOS, folders, natural, origin, visible
from fervid.errors import DatabaseError, LabelError
from fervid.labels import SHORT, canonical

# Columns with a meaning; every other one is kept as a group of the subject (sex, age, ...).
COLUMNS = ("path", "label", "subject", "start", "end", "apex", "view")
MANIFEST = "manifest.csv"
LABELS = "labels.txt"


def load(
    root: Path,
    *,
    subject: str = "",
    labels: Sequence[str] | None = None,
    course: Course = "unknown",
    absolute: bool = False,
) -> Database:
    """Your own data: a CSV manifest (path,label,subject[,start,end]) or one folder per label.

    A folder that holds `manifest.csv` is read by it. Subjects may be left out, then only
    prediction and training are possible.

    Args:
        root: the manifest, or the folder.
        subject: for a tree without manifest, how a path (relative, with /) tells its subject: a
            regular expression with one group, or "parent" for the name of the parent folder.
        labels: the label set; by default `labels.txt` beside the data (one name a line), else
            the names of `fervid.labels.SHORT` that occur.
        course: where in a clip the apex lies.
        absolute: whether a manifest may name files outside its folder.

    Raises:
        DatabaseError: no such file, a bad row (said with file and line), no clip at all.
        LabelError: a label outside the label set.
    """
    root = Path(root)
    manifest = root / MANIFEST if root.is_dir() else root
    home = manifest.parent
    names = _label_set(home, labels)
    if manifest.is_file():
        clips = _manifest(manifest, names, absolute)
    elif root.is_dir():
        clips = _tree(root, names, subject)
    else:
        raise DatabaseError(
            f"folder: no {root}: give a CSV manifest or a folder with one per label"
        )
    if not clips:
        raise DatabaseError(
            f"folder: {root} holds no clip: expected {MANIFEST} or one folder per label with videos"
        )
    found = {clip.label for clip in clips}
    kept = names if names else tuple(label for label in SHORT if label in found)
    rank = {subject: natural(subject or "") for subject in {clip.subject for clip in clips}}
    clips.sort(key=lambda clip: (rank[clip.subject], clip.name))
    return Database("folder", kept, tuple(clips), course, origin(home))


def _label_set(home: Path, labels: Sequence[str] | None) -> tuple[str, ...]:
    """The label set asked for, in its order; empty where the usual names are to be used."""
    if labels is None and (home / LABELS).is_file():
        labels = _text(home / LABELS).split("\n")
    return tuple(dict.fromkeys(canonical(label) for label in labels or () if label.strip()))


def _checked(label: str, names: tuple[str, ...], where: str) -> str | None:
    if not label.strip():
        return None
    name, allowed = canonical(label), names or tuple(SHORT)
    if name not in allowed:
        raise LabelError(
            f"{where}: unknown label {label.strip()!r}, none of {', '.join(allowed)}: correct it "
            f"or list your labels in {LABELS} beside the data"
        )
    return name


# A manifest


@dataclass(frozen=True)
class _Row:
    """A manifest's row and where it stands."""

    cells: Mapping[str, str]
    where: str

    def number(self, column: str) -> int | None:
        text = self.cells.get(column, "")
        if not text:
            return None
        if not text.isdecimal():
            raise DatabaseError(
                f"{self.where}: {column} is {text!r}: give a frame number from 0 or leave it empty"
            )
        return int(text)


def _manifest(manifest: Path, names: tuple[str, ...], absolute: bool) -> list[Clip]:
    home = os.path.abspath(manifest.parent)  # noqa: PTH100 - lexical: links are their owner's
    rows: dict[tuple[str, int, int | None], _Row] = {}
    for row in _rows(manifest):
        path = _path(row, home, absolute)
        start, end = row.number("start") or 0, row.number("end")
        if end is not None and end <= start:
            raise DatabaseError(f"{row.where}: end {end} is not after start {start}: correct it")
        earlier = rows.setdefault((path, start, end), row)
        if earlier is not row:
            raise DatabaseError(
                f"{row.where}: the same clip as line {earlier.where.rpartition(' ')[2]}: "
                "remove one of the two"
            )
    title = _titles(rows, home)
    return [
        Clip(
            title[key],
            Path(key[0]),
            "folder",
            _checked(row.cells["label"], names, row.where),
            row.cells.get("subject") or None,
            start=key[1],
            end=key[2],
            apex=row.number("apex"),
            view=row.cells.get("view", ""),
            groups={k: v for k, v in row.cells.items() if v and k not in COLUMNS},
        )
        for key, row in rows.items()
    ]


def _rows(manifest: Path) -> Iterator[_Row]:
    """A manifest's rows, with cells stripped and column names in lower case."""
    lines = _text(manifest).split("\n")
    reader = csv.reader(line + "\n" for line in lines)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        missing = [name for name in ("path", "label") if name not in header]
        if missing:
            raise DatabaseError(
                f"{manifest}, line 1: no column {' and '.join(missing)} (found "
                f"{', '.join(header)[:80] or 'nothing'}): the first line must name "
                "path,label,subject[,start,end]"
            )
        for cells in reader:
            where = f"{manifest}, line {reader.line_num}"
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                raise DatabaseError(
                    f"{where}: {len(cells)} cells under {len(header)} columns: correct the row"
                )
            yield _Row(dict(zip(header, map(str.strip, cells), strict=True)), where)
    except csv.Error as error:
        raise DatabaseError(f"{manifest}, line {reader.line_num}: no CSV ({error})") from None


def _path(row: _Row, home: str, absolute: bool) -> str:
    """The row's file, absolute."""
    given = row.cells["path"]
    if not given:
        raise DatabaseError(f"{row.where}: the path is empty: fill it in or remove the row")
    path = os.path.normpath(os.path.join(home, given))  # noqa: PTH118 - a manifest may be long
    if not (absolute or path.startswith(home.rstrip(os.sep) + os.sep)):
        raise DatabaseError(
            f"{row.where}: {given!r} leads out of the manifest's folder: "
            "move the manifest above its files or allow absolute paths"
        )
    if not os.path.exists(path):  # noqa: PTH110
        raise DatabaseError(
            f"{row.where}: no file {given!r} under {home}: correct the path or remove the row"
        )
    return path


def _titles(
    keys: Collection[tuple[str, int, int | None]], home: str
) -> dict[tuple[str, int, int | None], str]:
    """Clips' names: the path below the manifest, or below what all others share, and the span."""
    prefix = home.rstrip(os.sep) + os.sep
    outside = [path for path, _, _ in keys if not path.startswith(prefix)]
    above = os.path.dirname(os.path.commonpath(outside)) if outside else ""  # noqa: PTH120
    spans = len({path for path, _, _ in keys}) < len(keys)
    found = {}
    for path, start, end in keys:
        short = path.removeprefix(prefix if path.startswith(prefix) else above).lstrip(os.sep)
        span = f"#{start}-{'' if end is None else end}" if spans or start or end is not None else ""
        found[path, start, end] = short.replace(os.sep, "/") + span
    return found


def _text(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise DatabaseError(f"{path} is no UTF-8 text: save it as a CSV in UTF-8") from None
    except OSError as error:
        raise DatabaseError(f"{path} cannot be read ({error.strerror})") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


# A tree


def _tree(root: Path, names: tuple[str, ...], rule: str) -> list[Clip]:
    """One folder per label; below it videos, pictures, or folders of numbered frames."""
    clips = []
    for folder in folders(root):
        label = _checked(folder.name, names, str(folder))
        for path in _media(folder):
            name = path.relative_to(root).as_posix()
            subject = _subject(name, rule, root) if rule else None
            clips.append(Clip(name, path, "folder", label, subject))
    return clips


def _media(folder: Path, depth: int = 0) -> Iterator[Path]:
    """Videos everywhere; pictures one by one in a label's own folder, below it as one clip."""
    pictures = []
    for path in visible(folder):
        if path.is_dir():
            yield from _media(path, depth + 1)
        elif path.suffix.lower() in VIDEOS:
            yield path
        elif path.suffix.lower() in IMAGES:
            pictures.append(path)
    if depth and pictures:
        yield folder
    else:
        yield from pictures


def _subject(name: str, rule: str, root: Path) -> str:
    parts = name.split("/")
    if rule == "parent":
        if len(parts) < 3:
            raise DatabaseError(
                f"folder: {root / name} has no subject's folder between it and its label's: "
                "use <label>/<subject>/<clip> or give the subject as a regular expression"
            )
        return parts[-2]
    try:
        found = re.search(rule, name)
        subject = found.group(1) if found else None
    except (re.error, IndexError) as error:
        raise DatabaseError(
            f"folder: the subject rule {rule!r} is no regular expression with a group ({error}): "
            "put the subject's part in (...), as in '(S[0-9]+)_'"
        ) from None
    if not subject:
        raise DatabaseError(
            f"folder: the subject rule {rule!r} finds no subject in {name!r}: correct the rule"
        )
    return str(subject)
