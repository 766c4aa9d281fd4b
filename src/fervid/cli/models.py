"""Commands about trained systems: train, predict, list."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from fervid.cli.options import Device, Faces, Jobs, Precision, Seed, Sets, Stores, System
from fervid.cli.settings import recipe
from fervid.cli.sources import opened
from fervid.errors import InputError


def train(
    system: System,
    stores: Stores,
    out: Annotated[Path, typer.Option(help="The model file to write (.safetensors).")],
    neutral: Annotated[bool, typer.Option(help="Add neutral, from where clips begin.")] = False,
    sets: Sets = None,
    seed: Seed = 0,
    device: Device = "auto",
    precision: Precision = "32-true",
) -> None:
    """Train on whole databases, for `fervid predict`; no test number comes from this."""
    from fervid.evaluation.train import train as train_on

    made = recipe(system, sets or [])
    data = opened(stores)
    train_on(made, data, out, neutral=neutral, seed=seed, device=device, precision=precision)
    print(f"trained: fervid predict VIDEO --model {out}")


def predict(
    inputs: Annotated[list[str], typer.Argument(help="Files, folders, globs, a webcam's index.")],
    model: Annotated[str, typer.Option(help="A shipped model's name or a file.")] = "tfe-plus",
    out: Annotated[Path, typer.Option(help="Folder for tables and pictures.")] = Path(
        "predictions"
    ),
    overlay: Annotated[bool, typer.Option(help="Also write the annotated videos.")] = False,
    format: Annotated[Literal["csv", "parquet"], typer.Option()] = "csv",
    faces: Faces = "builtin",
    window: Annotated[float, typer.Option(help="Seconds one answer looks at.")] = 1.0,
    step: Annotated[float, typer.Option(help="Seconds between two answers.")] = 0.25,
    smooth: Annotated[float, typer.Option(help="Seconds; of models that judge each frame.")] = 0.1,
    landmarks: Annotated[bool, typer.Option(help="Also write the 68 landmarks.")] = False,
    max_faces: Annotated[int, typer.Option(min=1, help="Faces to follow at once.")] = 8,
    sequence: Annotated[bool, typer.Option(help="A folder is one input of frames.")] = False,
    seconds: Annotated[float | None, typer.Option(help="Stop reading after so many.")] = None,
    jobs: Jobs = 1,
) -> None:
    """Turn videos and pictures into tables, timelines and overlays.

    Exit code 2: no input could be read, 1: some could not, 0: all could.
    """
    from fervid.faces import FaceSettings
    from fervid.predict import predict as predict_files

    summary = predict_files(
        inputs, out, model=model, overlay=overlay, format=format, window=window, step=step,
        smooth=smooth, settings=FaceSettings(finder=faces), landmarks=landmarks,
        max_faces=max_faces, sequence=sequence, seconds=seconds, jobs=jobs,
    )  # fmt: skip
    print(summary.text())
    if summary.failed:
        raise typer.Exit(1)


weights = typer.Typer(help="Weights from elsewhere and for elsewhere.", no_args_is_help=True)


@weights.command("import")
def import_weights(
    source: Annotated[Path, typer.Argument(help="vgg16-397923af.pth, as torchvision has it.")],
    out: Annotated[Path | None, typer.Option(help="Default: in $FERVID_MODELS.")] = None,
    sha256: Annotated[str, typer.Option(help="How the file's must begin.")] = "397923af",
) -> None:
    """Convert ImageNet's VGG16 once: hash checked, tensors alone read, safetensors written."""
    from fervid.learning.imported import import_vgg16

    print(f"imported: {import_vgg16(source, out, sha256)}")


@weights.command("export")
def export_weights(
    model: Annotated[str, typer.Argument(help="A shipped model of still faces, or a file.")],
    out: Annotated[Path, typer.Argument(help="The ONNX file to write.")],
) -> None:
    """Write a TFE model as ONNX, for programs without torch; checked against torch."""
    from fervid.systems.shipped import open_model
    from fervid.systems.tfe import TFERecognizer
    from fervid.systems.tfe.export import export

    made = open_model(model)
    if not isinstance(made, TFERecognizer):
        raise InputError(f"{model} is of {made.system.name}: only models of still faces go to ONNX")
    print(f"written: {out}, within {export(made, out):.1g} of torch")


def systems() -> None:
    """List the systems and the fields of their recipes."""
    from fervid.systems import SYSTEMS

    for name, made in SYSTEMS.items():
        print(f"{name}: {made}")
