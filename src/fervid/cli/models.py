"""Commands about trained systems: train, predict, list."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from fervid.cli.options import (
    Device,
    Faces,
    Jobs,
    Precision,
    Seed,
    Sets,
    Stores,
    System,
    Validation,
)
from fervid.cli.settings import recipe
from fervid.cli.sources import opened
from fervid.errors import InputError, shown

MAX_FACES = 50  # at once; a crowd, and still bounded


def train(
    system: System,
    stores: Stores,
    out: Annotated[Path, typer.Option(help="Model file to write (.safetensors).")],
    neutral: Annotated[
        bool, typer.Option(help="Add the label neutral, learned from the start of each clip.")
    ] = False,
    sets: Sets = None,
    validation: Validation = None,
    seed: Seed = 0,
    device: Device = "auto",
    precision: Precision = "32-true",
) -> None:
    """Train on whole databases for `fervid predict`; this gives no test result."""
    from fervid.models.train import train as train_on

    made = recipe(system, sets or [])
    data = opened(stores)
    train_on(
        made, data, out, neutral=neutral, seed=seed, device=device, precision=precision,
        validation=validation,
    )  # fmt: skip
    print(f"trained: fervid predict VIDEO --model {out}")


def predict(
    inputs: Annotated[
        list[str], typer.Argument(help="Files, folders, globs, or a webcam's index.")
    ],
    model: Annotated[
        str, typer.Option(help="Name of a shipped model, or a model file.")
    ] = "tfe-plus",
    out: Annotated[Path, typer.Option(help="Output folder.")] = Path("predictions"),
    overlay: Annotated[bool, typer.Option(help="Also write annotated videos.")] = False,
    format: Annotated[Literal["csv", "parquet"], typer.Option()] = "csv",
    faces: Faces = "auto",
    window: Annotated[
        float, typer.Option(help="Length of the window behind each prediction, in seconds.")
    ] = 1.0,
    step: Annotated[float, typer.Option(help="Time between two predictions, in seconds.")] = 0.25,
    smooth: Annotated[
        float,
        typer.Option(help="Temporal smoothing in seconds, for models that look at single frames."),
    ] = 0.1,
    landmarks: Annotated[bool, typer.Option(help="Add the 68 landmarks to the table.")] = False,
    max_faces: Annotated[
        int, typer.Option(min=1, help="Most faces to follow at once.")
    ] = MAX_FACES,
    min_face: Annotated[
        float,
        typer.Option(
            min=0.01, max=1, help="Smallest face, as a share of the frame's shorter side."
        ),
    ] = 0.05,
    min_score: Annotated[
        float, typer.Option(min=0, max=1, help="Lowest face score to accept.")
    ] = 0.5,
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
    jobs: Jobs = 1,
) -> None:
    """Turn videos and pictures into tables, timelines and overlays.

    Exit code: 0 if every input worked, 1 if some failed, 2 if all did.
    """
    from fervid.faces import FaceSettings
    from fervid.faces.detect import choose
    from fervid.predict import predict as predict_files

    finder = choose(faces)
    print(f"face finder: {finder}")
    settings = FaceSettings(finder, min_size=min_face, min_score=min_score, max_gap=max_gap)
    summary = predict_files(
        inputs, out, model=model, overlay=overlay, format=format, window=window, step=step,
        smooth=smooth, settings=settings, landmarks=landmarks,
        max_faces=max_faces, sequence=sequence, seconds=seconds, jobs=jobs,
    )  # fmt: skip
    print(shown(summary.text()))
    if summary.failed:
        raise typer.Exit(1)


weights = typer.Typer(help="Fetch, import and export model weights.", no_args_is_help=True)


@weights.command("get")
def get_weights(
    name: Annotated[
        str, typer.Argument(help="Face finder whose model to fetch: yunet or mediapipe.")
    ],
) -> None:
    """Fetch a published model once, checked by its sha256."""
    from fervid.faces import outside

    path = outside.get(name)
    print(f"{path}: {outside.MODELS[name].use}; {outside.MODELS[name].licence}")


@weights.command("import")
def import_weights(
    source: Annotated[Path, typer.Argument(help="torchvision's vgg16-397923af.pth.")],
    out: Annotated[
        Path | None, typer.Option(help="File to write. Default: in $FERVID_MODELS.")
    ] = None,
    sha256: Annotated[str, typer.Option(help="First digits of the file's sha256.")] = "397923af",
) -> None:
    """Convert ImageNet's VGG16 to safetensors, after checking its hash."""
    from fervid.networks.imported import import_vgg16

    print(f"imported: {import_vgg16(source, out, sha256)}")


@weights.command("export")
def export_weights(
    model: Annotated[
        str, typer.Argument(help="Name of a shipped model of single faces, or a model file.")
    ],
    out: Annotated[Path, typer.Argument(help="ONNX file to write.")],
) -> None:
    """Export a TFE model to ONNX, and check it against PyTorch."""
    from fervid.models.export import export
    from fervid.models.shipped import open_model
    from fervid.systems.recognizer import Recognizer
    from fervid.systems.tfe import TFE

    made = open_model(model)
    if not (isinstance(made, Recognizer) and isinstance(made.system, TFE)):
        raise InputError(f"{model} is of {made.system.name}: only models of still faces go to ONNX")
    print(f"written: {out}, within {export(made, out):.1g} of torch")


def systems(
    name: Annotated[str, typer.Argument(help="System whose fields to list.")] = "",
) -> None:
    """List the systems; with a name, the fields of its recipe and where each number is from."""
    from fervid.cli import listing

    print(listing.recipe(recipe(name, [])) if name else listing.table())
