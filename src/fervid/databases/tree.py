"""Folders as databases are delivered: found whatever their case, without what systems strew."""

import json
import re
from pathlib import Path

from fervid.errors import DatabaseError

RENDERED = "rendered stand-in (ICT-FaceKit light)"
IMAGES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".pgm"})
VIDEOS = frozenset(
    {".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv", ".flv", ".3gp"}
)


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """A sort key that reads digits as numbers.

    >>> sorted(["S10", "S9", "S009a"], key=natural)
    ['S9', 'S009a', 'S10']
    """
    parts = re.findall(r"\d+|\D+", text)
    return tuple((0, int(p), "") if p.isdecimal() else (1, 0, p.lower()) for p in parts)


def visible(folder: Path) -> list[Path]:
    """What a folder holds, in natural order, without hidden files and macOS "._" companions.

    Raises:
        DatabaseError: the folder cannot be read.
    """
    try:
        found = [path for path in folder.iterdir() if not path.name.startswith((".", "__MACOSX"))]
    except OSError as error:
        raise DatabaseError(
            f"{folder} cannot be read ({error.strerror}): check the path and its permissions"
        ) from None
    return sorted(found, key=lambda path: (natural(path.name), path.name))


def folders(folder: Path) -> list[Path]:
    """The visible folders in a folder."""
    return [path for path in visible(folder) if path.is_dir()]


def expect(root: Path, name: str, what: str, database: str) -> Path:
    """The folder `name` in `root`, whatever its case and the spaces around it.

    Args:
        what: what the folder should hold, for the message.

    Raises:
        DatabaseError: there is no such folder; says what is there instead.
    """
    if not root.is_dir():
        raise DatabaseError(f"{database}: {root} is no folder: give the folder that holds {name}/")
    there = visible(root)
    for path in there:
        if path.name.strip().lower() == name.lower() and path.is_dir():
            return path
    shown = ", ".join(path.name + "/" * path.is_dir() for path in there[:5]) or "nothing"
    more = f" and {len(there) - 5} more" if len(there) > 5 else ""
    raise DatabaseError(
        f"{database}: expected the folder {name}/ ({what}) in {root} and found {shown}{more}: "
        "give the folder as it was delivered"
    )


def origin(root: Path) -> str:
    """Where the pictures come from, if not from the database itself: said beside every number."""
    note = root / "synthetic_meta.json"
    if not note.is_file():
        return ""
    try:
        generator = str(json.loads(note.read_text(encoding="utf-8")).get("generator", ""))
    except (ValueError, AttributeError, OSError):
        generator = ""
    known = not generator or "ICT-FaceKit" in generator
    return RENDERED if known else f"rendered stand-in ({generator[:60]})"
