"""Clip and Database: descriptions of videos, before any frame is read."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from fervid.errors import DatabaseError
from fervid.text import printable

_FOLDER = re.compile(r"[^\W_][^/\\:]{0,199}")

Course = Literal["onset-apex", "onset-apex-offset", "still", "unknown"]


@dataclass(frozen=True, slots=True)  # slots halve the memory of an index of a million clips
class Clip:
    """One labelled span of frames in one source.

    Args:
        name: unique in its database, stable across machines (no absolute path in it).
        path: video file, still image, or folder of numbered frames.
        database: the database's name.
        label: name of the expression; None if the database gives none.
        subject: person in the clip; None if unknown, which rules out subject-independent protocols.
        start: first frame of the span, 0-based.
        end: one past the span's last frame; None for the source's end.
        apex: index of the apex frame within the source, if the database gives it.
        view: "frontal", "profile", ... if the database gives it.
        groups: further columns of the subject (sex, age, ...), for per-group accuracy.
        votes: number of annotators who chose each label, unused labels included; empty if there
            was only one annotator.
        landmarks: table of landmarks from another program (`faces/landmark_table.py`); `path` is
            then its video, or the table again without one. None: faces are found.
    """

    name: str
    path: Path
    database: str
    label: str | None = None
    subject: str | None = None
    start: int = 0
    end: int | None = None
    apex: int | None = None
    view: str = ""
    groups: Mapping[str, str] = field(default_factory=dict)
    votes: Mapping[str, int] = field(default_factory=dict)
    landmarks: Path | None = None


@dataclass(frozen=True)
class Database:
    """Clips under one label set.

    Args:
        name: as in `fervid.databases.DATABASES`; it becomes part of a folder's name.
        labels: every label a clip may carry, in the order used by tables.
        clips: in the loader's fixed order, ascending by subject and name.
        course: where in a clip the apex lies.
        origin: remark printed beside every number, such as "rendered stand-in"; empty for the
            original database.
        licence: one sentence on what the data's licence allows.
        left_out: number of skipped items by reason.
    """

    name: str
    labels: tuple[str, ...]
    clips: tuple[Clip, ...]
    course: Course = "unknown"
    origin: str = ""
    licence: str = ""
    left_out: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not is_folder_name(self.name):
            raise DatabaseError(
                f"{self.name!r} is not a name for a database: begin with a letter or a digit, and "
                "leave out / \\ : and control characters"
            )
        names = Counter(clip.name for clip in self.clips)
        duplicates = [name for name, count in names.items() if count > 1]
        if duplicates:
            raise DatabaseError(
                f"{self.name} holds clip {duplicates[0]!r} twice: give each clip its own name"
            )

    @property
    def subjects(self) -> tuple[str, ...]:
        """Distinct subjects, ascending."""
        return tuple(sorted({clip.subject for clip in self.clips if clip.subject is not None}))

    @property
    def counts(self) -> dict[str, int]:
        """Clips per label, in the label set's order."""
        clips_of = Counter(clip.label for clip in self.clips)
        return {label: clips_of[label] for label in self.labels}

    @property
    def digest(self) -> str:
        """SHA-256 of every clip's name, label, subject and span; the same on every machine."""
        rows = [(c.name, c.label, c.subject, c.start, c.end) for c in self.clips]
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def is_folder_name(name: object) -> bool:
    r"""Whether a name leads into no other folder when it becomes part of a path.

    >>> is_folder_name("ck_plus"), is_folder_name("../x"), is_folder_name("a\x1b")
    (True, False, False)
    """
    return isinstance(name, str) and bool(_FOLDER.fullmatch(name)) and printable(name) == name
