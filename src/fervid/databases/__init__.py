"""Databases as they are delivered -> clips."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fervid.clip import Database
from fervid.databases import (
    baum_1s,
    casia_webface,
    ck_plus,
    disfa,
    fer_plus,
    folder,
    gemep_fera,
    landmark_tables,
    lfw,
    lists,
    mmi,
    oulu_casia,
    rml,
)
from fervid.errors import DatabaseError
from fervid.plugins import joined


def _drawn(root: Path) -> Database:
    """The built-in database: faces that fervid draws itself (`fervid draw`)."""
    # The drawing room knows OpenCV; the catalogue should not.
    from fervid.databases.drawn import load as load_drawn

    return load_drawn(root)


CATALOGUE: Mapping[str, Callable[..., Database]] = {
    "ck_plus": ck_plus.load,
    "ck_plus_stills": ck_plus.stills,
    "oulu_casia": oulu_casia.load,
    "mmi": mmi.load,
    "gemep_fera": gemep_fera.load,
    "disfa": disfa.load,
    "baum_1s": baum_1s.load,
    "rml": rml.load,
    "fer_plus": fer_plus.load,
    "casia_webface": casia_webface.load,
    "lfw": lfw.load,
    "afew": lists.afew,
    "dfew": lists.dfew,
    "ferv39k": lists.ferv39k,
    "mafw": lists.mafw,
    "lists": lists.load,
    "drawn": _drawn,
    "openface": landmark_tables.openface,
    "fex": landmark_tables.fex,
    "folder": folder.load,
}

# With those of other packages: docs/extending.md.
DATABASES: Mapping[str, Callable[..., Database]] = joined(CATALOGUE, "fervid.databases")

# Whose pictures are faces already, cut out: the finder "cropped" takes them whole.
CROPPED = frozenset({"fer_plus"})
# Whose clips bring the landmarks of another program.
TABLES = frozenset({"openface", "fex"})


def load(name: str, root: Path, **options: Any) -> Database:
    """The clips of a database.

    Args:
        name: a key of DATABASES.
        root: its folder as delivered; for `folder` also a manifest.
        options: of that loader (light="dark" of oulu_casia).

    Raises:
        DatabaseError: no such database, or the folder is not what its name says.
    """
    if name not in DATABASES:
        raise DatabaseError(f"no database {name!r}: choose one of {', '.join(DATABASES)}")
    return DATABASES[name](Path(root), **options)
