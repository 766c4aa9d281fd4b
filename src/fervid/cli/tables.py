"""Commands about prediction tables: convert, agreement."""

from pathlib import Path
from typing import Annotated

import typer

from fervid.cli.options import Seed


def convert(
    tables: Annotated[
        list[Path], typer.Argument(help="Tables written by `predict`, or folders of them.")
    ],
    format: Annotated[
        str,
        typer.Option(
            help="Formats, separated by commas: openface, fex, elan, textgrid, boris, spss, long."
        ),
    ],
    media: Annotated[
        Path | None, typer.Option(help="Video of the table. Default: the input it was made from.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Output folder. Default: beside each table.")
    ] = None,
    episodes: Annotated[
        bool,
        typer.Option(
            "--episodes", help="Write episodes (elan, textgrid, boris) instead of runs of a label."
        ),
    ] = False,
) -> None:
    """Write prediction tables in the formats of ELAN, Praat, BORIS, SPSS, OpenFace and py-feat."""
    from fervid.predict.writers import convert as convert_tables

    for path in convert_tables(tables, format, out, media, episodes):
        print(f"written: {path}")


def agreement(
    raters: Annotated[
        list[Path],
        typer.Argument(help="File or folder for each rater: tables, .eaf, .TextGrid or .boris."),
    ],
    step: Annotated[
        float, typer.Option(help="Time between the moments compared, in seconds.")
    ] = 0.04,
    skip_unlabelled: Annotated[
        bool, typer.Option("--skip-unlabelled", help="Leave out moments that a rater left blank.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="CSV file to write.")] = None,
    seed: Seed = 0,
) -> None:
    """Measure agreement between raters: Cohen, Fleiss and Krippendorff, with intervals."""
    from fervid.agreement import compare
    from fervid.atomic import write

    found = compare(raters, step=step, skip_unlabelled=skip_unlabelled, seed=seed)
    print(found.text())
    if out:
        write(out, found.table())
        print(f"written: {out}")
