"""Commands for splits: show, check, export, import."""

from pathlib import Path
from typing import Annotated

import typer

from fervid.cli.options import Jobs, LoaderSets, SomeStores, Table
from fervid.cli.say import say
from fervid.cli.sources import FOLDS, all_of, database, named, sides
from fervid.errors import InputError

app = typer.Typer(
    help="Show, check, export and import splits into training and test subjects.",
    no_args_is_help=True,
)

Split = Annotated[str, typer.Argument(help="Protocol name or split file (CSV or JSON).")]
Name = Annotated[
    str, typer.Option("--database", help="A database that is not yet prepared; needs --root.")
]
Root = Annotated[Path | None, typer.Option(help="Folder of the database as delivered.")]
Tested = Annotated[
    Path | None, typer.Option("--test", help="Store to test on (cross-database only).")
]
Looks = Annotated[
    bool, typer.Option("--perceptual", help="Also compare the images themselves (takes minutes).")
]


@app.command()
def show(
    split: Split,
    stores: SomeStores = None,
    *,
    name: Name = "",
    root: Root = None,
    test: Tested = None,
    table: Table = "basic",
    sets: LoaderSets = None,
) -> None:
    """Print the subjects and labels tested in every fold."""
    from fervid.folds import splits

    places = all_of(split, stores, test)
    clips = database(places, name, root, sets or [], table)
    say(splits.show(sides(named(split, places), clips), clips))


@app.command()
def check(
    split: Split,
    stores: SomeStores = None,
    *,
    name: Name = "",
    root: Root = None,
    perceptual: Looks = False,
    test: Tested = None,
    table: Table = "basic",
    sets: LoaderSets = None,
    jobs: Jobs = 1,
) -> None:
    """Find subjects and copied clips on both sides of a split; exit code 2 if there are any."""
    from fervid.folds import leaks

    places = all_of(split, stores, test)
    clips = database(places, name, root, sets or [], table)
    leakage = leaks.check(sides(named(split, places), clips), perceptual, jobs)
    say(leakage.table())
    leakage.refuse()


@app.command()
def export(
    split: Split,
    out: Annotated[Path, typer.Argument(help="File to write: .csv (clip,fold) or .json.")],
    stores: SomeStores = None,
    *,
    name: Name = "",
    root: Root = None,
    test: Tested = None,
    table: Table = "basic",
    sets: LoaderSets = None,
) -> None:
    """Write a protocol's folds to a file."""
    from fervid.folds import splits

    if out.suffix.lower() not in (".csv", ".json"):
        raise InputError(f"{out} is neither a .csv nor a .json file: choose a name that is")
    places = all_of(split, stores, test)
    clips = database(places, name, root, sets or [], table)
    folds = sides(named(split, places), clips)
    splits.export(folds, out)
    say(f"{len(folds)} folds of {len(clips.clips)} clips written to {out}")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV (clip,fold or subject,fold) or JSON.")],
    stores: SomeStores = None,
    *,
    name: Name = "",
    root: Root = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the split. Default: folds/ in the store.")
    ] = None,
    perceptual: Looks = False,
    sets: LoaderSets = None,
    jobs: Jobs = 1,
) -> None:
    """Check a split file and copy it into the store; --protocol then accepts its name."""
    from fervid.folds import from_file, leaks, splits

    target = out or _target(file, stores or [])
    clips = database(stores or [], name, root, sets or [], "basic")
    leakage = leaks.check(splits.read(file, clips), perceptual, jobs)
    say(leakage.table())
    leakage.refuse()
    folds = from_file(file, clips.clips)
    splits.export(folds, target)
    say(f"{len(folds)} folds imported; use them with --protocol {target if out else target.stem}")


def _target(file: Path, stores: list[Path]) -> Path:
    from fervid.cli.sources import CROSS
    from fervid.folds import FURTHER, PROTOCOLS

    if len(stores) != 1:
        raise InputError("choose where to keep the split: give one --store, or --out FILE.json")
    if file.stem in (CROSS, *PROTOCOLS, *FURTHER):
        raise InputError(f"{file.stem} is the name of a protocol: rename {file.name} or give --out")
    return stores[0] / FOLDS / f"{file.stem}.json"
