"""Commands for files of weights: list, get, verify, import, export."""

from pathlib import Path
from typing import Annotated

import typer

import fervid
from fervid.cli.say import say
from fervid.errors import FacesError, InputError, WeightsError

app = typer.Typer(
    help="List, fetch, verify, import and export model weights.", no_args_is_help=True
)


@app.command("list")
def list_weights() -> None:
    """List the models and face finders' files, and where they are."""
    from fervid.cli.listing import aligned
    from fervid.faces import outside
    from fervid.learning.weights import metadata
    from fervid.models.shipped import shipped_models

    rows: list[tuple[str, ...]] = [("name", "what it is", "licence", "file")]
    for name, path in shipped_models().items():
        try:
            about = metadata(path)
        except WeightsError:  # somebody else's file in $FERVID_MODELS
            continue
        kind = f"{about['system']} model" if "system" in about else str(about.get("kind", "parts"))
        card = about.get("card", {})
        licence = card.get("licence_of_weights") or card.get("licence_of_code") or "-"
        rows.append((name, kind, str(licence), str(path)))
    for name, model in outside.MODELS.items():
        try:
            place = outside.at_hand(name)
        except FacesError:
            place = None
        here = str(place) if place else f"not here: fervid weights get {name}"
        rows.append((name, model.use, model.licence, here))
    say(aligned(rows))


@app.command("verify")
def verify_weights(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Models, face finders or files. Default: all that are here."),
    ] = None,
) -> None:
    """Check that files of weights are complete and unchanged, by their sha256."""
    from fervid.faces import outside
    from fervid.learning.weights import load, metadata
    from fervid.models.shipped import find_model, shipped_models

    def ours(path: Path) -> bool:
        try:
            return bool(metadata(path))
        except WeightsError:
            return path.parent.is_relative_to(Path(fervid.__file__).parent)

    here = [name for name, path in shipped_models().items() if ours(path)]
    bad: list[str] = []
    for name in names or [*here, *outside.MODELS]:
        try:
            if name in outside.MODELS:
                path = outside.at_hand(name)
                if path is None:
                    say(f"{name}: not here; `fervid weights get {name}` fetches it")
                    continue
            else:
                path = find_model(name)
                load(path)
        except (FacesError, WeightsError) as error:
            bad.append(str(error))
            continue
        say(f"{name}: ok, {path}")
    if bad:
        raise WeightsError("\n".join(bad))


@app.command("get")
def get_weights(
    name: Annotated[
        str, typer.Argument(help="Face finder whose model to fetch: yunet or mediapipe.")
    ],
) -> None:
    """Fetch a published model once, checked by its sha256."""
    from fervid.faces import outside

    path = outside.get(name)
    say(f"{path}: {outside.MODELS[name].use}; {outside.MODELS[name].licence}")


@app.command("import")
def import_weights(
    source: Annotated[Path, typer.Argument(help="torchvision's vgg16-397923af.pth.")],
    out: Annotated[
        Path | None, typer.Option(help="File to write. Default: in $FERVID_MODELS.")
    ] = None,
    sha256: Annotated[str, typer.Option(help="First digits of the file's sha256.")] = "397923af",
) -> None:
    """Convert ImageNet's VGG16 to safetensors, after checking its hash."""
    from fervid.networks.imported import import_vgg16

    say(f"imported: {import_vgg16(source, out, sha256)}")


@app.command("export")
def export_weights(
    model: Annotated[
        str, typer.Argument(help="Shipped TFE model (tfe or tfe-plus), or a model file.")
    ],
    out: Annotated[Path, typer.Argument(help="ONNX file to write.")],
) -> None:
    """Export a TFE model to ONNX, and check it against PyTorch."""
    from fervid.models.export import export
    from fervid.models.shipped import open_model
    from fervid.systems.recognizer import Recognizer
    from fervid.systems.tfe import TFE

    recognizer = open_model(model)
    if not (isinstance(recognizer, Recognizer) and isinstance(recognizer.system, TFE)):
        name = recognizer.system.name
        raise InputError(f"{model} is a {name} model, but only TFE models can be exported to ONNX")
    say(f"written: {out}, within {export(recognizer, out):.1g} of PyTorch")
