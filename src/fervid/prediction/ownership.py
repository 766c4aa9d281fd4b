"""Which files in an output folder are ours: those listed in a marker or claim beside them.

A marker (`x.done.json`) lies beside finished outputs, a claim (`.x.claim.json`) beside unfinished
ones. Neither can cause the removal of anything except outputs of its own name.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from fervid.errors import OutputError
from fervid.prediction.episode_tables import ENDING as EPISODES
from fervid.prediction.episode_tables import is_joined
from fervid.prediction.summary import COLUMNS, is_summary
from fervid.prediction.writers import WRITERS
from fervid.text import parse_json, uncell

MARKER, CLAIM = ".done.json", ".claim.json"
PLOT = ".timeline.png"
MOVEMENTS = ".movements.txt"
# Possible endings of an input's outputs; an ending comes before those that it ends in.
OUTPUTS = (
    EPISODES, *(ending for writer in WRITERS.values() for ending in writer.endings),
    ".csv", ".parquet", PLOT, MOVEMENTS, ".overlay.png", ".overlay.mp4",
)  # fmt: skip
SUMMARY, JOINED = "summary.csv", "episodes.csv"
GONE = "does not exist: correct the path"  # why an input failed that was never there
NOTES = 1 << 15  # markers held in memory, about 2 KB each


def note(path: Path) -> dict[str, Any]:
    """Content of a marker or claim; empty if it is missing or not ours. Not to be changed."""
    try:
        stat = path.stat()
    except (OSError, ValueError):
        return {}
    return _note(path, stat.st_mtime_ns, stat.st_size, stat.st_ino)


@lru_cache(maxsize=NOTES)
def _note(path: Path, *_: int) -> dict[str, Any]:
    """A file is read once as long as it stays the same: a run asks for each many times."""
    try:
        content = parse_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    ours = isinstance(content, dict) and isinstance(content.get("terms"), dict)
    return content if ours and isinstance(content["terms"].get("source"), str) else {}


def notes(folder: Path, name: str) -> list[dict[str, Any]]:
    """Contents of the marker and the claim for the outputs called `name`."""
    both = note(folder / f"{name}{MARKER}"), note(folder / f".{name}{CLAIM}")
    return [content for content in both if content]


def outputs(folder: Path, name: str) -> set[str]:
    """Our outputs called `name`, whether or not they exist: plain names with our endings."""
    listed = [content.get("outputs") for content in notes(folder, name)]
    possible = (f"{name}{ending}" for ending in OUTPUTS)
    return {each for each in possible if any(isinstance(n, list) and each in n for n in listed)}


def is_ours(path: Path) -> bool:
    """Whether a file was written by an earlier run, in any folder."""
    if path.name.endswith(MARKER):
        return bool(note(path))
    if path.name == SUMMARY:
        return _failures(path) is not None
    if path.name == JOINED:
        return is_joined(path)
    ending = next((ending for ending in OUTPUTS if path.name.endswith(ending)), "")
    name = path.name.removesuffix(ending)
    return bool(ending) and path.name in outputs(path.parent, name)


def owners(folder: Path, endings: tuple[str, ...]) -> dict[str, str]:
    """Names taken in a folder, each with the key of its source, or "" if a file is not ours.

    Args:
        endings: endings of the files to be written.
    """
    taken: dict[str, str] = {}
    for path in sorted(folder.iterdir()):
        for ending in (*endings, MARKER, CLAIM):
            name = path.name.removesuffix(ending)
            if name == path.name:
                continue
            name = name[1:] if ending == CLAIM else name
            sources = [content["terms"]["source"] for content in notes(folder, name)]
            marked = ending in (MARKER, CLAIM) and note(path)
            ours = bool(sources) and (marked or path.name in outputs(folder, name))
            if not ours or path.is_dir():
                taken[name] = ""
            else:
                taken.setdefault(name, sources[0])
    return taken


def done(folder: Path) -> Iterator[dict[str, Any]]:
    """Markers of all finished inputs whose outputs still exist."""
    for path in sorted(folder.glob(f"*{MARKER}")):
        content = note(path)
        if content and is_whole(folder, path.name.removesuffix(MARKER), content):
            yield content


def name_of(content: Mapping[str, Any]) -> str:
    """The name that a marker's outputs begin with."""
    listed: list[str] = content["outputs"]
    return next(each for each in listed if each.endswith(EPISODES)).removesuffix(EPISODES)


def is_whole(folder: Path, name: str, content: Mapping[str, Any]) -> bool:
    """Whether all outputs of a marker exist and its summary is valid."""
    listed = content.get("outputs")
    if not isinstance(listed, list) or not listed or not is_summary(content.get("summary")):
        return False
    possible = [f"{name}{ending}" for ending in OUTPUTS]
    return all(each in possible and (folder / each).is_file() for each in listed)


def check_folder(folder: Path, terms: Mapping[str, Any]) -> None:
    """Check that a run neither mixes models or formats nor overwrites another program's summary.

    Raises:
        OutputError: it would do one of these.
    """
    for path in sorted(folder.glob(f"*{MARKER}")):
        earlier_terms = note(path).get("terms", {})
        for key, what in (("model", "model"), ("format", "table format")):
            if key in earlier_terms and earlier_terms[key] != terms[key]:
                raise OutputError(
                    f"{folder} holds results of another {what} ({path.name}): choose another "
                    "folder with --out, or remove this one"
                )
    for name in (SUMMARY, JOINED):
        path = folder / name
        if (path.exists() or path.is_symlink()) and not is_ours(path):
            raise OutputError(
                f"{path} was not written by fervid predict and is not overwritten: choose another "
                "folder with --out"
            )


def earlier(
    folder: Path, keys: set[str], names: set[str], asked: Iterable[str] | None = None
) -> list[dict[str, Any]]:
    """Summary rows of inputs from earlier runs that are not part of this one.


    Args:
        keys: keys of this run's sources.
        names: names of this run's sources.
        asked: names of the sources of all processes that share this run; other paths that never
            existed, such as mistyped ones, are then left out.
    """
    rows, known = [], set(names)
    for content in done(folder):
        known |= {row["input"] for row in content["summary"]}
        if content["terms"]["source"] not in keys:
            rows += content["summary"]
    failed = _failures(folder / SUMMARY) or []
    if asked is not None:
        known |= {row["input"] for row in failed if row["reason"].endswith(GONE)} - set(asked)
    return rows + [row for row in failed if row["input"] not in known]


def episode_parts(folder: Path, first: Sequence[str]) -> list[Path]:
    """Tables of episodes of all finished inputs, starting with the names in `first`."""
    names = [path.name.removesuffix(MARKER) for path in sorted(folder.glob(f"*{MARKER}"))]
    whole = {name for name in names if is_whole(folder, name, note(folder / f"{name}{MARKER}"))}
    order = dict.fromkeys([*first, *names])
    parts = [folder / f"{name}{EPISODES}" for name in order if name in whole]
    return [part for part in parts if part.name in outputs(folder, part.name[: -len(EPISODES)])]


def _failures(path: Path) -> list[dict[str, Any]] | None:
    """Failed inputs in a summary; None if there is no summary of ours."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ())[: len(COLUMNS)] != COLUMNS:
                return None
            return [
                {name: uncell(row[name] or "") for name in ("input", "status", "reason")}
                for row in reader
                if row["status"] == "failed"
            ]
    except (OSError, ValueError, csv.Error):
        return None
