"""Databases as they are delivered -> clips."""

from collections.abc import Callable, Mapping
from pathlib import Path

from fervid.clip import Database
from fervid.databases import ck_plus, folder, mmi
from fervid.errors import DatabaseError


def _drawn(root: Path) -> Database:
    """The built-in database: faces that fervid draws itself (`fervid draw`)."""
    # The drawing room knows OpenCV; the catalogue should not.
    from fervid.databases.drawn import load as load_drawn

    return load_drawn(root)


DATABASES: Mapping[str, Callable[[Path], Database]] = {
    "ck_plus": ck_plus.load,
    "mmi": mmi.load,
    "drawn": _drawn,
    "folder": folder.load,
}


def load(name: str, root: Path) -> Database:
    """The clips of a database.

    Args:
        name: a key of DATABASES.
        root: its folder as delivered; for `folder` also a manifest.

    Raises:
        DatabaseError: no such database, or the folder is not what its name says.
    """
    if name not in DATABASES:
        raise DatabaseError(f"no database {name!r}: choose one of {', '.join(DATABASES)}")
    return DATABASES[name](Path(root))
