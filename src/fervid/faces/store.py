"""The store: a database's tracks on disk, and the list of its clips; nothing is ever half there.

store.json            what this folder is, and of which database
index.parquet         one row for each clip; the database and the settings in its metadata
tracks/KEY.safetensors    every face of one clip; KEY is made of the source's bytes, the span,
                      the settings and the finder's version (so equal work is done once)
"""

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from fervid.atomic import blamed, whole, write
from fervid.clip import Clip, Database
from fervid.errors import InputError
from fervid.faces.settings import FaceSettings
from fervid.faces.track import Track
from fervid.faces.trackfile import Summary, read_tracks

FORMAT = "fervid store"
VERSION = 1
COLUMNS = {
    "name": "string", "key": "string", "label": "string", "subject": "string", "path": "string",
    "start": "int64", "end": "int64", "apex": "int64", "view": "string", "groups": "string",
    "votes": "string", "landmarks": "string",
    "frames": "int64", "faces": "int64", "seen": "int64", "main": "int64", "reason": "string",
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One clip in the index: its key, what was found, and why nothing was (empty otherwise)."""

    clip: Clip
    key: str
    summary: Summary
    reason: str = ""


@dataclass(frozen=True)
class Store:
    """A prepared database; `open` is how to get one.

    Args:
        root: its folder.
        database: every clip, failed ones too; usable without the database's own folder.
        settings: how faces were found.
        finder: the face finder's version.
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
            InputError: no store, an unfinished one, or one of another version.
        """
        check_marker(root)
        return read_index(root)

    @property
    def failed(self) -> dict[str, str]:
        """Why a clip has no track, by name."""
        return {name: row.reason for name, row in self.rows.items() if row.reason}

    @cached_property
    def digest(self) -> str:
        """Sha256 over the clip list and every key: these tracks and no others."""
        keys = [self.database.digest, *(f"{n} {row.key}" for n, row in self.rows.items())]
        return sha256("\n".join(keys).encode()).hexdigest()

    def key(self, clip: Clip) -> str:
        """Hash of a clip's frames and of how faces were found in them; empty if unreadable."""
        return self._row(clip).key

    def tracks(self, clip: Clip) -> list[Track]:
        """Every face of a clip, by id; empty where none was found."""
        row = self._row(clip)
        found = [] if row.reason else read_tracks(track_path(self.root, row.key))
        return [replace(track, apex=clip.apex) for track in found]

    def main_track(self, clip: Clip) -> Track | None:
        """The face seen longest and largest; None where none was found."""
        row = self._row(clip)
        if row.reason:
            return None
        found = next(read_tracks(track_path(self.root, row.key), row.summary.main))
        return replace(found, apex=clip.apex)

    def _row(self, clip: Clip) -> Row:
        if clip.name not in self.rows:
            raise InputError(f"{self.root} holds no clip {clip.name!r}: prepare it first")
        return self.rows[clip.name]


def track_path(root: Path, key: str) -> Path:
    """Where the tracks of a key lie."""
    return root / "tracks" / f"{key}.safetensors"


def begin(root: Path, database: Database) -> None:
    """Make the folder a store of this database, or check that it is one.

    Raises:
        InputError: something else lies there, or another database.
        OutputError: it cannot be written to.
    """
    if root.exists() and not root.is_dir():
        raise InputError(f"{root} is a file, no store: name a new folder")
    if (root / "store.json").exists():
        held = check_marker(root)
        earlier: Mapping[str, Row] = {}
        with suppress(InputError):  # a missing or damaged index is written anew
            earlier = read_index(root).rows
        strange = earlier and not any(clip.name in earlier for clip in database.clips)
        if held != database.name or strange:
            raise InputError(
                f"{root} holds {'other clips of ' if strange else ''}database {held!r}: "
                "name another folder for this one"
            )
        _tracks_folder(root)
        return
    # Hidden ones: the lock, what a killed process was writing.
    if root.exists() and any(not path.name.startswith(".") for path in root.iterdir()):
        raise InputError(f"{root} is no store and not empty: name a new folder")
    marker = {"format": FORMAT, "version": VERSION, "database": database.name}
    write(root / "store.json", json.dumps(marker) + "\n")
    _tracks_folder(root)


def _tracks_folder(root: Path) -> None:
    with blamed(root):
        (root / "tracks").mkdir(exist_ok=True)


def check_marker(root: Path) -> str:
    """The name of the database that a folder stores.

    Raises:
        InputError: no store of this version.
    """
    path = root / "store.json"
    if not path.is_file():
        raise InputError(
            f"{root} is no store: make one with `fervid prepare DATABASE ROOT --store`"
        )
    try:
        marker = json.loads(path.read_text())
        if marker["format"] != FORMAT:
            raise ValueError
        name, version = plain(marker["database"]), int(marker["version"])
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise InputError(
            f"{path} is not of fervid: name a folder made by `fervid prepare`"
        ) from error
    if version != VERSION:
        raise InputError(
            f"{root} has version {version} of the store, this fervid reads {VERSION}: "
            "use the fervid that made it, or prepare again into a new folder"
        )
    return name


def plain(name: Any) -> str:
    """A name that leads into no other folder when it becomes part of a path.

    Raises:
        ValueError: it would.
    """
    if not isinstance(name, str) or not re.fullmatch(r"[^\W_][^/\\:\x00-\x1f]*", name):
        raise ValueError(f"{name!r} is no name for a folder")
    return name


def write_index(
    root: Path, database: Database, settings: FaceSettings, version: str, rows: list[Row]
) -> None:
    """One Parquet file for everything that evaluation asks; the same bytes for the same rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = [
        {**asdict(row.clip), **asdict(row.summary), "key": row.key, "reason": row.reason,
         "path": row.clip.path.as_posix(), "groups": json.dumps(dict(row.clip.groups)),
         "votes": json.dumps(dict(row.clip.votes)),
         "landmarks": row.clip.landmarks.as_posix() if row.clip.landmarks else ""}
        for row in rows
    ]  # fmt: skip
    about = {k: v for k, v in vars(database).items() if k != "clips"}
    found_by = {"settings": settings.text, "version": version}
    metadata = {"fervid": json.dumps({"database": about, **found_by})}
    fields = [pa.field(name, getattr(pa, kind)()) for name, kind in COLUMNS.items()]
    arrow = pa.Table.from_pylist(table, schema=pa.schema(fields, metadata=metadata))
    with whole(root / "index.parquet") as part:
        pq.write_table(arrow, part)


def read_index(root: Path) -> Store:
    """Raises InputError where there is none, or one that this version cannot read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = root / "index.parquet"
    if not path.is_file():
        raise InputError(f"{root} was not finished: run the same `fervid prepare` again")
    try:
        table = pq.read_table(path)
        about = json.loads(table.schema.metadata[b"fervid"])
        settings = FaceSettings.of(about["settings"])
        plain(about["database"]["name"])
        known = {**about["database"], "labels": tuple(about["database"]["labels"])}
        rows = [_row(values, known["name"]) for values in table.to_pylist()]
        database = Database(clips=tuple(row.clip for row in rows), **known)
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} cannot be read by this fervid: prepare again") from error
    return Store(root, database, settings, about["version"], {row.clip.name: row for row in rows})


def _row(values: Mapping[str, Any], database: str) -> Row:
    same = ("name", "label", "subject", "start", "end", "apex", "view")
    groups, path = json.loads(values["groups"]), Path(values["path"])
    # Stores of before had neither of these.
    votes, table = json.loads(values.get("votes") or "{}"), values.get("landmarks")
    landmarks = Path(table) if table else None
    known = {k: values[k] for k in same}
    if not re.fullmatch(r"([0-9a-f]{64})?", values["key"]):  # it becomes a file's name
        raise ValueError(f"{values['key']!r} is no key")
    clip = Clip(**known, path=path, database=database, groups=groups, votes=votes,
                landmarks=landmarks)  # fmt: skip
    summary = Summary(**{k: values[k] for k in ("frames", "faces", "seen", "main")})
    return Row(clip, values["key"], summary, values["reason"])
