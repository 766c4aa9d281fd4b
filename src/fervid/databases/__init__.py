"""Databases as their owners distribute them -> clips."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from fervid.clip import Clip, Database
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
from fervid.text import printable


def _drawn(root: Path) -> Database:
    """The built-in database: faces that fervid draws itself (`fervid draw`)."""
    # Imported here because drawing needs OpenCV, which the catalogue should not load.
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

# Includes databases that other packages register: docs/extending.md.
DATABASES: Mapping[str, Callable[..., Database]] = joined(CATALOGUE, "fervid.databases")

# Databases of cropped faces: the finder "cropped" uses each picture whole.
CROPPED = frozenset({"fer_plus"})
# Whose clips bring the landmarks of another program.
TABLES = frozenset({"openface", "fex"})


def load(name: str, root: Path, /, **options: Any) -> Database:
    """The clips of a database.

    Args:
        name: a key of DATABASES.
        root: its folder as distributed; for `folder` also a manifest.
        options: keyword arguments of the loader, such as light="dark" for oulu_casia, or `name`.

    Raises:
        DatabaseError: no such database, or the folder is not what its name says.
    """
    if name not in DATABASES:
        raise DatabaseError(f"no database {name!r}: choose one of {', '.join(DATABASES)}")
    database = DATABASES[name](Path(root), **options)
    if all(_is_printable(clip) for clip in database.clips):
        return database
    return replace(database, clips=tuple(map(_named_in_text, database.clips)))


def _is_printable(clip: Clip) -> bool:
    return f"{clip.name}{clip.subject}{clip.view}".isprintable()


def _named_in_text(clip: Clip) -> Clip:
    """A clip whose names every file and terminal can hold; those of files may be any bytes."""
    subject = None if clip.subject is None else printable(clip.subject)
    return replace(clip, name=printable(clip.name), subject=subject, view=printable(clip.view))
