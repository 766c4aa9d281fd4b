"""The page of all inputs of a folder: pictures, share of time per label, failures, links."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fervid.pages.content import palette
from fervid.pages.render import address, render
from fervid.prediction.ownership import name_of

SHARE = "share_"
NAMES = {
    ".episodes.csv": "episodes", ".timeline.png": "plot", ".overlay.mp4": "overlay",
    ".overlay.png": "overlay", ".csv": "table", ".parquet": "Parquet", ".eaf": "ELAN",
    ".TextGrid": "Praat", ".boris": "BORIS", ".events.tsv": "events", ".sav": "SPSS",
    ".openface.csv": "OpenFace", ".fex.csv": "py-feat", ".long.csv": "long",
    ".codebook.csv": "codebook",
}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One input in the index.

    Args:
        name: the input as the user gave it.
        page: file name of its page; empty if there is none.
        picture: address of its thumbnail; empty if there is none.
        seconds: length; 0 for a picture.
        faces: number of faces.
        shares: label -> share of the labelled time of all faces, most first.
        flags: warnings, each once.
        reason: why there are no labels, or what is damaged.
        files: what its outputs are called and their file names.
    """

    name: str
    page: str
    picture: str
    seconds: float
    faces: int
    shares: Mapping[str, float]
    flags: tuple[str, ...]
    reason: str
    files: Mapping[str, str]

    @property
    def base(self) -> str:
        """File name of the input."""
        return Path(self.name.replace("\\", "/")).name


def entry_of(marker: Mapping[str, Any], page: str, picture: str) -> Entry:
    """An entry from what `fervid predict` noted of an input."""
    rows = marker["summary"]
    faces = [row for row in rows if row["status"] == "face"]
    raised = [flag for row in rows for flag in row.get("flags", "").split("; ") if flag]
    reason = rows[0]["reason"] or ("" if faces else rows[0]["status"])
    stem = len(name_of(marker))
    files = {NAMES[each[stem:]]: each for each in marker["outputs"] if each[stem:] in NAMES}
    return Entry(
        rows[0]["input"], page, picture,
        seconds=float(rows[0]["seconds"]) if rows[0]["frames"] > 1 else 0.0,
        faces=len(faces), shares=_shares(faces), flags=tuple(dict.fromkeys(raised)),
        reason=reason, files=files,
    )  # fmt: skip


def _shares(faces: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Label -> share of the time in which any face has a label."""
    total: defaultdict[str, float] = defaultdict(float)
    whole = sum(row["seconds_seen"] or 1.0 for row in faces)
    for row in faces:
        weight = (row["seconds_seen"] or 1.0) / whole
        for column, share in row.items():
            if column.startswith(SHARE):
                total[column.removeprefix(SHARE)] += weight * share
    return dict(sorted(total.items(), key=lambda pair: -pair[1]))


def index(entries: Sequence[Entry], failed: Sequence[Mapping[str, Any]], folder: Path) -> str:
    """HTML of the page.

    Args:
        failed: rows of `summary.csv` of the inputs that failed.
        folder: of the page and all files it links.
    """
    labels = list(dict.fromkeys(label for each in entries for label in each.shares))
    labels.sort(key=lambda label: (label == "neutral", label))
    whole: defaultdict[str, float] = defaultdict(float)
    for each in entries:
        for label, share in each.shares.items():
            whole[label] += share * (each.seconds or 0.04) * each.faces
    time = sum(whole.values()) or 1.0
    values = {
        "title": folder.absolute().name,
        "entries": entries,
        "failed": failed,
        "labels": labels,
        "colours": {label: pair[0] for label, pair in palette(labels).items()},
        "dark": {label: pair[1] for label, pair in palette(labels).items()},
        "whole": {label: whole[label] / time for label in labels},
        "seconds": sum(each.seconds for each in entries),
        "faces": sum(each.faces for each in entries),
        "address": lambda name: address(folder / name, folder),
        "duration": duration,
        "bars": _bars,
    }
    return render("index", ("base", "index"), values)


def _bars(shares: Mapping[str, float], labels: Sequence[str]) -> list[tuple[str, float, float]]:
    """Label, start and width of the parts of a bar, per cent."""
    parts, start = [], 0.0
    for label in labels:
        width = 100 * shares.get(label, 0.0)
        if width >= 0.05:
            parts.append((label, round(start, 2), round(width, 2)))
        start += width
    return parts


def duration(seconds: float) -> str:
    """A length for people.

    >>> duration(4.24), duration(75), duration(3723)
    ('4.2 s', '1:15', '1:02:03')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
