"""Options that several commands share."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from fervid.cli import names

Finder = Literal["auto", "yunet", "builtin", "mediapipe", "cropped"]
FINDER_HELP = (
    "Face finder. `auto` is yunet if its file is available (`fervid weights get yunet`), else "
    "builtin; use `cropped` if the images are already face crops."
)
Faces = Annotated[Finder, typer.Option(help=FINDER_HELP)]
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
        help=f"System: {', '.join(names.SYSTEMS)} (`fervid systems` describes them), one from "
        f"another package, or for `evaluate` a yardstick: {', '.join(names.YARDSTICKS)}.",
        autocompletion=names.complete((*names.SYSTEMS, *names.YARDSTICKS), "fervid.systems"),
    ),
]
Jobs = Annotated[int, typer.Option(min=1, help="Number of worker processes.")]
Shard = Annotated[
    str,
    typer.Option(
        metavar="I/N",
        help="Work on this share only (2/8: the second of eight), beside other processes that work "
        "on theirs in the same folder.",
    ),
]
On = Annotated[
    str,
    typer.Option(
        metavar="CLUSTER",
        help="Run on a Ray cluster: `ray` (at $RAY_ADDRESS, or one started here), "
        "`ray://HOST:PORT` or HOST:PORT. Default: here.",
    ),
]
Seed = Annotated[int, typer.Option(min=0, help="Seed for every random choice.")]
Device = Annotated[
    str, typer.Option(help="Where to compute: `cpu`, `cuda`, or `auto` (CUDA if there is a GPU).")
]
FaceDevice = Annotated[
    Literal["cpu", "cuda", "auto"],
    typer.Option(
        "--device",
        help="Where the networks compute: `cpu`, whose results are the same everywhere, `cuda`, "
        "or `auto` (CUDA if there is a GPU).",
    ),
]
VALIDATION_HELP = (
    "Share of the training clips, split by subject, held out to choose the epoch (0: none). "
    "Default: 0.2 (train: 0.15), or 0 for a recipe that does not validate."
)
Validation = Annotated[float | None, typer.Option(min=0, max=0.9, help=VALIDATION_HELP)]
Precision = Annotated[
    Literal["32-true", "bf16-mixed"],
    typer.Option(help="`bf16-mixed` is faster on processors that support it."),
]
Table = Annotated[
    str,
    typer.Option(
        "--labels",
        help="Labels if databases differ: `basic` (the six basic ones), `basic and neutral`, or "
        "`trained` (all that a training database has).",
    ),
]
Corrections = Annotated[
    list[Path] | None,
    typer.Option(
        help="Corrected labels: a CSV (clip,label), an .eaf or a folder of .eaf; an empty label "
        "drops the clip (repeatable)."
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
