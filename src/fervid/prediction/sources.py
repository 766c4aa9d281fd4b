"""The user's arguments -> a list of inputs without duplicates: files, folders, globs, a webcam."""

import glob
import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fervid.errors import InputError, OutputError
from fervid.faces.files import STILLS, pictures, special
from fervid.prediction.ownership import GONE, is_ours
from fervid.text import printable

VIDEOS = (
    *(".3gp", ".asf", ".avi", ".flv", ".gif", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg"),
    *(".mpg", ".mts", ".mxf", ".ogv", ".ts", ".vob", ".webm", ".wmv", ".y4m"),
)
# Our own pictures and videos, skipped if the output folder is given as an input.
OURS = (".overlay.mp4", ".overlay.png", ".timeline.png")
LONGEST = 200  # bytes of an output's name before its ending; most file systems allow 255 in all


@dataclass(frozen=True)
class Source:
    """One input.

    Args:
        name: name in the tables: what the user typed, plus the path within a folder.
        path: file or folder of frames, or a webcam's index.
        problem: why it cannot be read, if that is known before reading.
    """

    name: str
    path: Path | int
    problem: str = ""

    @property
    def identity(self) -> str:
        """A name that is the same for all names of one file."""
        # Not Path.resolve, which raises if a link leads back to itself.
        return str(self.path) if isinstance(self.path, int) else os.path.realpath(self.path)

    @property
    def stem(self) -> str:
        """Name of its outputs, unless that name is taken."""
        if isinstance(self.path, int):
            return f"webcam{self.path}"
        if self.path.is_dir():
            return Path(self.identity).name or "root"
        return self.path.stem or "root"

    def key(self, out: Path) -> str:
        """`identity` relative to the output folder, so that both can be moved together."""
        if isinstance(self.path, int):
            return self.identity
        try:
            return Path(os.path.relpath(self.identity, out.resolve())).as_posix()
        except ValueError:  # on another drive
            return self.identity

    def fingerprint(self) -> str:
        """A hash that changes with the content: size and modification time of every file."""
        if isinstance(self.path, int):
            return "live"
        files = pictures(self.path) if self.path.is_dir() else [self.path]
        stats = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
        return hashlib.sha256(repr(stats).encode()).hexdigest()


def expand(inputs: Sequence[str | Path], out: Path, sequence: bool = False) -> list[Source]:
    """Every input once, in the given order; files of a folder or a glob by path.

    A problem with an argument (missing file, folder without videos) is noted in its Source.

    Args:
        inputs: files, folders (searched recursively), globs, a webcam's index ("0").
        out: the output folder; files that an earlier run wrote there are not inputs.
        sequence: treat a folder as one input whose images are numbered frames.

    Raises:
        InputError: `inputs` is empty.
    """
    if not inputs:
        raise InputError("there is no input: give a video, an image, a folder or a webcam's index")
    by_identity: dict[str, Source] = {}
    for given in inputs:
        for source in _sources(str(given), out, sequence):
            by_identity.setdefault(source.identity, source)
    return list(by_identity.values())


def _sources(given: str, out: Path, sequence: bool) -> Iterable[Source]:
    path = Path(given)
    if os.path.isdir(given):  # noqa: PTH112 - false for a name that is too long
        return [Source(given, path)] if sequence else _folder(given, path, out)
    if os.path.lexists(given):
        kind = special(path)
        problem = f"{given} is {kind}, which fervid does not read: give a file or a folder"
        return [Source(given, path, problem if kind else "")]
    if given.isdecimal() and given.isascii():
        return [Source(f"webcam {given}", int(given))]
    if glob.has_magic(given):
        # Not Path.glob, which takes no absolute patterns.
        matches = sorted(map(Path, glob.glob(given, recursive=True)))  # noqa: PTH207
        usable = [m for m in matches if m.is_dir() or _kind_left_out(m, out) is None]
        if usable:
            return [source for match in usable for source in _sources(str(match), out, sequence)]
        return [Source(given, path, f"{given} matches no video or image: correct the pattern")]
    return [Source(given, path, f"{given} {GONE}")]


def _folder(given: str, folder: Path, out: Path) -> list[Source]:
    usable = [path for path in _files(folder) if _kind_left_out(path, out) is None]
    if usable:
        return [Source(str(path), path) for path in usable]
    problem = f"{given} contains no video or image: give a folder that does, or the file itself"
    return [Source(given, folder, problem)]


def left_out(inputs: Sequence[str | Path], out: Path, sequence: bool = False) -> Counter[str]:
    """Number of files in the given folders and globs that are not inputs, by kind; none hidden."""
    listed: set[Path] = set()
    for given in map(str, inputs):
        pattern = glob.has_magic(given) and not os.path.lexists(given)
        for path in map(Path, glob.glob(given, recursive=True) if pattern else [given]):  # noqa: PTH207
            if path.is_dir() and not sequence:
                listed.update(_files(path))
            elif pattern and not path.is_dir():
                listed.add(path)
    distinct = {os.path.realpath(path): path for path in listed}
    kinds = (_kind_left_out(path, out) for path in distinct.values())
    return Counter(kind for kind in kinds if kind)


def _files(folder: Path) -> list[Path]:
    """All files below a folder except hidden ones, by path; links to folders are not followed."""
    paths: list[Path] = []
    for root, folders, files in os.walk(folder, followlinks=False):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths += [Path(root) / name for name in files if not name.startswith(".")]
    return sorted(paths)


def _kind_left_out(path: Path, out: Path) -> str | None:
    """The kind of a file that is not an input; None for an input, "" for our own output."""
    in_out = os.path.realpath(path.parent) == os.path.realpath(out)
    if is_ours(path):
        return ""
    if in_out and path.name.endswith(OURS):  # its marker is gone
        return next(ending for ending in OURS if path.name.endswith(ending))
    kind = special(path)
    if kind and not kind.startswith("a link"):
        return kind.removeprefix("a ")
    suffix = path.suffix.lower()
    return None if suffix in VIDEOS + STILLS else suffix or "without ending"


def names(sources: Sequence[Source], owners: Mapping[str, str], out: Path) -> list[str]:
    """Name of each source's outputs: its stem, with a hash if two would collide.

    Names that are too long or contain unprintable characters also get a hash.

    Args:
        owners: names already taken in the output folder, each with the key of its source.

    Raises:
        OutputError: every name for a source is taken.
    """
    stems = [_stem(source) for source in sources]
    counts = Counter(stem.casefold() for stem in stems)
    taken = {name.casefold(): key for name, key in owners.items()}
    chosen = []
    for source, stem in zip(sources, stems, strict=True):
        key = source.key(out)
        digest = hashlib.sha256(os.fsencode(key)).hexdigest()
        plain = stem == source.stem and not _reserved(stem.casefold())
        alone = counts[stem.casefold()] == 1
        possible = [stem] if plain and (alone or taken.get(stem.casefold()) == key) else []
        possible += [f"{stem}-{digest[:count]}" for count in (8, 16, 32)]
        free = (name for name in possible if taken.get(name.casefold(), key) == key)
        name = next(free, "")
        if not name:
            raise OutputError(
                f"{out} has other files with all possible names for {source.name}: choose another "
                "folder with --out"
            )
        chosen.append(name)
    return chosen


def _reserved(stem: str) -> bool:
    """Whether a table of that name would be `summary.csv`, or the episodes of another input."""
    return stem in ("summary", "episodes") or stem.endswith(".episodes")


def _stem(source: Source) -> str:
    """A stem for output files: printable, in UTF-8, not too long."""
    shown = printable(source.stem)
    stem = source.stem if shown == source.stem else shown.replace("\\", "_")
    short = stem.encode()[: LONGEST - 33].decode(errors="ignore")  # leaves room for a hash
    return stem if len(stem.encode()) <= LONGEST else short
