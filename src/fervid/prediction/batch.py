"""Many inputs: each done once, by itself, and never again unless something changed.

What is left to do is found without loading anything that computes (`work.py`).
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import get_args

from fervid.atomic import digest_of, held, part_held, sweep, turn
from fervid.errors import InputError, OutputError
from fervid.faces.settings import FaceSettings, Style
from fervid.models.shipped import find_model
from fervid.prediction.episode_tables import join
from fervid.prediction.neutral import Neutral
from fervid.prediction.ownership import JOINED, SUMMARY, check_folder, earlier, episode_parts
from fervid.prediction.settings import MAX_FACES, Format, WindowSettings
from fervid.prediction.sources import Source, expand, left_out
from fervid.prediction.summary import Summary, summary_rows, write_summary
from fervid.prediction.tasks import PredictSettings, kept, tasks_of
from fervid.prediction.writers import WRITERS, formats
from fervid.share import Share
from fervid.text import printable

WHAT = "fervid predict"


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
    device: str = "cpu",
    share: Share | None = None,
) -> Summary:
    """Turn videos and pictures into tables, timelines and overlays in `out`.

    For an input `clip.mp4`: `clip.csv` (or `.parquet`), `clip.episodes.csv`, `clip.timeline.png`,
    `clip.overlay.mp4` and `clip.done.json`; for all of them `summary.csv` and `episodes.csv`.
    What is done and unchanged is skipped, so a run that was killed resumes where it stopped. A bad
    input is noted and the others continue.

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
        device: where the networks compute: "cpu", "cuda" or "auto".
        share: only these inputs, beside processes that do the others in the same folder; each adds
            its inputs to the tables of all.

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
        device=device,
    )  # fmt: skip
    ignored = left_out(inputs, out, sequence)
    own = share.take(sources) if share else sources
    if not own:
        return Summary(out / SUMMARY, (), 0, 0, {})
    with shared(out, share) if share else held(out, WHAT):
        summary = replace(_predict(sources, out, wish, jobs, share), left_out=ignored)
    if len(summary.failed) == len(own):
        first = next(iter(summary.failed.values()))
        many = f"all {len(own)} inputs failed; {first}"
        raise InputError(first if len(own) == 1 else many)
    return summary


@contextmanager
def shared(out: Path, share: Share) -> Iterator[None]:
    """Lock a share of the inputs."""
    with ExitStack() as stack:
        with turn(out, WHAT):
            stack.enter_context(part_held(out, f"{WHAT} --shard", f"shard-{share.name}"))
        yield


def _predict(
    sources: Sequence[Source], out: Path, wish: PredictSettings, jobs: int, share: Share | None
) -> Summary:
    """All inputs, or a share of them, in a folder or with a share that is ours meanwhile."""
    terms = wish.terms()
    check_folder(out, terms)
    tasks = every = tasks_of(sources, out, wish, terms)
    if share:
        tasks = list(share.take(every))
    else:
        sweep(out)
    markers = [kept(task) for task in tasks]
    todo = [task for task, marker in zip(tasks, markers, strict=True) if marker is None]
    if todo:
        from fervid.prediction import work

        labels, outcomes = work.run(todo, wish, jobs)
    else:
        labels, outcomes = markers[0]["labels"], []  # type: ignore[index] # all are there
    fresh = iter(outcomes)
    results = [
        (task.source.name, *(next(fresh) if marker is None else (marker["summary"], "")))
        for task, marker in zip(tasks, markers, strict=True)
    ]
    keys = {task.terms["source"] for task in tasks}
    with turn(out, WHAT) if share else nullcontext():
        order = [printable(source.name) for source in sources]
        others = earlier(out, keys, {printable(task.source.name) for task in tasks}, order)
        write_summary(out / SUMMARY, results, labels, others, order)
        join(out / JOINED, episode_parts(out, [task.name for task in every]))
    failed = {name: reason for name, _, reason in results if reason}
    skipped = len(tasks) - len(todo)
    done = len(todo) - len(failed)
    return Summary(out / SUMMARY, tuple(summary_rows(results)), done, skipped, failed)
