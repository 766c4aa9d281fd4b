"""The command that suggests what a person should look at: suggest."""

from pathlib import Path
from typing import Annotated

import typer

from fervid.cli.say import say
from fervid.errors import InputError


def suggest(
    sources: Annotated[
        list[str],
        typer.Argument(
            help="Run folders of `evaluate` (FOLDER:NETWORK), or tables written by `predict`."
        ),
    ],
    n: Annotated[
        int, typer.Option("--n", min=1, help="Maximum number of clips or stretches to list.")
    ] = 50,
    store: Annotated[
        Path | None, typer.Option(help="Store of the runs, to add each clip's file.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="CSV file to write, ready to correct.")] = None,
    elan: Annotated[
        Path | None, typer.Option(help="Folder for an .eaf for each video, ready to correct.")
    ] = None,
) -> None:
    """List the clips or stretches that most need a person's look, each with its reason."""
    from fervid.atomic import write

    if any(map(_is_run, sources)):
        if elan and not store:
            raise InputError("--elan needs the clips' videos: name the runs' store with --store")
        lines, content, files = _clips(sources, n, store, elan)
    else:
        if store:
            raise InputError("--store works with run folders, not with tables: leave it out")
        lines, content, files = _stretches(sources, n, elan)
    say(lines)
    if out:
        write(out, content)
        say(f"written: {out}")
    for file in files:
        say(f"written: {file}")


def _is_run(source: str) -> bool:
    """Whether a source is a run of `evaluate`: a folder with a report, or with repeats."""
    from fervid.evaluation.compare import parse_run

    folder, network = parse_run(source)
    reports = folder.is_dir() and (folder / "report.json", *folder.glob("repeat-*/report.json"))
    return bool(network) or bool(reports and any(each.is_file() for each in reports))


def _clips(
    sources: list[str], n: int, store: Path | None, elan: Path | None
) -> tuple[str, str, list[Path]]:
    """Suggested clips as text to print, as CSV, and as files written for ELAN."""
    from fervid.faces import Store
    from fervid.prediction.writers import formats
    from fervid.suggest import documents, suggest_clips

    if elan:
        formats("elan")  # refuses where its package is missing
    suggestions = suggest_clips(sources, n)
    clips = {clip.name: clip for clip in Store.open(store).database.clips} if store else None
    if clips is not None and (
        absent := [s.clip for s in suggestions.suggestions if s.clip not in clips]
    ):
        raise InputError(f"{store} has no clip {absent[0]!r}: give the store of these runs")
    files = []
    if elan and clips is not None:
        elan.mkdir(parents=True, exist_ok=True)
        files = documents.write_elan(suggestions.suggestions, clips, suggestions.labels, elan)
    return suggestions.text(), suggestions.table(clips), files


def _stretches(sources: list[str], n: int, elan: Path | None) -> tuple[str, str, list[Path]]:
    """Suggested stretches as text to print and as CSV, and the files written for ELAN."""
    from fervid.prediction.writers import formats, tables
    from fervid.suggest import stretches

    if elan:
        formats("elan")  # fails early if its package is missing
    suggestions = stretches.suggest_stretches(tables([Path(source) for source in sources]), n)
    files = []
    if elan:
        elan.mkdir(parents=True, exist_ok=True)
        files = stretches.write_elan(suggestions, elan)
    return stretches.text(suggestions) or "nothing to look at", stretches.table(suggestions), files
