"""Clip and Database: what there is to read; nothing is read yet."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from fervid.errors import DatabaseError

Course = Literal["onset-apex", "onset-apex-offset", "still", "unknown"]


@dataclass(frozen=True, slots=True)  # half the memory: an index may hold a million
class Clip:
    """One labelled stretch of one source.

    Args:
        name: unique in its database, stable across machines (no absolute path in it).
        path: video file, still image, or folder of numbered frames.
        database: the database's name.
        label: an emotion's name; None where the database gives none.
        subject: who is seen; None where unknown (no subject-independent protocol then).
        start: first frame of the span, 0-based.
        end: one past the span's last frame; None: to the end.
        apex: index of the apex frame within the source, where the database tells it.
        view: "frontal", "profile", ... where the database tells it.
        groups: further columns of the subject (sex, age, ...), for per-group accuracy.
        votes: how many people chose each label, where several were asked; labels of no use too.
        landmarks: table of landmarks that another program wrote (`faces/landmark_table.py`), and
            `path` its video, or the table once more where there is none; None: faces are found.
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
        name: as in `fervid.databases.DATABASES`.
        labels: every label a clip may carry, in the order of tables.
        clips: in a fixed order (the loader's, ascending by subject and name).
        course: where in a clip the apex lies.
        origin: said beside every number ("rendered stand-in", ...); empty for the real thing.
        licence: what the data's licence allows, one sentence.
        citation: BibTeX; empty where there is none.
        left_out: what the loader found and left out, and how many of it.
    """

    name: str
    labels: tuple[str, ...]
    clips: tuple[Clip, ...]
    course: Course = "unknown"
    origin: str = ""
    licence: str = ""
    citation: str = ""
    left_out: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = Counter(clip.name for clip in self.clips)
        twice = [name for name, count in names.items() if count > 1]
        if twice:
            raise DatabaseError(
                f"{self.name} holds clip {twice[0]!r} twice: give each its own name"
            )

    @property
    def subjects(self) -> tuple[str, ...]:
        """Every subject once, ascending."""
        return tuple(sorted({clip.subject for clip in self.clips if clip.subject is not None}))

    @property
    def counts(self) -> dict[str, int]:
        """Clips per label, in the label set's order."""
        found = Counter(clip.label for clip in self.clips)
        return {label: found[label] for label in self.labels}

    @property
    def digest(self) -> str:
        """Sha256 over every clip's name, label and subject: which list this was, on any machine."""
        rows = [(c.name, c.label, c.subject, c.start, c.end) for c in self.clips]
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()
