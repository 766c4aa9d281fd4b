"""Database folders: matched ignoring case, without the hidden files that systems leave."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from fervid.errors import DatabaseError, FervidError
from fervid.text import parse_json, printable

RENDERED = "rendered stand-in (ICT-FaceKit light)"
IMAGES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".pgm"})
VIDEOS = frozenset(
    {".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv", ".flv", ".3gp"}
)


# How file managers name a second copy: "003 (1).png", "003 - Copy.png", "Copy of 003.png".
COPY = re.compile(r"( \(\d+\)| - copy( \(\d+\))?| copy( \d+)?)$|^copy of ", re.IGNORECASE)


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """A sort key that reads digits as numbers.

    >>> sorted(["S10", "S9", "S009a"], key=natural)
    ['S9', 'S009a', 'S10']
    """
    parts = re.findall(r"\d+|\D+", text)
    return tuple((1, 0, p.lower()) if not p.isdecimal() else _size(p) for p in parts)


def _size(digits: str) -> tuple[int, int, str]:
    """Orders digits of any length, because `int` refuses thousands of them."""
    number = digits.lstrip("0")
    return 0, len(number), number


def brief(text: str) -> str:
    """Foreign text as messages show it: quoted, short, without control characters."""
    return repr(text if len(text) <= 60 else f"{text[:57]}...")


def within(name: str, where: str, error: type[FervidError] = DatabaseError) -> str:
    """A relative path from a list or an archive, with forward slashes, that stays in its folder.

    Args:
        where: the list or archive that names it, for the message.

    Raises:
        DatabaseError (or `error`, if given): it is absolute, names a drive, or goes up.
    """
    path = name.replace("\\", "/")
    if path.startswith("/") or ".." in path.split("/") or re.match("[A-Za-z]:", path):
        raise error(f"{where}: {printable(repr(name))} leads out of the folder: do not use it")
    return path


def inside(path: Path, home: Path, where: str) -> Path:
    """A path that stays in its folder after links are resolved.

    Args:
        where: the list or manifest that names it, for the message.

    Raises:
        DatabaseError: a link on the way leads out.
    """
    if not path.resolve().is_relative_to(home.resolve()):
        raise DatabaseError(
            f"{where}: a link leads from {path} out of {home}: copy the file itself there"
        )
    return path


def visible(folder: Path) -> list[Path]:
    """A folder's entries in natural order, without hidden files and macOS "._" companions.

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
    """The folder `name` in `root`, ignoring case and surrounding spaces.

    Args:
        what: what the folder should hold, for the message.

    Raises:
        DatabaseError: no such folder; the message lists what is there instead.
    """
    if not root.is_dir():
        raise DatabaseError(
            f"{database}: {root} is not a folder: give the folder that holds {name}/"
        )
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


def is_copy(name: str) -> bool:
    """Whether a file name looks like a second copy.

    >>> is_copy("003 (1).png"), is_copy("an1 - Copy.avi"), is_copy("a b (x).avi")
    (True, True, False)
    """
    return COPY.search(name.rpartition(".")[0] or name) is not None


def walk(folder: Path, kinds: frozenset[str]) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Every file of the given kinds below a folder, as (path relative to the folder, entry).

    No file is opened or measured; links to folders are not followed.

    Raises:
        DatabaseError: a folder cannot be read.
    """
    stack = [(os.fspath(folder), "")]
    while stack:
        place, prefix = stack.pop()
        try:
            with os.scandir(place) as found:
                entries = [e for e in found if not e.name.startswith((".", "__MACOSX"))]
        except OSError as error:
            raise DatabaseError(
                f"{place} cannot be read ({error.strerror}): check the path and its permissions"
            ) from None
        for entry in entries:
            if os.path.splitext(entry.name)[1].lower() in kinds:  # noqa: PTH122 - many files
                yield prefix + entry.name, entry
            elif entry.is_dir(follow_symlinks=False):
                stack.append((entry.path, f"{prefix}{entry.name}/"))


def sequence(folder: Path, database: str) -> list[str]:
    """Names of a sequence's pictures, ascending.

    Raises:
        DatabaseError: a picture occurs twice, so the sequence would stutter.
    """
    names = [path.name for path in visible(folder) if path.suffix.lower() in IMAGES]
    twice = [name for name in names if is_copy(name)]
    if twice:
        raise DatabaseError(
            f"{database}: {folder} holds {twice[0]!r}, a second copy of a picture: remove it"
        )
    return names


def origin(root: Path) -> str:
    """Where the pictures come from if not from the database itself; printed beside every number."""
    note = root / "synthetic_meta.json"
    if not note.is_file():
        return ""
    try:
        generator = str(parse_json(note.read_text(encoding="utf-8")).get("generator", ""))
    except (ValueError, AttributeError, OSError):
        generator = ""
    known = not generator or "ICT-FaceKit" in generator
    return RENDERED if known else f"rendered stand-in ({printable(generator)[:60]})"
