"""What decides an input's outputs, and the files that tell whether they are done."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

import fervid
from fervid.atomic import blamed, digest_of, write
from fervid.errors import InputError
from fervid.faces.files import is_still
from fervid.faces.settings import FaceSettings, Style
from fervid.faces.versions import MOVEMENTS as MOVEMENT_WEIGHTS
from fervid.faces.versions import version_of
from fervid.prediction.episode_tables import ENDING as EPISODES
from fervid.prediction.episodes import EpisodeSettings
from fervid.prediction.neutral import Neutral
from fervid.prediction.ownership import (
    CLAIM,
    MARKER,
    MOVEMENTS,
    PLOT,
    is_whole,
    note,
    outputs,
    owners,
)
from fervid.prediction.settings import Format, WindowSettings
from fervid.prediction.sources import Source, names
from fervid.prediction.writers import WRITERS

OPTIONS = ("overlay", "timeline", "landmarks")  # that decide what is written


@dataclass(frozen=True)
class PredictSettings:
    """All that decides what is written, besides the input itself."""

    model: Path
    digest: str
    settings: FaceSettings
    gaze: WindowSettings
    formats: tuple[str, ...]
    overlay: Style | None
    timeline: bool
    landmarks: bool
    movements: bool = False
    neutral: Neutral | None = None
    device: str = "cpu"  # not part of the terms

    @property
    def tables(self) -> tuple[Format, ...]:
        """Formats of the table: those named, else CSV, from which the others are written."""
        return tuple(each for each in get_args(Format) if each in self.formats) or ("csv",)

    @property
    def writers(self) -> tuple[str, ...]:
        """Keys of `WRITERS`."""
        return tuple(each for each in WRITERS if each in self.formats)

    def terms(self) -> dict[str, Any]:
        """As kept beside an output; if these differ, the output is made again.

        Raises:
            FacesError: the face finder's package or model is missing.
        """
        return {
            "fervid": fervid.__version__,
            "model": self.digest,
            "faces": self.settings.digest(version_of(self.settings)),
            **asdict(self.gaze),
            "format": ",".join((*self.tables, *self.writers)),
            **{name: getattr(self, name) for name in OPTIONS},
            "movements": self.movements and digest_of(MOVEMENT_WEIGHTS)[:12],
            "neutral": self.neutral and self.neutral.key,
            "episodes": asdict(EpisodeSettings()),
        }


@dataclass(frozen=True)
class Task:
    """One input on its way: what it is, what its outputs are called, and when they are done.

    Args:
        endings: of the outputs to write.
        terms: of the wish, with the source's fingerprint; kept in the marker.
    """

    source: Source
    out: Path
    name: str
    endings: tuple[str, ...]
    terms: Mapping[str, Any]

    @property
    def marker(self) -> Path:
        """A JSON file that is there when all outputs are."""
        return self.out / f"{self.name}{MARKER}"

    @property
    def claim(self) -> Path:
        """A JSON file that is there while outputs are written: what it names is ours."""
        return self.out / f".{self.name}{CLAIM}"


def tasks_of(
    sources: Sequence[Source], out: Path, wish: PredictSettings, terms: Mapping[str, Any]
) -> list[Task]:
    """A task for each input, with names that no other input's files have."""
    endings = [_endings(source, wish) for source in sources]
    every = {ending for some in endings for ending in some}
    named = names(sources, owners(out, tuple(sorted(every))), out)
    tasks = []
    for source, name, some in zip(sources, named, endings, strict=True):
        whose = {"source": source.key(out), "name": source.name}
        try:
            whose["content"] = source.fingerprint()
        except (OSError, InputError):
            whose["content"] = ""  # the same sentence comes when it is read
        tasks.append(Task(source, out, name, some, {**terms, **whose}))
    return tasks


def _endings(source: Source, wish: PredictSettings) -> tuple[str, ...]:
    """Endings of all files written for an input."""
    tables = (f".{each}" for each in wish.tables)
    plot = (PLOT,) * wish.timeline + (MOVEMENTS,) * wish.movements
    others = (ending for name in wish.writers for ending in WRITERS[name].endings)
    return (*tables, EPISODES, *plot, *filter(None, [overlay_ending(source, wish)]), *others)


def overlay_ending(source: Source, wish: PredictSettings) -> str:
    """The ending of the annotated video or picture; empty where none is written."""
    if not wish.overlay or isinstance(source.path, int):
        return ""
    return ".overlay.png" if is_still(source.path) else ".overlay.mp4"


def planned(task: Task) -> list[str]:
    """Names of the files to be written."""
    return [f"{task.name}{ending}" for ending in task.endings]


def kept(task: Task) -> dict[str, Any] | None:
    """The marker of a task that is done and unchanged."""
    content = note(task.marker)
    live = isinstance(task.source.path, int) or not task.terms["content"]
    if live or content.get("terms") != task.terms:
        return None
    labels = content.get("labels")
    named = isinstance(labels, list) and all(isinstance(label, str) for label in labels)
    return content if named and is_whole(task.out, task.name, content) else None


def begin(task: Task) -> None:
    """Claim what is to be written, and take away what an earlier run wrote of this input."""
    outdated = outputs(task.out, task.name)
    claimed = sorted(outdated | {*planned(task)})
    terms = {"source": task.terms["source"]}
    write(task.claim, json.dumps({"terms": terms, "outputs": claimed}))
    _remove(task, outdated)


def abandon(task: Task) -> None:
    """Take away what there is of an input that failed."""
    _remove(task, outputs(task.out, task.name))
    with blamed(task.claim):
        task.claim.unlink(missing_ok=True)


def _remove(task: Task, names: set[str]) -> None:
    with blamed(task.marker):
        if note(task.marker):
            task.marker.unlink(missing_ok=True)  # first: without it nothing counts as done
        for name in names:
            (task.out / name).unlink(missing_ok=True)
