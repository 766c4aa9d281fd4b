"""Options that several commands share."""

from pathlib import Path
from typing import Annotated, Literal

import typer

Finder = Literal["auto", "yunet", "builtin", "mediapipe", "cropped"]
WHO = (
    "Face finder: `auto` is yunet where its file is at hand (`fervid weights get yunet`), else "
    "builtin; `cropped` if the images are already face crops."
)
Faces = Annotated[Finder, typer.Option(help=WHO)]
StorePath = Annotated[Path, typer.Option("--store", help="Folder made by `fervid prepare`.")]
Stores = Annotated[list[Path], typer.Option("--store", help="A prepared database; repeatable.")]
SomeStores = Annotated[
    list[Path] | None, typer.Option("--store", help="A prepared database; repeatable.")
]
System = Annotated[str, typer.Argument(help="Which system: `fervid systems` lists them.")]
Jobs = Annotated[int, typer.Option(min=1, help="Processes to work in.")]
Seed = Annotated[int, typer.Option(min=0, help="Of everything random.")]
Device = Annotated[str, typer.Option(help="cpu, cuda or auto")]
SHARE = "Share of the training clips, by subject, that chooses the epoch; 0: the last one counts."
Validation = Annotated[float, typer.Option(min=0, max=0.9, help=SHARE)]
Precision = Annotated[
    Literal["32-true", "bf16-mixed"], typer.Option(help="bf16-mixed: faster, a little coarser.")
]
Table = Annotated[str, typer.Option("--labels", help="Of several databases: which labels answer.")]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", help="Override a recipe field: --set plan.epochs=60."),
]
LoaderSets = Annotated[
    list[str] | None, typer.Option("--set", help="What the database's loader takes: light=dark")
]
