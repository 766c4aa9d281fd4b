"""Landmarks that OpenFace and py-feat found, with labels from a manifest or from folders' names.

Clips are tables; a video of the same name beside the table, or in `media`, gives the pictures.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from fervid.clip import Course, Database
from fervid.databases import folder
from fervid.databases.tree import VIDEOS, visible, walk
from fervid.errors import DatabaseError, InputError
from fervid.faces import landmark_table
from fervid.faces.landmark_table import ENDINGS, FEX, OPENFACE, OPENFACE_3
from fervid.faces.video import RATE

PROGRAMS = {"openface": (OPENFACE, OPENFACE_3), "fex": (FEX,)}
DETAILS = "_of_details.txt"  # beside OpenFace's tables: what it wrote
ANALYSIS = "face_analysis_"  # OpenFace 3 puts it before the video's name

OUTPUT = "Output video:"


def openface(
    root: Path,
    *,
    media: Path | None = None,
    subject: str = "",
    labels: Sequence[str] | None = None,
    course: Course = "unknown",
    absolute: bool = False,
    label_map: Path | None = None,
) -> Database:
    """OpenFace's tables (2.2: CSV, 3: TSV), by manifest or one folder per label.

    The rest is as in `folder`; a manifest's path names the table or its video.

    Args:
        root: the manifest, or the folder.
        media: the folder of the videos; by default they stand beside their tables.
        subject: as in `folder.load`.
        labels: as in `folder.load`.
        course: where in a clip the apex lies.
        absolute: whether a manifest may name files outside its folder.
        label_map: a table with the columns from,to.

    Raises:
        DatabaseError: no table, one of another program, or two videos of its name.
        LabelError: a label outside the label set.
    """
    return _load(
        "openface", root, media, subject=subject, labels=labels, course=course, absolute=absolute,
        label_map=label_map,
    )  # fmt: skip


def fex(
    root: Path,
    *,
    media: Path | None = None,
    subject: str = "",
    labels: Sequence[str] | None = None,
    course: Course = "unknown",
    absolute: bool = False,
    label_map: Path | None = None,
) -> Database:
    """py-feat's Fex tables (CSV), by manifest or one folder per label; otherwise as `openface`."""
    return _load(
        "fex", root, media, subject=subject, labels=labels, course=course, absolute=absolute,
        label_map=label_map,
    )  # fmt: skip


def _load(
    name: str,
    root: Path,
    media: Path | None,
    **options: Any,
) -> Database:
    """A program's tables; the options are those of `folder.database`."""
    if media is not None and not media.is_dir():
        raise DatabaseError(f"{name}: {media} is not a folder: give the folder of the videos")

    def rate(path: str) -> float:
        return _rate(_with_table(Path(path), name, media))

    what = folder.Media(name, "tables", _tables, rate)
    read = folder.database(Path(root), what, **options)
    clips = []
    for clip in read.clips:
        table, video = _with_table(clip.path, name, media)
        clips.append(replace(clip, path=video or table, landmarks=table))
    return replace(read, clips=tuple(clips))


def _tables(home: Path) -> Iterator[Path]:
    for name, _ in sorted(walk(home, frozenset(ENDINGS))):
        yield home / name


def _with_table(path: Path, name: str, media: Path | None) -> tuple[Path, Path | None]:
    """A table and its video, whichever of the two was named."""
    if path.suffix.lower() in ENDINGS:
        table, video = path, _video(path, name, media)
    else:
        beside = [path.with_suffix(ending) for ending in ENDINGS]
        beside += [path.with_suffix(f".{name}.csv"), path.with_name(f"{ANALYSIS}{path.stem}.csv")]
        inside = [each for each in beside if each.is_file()]
        if len(inside) != 1:
            raise DatabaseError(
                f"{name}: {len(inside)} tables are beside {path}: put its {beside[0].name} there, "
                "or name the table in the manifest"
            )
        table, video = inside[0], path
    try:
        program = landmark_table.program(landmark_table.header(table))
    except InputError as error:
        raise DatabaseError(f"{name}: {error}") from None
    if program in PROGRAMS[name]:
        return table, video
    other = next((each for each, programs in PROGRAMS.items() if program in programs), "")
    if other:
        raise DatabaseError(f"{name}: {table} is of {program}: prepare it as {other}")
    raise DatabaseError(
        f"{name}: {table} has no 68 landmarks (x_0 to y_67): run OpenFace with -2Dfp, or move it "
        "elsewhere"
    )


def _video(table: Path, name: str, media: Path | None) -> Path | None:
    """The video of the table's name, but for the one that OpenFace drew its landmarks into."""
    stem = table.stem.removesuffix(f".{name}")  # `fervid convert` writes film.openface.csv
    stem = stem.removeprefix(ANALYSIS)
    home = media or table.parent
    named = [p for p in visible(home) if p.stem == stem and p.suffix.lower() in VIDEOS]
    if media is None:
        drawn = _drawn_over(table.with_name(f"{stem}{DETAILS}"))
        named = [path for path in named if path.name not in drawn]
    if len(named) > 1:
        both = " and ".join(path.name for path in named)
        raise DatabaseError(f"{name}: {both} have the name of {table}: leave one in {home}")
    return named[0] if named else None


def _drawn_over(details: Path) -> set[str]:
    """Names of the videos that OpenFace says it wrote."""
    if not details.is_file():
        return set()
    lines = details.read_text(encoding="utf-8", errors="replace").splitlines()
    written = [line.removeprefix(OUTPUT) for line in lines if line.startswith(OUTPUT)]
    return {Path(name.strip()).name for name in written}


def _rate(pair: tuple[Path, Path | None]) -> float:
    table, video = pair
    if video is not None:
        return folder.frame_rate(str(video))
    try:
        return landmark_table.read_landmarks(table).rate
    except InputError:
        return RATE
