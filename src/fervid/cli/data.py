"""Commands for databases: draw, prepare, list, cite."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from fervid.cli import names
from fervid.cli.options import (
    FINDER_HELP,
    FaceDevice,
    Finder,
    Jobs,
    LoaderSets,
    On,
    Seed,
    Shard,
    StorePath,
)
from fervid.cli.say import say


def draw(
    out: Annotated[Path, typer.Argument(help="Folder for the drawn database.")],
    *,
    subjects: Annotated[int, typer.Option(min=2, help="Number of people.")] = 20,
    clips_per_emotion: Annotated[
        int, typer.Option(min=1, help="Number of clips per person and emotion.")
    ] = 1,
    course: Annotated[
        Literal["apex", "full"],
        typer.Option(help="Clips end at the `apex`, or show the `full` course back to neutral."),
    ] = "apex",
    difficulty: Annotated[
        Literal["easy", "normal", "hard"],
        typer.Option(help="How much faces, light and movement vary."),
    ] = "normal",
    form: Annotated[
        Literal["video", "images"], typer.Option(help="Write videos or folders of images.")
    ] = "video",
    size: Annotated[int, typer.Option(min=64, help="Side of a frame in pixels.")] = 256,
    seed: Seed = 0,
    jobs: Jobs = 1,
) -> None:
    """Draw a database of faces with a manifest and exact landmarks."""
    from fervid.databases.drawn import draw as draw_database

    draw_database(
        out,
        subjects,
        clips_per_emotion,
        course,
        difficulty,
        seed=seed,
        jobs=jobs,
        form=form,
        size=size,
    )
    say(f"drawn into {out}; next: fervid prepare drawn {out} --store STORE")


def prepare(
    database: Annotated[
        str,
        typer.Argument(
            help="Database to prepare; `fervid databases` lists them.",
            autocompletion=names.databases,
        ),
    ],
    root: Annotated[Path, typer.Argument(help="Folder of the database as delivered.")],
    store: StorePath,
    *,
    sets: LoaderSets = None,
    jobs: Jobs = 1,
    faces: Annotated[
        Finder | None,
        typer.Option(help=f"{FINDER_HELP} Default: `auto`, or what the database needs."),
    ] = None,
    shard: Shard = "",
    on: On = "",
    device: FaceDevice = "cpu",
) -> None:
    """Find and align the faces of a database, once. Run it again to resume."""
    from fervid.cli.sources import loaded, prepared
    from fervid.databases import CROPPED, TABLES
    from fervid.parallel import on as cluster
    from fervid.share import Share

    default = "cropped" if database in CROPPED else "table" if database in TABLES else "auto"
    share = Share.of(shard) if shard else None
    with cluster(on):
        prepared(
            loaded(database, root, sets or []), store, faces or default, jobs, share=share,
            device=device,
        )  # fmt: skip


def databases(
    name: Annotated[
        str, typer.Argument(help="Database to describe.", autocompletion=names.databases)
    ] = "",
) -> None:
    """List the databases. With a name, show its layout, labels, people, licence and citation."""
    from fervid.cli import listing

    say(listing.database(name) if name else listing.databases())


def protocols(
    name: Annotated[
        str,
        typer.Argument(
            help="Protocol to describe.", autocompletion=names.complete(names.PROTOCOLS)
        ),
    ] = "",
) -> None:
    """List the protocols. With a name, show its folds and the papers it comes from."""
    from fervid.cli import listing

    say(listing.protocol(name) if name else listing.protocols())


def cite(work: Annotated[str, typer.Argument(help="Name of a system or database.")]) -> None:
    """Print the BibTeX entry of a system or database."""
    from fervid.papers.citations import cite as bibtex

    say(bibtex(work))
