"""Atomic writes (a file is complete or absent), and locks on folders and their parts."""

import errno
import os
import platform
import re
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import lru_cache
from hashlib import file_digest, sha256
from pathlib import Path
from typing import IO

from fervid.errors import OutputError

try:
    import fcntl
except ImportError:  # Windows, where an open file cannot be removed by others anyway
    fcntl = None  # type: ignore[assignment]

LOCK, PARTS = ".fervid.lock", ".fervid.*.lock"  # of a folder, and of its parts
PAUSE = 0.2  # seconds between two looks at another's lock
LONG = 60  # bytes: a longer stem is replaced by a hash in the name of its part file
# Errors of a file system without locks.
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
    """Yield a temporary file to write; rename it to `path` if the block succeeds.

    The temporary name is unique: no other process uses it, on this machine, in another container
    or later. The file stays locked until it is renamed, so that `sweep` can tell it from the
    leftover of a killed process.

    Raises:
        OutputError: the file cannot be written.
    """
    with _part(path) as (part, descriptor), blamed(path):
        yield part
        _to_disk(part)
        if os.name == "nt":  # Windows cannot rename an open file
            descriptor.close()
        else:
            # The mode the umask gave it, whatever the block did to it.
            part.chmod(os.fstat(descriptor.fileno()).st_mode & 0o777)
        part.replace(path)
        _to_disk(path.parent)


@contextmanager
def scratch(path: Path) -> Iterator[Path]:
    """Yield a private temporary file next to `path`; remove it at the end.

    Raises:
        OutputError: the file cannot be written.
    """
    with _part(path) as (part, _):
        yield part


@contextmanager
def _part(path: Path) -> Iterator[tuple[Path, IO[bytes]]]:
    """Yield an empty, locked file with a unique name; remove it unless it was renamed."""
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
    """Remove part files left by killed processes, but none that is still being written.

    Args:
        name: file whose part files are removed; by default those of every file in `folder`.
    """
    stem = "*" if name == "*" else _short(Path(name).stem)
    escaped = stem if stem == "*" else re.sub(r"([*?[])", r"[\1]", stem)
    for part in folder.glob(f".{escaped}.*.part*"):
        if _PART.search(part.name) and part.is_file() and not part.is_symlink():
            _remove_dead(part)


@contextmanager
def held(folder: Path, what: str) -> Iterator[None]:
    """Lock a folder for this process alone, creating it if needed.

    The lock is released when the process ends, however it ends. Worker processes rely on the lock
    of the process that started them.

    Args:
        what: name of this process in the message that others get, such as "fervid predict".

    Raises:
        OutputError: other processes hold the folder or parts of it, or it cannot be written to.
    """
    with _locked(folder, LOCK, what):
        for part in sorted(folder.glob(PARTS)):
            with _locked(folder, part.name, what):  # left by a killed process, or refused
                pass
        yield


@contextmanager
def turn(folder: Path, what: str, patience: float = 5.0) -> Iterator[None]:
    """Wait until no other process locks the folder, then lock it for a short step.

    Processes that share a folder take turns for the steps that only one may do at a time.

    Args:
        what: as for `held`.
        patience: seconds after which it says whom it waits for.

    Raises:
        OutputError: the folder cannot be written to.
    """
    with ExitStack() as stack:
        begun, announced = time.monotonic(), False
        while True:
            try:
                stack.enter_context(_locked(folder, LOCK, what))
                break
            except _InUseError as error:
                if not announced and time.monotonic() - begun > patience:
                    announced = True
                    owner = str(error).rpartition(": wait")[0]
                    print(f"{owner}; waiting for it", file=sys.stderr, flush=True)
                time.sleep(PAUSE)
        yield


@contextmanager
def part_held(folder: Path, what: str, part: str) -> Iterator[None]:
    """Lock one part of a folder, whose other parts other processes may lock; call it in a `turn`.

    Args:
        what: as for `held`.
        part: name of the part, such as "fold-03".

    Raises:
        OutputError: another process holds that part, or the folder cannot be written to.
    """
    with _locked(folder, PARTS.replace("*", part), what):
        yield


class _InUseError(OutputError):
    """A lock that another process holds."""


@contextmanager
def _locked(folder: Path, name: str, what: str) -> Iterator[None]:
    path = folder / name
    with blamed(folder):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            file = _open_locked(path, wait=False)
        except BlockingIOError:
            raise _InUseError(
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
        with suppress(OSError):  # still locked except on Windows, so nobody else uses this file
            path.unlink()
        file.close()


@contextmanager
def blamed(path: Path) -> Iterator[None]:
    """Turn an OSError raised within into an OutputError that names `path`."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written ({error.strerror or error}): free space there or name "
            "another folder; finished files are kept"
        ) from error


def write(path: Path, content: str | bytes) -> None:
    """Write text (as UTF-8) or bytes to a file, creating its folder if needed.

    Raises:
        OutputError: the file cannot be written.
    """
    with blamed(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as part:
        part.write_bytes(content.encode() if isinstance(content, str) else content)


_PART = re.compile(r"\.\d+(\.[0-9a-f]{8})?\.part(\.[^.]*)?$")  # early versions wrote no token
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)  # never write through a symbolic link


def _short(stem: str) -> str:
    """Shorten a stem so that the whole name of its part file fits."""
    digest = sha256(os.fsencode(stem)).hexdigest()[:16]
    return stem if len(os.fsencode(stem)) <= LONG else f"{stem[:10]}-{digest}"


def _open_locked(path: Path, wait: bool = True) -> IO[bytes]:
    """Open and lock the file that is called `path` now, unbuffered; create it if needed.

    Raises:
        BlockingIOError: another process holds the lock and `wait` is False.
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
    """Lock a file; on a file system without locks, unique names have to suffice."""
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
    if wait:  # a part file, which is protected by being open
        return
    import msvcrt

    os.lseek(descriptor, 0, os.SEEK_SET)
    try:  # only the first byte, so that others can read who holds the lock
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
    except OSError as error:
        raise BlockingIOError(str(error)) from error


def _owner(path: Path) -> str:
    """Describe the process that wrote a lock file."""
    try:
        with path.open("rb") as file:
            file.seek(1)
            note = file.read(500).decode(errors="replace").strip()
    except OSError:
        note = ""
    return note or "another process"


def _remove_dead(part: Path) -> None:
    """Remove a part file unless its writer is alive."""
    with suppress(OSError):
        if fcntl is None:
            part.unlink()  # fails while it is open
            return
        with part.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            part.unlink()


def _to_disk(path: Path) -> None:
    """Flush a file to disk; a folder too, where the system supports it."""
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
