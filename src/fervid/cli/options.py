"""Options that several commands share."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from fervid.cli import names

Finder = Literal["auto", "yunet", "builtin", "mediapipe", "cropped"]
WHO = (
    "Face finder: `auto` is yunet where its file is at hand (`fervid weights get yunet`), else "
    "builtin; `cropped` if the images are already face crops."
)
Faces = Annotated[Finder, typer.Option(help=WHO)]
StorePath = Annotated[Path, typer.Option("--store", help="Folder made by `fervid prepare`.")]
Stores = Annotated[
    list[Path], typer.Option("--store", help="Store of a prepared database (repeatable).")
]
SomeStores = Annotated[
    list[Path] | None, typer.Option("--store", help="Store of a prepared database (repeatable).")
]
System = Annotated[
    str,
    typer.Argument(
        help=f"System: {', '.join(names.SYSTEMS)} (`fervid systems` describes them), or one of "
        "another package.",
        autocompletion=names.complete(names.SYSTEMS, "fervid.systems"),
    ),
]
Jobs = Annotated[int, typer.Option(min=1, help="Number of worker processes.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed for every random choice.")]
Device = Annotated[
    str, typer.Option(help="Where to compute: `cpu`, `cuda`, or `auto` (CUDA if there is a GPU).")
]
SHARE = (
    "Share of training clips, by subject, kept for choosing the epoch; 0 keeps none. "
    "Default: 0.2 (train: 0.15), 0 for a recipe that does not validate."
)
Validation = Annotated[float | None, typer.Option(min=0, max=0.9, help=SHARE)]
Precision = Annotated[
    Literal["32-true", "bf16-mixed"],
    typer.Option(help="`bf16-mixed` is faster on processors that support it."),
]
Table = Annotated[
    str,
    typer.Option(
        "--labels",
        help="Label set when databases differ: `basic` (the seven they share) or another.",
    ),
]
Corrections = Annotated[
    list[Path] | None,
    typer.Option(
        help="CSV (clip,label), .eaf or folder of .eaf with corrected labels; an empty label "
        "drops its clip (repeatable)."
    ),
]
Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set", help="Override a recipe field, e.g. `--set plan.epochs=60` (repeatable)."
    ),
]
LoaderSets = Annotated[
    list[str] | None,
    typer.Option(
        "--set", help="Argument of the database's loader, e.g. `--set light=dark` (repeatable)."
    ),
]
