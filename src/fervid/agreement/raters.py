"""Read the files of one rater (a person or a model): labelled stretches by recording and face."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

from fervid.databases.corrections import NAME_KIND
from fervid.errors import InputError
from fervid.labels import canonical
from fervid.prediction.writers import tables
from fervid.prediction.writers.table import read_table
from fervid.text import parse_json

Stretch = tuple[float, float, str]  # start and end in seconds, label
Tiers = dict[str, list[Stretch]]  # by face, subject or tier
Recordings = dict[str, Tiers]  # by their names in a file; "" for the only one
Unit = tuple[str, str]  # recording and tier

STARTS, ENDS = ("start_seconds", "start"), ("end_seconds", "end", "stop")
TIERS = ("face_id", "tier", "subject")
OVERLAP = 0.0015  # seconds by which neighbours may overlap, because programs round to milliseconds


@dataclass(frozen=True)
class Rater:
    """Annotations of one rater.

    Args:
        name: name of the file or folder.
        units: labelled stretches of each recording and tier, in order of time.
    """

    name: str
    units: Mapping[Unit, list[Stretch]]


def read_rater(path: Path) -> Rater:
    """Read a file, or a folder with one file per recording.

    Raises:
        InputError: the path does not exist, a file cannot be read, or labels overlap.
    """
    if path.is_dir():
        recordings = {each.stem: each for each in _files(path)}
    elif path.is_file():
        recordings = {"": path}  # with one file per rater, names need not match
    else:
        raise InputError(f"{path} does not exist: give a rater's file or folder")
    units: dict[Unit, list[Stretch]] = {}
    for recording, file in recordings.items():
        for inside, tiers in read_recordings(file).items():
            name = "/".join(filter(None, (recording, inside)))
            for tier, stretches in tiers.items():
                units[name, tier] = checked(file, tier, stretches)
    return Rater(path.name, units)


def _files(folder: Path) -> list[Path]:
    """The tables that predict wrote into a folder, or all files that can be read."""
    if any(folder.glob("*.done.json")):
        return tables([folder])
    files = sorted(each for each in folder.iterdir() if each.suffix in READERS)
    if not files:
        raise InputError(f"{folder} holds no {', '.join(READERS)}: give a rater's folder")
    stems = [each.stem for each in files]
    if duplicate := next((stem for stem in stems if stems.count(stem) > 1), ""):
        raise InputError(f"{folder} holds two files for {duplicate}: remove one of them")
    return files


def read_recordings(path: Path) -> Recordings:
    """Read the labelled stretches of each recording and tier, unchecked.

    Only BORIS's projects hold several recordings, their observations.

    Raises:
        InputError: the suffix is unknown, or the file cannot be read in that format.
    """
    if path.suffix not in READERS:
        raise InputError(
            f"{path} is not one of {', '.join(READERS)}: export it in one of these formats"
        )
    try:
        return READERS[path.suffix](path)
    except InputError:
        raise
    # pympi raises bare exceptions for files that it cannot parse.
    except Exception as error:
        raise InputError(f"{path} cannot be read ({error}): export it again") from None


def checked(path: Path, tier: str, stretches: list[Stretch]) -> list[Stretch]:
    """Stretches in time, their labels as `fervid.labels` spells them.

    Raises:
        InputError: two of them overlap.
    """
    ordered = sorted((start, end, canonical(label)) for start, end, label in stretches)
    for before, after in pairwise(ordered):
        if before[1] - after[0] > OVERLAP:
            where = f"{path}, {tier}: {before[2]} and {after[2]}" if tier else f"{path}: labels"
            raise InputError(f"{where} overlap at {after[0]:.3f} s: give a moment one label")
    return ordered


def _table(path: Path) -> Recordings:
    import pandas as pd

    if path.suffix == ".csv":
        try:
            rows = pd.read_csv(path, sep=None, engine="python", encoding="utf-8-sig")
        except (ValueError, pd.errors.ParserError) as error:
            raise InputError(f"{path} cannot be read ({error}): save it as CSV again") from None
        rows.columns = rows.columns.str.strip().str.lower()
        if _column(rows, STARTS) and _column(rows, ENDS):
            return {"": _interval_table(path, rows)}
    table = read_table(path)
    tiers: Tiers = {f"face {face}": [] for face in table.faces}
    for each in table.intervals:
        tiers[f"face {each.face}"].append((each.start, each.end, each.label))
    return {"": tiers}


def _interval_table(path: Path, rows: Any) -> Tiers:
    if "label" not in rows:
        raise InputError(f"{path} has no column 'label': rename the column with the labels")
    start, end, tier = (_column(rows, names) for names in (STARTS, ENDS, TIERS))
    tiers: Tiers = {}
    for number, row in enumerate(rows.to_dict("records"), 2):
        name = str(row[tier]) if tier else ""
        name = f"face {int(row[tier])}" if tier == "face_id" else name
        begin, stop = float(row[start]), float(row[end])
        if not 0 <= begin < stop:
            raise InputError(
                f"{path}, line {number}: {begin} to {stop} s is not a valid interval: correct it"
            )
        tiers.setdefault(name, []).append((begin, stop, str(row["label"])))
    return tiers


def _column(rows: Any, names: tuple[str, ...]) -> str:
    return next((name for name in names if name in rows), "")


def _elan(path: Path) -> Recordings:
    need("pympi")
    from pympi.Elan import Eaf

    document = Eaf(str(path), suppress_version_warning=True)
    tiers: Tiers = {}
    for name in document.get_tier_names():
        kind = document.get_parameters_for_tier(name).get("LINGUISTIC_TYPE_REF")
        # Ours, beside the labels; and references to other tiers.
        if kind in ("probability", "remark", NAME_KIND) or document.tiers[name][1]:
            continue
        tiers[name] = [
            (start / 1000, end / 1000, text)
            for start, end, text in document.get_annotation_data_for_tier(name)
            if text.strip()
        ]
    return {"": tiers}


def _textgrid(path: Path) -> Recordings:
    need("pympi")
    from pympi.Praat import TextGrid

    with path.open("rb") as file:  # Praat writes UTF-16 where a label is not ASCII
        wide = file.read(2) in (b"\xff\xfe", b"\xfe\xff")
    grid = TextGrid(str(path), codec="utf-16" if wide else "utf-8")
    tiers = {
        tier.name: [each for each in tier.get_intervals() if each[2].strip()]
        for tier in grid.get_tiers()
        if tier.tier_type == "IntervalTier"
    }
    return {"": tiers}


def _boris(path: Path) -> Recordings:
    project = parse_json(path.read_text(encoding="utf-8"))
    kinds = {each["code"]: each["type"] for each in project["behaviors_conf"].values()}
    states = {code for code, kind in kinds.items() if kind.lower().startswith("state")}
    observations = project["observations"]
    alone = len(observations) == 1
    return {
        "" if alone else name: _observation(f"{path}" if alone else f"{path}, {name}", each, states)
        for name, each in observations.items()
    }


def _observation(where: str, observation: Any, states: Collection[str]) -> Tiers:
    """Its state events in pairs."""
    tiers: Tiers = {}
    starts: dict[tuple[str, str], float] = {}
    for seconds, subject, label, *_ in sorted(observation["events"], key=lambda event: event[0]):
        if label not in states:
            continue
        if (subject, label) in starts:
            stretch = (starts.pop((subject, label)), float(seconds), label)
            tiers.setdefault(subject, []).append(stretch)
        else:
            starts[subject, label] = float(seconds)
    if starts:
        (subject, label), seconds = next(iter(starts.items()))
        raise InputError(
            f"{where}: {label} of {subject} at {seconds} s has no end: add a stop event in BORIS"
        )
    return tiers


def need(package: str) -> None:
    """Raises InputError where a package that reads files is not installed."""
    if find_spec(package) is None:
        raise InputError(f"this file needs the package {package}: pip install 'fervid[annotate]'")


READERS: Mapping[str, Callable[[Path], Recordings]] = {
    ".csv": _table,
    ".parquet": _table,
    ".eaf": _elan,
    ".TextGrid": _textgrid,
    ".boris": _boris,
}
