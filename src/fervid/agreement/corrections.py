"""Files that a person labelled or corrected -> a manifest to prepare and train on."""

import csv
import io
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlparse

from fervid.agreement.raters import READERS, Tiers, checked, need, read_recordings
from fervid.atomic import write
from fervid.databases import table
from fervid.databases.folder import frame_rate
from fervid.databases.tree import IMAGES, VIDEOS
from fervid.errors import InputError, LabelError, OutputError
from fervid.labels import SHORT, canonical, named
from fervid.predict.writers.table import ENDINGS, read_table
from fervid.text import cell, parse_json

COLUMNS = ("path", "label", "subject", "start_seconds", "end_seconds")
MEDIA = ("path", "input", "media", "video", "file")  # columns that name a recording
TIERS = ("face_id", "tier")
NOBODY = re.compile(r"face \d+|no focal subject|", re.IGNORECASE)  # tiers that name no person


@dataclass(frozen=True)
class Interval:
    """A labelled stretch of a recording.

    Args:
        media: the recording's file.
        tier: whose label it is: a face, a tier, or nothing.
        start: seconds.
        end: seconds.
        label: as the person wrote it.
        subject: who is seen; empty if unknown.
        where: the file and the place in it, for messages.
    """

    media: Path
    tier: str
    start: float
    end: float
    label: str
    subject: str
    where: str


@dataclass(frozen=True)
class Imported:
    """A manifest that was written.

    Args:
        path: the manifest.
        counts: intervals by label.
        left_out: intervals left out, by the reason.
        labels: the label set, where it holds more than the usual names; else empty.
        outside: whether a recording lies outside the manifest's folder.
        unnamed: intervals without a subject.
    """

    path: Path
    counts: Mapping[str, int]
    left_out: Mapping[str, int]
    labels: tuple[str, ...]
    outside: bool
    unnamed: int

    def text(self, advise: bool = True) -> str:
        """What was written, and with `advise` the command that prepares it."""
        counts = ", ".join(f"{count} {label}" for label, count in sorted(self.counts.items()))
        lines = [f"{sum(self.counts.values())} intervals ({counts}): {self.path}"]
        lines += [f"left out: {count} {reason}" for reason, count in self.left_out.items()]
        if self.unnamed:
            lines.append(
                f"{self.unnamed} intervals name no subject: fill in the column to evaluate"
            )
        if not advise:
            return "\n".join(lines)
        sets = [f"--set labels={','.join(self.labels)}"] if self.labels else []
        sets += ["--set absolute=True"] if self.outside else []
        next_step = ["fervid prepare folder", str(self.path), "--store STORE", *sets]
        return "\n".join([*lines, f"next: {' '.join(next_step)}"])


def import_labels(
    files: Sequence[Path],
    out: Path,
    *,
    media: Path | None = None,
    names: Mapping[str, str] | None = None,
    tier: str = "",
    subject: str = "",
) -> Imported:
    """Write a manifest (path,label,subject,start_seconds,end_seconds) of people's labels.

    Args:
        files: ELAN, Praat, BORIS, CSV, or tables of `fervid predict`.
        out: the manifest, a new file.
        media: the recordings' folder, or the only recording; by default the file that is linked,
            or the one of the same name beside.
        names: what other labels mean, by their lower case; nothing to leave intervals out.
        tier: the only tier to take.
        subject: who is seen in all recordings.

    Raises:
        InputError: a file that cannot be read, a recording that is not there, several faces.
        LabelError: a label that is neither known nor in `names`.
        OutputError: `out` exists or cannot be written to.
    """
    if out.exists():
        raise OutputError(f"{out} exists already: choose another file with --out, or delete it")
    if out.suffix.lower() != ".csv":
        raise OutputError(f"{out} is not a name for a manifest: end it in .csv")
    recordings: dict[Path, Path] = {}  # and the file with its labels
    labelled: list[tuple[Interval, str]] = []
    left_out: Counter[str] = Counter()
    for file in files:
        intervals = _of_tier(file, list(_read(file, media)), tier)
        for recording in dict.fromkeys(each.media for each in intervals):
            if recordings.setdefault(recording, file) != file:
                raise InputError(
                    f"{recordings[recording]} and {file} both label {recording}: import one, or "
                    "compare them with `fervid agreement`"
                )
            labelled += _labelled(file, recording, intervals, names or {}, left_out)
    if not labelled:
        raise InputError(f"{', '.join(map(str, files))}: no labelled interval to import")
    return _write(out, labelled, left_out, subject)


def _labelled(
    file: Path,
    recording: Path,
    intervals: Sequence[Interval],
    names: Mapping[str, str],
    left_out: Counter[str],
) -> list[tuple[Interval, str]]:
    """One recording's intervals with their labels' names here; counts what it leaves out."""
    rate = frame_rate(str(recording))
    labelled = []
    for each in intervals:
        if each.media != recording:
            continue
        label = _label(each, names)
        if not label:
            left_out[f"labelled {each.label}" if each.label else "without a label"] += 1
        elif round(each.start * rate) == round(each.end * rate):
            left_out["shorter than a frame"] += 1
        else:
            labelled.append((each, label))
    checked(file, "", [(each.start, each.end, label) for each, label in labelled])
    return labelled


def _write(
    out: Path, kept: Sequence[tuple[Interval, str]], left_out: Mapping[str, int], subject: str
) -> Imported:
    home = out.absolute().parent
    text = io.StringIO()
    manifest = csv.writer(text, lineterminator="\n")
    manifest.writerow(COLUMNS)
    outside, unnamed = False, 0
    for each, label in sorted(kept, key=lambda pair: (str(pair[0].media), pair[0].start)):
        path = _relative(each.media, home)
        outside |= path.startswith("..") or Path(path).is_absolute()
        who = subject or each.subject
        unnamed += not who
        manifest.writerow([path, label, cell(who), _seconds(each.start), _seconds(each.end)])
    write(out, text.getvalue())
    counts = Counter(label for _, label in kept)
    own = tuple(sorted(counts)) if set(counts) - set(SHORT) else ()
    return Imported(out, counts, dict(left_out), own, outside, unnamed)


def _relative(path: Path, home: Path) -> str:
    """With slashes; absolute on another drive."""
    try:
        return Path(os.path.relpath(path.absolute(), home)).as_posix()
    except ValueError:
        return path.absolute().as_posix()


def _seconds(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _of_tier(file: Path, intervals: list[Interval], tier: str) -> list[Interval]:
    """One tier for each recording: a clip of a manifest is about one face, the largest.

    Raises:
        InputError: several, or none of the name asked for.
    """
    tiers = sorted({each.tier for each in intervals})
    if tier:
        if tier not in tiers:
            raise InputError(f"{file} has no labels in tier {tier!r}: choose {', '.join(tiers)}")
        return [each for each in intervals if each.tier == tier]
    for media in {each.media for each in intervals}:
        mine = sorted({each.tier for each in intervals if each.media == media})
        if len(mine) > 1:
            raise InputError(
                f"{file} labels {', '.join(mine)} of {media.name}, and a manifest's clip is about "
                "its largest face: name that one with --tier"
            )
    return intervals


def _label(each: Interval, names: Mapping[str, str]) -> str:
    """The label's name here; empty where it is to be left out."""
    known = names.get(each.label.lower())
    if known is not None:
        return named(known, f"the label that {each.label!r} is to be") if known.strip() else ""
    label = canonical(each.label)
    if label and label not in SHORT:
        raise LabelError(
            f"{each.where}: unknown label {table.brief(each.label)}, none of {', '.join(SHORT)}: "
            f"say what it is with --label {label}=NAME (nothing after = leaves it out), or --labels"
        )
    return label


# Files


def _read(file: Path, media: Path | None) -> Iterator[Interval]:
    if file.suffix.lower() == ".csv" and file.is_file():
        cells = table.grid(file, InputError)
        header = {name.lower() for _, row in cells[:1] for name in row}
        if "label" in header and header & {"start", "start_seconds", "end", "end_seconds"}:
            yield from _csv(file, cells, media)
            return
    if not file.is_file():
        raise InputError(f"{file} is not there: name a file of {', '.join(READERS)}")
    recordings = read_recordings(file)
    if len(recordings) > 1 and media is not None and media.is_file():
        raise InputError(
            f"{file} is about {len(recordings)} recordings, and --media names one: name a folder"
        )
    people = _participants(file)
    for name, tiers in recordings.items():
        if any(tiers.values()):
            recording = _find(file, _linked(file, name), media)
            yield from _stretches(file, name, recording, tiers, people)


def _stretches(
    file: Path, name: str, recording: Path, tiers: Tiers, people: Mapping[str, str]
) -> Iterator[Interval]:
    for tier, stretches in tiers.items():
        who = people.get(tier, tier if file.suffix == ".boris" else "")
        who = "" if NOBODY.fullmatch(who) else who
        for start, end, label in stretches:
            where = ", ".join(filter(None, (str(file), name, tier, f"{start:.3f} s")))
            yield Interval(recording, tier, start, end, label.strip(), who, where)


def _csv(file: Path, cells: list[table.Cells], media: Path | None) -> Iterator[Interval]:
    """Intervals in seconds; of several recordings where a column names them."""
    header = [name.lower() for name in cells[0][1]]
    for name in ("start", "end"):
        if f"{name}_seconds" not in header:
            raise InputError(
                f"{file}, line 1: no column {name}_seconds: give times in seconds, and name their "
                "columns start_seconds and end_seconds"
            )
    sources = [name for name in MEDIA if name in header]
    if len(sources) > 1:
        raise InputError(f"{file}, line 1: {' and '.join(sources)} both name recordings: keep one")
    tier = next((name for name in TIERS if name in header), "")
    find = cache(lambda name: _find(file, [name] if name else [], media))
    wanted = ("label", "start_seconds", "end_seconds")
    for row in table.named(cells, wanted, file, InputError):
        start, end = (_number(row, f"{name}_seconds") for name in ("start", "end"))
        if end <= start:
            raise InputError(f"{row.where}: end {end:g} is not after start {start:g}: correct it")
        recording = find(row.get(sources[0]) if sources else "")
        name = f"face {row[tier]}" if tier == "face_id" and row[tier] else row.get(tier)
        yield Interval(recording, name, start, end, row["label"], row.get("subject"), row.where)


def _number(row: table.Row, column: str) -> float:
    text = row[column]
    if not re.fullmatch(r"\d{1,12}([.,]\d{0,12})?", text, re.ASCII):
        raise InputError(f"{row.where}: {column} is {table.brief(text)}: give seconds from 0")
    return float(text.replace(",", "."))


def _participants(file: Path) -> dict[str, str]:
    """Who ELAN's tiers are about."""
    if file.suffix != ".eaf":
        return {}
    from pympi.Elan import Eaf

    document = Eaf(str(file), suppress_version_warning=True)
    about = ((name, document.get_parameters_for_tier(name)) for name in document.get_tier_names())
    return {name: each.get("PARTICIPANT") or "" for name, each in about}


def _linked(file: Path, name: str) -> list[str]:
    """What a file says its recording is called.

    Args:
        name: of the recording in the file, where it holds several.
    """
    if file.suffix == ".eaf":
        need("pympi")
        from pympi.Elan import Eaf

        linked = Eaf(str(file), suppress_version_warning=True).get_linked_files()
        urls = [each.get(k) or "" for k in ("RELATIVE_MEDIA_URL", "MEDIA_URL") for each in linked]
        return [unquote(urlparse(url).path) if url.startswith("file:") else url for url in urls]
    if file.suffix == ".boris":
        observations = parse_json(file.read_text(encoding="utf-8"))["observations"]
        observation = observations[name] if name else next(iter(observations.values()))
        inside = [media for player in observation["file"].values() for media in player]
        if len(inside) > 1 and len(observation["file"].get("1", [])) > 1:
            where = f"{file}, {name}" if name else str(file)
            raise InputError(
                f"{where} plays {len(inside)} files one after the other: save one each"
            )
        return inside
    if file.suffix in ENDINGS:
        read = read_table(file)
        return [str(read.media or read.rows["input"].iloc[0])]
    return []


def _find(file: Path, linked: Sequence[str], media: Path | None) -> Path:
    """The recording that a file labels.

    Raises:
        InputError: none, or several.
    """
    if media is not None and media.is_file():
        return media
    if media is not None and not media.is_dir():
        raise InputError(f"{media} is not there: name the recordings' folder with --media")
    home = media or file.parent
    possible: dict[Path, None] = {}
    for name in filter(None, (each.replace("\\", "/") for each in linked)):
        places = [home / name, home / Path(name).name, *([] if media else [Path(name)])]
        there = next((p for p in places if _is_media(p)), None)
        possible |= {_absolute(there): None} if there else {}
    if not possible:
        stems = {Path(name.replace("\\", "/")).stem for name in linked if name} or {file.stem}
        beside = (p for p in sorted(home.iterdir()) if p.stem in stems and _is_media(p))
        possible = dict.fromkeys(map(_absolute, beside))
    if len(possible) == 1:
        return next(iter(possible))
    named = ", ".join(path.name for path in possible) or "nothing that it names"
    raise InputError(
        f"{file}: {len(possible)} recordings fit in {home} ({named}): name one with --media"
    )


def _is_media(path: Path) -> bool:
    known = path.suffix.lower() in (*VIDEOS, *IMAGES) and not path.name.endswith(
        (".timeline.png", ".overlay.mp4", ".overlay.png")
    )
    return known and path.is_file()


def _absolute(path: Path) -> Path:
    """Without "..", and with links as they are."""
    return Path(os.path.abspath(path))  # noqa: PTH100
