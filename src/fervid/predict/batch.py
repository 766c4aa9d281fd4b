"""Many inputs: each done once, by itself, and never again unless something changed."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, get_args

import fervid
from fervid.atomic import blamed, sweep, write
from fervid.errors import FacesError, InputError, OutputError, WeightsError
from fervid.faces.detect import finder as find_by
from fervid.faces.found import Finder
from fervid.faces.settings import FaceSettings
from fervid.faces.video import Frame, is_still, probe
from fervid.parallel import spread
from fervid.predict.outputs import (
    Format,
    check_out,
    spool,
    write_overlay,
    write_plot,
    write_table,
)
from fervid.predict.sources import Source, expand, names
from fervid.predict.stream import MAX_FACES, Gaze, records
from fervid.predict.summary import Summary, summarise, write_summary
from fervid.predict.timeline import Timeline, record_type
from fervid.progress import track
from fervid.systems.interface import Recognizer
from fervid.systems.shipped import find_model, model_digest, open_model

SUMMARY = "summary.csv"
SHOW_FRAMES = 8  # inputs up to which each shows its own progress


@dataclass(frozen=True)
class Wish:
    """All that decides what is written, besides the input itself."""

    model: Path
    digest: str
    settings: FaceSettings
    gaze: Gaze
    format: Format
    overlay: bool
    landmarks: bool

    def terms(self, finder_version: str) -> dict[str, Any]:
        """As kept beside an output; where these differ, it is made anew."""
        return {
            "fervid": fervid.__version__,
            "model": self.digest,
            "faces": self.settings.digest(finder_version),
            **asdict(self.gaze),
            **{name: getattr(self, name) for name in ("format", "overlay", "landmarks")},
        }


# What may be written of one input, after its name.
ENDINGS = (".csv", ".parquet", ".timeline.png", ".overlay.png", ".overlay.mp4", ".done.json")


@dataclass(frozen=True)
class Task:
    """One input on its way: what it is, what its outputs are called, and when they are done.

    Args:
        marker: a JSON file that is there when everything else is.
        terms: of the wish, with the source's fingerprint.
    """

    source: Source
    out: Path
    name: str
    terms: Mapping[str, Any]

    @property
    def marker(self) -> Path:
        """There when all outputs are."""
        return self.out / f"{self.name}.done.json"

    @property
    def rows(self) -> Path:
        """Where rows lie until the outputs are written."""
        return self.out / f".{self.name}.rows.part"


def predict(
    inputs: Sequence[str | Path],
    out: str | Path,
    *,
    model: str | Path = "tfe-plus",
    overlay: bool = False,
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

    For an input `clip.mp4`: `clip.csv` (or `.parquet`), `clip.timeline.png`, `clip.overlay.mp4`
    and `clip.done.json`; for all of them `summary.csv`. What is done and unchanged is skipped, so
    a run that was killed goes on where it stopped. A bad input is noted and the others go on.

    Args:
        inputs: files, folders (recursively), globs, or a webcam's index ("0").
        model: a shipped model's name or a file.
        overlay: write the annotated videos, too.
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
        OutputError: `out` cannot be written to.
        WeightsError: the model cannot be used.
        FacesError: the face finder cannot be started.
    """
    out = Path(out)
    if format not in get_args(Format):
        raise OutputError(f"no table format {format!r}: choose csv or parquet")
    sources = expand(inputs, out, sequence)
    if overlay and any(isinstance(source.path, int) for source in sources):
        raise InputError("a webcam's frames are not kept to draw into: leave --overlay out")
    path = find_model(model)
    settings = replace(settings, max_faces=max_faces)
    gaze = Gaze(window, step, smooth=smooth, seconds=seconds)
    wish = Wish(path, model_digest(path), settings, gaze, format, overlay, landmarks)
    check_out(out)
    recognizer, finder = open_model(path), find_by(settings)
    tasks = _tasks(sources, out, wish.terms(finder.version))
    outcomes, skipped = _run(tasks, wish, recognizer, finder, jobs)
    told = [(task.source.name, *outcomes[place]) for place, task in enumerate(tasks)]
    return write_summary(out / SUMMARY, told, skipped, recognizer.labels)


Outcome = tuple[list[dict[str, Any]], str]  # summary rows, and why it failed ("" if it did not)


def _run(
    tasks: Sequence[Task], wish: Wish, recognizer: Recognizer, finder: Finder, jobs: int
) -> tuple[dict[int, Outcome], int]:
    """What became of each task, by its place; and how many there was nothing to do for."""
    outcomes: dict[int, Outcome] = {}
    for place, task in enumerate(tasks):
        if (kept := _kept(task)) is not None:
            outcomes[place] = (kept, "")
    skipped = len(outcomes)
    todo = [place for place in range(len(tasks)) if place not in outcomes]
    for place in todo:
        _clear(tasks[place])
    if jobs > 1 and len(todo) > 1:
        finder.close()
        done: Iterator[tuple[int, Outcome]] = _parallel(tasks, todo, wish, jobs)
    else:
        show = len(todo) <= SHOW_FRAMES
        work = partial(_work, wish=wish, recognizer=recognizer, finder=finder, show=show)
        done = ((place, work(tasks[place])) for place in todo)
        if show:
            outcomes |= dict(done)
            return outcomes, skipped
    outcomes |= dict(track(done, "predict", len(todo)))
    return outcomes, skipped


def _parallel(
    tasks: Sequence[Task], todo: Sequence[int], wish: Wish, jobs: int
) -> Iterator[tuple[int, Outcome]]:
    """Tasks over processes; one that kills its process is noted."""
    work = [tasks[place] for place in todo]
    for number, outcome in spread(partial(_opened, wish), work, jobs, _crashed):
        yield todo[number], outcome


def _crashed(task: Task) -> Outcome:
    return [], f"{task.source.name} makes its decoder crash: leave it"


def _opened(wish: Wish) -> Callable[[Task], Outcome]:
    """What a process needs besides its tasks is opened once."""
    recognizer, finder = open_model(wish.model), find_by(wish.settings)
    return partial(_work, wish=wish, recognizer=recognizer, finder=finder, show=False)


def _work(task: Task, wish: Wish, recognizer: Recognizer, finder: Finder, show: bool) -> Outcome:
    """One input, whatever is the matter with it."""
    try:
        if task.source.problem:
            raise InputError(task.source.problem)
        return _one(task, wish, recognizer, finder, show), ""
    except (OutputError, WeightsError, FacesError):
        raise  # the same would happen to every other input
    except InputError as error:
        return [], str(error)
    except Exception as error:  # one input must not stop the others, not even by our mistake
        return [], f"{task.source.name} met a mistake of ours ({error!r}): please report it"
    finally:
        task.rows.unlink(missing_ok=True)


def _one(
    task: Task, wish: Wish, recognizer: Recognizer, finder: Finder, show: bool
) -> list[dict[str, Any]]:
    """Predict and write everything; the marker last."""
    source, base = task.source, str(task.out / task.name)
    table = Path(f"{base}.{wish.format}")
    plot = Path(f"{base}.timeline.png")
    written = [table, plot]
    watch = _progress(source, wish.settings, "") if show else iter
    chunks = records(source.path, recognizer, wish.settings, wish.gaze, finder, watch)
    kind = record_type(len(recognizer.labels))
    rows = Timeline.of(spool(task.rows, chunks, kind), source.name, recognizer.labels)
    write_table(table, rows, wish.format, wish.landmarks)
    write_plot(plot, rows)
    if wish.overlay and not isinstance(source.path, int):
        drawn = Path(f"{base}.overlay" + (".png" if is_still(source.path) else ".mp4"))
        watch = _progress(source, wish.settings, "drawing ") if show else iter
        write_overlay(drawn, source.path, rows, wish.settings.rate, watch)
        written.append(drawn)
    summary = summarise(rows)
    note = {
        "terms": dict(task.terms),
        "outputs": [path.name for path in written],
        "summary": summary,
    }
    write(task.marker, json.dumps(note, indent=1))
    return summary


def _progress(
    source: Source, settings: FaceSettings, what: str
) -> Callable[[Iterator[Frame]], Iterator[Frame]]:
    if isinstance(source.path, int):
        return partial(track, description=what + source.name)
    told = probe(source.path, settings.rate)
    count = told.count or (round(told.duration * told.rate) if told.duration else None)
    return partial(track, description=what + Path(source.name).name, total=count)


def _tasks(sources: Sequence[Source], out: Path, terms: Mapping[str, Any]) -> list[Task]:
    owners = {}
    for marker in sorted(out.glob("*.done.json")):
        owner = _note(marker).get("terms", {}).get("source")
        if owner:
            owners[marker.name.removesuffix(".done.json")] = owner
    named = names(sources, owners, out)
    tasks = []
    for source, name in zip(sources, named, strict=True):
        whose = {"source": source.key(out), "name": source.name}
        try:
            whose["content"] = source.fingerprint()
        except (OSError, InputError):
            whose["content"] = ""  # the same sentence comes when it is read
        tasks.append(Task(source, out, name, {**terms, **whose}))
    return tasks


def _note(marker: Path) -> dict[str, Any]:
    """A marker's content; empty where it is missing or not ours."""
    try:
        note = json.loads(marker.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def _kept(task: Task) -> list[dict[str, Any]] | None:
    """The summary of a task that is done and unchanged."""
    note = _note(task.marker)
    live = isinstance(task.source.path, int) or not task.terms["content"]
    if live or note.get("terms") != task.terms:
        return None
    there = all((task.out / name).is_file() for name in note["outputs"])
    return note["summary"] if there else None


def _clear(task: Task) -> None:
    """Take away what an earlier run left of this input: outdated outputs, unfinished files."""
    outdated = {*_note(task.marker).get("outputs", []), task.marker.name, f".{task.name}.rows.part"}
    with blamed(task.marker):
        task.marker.unlink(missing_ok=True)  # first: without it nothing counts as done
        for path in list(task.out.iterdir()):
            if path.name in outdated:
                path.unlink()
    for ending in ENDINGS:
        sweep(task.out, f"{task.name}{ending}")
