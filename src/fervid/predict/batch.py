"""Many inputs: each done once, by itself, and never again unless something changed."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, get_args

from fervid.atomic import blamed, digest_of, held, scratch, sweep, write
from fervid.errors import FacesError, InputError, OutputError, WeightsError
from fervid.faces.detect import finder as find_by
from fervid.faces.detections import Finder
from fervid.faces.overlay import Style
from fervid.faces.sampling import sampler
from fervid.faces.settings import FaceSettings
from fervid.faces.video import Frame
from fervid.models.shipped import find_model, open_model
from fervid.parallel import spread
from fervid.predict import movements
from fervid.predict.episode_tables import ENDING as EPISODES
from fervid.predict.episode_tables import join, per_minute, write_episodes
from fervid.predict.episodes import episodes
from fervid.predict.neutral import Neutral, relative_to_neutral, rest_of
from fervid.predict.outputs import (
    Format,
    check_count,
    spool,
    write_overlay,
    write_plot,
    write_table,
)
from fervid.predict.ownership import JOINED, PLOT, SUMMARY, check_folder, earlier, episode_parts
from fervid.predict.sources import Source, expand, left_out
from fervid.predict.stream import MAX_FACES, WindowSettings, records
from fervid.predict.stream import timeline as timeline_of
from fervid.predict.summary import (
    Summary,
    summarise,
    summary_rows,
    with_columns,
    write_summary,
)
from fervid.predict.tasks import (
    PredictSettings,
    Task,
    abandon,
    begin,
    kept,
    overlay_ending,
    planned,
    tasks_of,
)
from fervid.predict.timeline import Timeline, frames_of, record_type
from fervid.predict.watching import DRAWING, Watch, length, unseen, watched
from fervid.predict.windows import too_far_apart
from fervid.predict.writers import WRITERS, formats, read_table
from fervid.progress import meter
from fervid.systems.interface import Recognizer
from fervid.text import printable


def predict(
    inputs: Sequence[str | Path],
    out: str | Path,
    *,
    model: str | Path = "tfe-plus",
    overlay: bool = False,
    overlay_style: Style = "full",
    timeline: bool = True,
    format: str = "csv",
    settings: FaceSettings = FaceSettings(),  # noqa: B008 - frozen
    window: float = 1.0,
    step: float = 0.25,
    smooth: float = 0.1,
    landmarks: bool = False,
    movements: bool = False,
    max_faces: int = MAX_FACES,
    sequence: bool = False,
    seconds: float | None = None,
    every: int = 1,
    fps: float | None = None,
    neutral: str | None = None,
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
        format: csv, parquet and those of `fervid convert`, separated by commas; the table is always
            written, as CSV unless one of the two is named.
        settings: of the face finder; `max_faces` and not its own decides how many are followed.
        window: seconds that one answer looks at.
        step: seconds between two answers; a frame gets the mean of those that cover it.
        smooth: of models that judge every frame by itself: standard deviation of the Gaussian
            over time, seconds; 0 for none.
        landmarks: write the 68 landmarks into the table, as OpenFace's and py-feat's do anyway.
        movements: write estimates of action units into the table (`faces/action_units.py`), and
            blinks per minute and the asymmetry of smiles into the summary.
        sequence: a folder is one input of numbered images.
        seconds: stop reading after so many; a webcam otherwise runs until Ctrl-C.
        every: look at every so many frames only.
        fps: look at so many frames a second only.
        neutral: where each face is neutral: seconds ("0-2"), "auto", or a file; see `neutral.py`.
        jobs: processes, one input each.

    Raises:
        InputError: not one input could be read (after the summary is written).
        OutputError: `out` cannot be written to, is in use, or holds results of another model or
            format, or another program's summary.csv.
        WeightsError: the model cannot be used.
        FacesError: the face finder cannot be started.
    """
    out = Path(out)
    chosen = tuple(formats(format, get_args(Format)))
    landmarks |= any(WRITERS[name].landmarks for name in chosen if name in WRITERS)
    sources = expand(inputs, out, sequence)
    if overlay_style not in get_args(Style):
        known = ", ".join(get_args(Style))
        raise OutputError(f"no overlay style {overlay_style!r}: choose one of {known}")
    if overlay and any(isinstance(source.path, int) for source in sources):
        raise InputError("--overlay needs a file; it does not work with a webcam")
    path = find_model(model)
    settings = replace(settings, max_faces=max_faces)
    gaze = WindowSettings(window, step, smooth=smooth, seconds=seconds, every=every, fps=fps)
    drawn = overlay_style if overlay else None
    at_rest = Neutral.of(neutral) if neutral else None
    wish = PredictSettings(
        path, digest_of(path), settings, gaze, chosen, drawn,
        timeline=timeline, landmarks=landmarks, movements=movements, neutral=at_rest,
    )  # fmt: skip
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
    wish = replace(wish, neutral=_judged(wish, recognizer, finder))
    terms = wish.terms(finder.version)
    check_folder(out, terms)
    sweep(out)
    tasks = tasks_of(sources, out, wish, terms)
    outcomes, skipped = _run(tasks, wish, recognizer, finder, jobs)
    results = [(task.source.name, *outcomes[place]) for place, task in enumerate(tasks)]
    keys = {task.terms["source"] for task in tasks}
    others = earlier(out, keys, {printable(source.name) for source in sources})
    write_summary(out / SUMMARY, results, recognizer.labels, others)
    join(out / JOINED, episode_parts(out, [task.name for task in tasks]))
    failed = {name: reason for name, _, reason in results if reason}
    count = len(results) - skipped - len(failed)
    return Summary(out / SUMMARY, tuple(summary_rows(results)), count, skipped, failed)


def _judged(wish: PredictSettings, recognizer: Recognizer, finder: Finder) -> Neutral | None:
    """Where faces are neutral; a file that shows a face at rest is evaluated once."""
    if wish.neutral is None:
        return None
    if "neutral" not in recognizer.labels:
        raise WeightsError(
            f"{wish.model.stem} has no label neutral: leave --neutral, or use tfe-plus"
        )
    if wish.neutral.file is None:
        return wish.neutral
    gaze = replace(wish.gaze, seconds=None)
    rows = timeline_of(wish.neutral.file, recognizer, wish.settings, gaze, finder)
    return replace(wish.neutral, rest=rest_of(rows))


Outcome = tuple[list[dict[str, Any]], str]  # summary rows, and why it failed ("" if it did not)


def _run(
    tasks: Sequence[Task], wish: PredictSettings, recognizer: Recognizer, finder: Finder, jobs: int
) -> tuple[dict[int, Outcome], int]:
    """What became of each task, by its place; and how many there was nothing to do for."""
    outcomes: dict[int, Outcome] = {}
    for place, task in enumerate(tasks):
        if (rows := kept(task)) is not None:
            outcomes[place] = (rows, "")
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
    abandon(task)
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
        begin(task)
        return _one(task, wish, recognizer, finder, watch), ""
    except (OutputError, WeightsError, FacesError):
        raise  # the same would happen to every other input
    except InputError as error:
        reason = str(error)
    except Exception as error:  # one input must not stop the others, not even by our mistake
        reason = f"{task.source.name} met a mistake of ours ({error!r}): please report it"
    abandon(task)
    return [], reason


def _one(
    task: Task, wish: PredictSettings, recognizer: Recognizer, finder: Finder, watch: Watch
) -> list[dict[str, Any]]:
    """Predict and write everything; the marker last."""
    source = task.source
    base = task.out / task.name
    decoded = 0

    def counted(frames: Iterator[Frame]) -> Iterator[Frame]:
        nonlocal decoded
        for frame in watch(False, frames):
            decoded += 1
            yield frame

    with scratch(task.out / f"{task.name}.rows") as place:
        chunks = records(
            source.path, recognizer, wish.settings, wish.gaze, finder, counted,
            movements=wish.movements,
        )  # fmt: skip
        kind = record_type(len(recognizer.labels))
        rows = Timeline.of(spool(place, chunks, kind), source.name, recognizer.labels)
        check_count(_ending(base, f".{wish.tables[0]}"), frames_of(rows), decoded)
        if wish.neutral:
            rows = relative_to_neutral(rows, wish.neutral)
        for format in wish.tables:
            write_table(_ending(base, f".{format}"), rows, format, wish.landmarks, wish.movements)
        seen_episodes = episodes(rows)
        write_episodes(_ending(base, EPISODES), source.name, seen_episodes)
        if wish.timeline:
            write_plot(_ending(base, PLOT), rows)
        if drawn := overlay_ending(source, wish):
            assert isinstance(source.path, Path)  # a webcam's has no overlay
            write_overlay(
                _ending(base, drawn), source.path, rows, wish.settings.rate, partial(watch, True),
                wanted=sampler(wish.gaze.every, wish.gaze.fps), style=wish.overlay or "full",
            )  # fmt: skip
        reason = too_far_apart(rows, recognizer, wish.gaze.window)
        summary = with_columns(summarise(rows, reason), per_minute(rows, seen_episodes))
        if wish.movements:
            summary = with_columns(summary, movements.by_face(rows))
            write(_ending(base, movements.ENDING), movements.note())
    _export(source, base, wish)
    note = {"terms": dict(task.terms), "outputs": planned(task), "summary": summary}
    write(task.marker, json.dumps(note, indent=1))
    with blamed(task.claim):
        task.claim.unlink(missing_ok=True)
    return summary


def _ending(base: Path, ending: str) -> Path:
    return base.with_name(f"{base.name}{ending}")


def _export(source: Source, base: Path, wish: PredictSettings) -> None:
    """Other programs' files, made from the table."""
    if not wish.writers:
        return
    media = source.path if isinstance(source.path, Path) and source.path.is_file() else None
    table = read_table(_ending(base, f".{wish.tables[0]}"), media)
    for name in wish.writers:
        WRITERS[name].write(table, base)
