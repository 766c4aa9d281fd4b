"""Many inputs: each done once, by itself, and never again unless something changed."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, get_args

import fervid
from fervid.atomic import blamed, held, scratch, sweep, write
from fervid.errors import FacesError, InputError, OutputError, WeightsError
from fervid.faces.detect import finder as find_by
from fervid.faces.detections import Finder
from fervid.faces.overlay import Style
from fervid.faces.settings import FaceSettings
from fervid.faces.video import Frame, is_still
from fervid.models.shipped import find_model, model_digest, open_model
from fervid.parallel import spread
from fervid.predict.episode_tables import ENDING as EPISODES
from fervid.predict.episode_tables import join, per_minute, write_episodes
from fervid.predict.episodes import EpisodeSettings, episodes
from fervid.predict.outputs import (
    Format,
    check_count,
    spool,
    write_overlay,
    write_plot,
    write_table,
)
from fervid.predict.ownership import (
    CLAIM,
    JOINED,
    MARKER,
    PLOT,
    SUMMARY,
    check_folder,
    earlier,
    episode_parts,
    is_whole,
    note,
    outputs,
    owners,
)
from fervid.predict.sources import Source, expand, left_out, names
from fervid.predict.stream import MAX_FACES, WindowSettings, records
from fervid.predict.summary import (
    Summary,
    counted_per_minute,
    summarise,
    summary_rows,
    write_summary,
)
from fervid.predict.timeline import Timeline, frames_of, record_type
from fervid.predict.watching import DRAWING, Watch, length, unseen, watched
from fervid.progress import meter
from fervid.systems.interface import Recognizer
from fervid.text import printable

OPTIONS = ("format", "overlay", "timeline", "landmarks")  # that decide what is written


@dataclass(frozen=True)
class PredictSettings:
    """All that decides what is written, besides the input itself."""

    model: Path
    digest: str
    settings: FaceSettings
    gaze: WindowSettings
    format: Format
    overlay: Style | None
    timeline: bool
    landmarks: bool

    def terms(self, finder_version: str) -> dict[str, Any]:
        """As kept beside an output; where these differ, it is made anew."""
        return {
            "fervid": fervid.__version__,
            "model": self.digest,
            "faces": self.settings.digest(finder_version),
            **asdict(self.gaze),
            **{name: getattr(self, name) for name in OPTIONS},
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


def predict(
    inputs: Sequence[str | Path],
    out: str | Path,
    *,
    model: str | Path = "tfe-plus",
    overlay: bool = False,
    overlay_style: Style = "full",
    timeline: bool = True,
    format: Format = "csv",
    settings: FaceSettings = FaceSettings(),  # noqa: B008 - frozen
    window: float = 1.0,
    step: float = 0.25,
    smooth: float = 0.1,
    landmarks: bool = False,
    max_faces: int = MAX_FACES,
    sequence: bool = False,
    seconds: float | None = None,
    jobs: int = 1,
) -> Summary:
    """Turn videos and pictures into tables, timelines and overlays in `out`.

    For an input `clip.mp4`: `clip.csv` (or `.parquet`), `clip.episodes.csv`, `clip.timeline.png`,
    `clip.overlay.mp4` and `clip.done.json`; for all of them `summary.csv` and `episodes.csv`.
    What is done and unchanged is skipped, so a run that was killed resumes where it stopped. A bad
    input is noted and the others go on.

    Args:
        inputs: files, folders (recursively), globs, or a webcam's index ("0").
        model: a shipped model's name or a file.
        overlay: write the annotated videos, too.
        overlay_style: "full", "box" or "points"; "anonymous" shows drawn faces in the people's
            place and nothing else of the source.
        timeline: write the plots.
        settings: of the face finder; `max_faces` and not its own decides how many are followed.
        window: seconds that one answer looks at.
        step: seconds between two answers; a frame gets the mean of those that cover it.
        smooth: of models that judge every frame by itself: standard deviation of the Gaussian
            over time, seconds; 0 for none.
        landmarks: write the 68 landmarks into the table.
        sequence: a folder is one input of numbered images.
        seconds: stop reading after so many; a webcam otherwise runs until Ctrl-C.
        jobs: processes, one input each.

    Raises:
        InputError: not one input could be read (after the summary is written).
        OutputError: `out` cannot be written to, is in use, or holds results of another model or
            format, or another program's summary.csv.
        WeightsError: the model cannot be used.
        FacesError: the face finder cannot be started.
    """
    out = Path(out)
    if format not in get_args(Format):
        raise OutputError(f"no table format {format!r}: choose csv or parquet")
    sources = expand(inputs, out, sequence)
    if overlay_style not in get_args(Style):
        known = ", ".join(get_args(Style))
        raise OutputError(f"no overlay style {overlay_style!r}: choose one of {known}")
    if overlay and any(isinstance(source.path, int) for source in sources):
        raise InputError("--overlay needs a file; it does not work with a webcam")
    path = find_model(model)
    settings = replace(settings, max_faces=max_faces)
    gaze = WindowSettings(window, step, smooth=smooth, seconds=seconds)
    drawn = overlay_style if overlay else None
    digest = model_digest(path)
    wish = PredictSettings(path, digest, settings, gaze, format, drawn, timeline, landmarks)
    ignored = left_out(inputs, out, sequence)
    with held(out, "fervid predict"):
        summary = replace(_predict(sources, out, wish, jobs), left_out=ignored)
    if len(summary.failed) == len(sources):
        first = next(iter(summary.failed.values()))
        many = f"all {len(sources)} inputs failed; {first}"
        raise InputError(first if len(sources) == 1 else many)
    return summary


def _predict(sources: Sequence[Source], out: Path, wish: PredictSettings, jobs: int) -> Summary:
    """All inputs, in a folder that is ours meanwhile."""
    recognizer, finder = open_model(wish.model), find_by(wish.settings)
    terms = wish.terms(finder.version)
    check_folder(out, terms)
    sweep(out)
    tasks = _tasks(sources, out, wish, terms)
    outcomes, skipped = _run(tasks, wish, recognizer, finder, jobs)
    told = [(task.source.name, *outcomes[place]) for place, task in enumerate(tasks)]
    keys = {task.terms["source"] for task in tasks}
    others = earlier(out, keys, {printable(source.name) for source in sources})
    write_summary(out / SUMMARY, told, recognizer.labels, others)
    join(out / JOINED, episode_parts(out, [task.name for task in tasks]))
    failed = {name: reason for name, _, reason in told if reason}
    count = len(told) - skipped - len(failed)
    return Summary(out / SUMMARY, tuple(summary_rows(told)), count, skipped, failed)


Outcome = tuple[list[dict[str, Any]], str]  # summary rows, and why it failed ("" if it did not)


def _run(
    tasks: Sequence[Task], wish: PredictSettings, recognizer: Recognizer, finder: Finder, jobs: int
) -> tuple[dict[int, Outcome], int]:
    """What became of each task, by its place; and how many there was nothing to do for."""
    outcomes: dict[int, Outcome] = {}
    for place, task in enumerate(tasks):
        if (kept := _kept(task)) is not None:
            outcomes[place] = (kept, "")
    skipped = len(outcomes)
    todo = [place for place in range(len(tasks)) if place not in outcomes]
    read = partial(length, rate=wish.settings.rate, seconds=wish.gaze.seconds)
    lengths = {place: read(tasks[place].source) for place in todo}
    passes = 1 + DRAWING * (wish.overlay is not None)
    with meter("predict", passes * sum(lengths.values()), "s of video") as tell:
        done = 0.0
        if jobs > 1 and len(todo) > 1:
            finder.close()
            for place, outcome in _parallel(tasks, todo, wish, jobs):
                outcomes[place] = outcome
                done += passes * lengths[place]
                tell(done, tasks[place].source.name)
        else:
            for place in todo:
                watch = partial(watched, tell, tasks[place].source, done, lengths[place])
                outcomes[place] = _work(tasks[place], wish, recognizer, finder, watch)
                done += passes * lengths[place]
    return outcomes, skipped


def _parallel(
    tasks: Sequence[Task], todo: Sequence[int], wish: PredictSettings, jobs: int
) -> Iterator[tuple[int, Outcome]]:
    """Tasks over processes; one that kills its process is noted."""
    work = [tasks[place] for place in todo]
    for number, outcome in spread(partial(_opened, wish), work, jobs, _crashed):
        yield todo[number], outcome


def _crashed(task: Task) -> Outcome:
    _abandon(task)
    return [], f"{task.source.name} makes its decoder crash: leave it"


def _opened(wish: PredictSettings) -> Callable[[Task], Outcome]:
    """What a process needs besides its tasks is opened once."""
    recognizer, finder = open_model(wish.model), find_by(wish.settings)
    return partial(_work, wish=wish, recognizer=recognizer, finder=finder, watch=unseen)


def _work(
    task: Task, wish: PredictSettings, recognizer: Recognizer, finder: Finder, watch: Watch
) -> Outcome:
    """One input, whatever is the matter with it."""
    try:
        if task.source.problem:
            raise InputError(task.source.problem)
        _begin(task)
        return _one(task, wish, recognizer, finder, watch), ""
    except (OutputError, WeightsError, FacesError):
        raise  # the same would happen to every other input
    except InputError as error:
        reason = str(error)
    except Exception as error:  # one input must not stop the others, not even by our mistake
        reason = f"{task.source.name} met a mistake of ours ({error!r}): please report it"
    _abandon(task)
    return [], reason


def _one(
    task: Task, wish: PredictSettings, recognizer: Recognizer, finder: Finder, watch: Watch
) -> list[dict[str, Any]]:
    """Predict and write everything; the marker last."""
    source = task.source
    table = task.out / f"{task.name}.{wish.format}"
    decoded = 0

    def counted(frames: Iterator[Frame]) -> Iterator[Frame]:
        nonlocal decoded
        for frame in watch(False, frames):
            decoded += 1
            yield frame

    with scratch(task.out / f"{task.name}.rows") as place:
        chunks = records(source.path, recognizer, wish.settings, wish.gaze, finder, counted)
        kind = record_type(len(recognizer.labels))
        rows = Timeline.of(spool(place, chunks, kind), source.name, recognizer.labels)
        check_count(table, frames_of(rows), decoded)
        write_table(table, rows, wish.format, wish.landmarks)
        found = episodes(rows)
        write_episodes(task.out / f"{task.name}{EPISODES}", source.name, found)
        for ending in task.endings[2:]:
            path = task.out / f"{task.name}{ending}"
            if ending == PLOT:
                write_plot(path, rows)
                continue
            assert isinstance(source.path, Path)  # a webcam's has no overlay
            again = partial(watch, True)
            style = wish.overlay or "full"
            write_overlay(path, source.path, rows, wish.settings.rate, again, style)
        summary = counted_per_minute(summarise(rows), per_minute(rows, found))
    note = {"terms": dict(task.terms), "outputs": _planned(task), "summary": summary}
    write(task.marker, json.dumps(note, indent=1))
    with blamed(task.claim):
        task.claim.unlink(missing_ok=True)
    return summary


def _tasks(
    sources: Sequence[Source], out: Path, wish: PredictSettings, terms: Mapping[str, Any]
) -> list[Task]:
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
    """Of what is written for an input: the table's, the episodes', the plot's, the overlay's."""
    some = [f".{wish.format}", EPISODES, *([PLOT] if wish.timeline else [])]
    if wish.overlay and not isinstance(source.path, int):
        some.append(".overlay.png" if is_still(source.path) else ".overlay.mp4")
    return tuple(some)


def _planned(task: Task) -> list[str]:
    return [f"{task.name}{ending}" for ending in task.endings]


def _kept(task: Task) -> list[dict[str, Any]] | None:
    """The summary of a task that is done and unchanged."""
    content = note(task.marker)
    live = isinstance(task.source.path, int) or not task.terms["content"]
    if live or content.get("terms") != task.terms:
        return None
    return content["summary"] if is_whole(task.out, task.name, content) else None


def _begin(task: Task) -> None:
    """Claim what is to be written, and take away what an earlier run wrote of this input."""
    outdated = outputs(task.out, task.name)
    claimed = sorted(outdated | {*_planned(task)})
    terms = {"source": task.terms["source"]}
    write(task.claim, json.dumps({"terms": terms, "outputs": claimed}))
    _remove(task, outdated)


def _abandon(task: Task) -> None:
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
