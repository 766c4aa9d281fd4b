"""Zip archives from elsewhere, unpacked within size limits and never outside their folder."""

import errno
import shutil
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fervid.databases.tree import brief, within
from fervid.errors import DatabaseError

# FER+'s archive holds 35,887 pictures of at most a few kilobytes.
MEMBERS = 500_000
BYTES = 1 << 32  # unpacked size of all members together
RATIO = 200  # largest compression ratio; deflate reaches at most 1,032
SMALL = 1 << 24  # bytes; smaller contents are accepted at any ratio
KINDS = (0, 4, 8)  # unknown, folder, file; links and devices are refused
# zipfile unpacks these in pieces and stops at a member's declared size.
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

# System errors for names that occur twice, are both file and folder, or are too long.
NAMES = (errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.EINVAL)
# What zipfile raises for damaged or encrypted archives and for unknown compression methods.
DAMAGED = (zipfile.BadZipFile, zlib.error, struct.error, RuntimeError, ValueError, EOFError)


@contextmanager
def opened(source: Path) -> Iterator[zipfile.ZipFile]:
    """An open archive whose members stay in their folder and declare a reasonable size.

    Raises:
        DatabaseError: not a zip archive, a member leads out of the folder, or it is too large.
    """
    if not source.is_file():
        raise DatabaseError(f"{source} does not exist: correct the path")
    try:
        with zipfile.ZipFile(source) as archive:
            _check(archive, source)
            yield archive
    except DatabaseError:
        raise
    except DAMAGED as error:
        reason = brief(str(error))
        raise DatabaseError(
            f"{source} is not a complete zip archive ({reason}): copy it again"
        ) from None


def _check(archive: zipfile.ZipFile, source: Path) -> None:
    members = archive.infolist()
    declared = sum(member.file_size for member in members)
    if len(members) > MEMBERS or declared > min(BYTES, max(SMALL, RATIO * source.stat().st_size)):
        raise DatabaseError(
            f"{source} would unpack to {len(members)} files of {declared:.1e} bytes: do not use it"
        )
    for member in members:
        within(member.filename, str(source))
        if (member.external_attr >> 28) not in KINDS:
            raise DatabaseError(
                f"{source}: {brief(member.filename)} is a link or a device, which leads out of the "
                "folder: do not use it"
            )
        if member.flag_bits & 1 or member.compress_type not in PACKINGS:
            raise DatabaseError(
                f"{source}: {brief(member.filename)} is encrypted, or packed in another way than "
                "zip's usual one: unpack it yourself and name the folder"
            )


def unpack(source: Path, folder: Path) -> None:
    """Write an archive's files into a folder.

    Raises:
        DatabaseError: as `opened`, or a member differs from its declared size or checksum.
        OSError: the folder cannot be written to.
    """
    with opened(source) as archive:
        for member in archive.infolist():
            try:
                _write(archive, member, folder / within(member.filename, str(source)))
            except OSError as error:
                if error.errno not in NAMES:
                    raise
                name = brief(member.filename)
                raise DatabaseError(
                    f"{source}: {name} cannot be a file's name beside the others "
                    f"({error.strerror}): unpack it yourself and name the folder"
                ) from None


def _write(archive: zipfile.ZipFile, member: zipfile.ZipInfo, place: Path) -> None:
    if member.is_dir():
        place.mkdir(parents=True, exist_ok=True)
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(member) as packed, place.open("xb") as file:
        shutil.copyfileobj(packed, file)
