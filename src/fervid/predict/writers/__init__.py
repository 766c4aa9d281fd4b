"""Prediction tables -> files that other programs read; one small file for each program."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from fervid.errors import InputError, OutputError
from fervid.predict.episode_tables import ENDING, read_episodes
from fervid.predict.writers import boris, elan, fex, long, openface, spss, textgrid
from fervid.predict.writers.table import ENDINGS, PredictionTable, read_table

__all__ = ["WRITERS", "PredictionTable", "Writer", "convert", "formats", "read_table"]


@dataclass(frozen=True)
class Writer:
    """How a format is written.

    Args:
        write: takes a table and the path of its files without their endings; returns the files.
        endings: of the files.
        landmarks: whether the format needs the 68 landmarks.
        intervals: whether it holds intervals, and not rows of frames.
        package: the importable package it needs, "" for none; all are in the extra `annotate`.
    """

    write: Callable[[PredictionTable, Path], list[Path]]
    endings: tuple[str, ...]
    landmarks: bool = False
    intervals: bool = False
    package: str = ""


WRITERS: Mapping[str, Writer] = {
    "openface": Writer(openface.write, (".openface.csv",), landmarks=True),
    "fex": Writer(fex.write, (".fex.csv",), landmarks=True),
    "elan": Writer(elan.write, (".eaf",), intervals=True, package="pympi"),
    "textgrid": Writer(textgrid.write, (".TextGrid",), intervals=True, package="pympi"),
    "boris": Writer(boris.write, (".boris", ".events.tsv"), intervals=True),
    "spss": Writer(spss.write, (".sav",), package="pyreadstat"),
    "long": Writer(long.write, (".long.csv", ".codebook.csv")),
}
# By which endings people call them.
ALIASES = {"eaf": "elan", "praat": "textgrid", "sav": "spss"}
TABLES = tuple(ending.removeprefix(".") for ending in ENDINGS)  # of `fervid predict`


def formats(names: str, tables: Sequence[str] = ()) -> list[str]:
    """The formats in a list with commas, each once.

    Args:
        tables: formats of tables that may stand among them.

    Raises:
        OutputError: one is unknown, or its package is not installed.
    """
    known = (*tables, *WRITERS)
    listed = [name.strip() for name in names.split(",") if name.strip()]
    chosen = list(dict.fromkeys(ALIASES.get(name, name) for name in listed))
    if not chosen:
        raise OutputError(f"no format named: choose from {', '.join(known)}")
    for name in chosen:
        if name not in known:
            raise OutputError(f"no format {name!r}: choose from {', '.join(known)}")
        package = WRITERS[name].package if name in WRITERS else ""
        if package and find_spec(package) is None:
            raise OutputError(f"{name} needs the package {package}: pip install 'fervid[annotate]'")
    return chosen


def convert(
    paths: Sequence[Path],
    names: str,
    out: Path | None = None,
    media: Path | None = None,
    episodes: bool = False,
) -> list[Path]:
    """Write tables of `fervid predict` in other programs' formats.

    Args:
        paths: tables, or folders that predict wrote into.
        names: formats with commas between them.
        out: folder for the files; by default each table's own.
        media: the video; by default the table's input where it is at hand.
        episodes: write the episodes in `<table>.episodes.csv` instead of the runs of one label.

    Returns:
        The files written.

    Raises:
        InputError: a table that cannot be read or lacks landmarks or episodes; a `media` for
            several tables; `episodes` in a format that has no intervals.
        OutputError: an unknown format, a missing package, or a folder that cannot be written to.
    """
    chosen = formats(names)
    if episodes and (without := [name for name in chosen if not WRITERS[name].intervals]):
        known = ", ".join(name for name, writer in WRITERS.items() if writer.intervals)
        raise InputError(f"{without[0]} holds no intervals: with --episodes choose from {known}")
    sources = tables(paths)
    if media and len(sources) > 1:
        raise InputError(
            f"--media names one video for {len(sources)} tables: convert one at a time"
        )
    if media and not media.is_file():
        raise InputError(f"{media} is no file: name the video that the table is of")
    stems = [path.stem for path in sources]
    if out and (twice := next((each for each in stems if stems.count(each) > 1), "")):
        raise InputError(f"two tables are called {twice}: convert them into different folders")
    written = []
    for path in sources:
        table = read_table(path, media)
        if episodes:
            found_episodes = read_episodes(path.with_name(path.stem + ENDING))
            table = replace(table, episodes=tuple(found_episodes))
        for name in chosen:
            if WRITERS[name].landmarks and not table.has_landmarks:
                raise InputError(f"{path} has no landmarks for {name}: run `predict --landmarks`")
            written += WRITERS[name].write(table, _base(table, out))
    return written


def tables(paths: Sequence[Path]) -> list[Path]:
    """Tables as named; of a folder those that predict finished there.

    Raises:
        InputError: nothing is there.
    """
    files: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            markers = sorted(path.glob("*.done.json"))
            bases = [marker.with_name(marker.name.removesuffix(".done.json")) for marker in markers]
            inside = {
                base: table
                for base in bases
                for ending in reversed(ENDINGS)  # of one input's two tables the first counts
                if (table := base.with_name(base.name + ending)).is_file()
            }
            if not inside:
                raise InputError(f"{path} holds no table of `fervid predict`: name another folder")
            files |= dict.fromkeys(inside.values())
        elif path.is_file():
            files[path] = None
        else:
            raise InputError(f"{path} is not there: name a table of `fervid predict`")
    return list(files)


def _base(table: PredictionTable, out: Path | None) -> Path:
    folder = out or table.path.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder} cannot be made ({error.strerror}): name another") from None
    return folder / table.name
