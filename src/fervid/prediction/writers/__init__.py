"""Prediction tables -> files for other programs; one module per program."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from fervid.errors import InputError, OutputError
from fervid.prediction.episode_tables import ENDING, read_episodes
from fervid.prediction.writers import boris, elan, fex, long, openface, spss, textgrid
from fervid.prediction.writers.table import ENDINGS, PredictionTable, read_table

__all__ = ["WRITERS", "PredictionTable", "Writer", "convert", "formats", "read_table"]


@dataclass(frozen=True)
class Writer:
    """How to write a format.

    Args:
        write: takes a table and the path of its files without endings; returns the files.
        endings: endings of the files.
        landmarks: whether the format needs the 68 landmarks.
        intervals: whether the format holds intervals instead of one row per frame.
        package: package to import, or "" for none; all are in the extra `annotate`.
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
# Other names that people use for the formats.
ALIASES = {"eaf": "elan", "praat": "textgrid", "sav": "spss"}
TABLES = tuple(ending.removeprefix(".") for ending in ENDINGS)  # formats of `fervid predict`


def formats(names: str, tables: Sequence[str] = ()) -> list[str]:
    """The formats in a comma-separated list, without duplicates.

    Args:
        tables: formats of prediction tables that are also allowed.

    Raises:
        OutputError: a format is unknown, or its package is not installed.
    """
    known = (*tables, *WRITERS)
    listed = [name.strip() for name in names.split(",") if name.strip()]
    chosen = list(dict.fromkeys(ALIASES.get(name, name) for name in listed))
    if not chosen:
        raise OutputError(f"there is no format: choose from {', '.join(known)}")
    for name in chosen:
        if name not in known:
            raise OutputError(f"there is no format {name!r}: choose from {', '.join(known)}")
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
    """Write tables of `fervid predict` in the formats of other programs.

    Args:
        paths: tables, or folders that predict wrote to.
        names: formats, separated by commas.
        out: folder for the files; by default the folder of each table.
        media: the video; by default the table's input, if that file exists.
        episodes: write the episodes in `<table>.episodes.csv` instead of the runs of one label.

    Returns:
        The files written.

    Raises:
        InputError: a table cannot be read or has no landmarks or episodes, there is one `media` for
            several tables, or a format cannot hold `episodes`.
        OutputError: a format is unknown, its package is missing, or a folder cannot be written to.
    """
    chosen = formats(names)
    if episodes and (without := [name for name in chosen if not WRITERS[name].intervals]):
        known = ", ".join(name for name, writer in WRITERS.items() if writer.intervals)
        raise InputError(f"{without[0]} has no intervals: with --episodes choose from {known}")
    sources = tables(paths)
    if media and len(sources) > 1:
        raise InputError(
            f"--media gives one video for {len(sources)} tables: convert them one at a time"
        )
    if media and not media.is_file():
        raise InputError(f"{media} is not a file: give the video that the table belongs to")
    stems = [path.stem for path in sources]
    if out and (double := next((each for each in stems if stems.count(each) > 1), "")):
        raise InputError(f"two tables are called {double}: convert them into different folders")
    written = []
    for path in sources:
        table = read_table(path, media)
        if episodes:
            of_table = read_episodes(path.with_name(path.stem + ENDING))
            table = replace(table, episodes=tuple(of_table))
        for name in chosen:
            if WRITERS[name].landmarks and not table.has_landmarks:
                raise InputError(
                    f"{path} has no landmarks, which {name} needs: run `predict --landmarks`"
                )
            written += WRITERS[name].write(table, _base(table, out))
    return written


def tables(paths: Sequence[Path]) -> list[Path]:
    """The given tables, and for each folder the finished tables in it.

    Raises:
        InputError: there is no table.
    """
    files: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            markers = sorted(path.glob("*.done.json"))
            bases = [marker.with_name(marker.name.removesuffix(".done.json")) for marker in markers]
            inside = {
                base: table
                for base in bases
                for ending in reversed(ENDINGS)  # an input with both kinds counts once, as CSV
                if (table := base.with_name(base.name + ending)).is_file()
            }
            if not inside:
                raise InputError(f"{path} has no table of `fervid predict`: give another folder")
            files |= dict.fromkeys(inside.values())
        elif path.is_file():
            files[path] = None
        else:
            raise InputError(f"{path} does not exist: give a table of `fervid predict`")
    return list(files)


def _base(table: PredictionTable, out: Path | None) -> Path:
    folder = out or table.path.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{folder} cannot be created ({error.strerror}): choose another folder with --out"
        ) from None
    return folder / table.name
