"""Files that are whole or absent, folders that one process at a time works in."""

import errno
import os
import platform
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from hashlib import file_digest, sha256
from pathlib import Path
from typing import IO

from fervid.errors import OutputError

try:
    import fcntl
except ImportError:  # Windows, where an open file cannot be removed by others anyway
    fcntl = None  # type: ignore[assignment]

LOCK = ".fervid.lock"
LONG = 60  # characters of a file's stem after which its part file bears a hash instead
# What a file system answers that has no locks.
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL)


def digest_of(path: Path) -> str:
    """Sha256 of a file's bytes; they are read once in a process while the file stays the same."""
    stat = path.stat()
    return _digest(path, stat.st_mtime_ns, stat.st_size, stat.st_ino)


@lru_cache(maxsize=64)
def _digest(path: Path, *_: int) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A name to write at; what was written there becomes `path` when all went well.

    No other process has that name, on this machine, in another container or later. It stays locked
    until it is renamed, so `sweep` can tell it from one that a killed process left.

    Raises:
        OutputError: the place cannot be written to.
    """
    with _part(path) as (part, descriptor), blamed(path):
        yield part
        _to_disk(part)
        if os.name == "nt":  # no renaming of an open file there
            descriptor.close()
        else:
            part.chmod(os.fstat(descriptor.fileno()).st_mode & 0o777)  # by the umask, as it began
        part.replace(path)
        _to_disk(path.parent)


@contextmanager
def scratch(path: Path) -> Iterator[Path]:
    """A file beside `path` for this process alone, removed in the end.

    Raises:
        OutputError: the place cannot be written to.
    """
    with _part(path) as (part, _):
        yield part


@contextmanager
def _part(path: Path) -> Iterator[tuple[Path, IO[bytes]]]:
    """A locked file, empty, with a name that nobody else has; it goes unless it is renamed."""
    names = (platform.node(), os.getpid(), secrets.token_hex(4))
    part = path.with_name(f".{_short(path.stem)}.{'.'.join(map(str, names))}.part{path.suffix}")
    with blamed(path):
        file = _open_locked(part)
    try:
        yield part, file
    finally:
        file.close()
        with suppress(OSError):
            part.unlink()


def sweep(folder: Path, name: str = "*") -> None:
    """Remove the part files that killed processes left, never one that is being written.

    Args:
        name: only those of the file that is called so; by default all in `folder`.
    """
    stem = "*" if name == "*" else _short(Path(name).stem)
    escaped = stem if stem == "*" else re.sub(r"([*?[])", r"[\1]", stem)
    for part in folder.glob(f".{escaped}.*.part*"):
        if _PART.search(part.name) and part.is_file() and not part.is_symlink():
            _remove_dead(part)


@contextmanager
def held(folder: Path, what: str) -> Iterator[None]:
    """Work in a folder that no other process works in meanwhile; made where there is none.

    The lock ends with the process, however that ends. Workers of a process work under its lock.

    Args:
        what: who works there, as others are told: "fervid predict".

    Raises:
        OutputError: somebody else works there, or it cannot be written to.
    """
    path = folder / LOCK
    with blamed(folder):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            file = _open_locked(path, wait=False)
        except BlockingIOError:
            raise OutputError(
                f"{folder} is in use by {_owner(path)}: wait for it to end, or name another folder"
            ) from None
        since = time.strftime("%Y-%m-%d %H:%M:%S")
        note = f"{what} (process {os.getpid()} on {platform.node()}, since {since})"
        file.truncate(0)
        file.write(b" " + note.encode(errors="replace"))  # the first byte may be locked
    try:
        yield
    finally:
        if os.name == "nt":
            file.close()
        with suppress(OSError):  # elsewhere still locked: nobody else can be using this very file
            path.unlink()
        file.close()


@contextmanager
def blamed(path: Path) -> Iterator[None]:
    """What the system refuses within is told as the fault of `path`, in an OutputError."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written ({error.strerror or error}): free space there or name "
            "another folder; what is finished is kept"
        ) from error


def write(path: Path, content: str | bytes) -> None:
    """Text as UTF-8, or bytes, into a file in a folder that is made where there is none.

    Raises:
        OutputError: the place cannot be written to.
    """
    with blamed(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as part:
        part.write_bytes(content.encode() if isinstance(content, str) else content)


_PART = re.compile(r"\.\d+(\.[0-9a-f]{8})?\.part(\.[^.]*)?$")  # an earlier fervid's: no token
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)  # a link in a folder must not lead the pen elsewhere


def _short(stem: str) -> str:
    """A stem that leaves room for the rest of a part file's name."""
    digest = sha256(os.fsencode(stem)).hexdigest()[:16]
    return stem if len(os.fsencode(stem)) <= LONG else f"{stem[:10]}-{digest}"


def _open_locked(path: Path, wait: bool = True) -> IO[bytes]:
    """A file that is there, locked and still called `path`, unbuffered.

    Raises:
        BlockingIOError: another holds the lock, and it is not waited for.
    """
    while True:
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | _NO_LINK, 0o666), "r+b", 0)
        try:
            _lock(file.fileno(), wait)
            if os.path.samestat(path.stat(), os.fstat(file.fileno())):
                return file
        except FileNotFoundError:  # removed between opening and locking
            pass
        except BaseException:
            file.close()
            raise
        file.close()


def _lock(descriptor: int, wait: bool) -> None:
    """Lock a file; where its file system has no locks, unique names must do."""
    if fcntl is None:
        _lock_windows(descriptor, wait)
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        raise
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise


def _lock_windows(descriptor: int, wait: bool) -> None:
    if wait:  # a part file: that it is open protects it
        return
    import msvcrt

    os.lseek(descriptor, 0, os.SEEK_SET)
    try:  # the first byte alone, so that others can read who holds it
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
    except OSError as error:
        raise BlockingIOError(str(error)) from error


def _owner(path: Path) -> str:
    """Who wrote a lock file."""
    try:
        with path.open("rb") as file:
            file.seek(1)
            note = file.read(500).decode(errors="replace").strip()
    except OSError:
        note = ""
    return note or "another process"


def _remove_dead(part: Path) -> None:
    """Remove a part file unless its writer lives."""
    with suppress(OSError):
        if fcntl is None:
            part.unlink()  # fails while it is open
            return
        with part.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            part.unlink()


def _to_disk(path: Path) -> None:
    """What the system still keeps of a file in memory, or of a folder as far as it can."""
    descriptor = -1
    try:
        descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
        os.fsync(descriptor)
    except OSError:
        if not path.is_dir():
            raise
    finally:
        if descriptor >= 0:
            os.close(descriptor)
