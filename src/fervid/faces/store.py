"""The store: the tracks of a database on disk, with a list of its clips. Files are never partial.

store.json            format, version and database of this folder
index.parquet         one row per clip; the database and the settings are in its metadata
tracks/KEY.safetensors    all faces of one clip; KEY is a hash of the source's bytes, the span,
                      the settings and the finder's version (so the same work is done only once)
"""

import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes, unquote_to_bytes

from fervid.atomic import blamed, whole, write
from fervid.clip import Clip, Database, is_folder_name
from fervid.errors import DatabaseError, InputError
from fervid.faces.settings import FaceSettings
from fervid.faces.track import Track
from fervid.faces.trackfile import Summary, read_tracks
from fervid.text import parse_json, printable

FORMAT = "fervid store"
VERSION = 1
INDEX = "index.parquet"
COLUMNS = {
    "name": "string", "key": "string", "label": "string", "subject": "string", "path": "string",
    "start": "int64", "end": "int64", "apex": "int64", "view": "string", "groups": "string",
    "votes": "string", "landmarks": "string",
    "frames": "int64", "faces": "int64", "seen": "int64", "main": "int64", "reason": "string",
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One clip in the index: its key, a summary of its tracks, and why there are none (or "")."""

    clip: Clip
    key: str
    summary: Summary
    reason: str = ""


@dataclass(frozen=True)
class Store:
    """A prepared database; use `open` to get one.

    Args:
        root: folder of the store.
        database: all clips, including failed ones; does not need the database's own folder.
        settings: how faces were found.
        finder: version of the face finder.
        rows: the index, by clip name.
    """

    root: Path
    database: Database
    settings: FaceSettings
    finder: str
    rows: Mapping[str, Row] = field(repr=False)

    @classmethod
    def open(cls, root: Path) -> "Store":
        """Read the index.

        Raises:
            InputError: `root` is not a store, or is unfinished or of another version.
        """
        check_marker(root)
        return read_index(root)

    @property
    def failed(self) -> dict[str, str]:
        """The reason why a clip has no track, by name."""
        return {name: row.reason for name, row in self.rows.items() if row.reason}

    @cached_property
    def digest(self) -> str:
        """Sha256 over the clip list and every key, which identifies exactly these tracks."""
        keys = [self.database.digest, *(f"{n} {row.key}" for n, row in self.rows.items())]
        return sha256("\n".join(keys).encode()).hexdigest()

    def key(self, clip: Clip) -> str:
        """Hash of a clip's frames and of the way faces were found; empty if unreadable."""
        return self._row(clip).key

    def tracks(self, clip: Clip) -> list[Track]:
        """All faces of a clip, by id; empty if there are none."""
        row = self._row(clip)
        tracks = [] if row.reason else read_tracks(track_path(self.root, row.key))
        return [replace(track, apex=clip.apex) for track in tracks]

    def main_track(self, clip: Clip) -> Track | None:
        """The face seen longest and largest; None if there is none."""
        row = self._row(clip)
        if row.reason:
            return None
        track = next(read_tracks(track_path(self.root, row.key), row.summary.main))
        return replace(track, apex=clip.apex)

    def _row(self, clip: Clip) -> Row:
        if clip.name not in self.rows:
            raise InputError(f"{self.root} has no clip {clip.name!r}: prepare it first")
        return self.rows[clip.name]


def track_path(root: Path, key: str) -> Path:
    """Path of the track file for a key."""
    return root / "tracks" / f"{key}.safetensors"


def begin(root: Path, database: Database) -> None:
    """Make the folder a store of this database, or check that it already is one.

    Raises:
        InputError: the folder holds something else, or another database.
        OutputError: the folder cannot be written to.
    """
    if root.exists() and not root.is_dir():
        raise InputError(f"{root} is a file, not a store: choose a new folder")
    if (root / "store.json").exists():
        stored = check_marker(root)
        earlier: Mapping[str, Row] = {}
        with suppress(InputError):  # a missing or damaged index is written again
            earlier = read_index(root).rows
        different = earlier and not any(clip.name in earlier for clip in database.clips)
        if stored != database.name or different:
            raise InputError(
                f"{root} holds {'other clips of ' if different else ''}database {stored!r}: "
                "choose another folder for this one"
            )
        _tracks_folder(root)
        return
    # Hidden files are the lock, and what a killed process was writing.
    if root.exists() and any(not path.name.startswith(".") for path in root.iterdir()):
        raise InputError(f"{root} is not a store and not empty: choose a new folder")
    marker = {"format": FORMAT, "version": VERSION, "database": database.name}
    write(root / "store.json", json.dumps(marker) + "\n")
    _tracks_folder(root)


def _tracks_folder(root: Path) -> None:
    with blamed(root):
        (root / "tracks").mkdir(exist_ok=True)


def check_marker(root: Path) -> str:
    """The name of the database in a store.

    Raises:
        InputError: the folder is not a store of this version.
    """
    path = root / "store.json"
    if not path.is_file():
        raise InputError(
            f"{root} is not a store: make one with `fervid prepare DATABASE ROOT --store`"
        )
    try:
        marker = parse_json(path.read_text())
        name, version = marker["database"], int(marker["version"])
        if marker["format"] != FORMAT or not is_folder_name(name):
            raise ValueError
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise InputError(
            f"{path} was not written by fervid: give a folder made by `fervid prepare`"
        ) from error
    if version != VERSION:
        raise InputError(
            f"{root} is a store of version {version}, but this fervid reads version {VERSION}: "
            "use the fervid that made it, or prepare again into a new folder"
        )
    return str(name)


def write_index(
    root: Path,
    database: Database,
    settings: FaceSettings,
    version: str,
    rows: list[Row],
    *,
    path: Path | None = None,
) -> None:
    """Write everything that evaluation needs to one Parquet file; equal rows give equal bytes.

    Args:
        path: the file, by default the store's index.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = [
        {**asdict(row.clip), **asdict(row.summary), "key": row.key, "reason": row.reason,
         "path": _as_text(row.clip.path), "groups": json.dumps(dict(row.clip.groups)),
         "votes": json.dumps(dict(row.clip.votes)),
         "landmarks": _as_text(row.clip.landmarks) if row.clip.landmarks else ""}
        for row in rows
    ]  # fmt: skip
    about = {k: v for k, v in vars(database).items() if k != "clips"}
    found_by = {"settings": settings.text, "version": version}
    metadata = {"fervid": json.dumps({"database": about, **found_by})}
    fields = [pa.field(name, getattr(pa, kind)()) for name, kind in COLUMNS.items()]
    arrow = pa.Table.from_pylist(table, schema=pa.schema(fields, metadata=metadata))
    # Through an open file, because pyarrow accepts only names in UTF-8.
    with whole(path or root / INDEX) as part, part.open("wb") as file:
        pq.write_table(arrow, file)


def read_index(root: Path, path: Path | None = None) -> Store:
    """Read an index, by default the store's.

    Raises:
        InputError: there is none, or this version cannot read it.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = path or root / INDEX
    if not path.is_file():
        raise InputError(f"{root} is not finished: run the same `fervid prepare` again")
    try:
        with path.open("rb") as file:
            table = pq.read_table(file)
        about = parse_json(table.schema.metadata[b"fervid"])
        settings = FaceSettings.of(about["settings"])
        fields = {**about["database"], "labels": tuple(about["database"]["labels"])}
        fields.pop("citation", None)  # older stores have one
        rows = [_row(values, fields["name"]) for values in table.to_pylist()]
        database = Database(clips=tuple(row.clip for row in rows), **fields)
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError, DatabaseError) as error:
        raise InputError(f"{path} cannot be read by this fervid: prepare again") from error
    return Store(root, database, settings, about["version"], {row.clip.name: row for row in rows})


def _row(values: Mapping[str, Any], database: str) -> Row:
    same = ("name", "label", "subject", "start", "end", "apex", "view")
    groups, path = parse_json(values["groups"]), _as_path(values["path"])
    # Older stores have neither of these.
    votes, table = parse_json(values.get("votes") or "{}"), values.get("landmarks")
    landmarks = _as_path(table) if table else None
    unchanged = {k: values[k] for k in same}
    if not re.fullmatch(r"([0-9a-f]{64})?", values["key"]):  # it becomes part of a file name
        raise ValueError(f"{values['key']!r} is not a key")
    clip = Clip(**unchanged, path=path, database=database, groups=groups, votes=votes,
                landmarks=landmarks)  # fmt: skip
    summary = Summary(**{k: values[k] for k in ("frames", "faces", "seen", "main")})
    return Row(clip, values["key"], summary, values["reason"])


def _as_text(path: Path) -> str:
    """A path as text; one that is not printable UTF-8 becomes file://..., which no path can be."""
    text = path.as_posix()
    return text if printable(text) == text else f"file://{quote_from_bytes(os.fsencode(text))}"


def _as_path(text: str) -> Path:
    """The path from the text of `_as_text`."""
    if text.startswith("file://"):
        return Path(os.fsdecode(unquote_to_bytes(text.removeprefix("file://"))))
    return Path(text)
