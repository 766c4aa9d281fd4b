"""Computes what is left to do: opens the model and the face finder once, writes every output."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from fervid.atomic import blamed, scratch, write
from fervid.errors import FacesError, InputError, OutputError, WeightsError
from fervid.faces.detect import finder as find_by
from fervid.faces.detections import Finder
from fervid.faces.sampling import sampler
from fervid.faces.video import Frame
from fervid.models.shipped import open_model
from fervid.parallel import elsewhere, spread
from fervid.prediction import movements
from fervid.prediction.episode_tables import ENDING as EPISODES
from fervid.prediction.episode_tables import per_minute, write_episodes
from fervid.prediction.episodes import episodes
from fervid.prediction.neutral import Neutral, relative_to_neutral, rest_of
from fervid.prediction.one import timeline
from fervid.prediction.outputs import check_count, spool, write_overlay, write_plot, write_table
from fervid.prediction.ownership import MOVEMENTS, PLOT
from fervid.prediction.sources import Source
from fervid.prediction.stream import records
from fervid.prediction.summary import summarise, with_columns
from fervid.prediction.tasks import PredictSettings, Task, abandon, begin, overlay_ending, planned
from fervid.prediction.timeline import Timeline, frames_of, record_type
from fervid.prediction.watching import DRAWING, Watch, length, unseen, watched
from fervid.prediction.windows import too_far_apart
from fervid.prediction.writers import WRITERS, read_table
from fervid.progress import meter
from fervid.systems.interface import Recognizer

Outcome = tuple[list[dict[str, Any]], str]  # summary rows, and why it failed ("" if it did not)


def run(
    tasks: Sequence[Task], wish: PredictSettings, jobs: int
) -> tuple[tuple[str, ...], list[Outcome]]:
    """Do all tasks.

    Returns:
        the model's labels, and what became of each task.
    """
    recognizer = open_model(wish.model, device=wish.device)
    finder = find_by(wish.settings, device=wish.device)
    wish = replace(wish, neutral=_judged(wish, recognizer, finder))
    outcomes: dict[int, Outcome] = {}
    read = partial(length, rate=wish.settings.rate, seconds=wish.gaze.seconds)
    passes = 1 + DRAWING * (wish.overlay is not None)
    lengths = [passes * read(task.source) for task in tasks]
    with meter("predict", sum(lengths), "s of video") as tell:
        done = 0.0
        if elsewhere(jobs, len(tasks)):
            finder.close()
            for place, outcome in spread(partial(_opened, wish), tasks, jobs, _crashed):
                outcomes[place] = outcome
                done += lengths[place]
                tell(done, tasks[place].source.name)
        else:
            for place, task in enumerate(tasks):
                watch = partial(watched, tell, task.source, done, lengths[place] / passes)
                outcomes[place] = _work(task, wish, recognizer, finder, watch)
                done += lengths[place]
    return recognizer.labels, [outcomes[place] for place in range(len(tasks))]


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
    rows = timeline(wish.neutral.file, recognizer, wish.settings, gaze, finder)
    return replace(wish.neutral, rest=rest_of(rows))


def _crashed(task: Task) -> Outcome:
    abandon(task)
    return [], f"{task.source.name} makes its decoder crash: leave it"


def _opened(wish: PredictSettings) -> Callable[[Task], Outcome]:
    """What a process needs besides its tasks is opened once."""
    recognizer = open_model(wish.model, device=wish.device)
    finder = find_by(wish.settings, device=wish.device)
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
            write(_ending(base, MOVEMENTS), movements.note())
    _export(source, base, wish)
    note = {
        "terms": dict(task.terms),
        "labels": list(recognizer.labels),
        "outputs": planned(task),
        "summary": summary,
    }
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
