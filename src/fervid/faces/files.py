"""What a path is, by its name and kind; nothing here opens a file or loads a decoder."""

import errno
import re
import stat
from pathlib import Path

from fervid.errors import InputError

HEIF = (".avif", ".heic", ".heif")  # pictures in a video container, which FFmpeg reads
STILLS = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp", *HEIF)


def is_still(path: Path) -> bool:
    """Whether the file name is that of a still image."""
    return path.suffix.lower() in STILLS


def pictures(folder: Path) -> list[Path]:
    """The images of a folder in natural order (2 before 10), without hidden files."""

    def key(path: Path) -> list[tuple[int, int, str]]:
        parts = re.split(r"(\d+)", path.name.lower())
        return [(0, int(p), "") if p.isdecimal() else (1, 0, p) for p in parts]

    try:
        inside = sorted(
            p for p in folder.iterdir()
            if is_still(p) and not p.name.startswith(".") and not special(p)
        )  # fmt: skip
    except OSError as error:
        raise InputError(f"{folder} cannot be listed: check its permissions") from error
    return sorted(inside, key=key)


def special(path: Path) -> str:
    """What a path is if it is neither file nor folder ("a pipe"), which no reader must wait for."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return "a link that leads back to itself" if error.errno == errno.ELOOP else ""
    kinds = {stat.S_ISFIFO: "a pipe", stat.S_ISSOCK: "a socket", stat.S_ISCHR: "a device",
             stat.S_ISBLK: "a device"}  # fmt: skip
    return next((name for is_kind, name in kinds.items() if is_kind(mode)), "")
