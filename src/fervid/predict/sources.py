"""What the user named, as a list of inputs: files, folders, globs, a webcam; each once."""

import glob
import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fervid.errors import InputError
from fervid.faces.picture import STILLS
from fervid.faces.video import pictures

VIDEOS = (
    *(".3gp", ".asf", ".avi", ".flv", ".gif", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg"),
    *(".mpg", ".mts", ".mxf", ".ogv", ".ts", ".vob", ".webm", ".wmv", ".y4m"),
)
# Our own pictures and videos, left out when the output folder is read again as an input.
OURS = (".overlay.mp4", ".overlay.png", ".timeline.png")


@dataclass(frozen=True)
class Source:
    """One input.

    Args:
        name: as the tables show it: what the user typed, below it the path within a folder.
        path: file or folder of frames; a webcam's index.
        problem: why it cannot be read, where that is known before reading.
    """

    name: str
    path: Path | int
    problem: str = ""

    @property
    def identity(self) -> str:
        """The same for two names of one file."""
        return str(self.path) if isinstance(self.path, int) else str(self.path.resolve())

    @property
    def stem(self) -> str:
        """What its outputs are called, if nothing else is called so."""
        if isinstance(self.path, int):
            return f"webcam{self.path}"
        path = self.path.absolute()
        return (path.resolve().name if path.is_dir() else path.stem) or "root"

    def key(self, out: Path) -> str:
        """`identity` seen from the output folder: kept when both are moved together."""
        if isinstance(self.path, int):
            return self.identity
        try:
            return Path(os.path.relpath(self.identity, out.resolve())).as_posix()
        except ValueError:  # on another drive
            return self.identity

    def fingerprint(self) -> str:
        """Changes when the content does: size and time of change of every file."""
        if isinstance(self.path, int):
            return "live"
        files = pictures(self.path) if self.path.is_dir() else [self.path]
        stats = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
        return hashlib.sha256(repr(stats).encode()).hexdigest()


def expand(inputs: Sequence[str | Path], out: Path, sequence: bool = False) -> list[Source]:
    """Every input once, in the order named (a folder's and a glob's by path).

    What is wrong with an argument (missing, a folder without a video) is noted in its Source.

    Args:
        inputs: files, folders (searched recursively), globs, a webcam's index ("0").
        out: the output folder; what an earlier run wrote there is no input.
        sequence: a folder is one input, its images are numbered frames.

    Raises:
        InputError: nothing is named.
    """
    if not inputs:
        raise InputError("no input is named: give a video, an image, a folder or a webcam's index")
    found: dict[str, Source] = {}
    for given in inputs:
        for source in _one(str(given), out, sequence):
            found.setdefault(source.identity, source)
    return list(found.values())


def _one(given: str, out: Path, sequence: bool) -> Iterable[Source]:
    path = Path(given)
    if path.is_dir():
        return [Source(given, path)] if sequence else _folder(given, path, out)
    if path.exists() or path.is_symlink():
        return [Source(given, path)]
    if given.isdecimal():
        return [Source(f"webcam {given}", int(given))]
    if glob.has_magic(given):
        matches = sorted(Path(match) for match in glob.glob(given, recursive=True))  # noqa: PTH207 - absolute patterns, too
        usable = [match for match in matches if match.is_dir() or _wanted(match, out)]
        if usable:
            return [source for match in usable for source in _one(str(match), out, sequence)]
        return [Source(given, path, f"{given} matches no video or image: correct the pattern")]
    return [Source(given, path, f"{given} does not exist: correct the path")]


def _folder(given: str, folder: Path, out: Path) -> list[Source]:
    found = []
    for root, folders, files in os.walk(folder, followlinks=False):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(root) / name for name in files]
    wanted = [path for path in sorted(found) if _wanted(path, out)]
    if wanted:
        return [Source(str(path), path) for path in wanted]
    problem = f"{given} holds no video or image: name a folder that does, or the file itself"
    return [Source(given, folder, problem)]


def _wanted(path: Path, out: Path) -> bool:
    """Whether a file met in a folder is a video or an image, not hidden and not written by us."""
    ours = path.name.endswith(OURS) and path.parent.resolve() == out.resolve()
    known = path.suffix.lower() in VIDEOS + STILLS
    return known and not path.name.startswith(".") and not ours


def names(sources: Sequence[Source], owners: Mapping[str, str], out: Path) -> list[str]:
    """What each source's outputs are called: its stem, with a hash where two would collide.

    Args:
        owners: names already taken in the output folder, each with its source's key.
    """
    stems = Counter(source.stem.casefold() for source in sources)
    taken = {name.casefold(): key for name, key in owners.items()}
    chosen = []
    for source in sources:
        key = source.key(out)
        hashed = f"{source.stem}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"
        owner = taken.get(source.stem.casefold())
        free = owner is None and stems[source.stem.casefold()] == 1
        mine = owner == key
        reserved = source.stem.casefold() == "summary"
        chosen.append(source.stem if (free or mine) and not reserved else hashed)
    return chosen
