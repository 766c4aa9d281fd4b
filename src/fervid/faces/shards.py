"""Indexes of shares of a database, prepared by several processes, and the one index made of them.

shards/2-of-8.parquet     index of one share, until all shares are there
"""

import shutil
from contextlib import suppress
from pathlib import Path

from fervid.clip import Database
from fervid.errors import InputError
from fervid.faces import store
from fervid.faces.settings import FaceSettings
from fervid.faces.store import Row
from fervid.share import Share

FOLDER = "shards"


def write_share(
    root: Path,
    database: Database,
    settings: FaceSettings,
    version: str,
    rows: list[Row],
    *,
    share: Share,
) -> tuple[int, ...]:
    """Write the index of one share, and the whole index if the others are there.

    The store's earlier index counts for clips whose share has not run again. Only one process may
    do this at a time.

    Args:
        database: the whole database.
        rows: one for each clip of the share.

    Returns:
        numbers of the shares that are still missing.
    """
    path = root / FOLDER / f"{share.name}.parquet"
    path.parent.mkdir(exist_ok=True)
    store.write_index(root, database, settings, version, rows, path=path)
    known = _rows(root, None, settings, version)
    for number in range(1, share.count + 1):
        name = Share(number, share.count).name
        known |= _rows(root, root / FOLDER / f"{name}.parquet", settings, version)
    waiting = tuple(
        number
        for number in range(1, share.count + 1)
        if any(
            clip.name not in known or known[clip.name].clip != clip
            for clip in Share(number, share.count).take(database.clips)
        )
    )
    if not waiting:
        everything = [known[clip.name] for clip in database.clips]
        store.write_index(root, database, settings, version, everything)
        forget(root)
    return waiting


def forget(root: Path) -> None:
    """Remove the shares' indexes, which the store's own has replaced."""
    shutil.rmtree(root / FOLDER, ignore_errors=True)


def _rows(root: Path, path: Path | None, settings: FaceSettings, version: str) -> dict[str, Row]:
    """Rows of an index by clip name; none if it is missing, damaged, or of other settings."""
    with suppress(InputError):
        index = store.read_index(root, path)
        if index.settings.text == settings.text and index.finder == version:
            return dict(index.rows)
    return {}
