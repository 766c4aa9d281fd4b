"""Your own data: a manifest, or a tree with one folder per label."""

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fervid.clip import Clip, Course, Database
from fervid.databases import table
from fervid.databases.tree import IMAGES, VIDEOS, folders, natural, origin, visible, within
from fervid.errors import DatabaseError, InputError, LabelError
from fervid.labels import SHORT, canonical, named

# Columns with a fixed meaning; all others are kept as groups of the subject (sex, age, ...).
COLUMNS = (
    "path", "label", "subject", "start", "end", "start_seconds", "end_seconds", "apex", "view",
)  # fmt: skip
MANIFESTS = ("manifest.csv", "manifest.xlsx")
LABELS = "labels.txt"


def frame_rate(path: str) -> float:
    """Frames per second; of a file that cannot be read the usual one: `prepare` says why."""
    from fervid.faces.video import RATE, probe

    try:
        return probe(Path(path)).rate
    except InputError:
        return RATE


@dataclass(frozen=True)
class Media:
    """What is a clip.

    Args:
        database: whose clips they are.
        what: their files, for messages.
        files: those of a label's folder.
        rate: frames per second of a file.
    """

    database: str = "folder"
    what: str = "videos"
    files: Callable[[Path], Iterator[Path]] = lambda folder: clip_files(folder)
    rate: Callable[[str], float] = frame_rate


@dataclass(frozen=True)
class Labels:
    """The label set, empty for the usual names; and what other names mean, in lower case."""

    names: tuple[str, ...]
    other: Mapping[str, str]


def load(
    root: Path,
    *,
    subject: str = "",
    labels: Sequence[str] | None = None,
    course: Course = "unknown",
    absolute: bool = False,
    label_map: Path | None = None,
) -> Database:
    """Your own data: a manifest (path,label,subject[,start,end]) or one folder per label.

    A manifest is CSV or Excel; a folder with `manifest.csv` or `manifest.xlsx` is read through it.
    Subjects may be missing, but then only prediction and training are possible.

    Args:
        root: the manifest, or the folder.
        subject: for a tree without a manifest, how to read the subject from a relative path (with
            /): a regular expression with one group, or "parent" for the parent folder's name.
        labels: the label set; by default `labels.txt` beside the data (one name per line), else
            those names of `fervid.labels.SHORT` that occur.
        course: where in a clip the apex lies.
        absolute: whether a manifest may name files outside its folder.
        label_map: a table with the columns from,to: other spellings and languages of labels.

    Raises:
        DatabaseError: no such file, a bad row (named by file and line), or no clip at all.
        LabelError: a label that is not in the label set.
    """
    return database(
        Path(root), Media(), subject=subject, labels=labels, course=course, absolute=absolute,
        label_map=label_map,
    )  # fmt: skip


def database(
    root: Path,
    media: Media,
    *,
    subject: str,
    labels: Sequence[str] | None,
    course: Course,
    absolute: bool,
    label_map: Path | None,
) -> Database:
    """See `load`; what counts as a clip's file, and its rate, is up to `media`."""
    manifest = _manifest_in(root, media.database) if root.is_dir() else root
    home = root if manifest is None else manifest.parent
    names = Labels(_label_set(home, labels), table.pairs(label_map) if label_map else {})
    if manifest is not None and manifest.is_file():
        clips = _manifest(manifest, names, absolute, media)
    elif root.is_dir():
        clips = _tree(root, names, subject, media)
    else:
        raise DatabaseError(
            f"{media.database}: no {root}: give a CSV manifest or a folder with one per label"
        )
    if not clips:
        raise DatabaseError(
            f"{media.database}: {root} holds no clip: expected {MANIFESTS[0]} or one folder per "
            f"label with {media.what}"
        )
    found = {clip.label for clip in clips}
    kept = names.names or tuple(label for label in SHORT if label in found)
    rank = {subject: natural(subject or "") for subject in {clip.subject for clip in clips}}
    clips.sort(key=lambda clip: (rank[clip.subject], clip.name))
    return Database(media.database, kept, tuple(clips), course, origin(home))


def _manifest_in(root: Path, name: str) -> Path | None:
    inside = [root / each for each in MANIFESTS if (root / each).is_file()]
    if len(inside) > 1:
        raise DatabaseError(f"{name}: {root} holds {' and '.join(MANIFESTS)}: name one of them")
    return inside[0] if inside else None


def _label_set(home: Path, labels: Sequence[str] | None) -> tuple[str, ...]:
    """The requested label set, in its order; empty if the usual names apply."""
    if labels is None and (home / LABELS).is_file():
        listed = table.lines(home / LABELS)
    else:
        listed = [("folder: --set labels", label) for label in labels or () if label.strip()]
    return tuple(dict.fromkeys(named(label, where) for where, label in listed))


def _checked(label: str, names: Labels, where: str) -> str | None:
    label = names.other.get(label.strip().lower(), label)
    if not label.strip():
        return None
    name, allowed = canonical(label), names.names or tuple(SHORT)
    if name not in allowed:
        raise LabelError(
            f"{where}: unknown label {table.brief(label.strip())}, none of {', '.join(allowed)}: "
            f"correct it or list your labels in {LABELS} beside the data"
        )
    return name


# A manifest


Span = tuple[str, int, int | None]  # path, first frame, one past the last frame


def _manifest(manifest: Path, names: Labels, absolute: bool, media: Media) -> list[Clip]:
    home = os.path.abspath(manifest.parent)  # noqa: PTH100 - lexical: links are their owner's
    rate = cache(media.rate)
    rows: dict[Span, table.Row] = {}
    for row in _rows(manifest):
        path = _path(row, home, absolute)
        start, end = _frame(row, "start", path, rate) or 0, _frame(row, "end", path, rate)
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
            media.database,
            _checked(row["label"], names, row.where),
            row.get("subject") or None,
            start=key[1],
            end=key[2],
            apex=row.number("apex"),
            view=row.get("view"),
            groups={k: v for k, v in row.cells.items() if k and v and k not in COLUMNS},
        )
        for key, row in rows.items()
    ]


def _rows(manifest: Path) -> list[table.Row]:
    """A manifest's rows; each span is given in frames or in seconds, not both."""
    rows = table.rows(manifest, ("path", "label"))
    for name in ("start", "end"):
        if rows and {name, f"{name}_seconds"} <= set(rows[0].cells):
            raise DatabaseError(
                f"{manifest}, line 1: {name} and {name}_seconds say the same: remove one column"
            )
    return rows


def _frame(row: table.Row, name: str, path: str, rate: Callable[[str], float]) -> int | None:
    """A span's start or end as a frame number."""
    text = row.get(f"{name}_seconds")
    if not text:
        if row.get(name) and _seconds(row.get(name)) is not None and "." in row.get(name):
            raise DatabaseError(
                f"{row.where}: {name} is {table.brief(row.get(name))}: give a frame number from 0, "
                f"or name the column {name}_seconds"
            )
        return row.number(name)
    seconds = _seconds(text)
    if seconds is None or seconds * rate(path) > table.MOST:
        raise DatabaseError(
            f"{row.where}: {name}_seconds is {table.brief(text)}: give seconds from 0 or leave it "
            "empty"
        )
    return round(seconds * rate(path))


def _seconds(text: str) -> float | None:
    """Seconds from 0, with a decimal point or comma; None if the text is not a number."""
    found = re.fullmatch(r"\d{1,12}([.,]\d{0,12})?", text, re.ASCII)
    return float(text.replace(",", ".")) if found else None


def _path(row: table.Row, home: str, absolute: bool) -> str:
    """Absolute path of the row's file."""
    given = row["path"]
    if not given:
        raise DatabaseError(f"{row.where}: the path is empty: fill it in or remove the row")
    there = [path for name in dict.fromkeys((given, given.replace("\\", "/")))
             if os.path.exists(path := os.path.join(home, name))]  # fmt: skip # noqa: PTH110, PTH118
    if len(there) > 1:
        raise DatabaseError(
            f"{row.where}: {table.brief(given)} is both a file's name and a path with folders: "
            "rename the file"
        )
    if not absolute:
        within(os.path.relpath(there[0], home) if there else given, row.where)
    if not there:
        raise DatabaseError(
            f"{row.where}: no file {table.brief(given)} under {home}: correct the path or remove "
            "the row"
        )
    return os.path.normpath(there[0])


def _titles(keys: Collection[Span], home: str) -> dict[Span, str]:
    """Clip names: the path below the manifest, or below all paths' common parent, and the span."""
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


# A tree


def _tree(root: Path, names: Labels, rule: str, media: Media) -> list[Clip]:
    """One folder per label, holding videos, pictures, or folders of numbered frames."""
    clips = []
    for folder in folders(root):
        label = _checked(folder.name, names, str(folder))
        for path in media.files(folder):
            name = path.relative_to(root).as_posix()
            subject = _subject(name, rule, root) if rule else None
            clips.append(Clip(name, path, media.database, label, subject))
    return clips


def clip_files(folder: Path, above: tuple[str, ...] = ()) -> Iterator[Path]:
    """Videos at any depth; pictures in the label's folder are stills, in deeper folders a sequence.

    Args:
        above: resolved folders on the way here; a link back to one of them is not followed.
    """
    pictures, way = [], (*above, os.path.realpath(folder))
    for path in visible(folder):
        if path.is_dir():
            if os.path.realpath(path) not in way:
                yield from clip_files(path, way)
        elif path.suffix.lower() in VIDEOS:
            yield path
        elif path.suffix.lower() in IMAGES:
            pictures.append(path)
    if above and pictures:
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
            f"folder: the subject rule {rule!r} is not a regular expression with a group "
            f"({error}): put the subject's part in (...), as in '(S[0-9]+)_'"
        ) from None
    if not subject:
        raise DatabaseError(
            f"folder: the subject rule {rule!r} finds no subject in {name!r}: correct the rule"
        )
    return str(subject)
