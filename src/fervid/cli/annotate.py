"""Commands for labels made by people: import."""

from pathlib import Path
from typing import Annotated

import typer

from fervid.cli.options import Jobs
from fervid.cli.say import say
from fervid.errors import InputError

app = typer.Typer(help="Import labels that people made or corrected.", no_args_is_help=True)


@app.command("import")
def import_(
    files: Annotated[
        list[Path],
        typer.Argument(help="Files to import: .eaf, .TextGrid, .boris, .csv, or tables."),
    ],
    *,
    out: Annotated[Path, typer.Option(help="Manifest to write (.csv).")],
    media: Annotated[
        Path | None,
        typer.Option(help="Folder of the recordings. Default: where the files link to, or are."),
    ] = None,
    labels: Annotated[
        Path | None, typer.Option(help="CSV (from,to) that maps other labels to known ones.")
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(help="Map one label, e.g. `joyful=happiness` (repeatable)."),
    ] = None,
    tier: Annotated[str, typer.Option(help="Tier to import if there are several.")] = "",
    subject: Annotated[str, typer.Option(help="Subject shown in all recordings.")] = "",
    store: Annotated[
        Path | None, typer.Option(help="Store to prepare the manifest's clips into right away.")
    ] = None,
    jobs: Jobs = 1,
) -> None:
    """Turn labelled intervals into a manifest, and with --store into prepared clips."""
    from fervid.agreement.corrections import import_labels
    from fervid.cli.sources import prepared
    from fervid.databases import folder
    from fervid.databases.table import pairs

    names = pairs(labels, InputError) if labels else {}
    for pair in label or []:
        name, mark, to = pair.partition("=")
        if not name.strip() or not mark:
            raise InputError(f"--label {pair!r}: give FROM=TO, such as joyful=happiness")
        names[name.strip().lower()] = to.strip()
    imported = import_labels(files, out, media=media, names=names, tier=tier, subject=subject)
    if not store:
        say(imported.text())
        return
    say(imported.text(False))
    clips = folder.load(out, labels=imported.labels or None, absolute=imported.outside)
    prepared(clips, store, "auto", jobs)
