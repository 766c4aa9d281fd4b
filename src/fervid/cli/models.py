"""Commands for trained systems: train, predict, list."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from fervid.cli import names
from fervid.cli.options import (
    Corrections,
    Device,
    FaceDevice,
    Faces,
    Jobs,
    On,
    Precision,
    Seed,
    Sets,
    Shard,
    Stores,
    System,
    Validation,
)
from fervid.cli.say import say
from fervid.cli.settings import recipe
from fervid.cli.sources import corrected, opened
from fervid.errors import InputError

MAX_FACES = 50  # at once: enough for a crowd, and still bounded


def train(
    system: System,
    stores: Stores,
    out: Annotated[Path, typer.Option(help="Model file to write (.safetensors).")],
    *,
    neutral: Annotated[
        bool, typer.Option(help="Add the label `neutral`, learned from the start of each clip.")
    ] = False,
    corrections: Corrections = None,
    sets: Sets = None,
    validation: Validation = None,
    seed: Seed = 0,
    device: Device = "auto",
    precision: Precision = "32-true",
) -> None:
    """Train a model for `fervid predict` on whole databases, without testing it."""
    from fervid.models.train import train as train_on

    if system in names.YARDSTICKS:
        raise InputError(f"{system} has no model to keep: train a system of `fervid systems`")
    data = corrected(opened(stores), corrections)
    train_on(
        recipe(system, sets or []), data, out, neutral=neutral, seed=seed, device=device,
        precision=precision, validation=validation,
    )  # fmt: skip
    say(f"trained; next: fervid predict VIDEO --model {out}")


def predict(
    inputs: Annotated[
        list[str], typer.Argument(help="Files, folders, globs, or a webcam's index.")
    ],
    *,
    model: Annotated[
        str,
        typer.Option(
            help=f"Shipped model ({', '.join(names.MODELS)}), or a model file.",
            autocompletion=names.complete(names.MODELS),
        ),
    ] = "tfe-plus",
    out: Annotated[Path, typer.Option(help="Output folder.")] = Path("predictions"),
    overlay: Annotated[bool, typer.Option(help="Also write annotated videos.")] = False,
    format: Annotated[
        str,
        typer.Option(
            help="`csv`, `parquet` and the formats of `fervid convert`, separated by commas."
        ),
    ] = "csv",
    overlay_style: Annotated[
        Literal["full", "box", "points", "anonymous"] | None,
        typer.Option(
            help="Write overlays in this style: `full`, only `box` or `points`, or `anonymous` "
            "(drawn faces in place of the people, and no sound)."
        ),
    ] = None,
    timeline: Annotated[
        bool, typer.Option("--timeline/--no-timeline", help="Draw probabilities over time.")
    ] = True,
    faces: Faces = "auto",
    window: Annotated[
        float, typer.Option(help="Length of the window for each prediction, in seconds.")
    ] = 1.0,
    step: Annotated[float, typer.Option(help="Time between two predictions, in seconds.")] = 0.25,
    smooth: Annotated[
        float,
        typer.Option(help="Temporal smoothing in seconds, for models of single frames."),
    ] = 0.1,
    page: Annotated[
        bool,
        typer.Option(
            help="Also write pages to look at each input and correct its episodes (adds the "
            "landmarks to the table)."
        ),
    ] = False,
    landmarks: Annotated[bool, typer.Option(help="Add the 68 landmarks to the table.")] = False,
    movements: Annotated[
        bool,
        typer.Option(
            help="Add estimates of action units to the table (from rendered faces, not FACS "
            "coding)."
        ),
    ] = False,
    max_faces: Annotated[
        int, typer.Option(min=1, help="Maximum number of faces to track at once.")
    ] = MAX_FACES,
    min_face: Annotated[
        float,
        typer.Option(
            min=0.01, max=1, help="Smallest face, as a share of the frame's shorter side."
        ),
    ] = 0.05,
    min_score: Annotated[float, typer.Option(min=0, max=1, help="Minimum score of a face.")] = 0.5,
    max_gap: Annotated[
        float,
        typer.Option(min=0, help="Longest absence after which a face keeps its id, in seconds."),
    ] = 1.0,
    sequence: Annotated[
        bool, typer.Option(help="Treat each folder as one sequence of frames.")
    ] = False,
    seconds: Annotated[
        float | None, typer.Option(help="Stop after this many seconds of video.")
    ] = None,
    every: Annotated[int, typer.Option(min=1, help="Use only every Nth frame.")] = 1,
    fps: Annotated[float | None, typer.Option(help="Use only this many frames per second.")] = None,
    neutral: Annotated[
        str | None,
        typer.Option(
            help="Add columns relative to each face's neutral, which is taken from these seconds "
            "(`0-2`), from its calmest frames (`auto`), or from a picture or video."
        ),
    ] = None,
    jobs: Jobs = 1,
    device: FaceDevice = "cpu",
    shard: Shard = "",
    on: On = "",
) -> None:
    """Turn videos and pictures into tables, timelines and overlays.

    Exit code: 0 if every input succeeded, 1 if some failed, 2 if all failed.
    """
    from fervid.faces import FaceSettings
    from fervid.faces.detect import choose
    from fervid.parallel import on as cluster
    from fervid.prediction import predict as predict_files
    from fervid.share import Share

    finder = choose(faces)
    say(f"face finder: {finder}")
    settings = FaceSettings(finder, min_size=min_face, min_score=min_score, max_gap=max_gap)
    with cluster(on):
        summary = predict_files(
            inputs, out, model=model, overlay=overlay or overlay_style is not None,
            overlay_style=overlay_style or "full", timeline=timeline, format=format, window=window,
            step=step, smooth=smooth, settings=settings, landmarks=landmarks or page,
            movements=movements, max_faces=max_faces, sequence=sequence, seconds=seconds,
            every=every, fps=fps, neutral=neutral, jobs=jobs, device=device,
            share=Share.of(shard) if shard else None,
        )  # fmt: skip
    say(summary.text())
    if page:
        from fervid.pages import write_pages

        say(write_pages(out).text())
    if summary.failed:
        raise typer.Exit(1)


def systems(
    name: Annotated[
        str,
        typer.Argument(
            help="System whose fields to list.",
            autocompletion=names.complete(names.SYSTEMS, "fervid.systems"),
        ),
    ] = "",
) -> None:
    """List the systems. With a name, show its recipe's fields and the source of each number."""
    from fervid.cli import listing

    say(listing.recipe(recipe(name, [])) if name else listing.table())
