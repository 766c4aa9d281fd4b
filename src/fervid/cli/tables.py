"""Commands about prediction tables: convert, agreement."""

from pathlib import Path
from typing import Annotated

import typer

from fervid.cli.options import Seed


def convert(
    tables: Annotated[list[Path], typer.Argument(help="Tables of `predict`, or its folders.")],
    format: Annotated[
        str,
        typer.Option(help="openface, fex, elan, textgrid, boris, spss, long; several with commas."),
    ],
    media: Annotated[
        Path | None, typer.Option(help="The table's video. Default: its input, where it still is.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder. Default: beside each table.")] = None,
) -> None:
    """Write prediction tables in the formats of ELAN, Praat, BORIS, SPSS, OpenFace and py-feat."""
    from fervid.predict.writers import convert as convert_tables

    for path in convert_tables(tables, format, out, media):
        print(f"written: {path}")


def agreement(
    raters: Annotated[
        list[Path],
        typer.Argument(help="A file or folder for each rater: tables, .eaf, .TextGrid, .boris."),
    ],
    step: Annotated[float, typer.Option(help="Seconds between the moments compared.")] = 0.04,
    skip_unlabelled: Annotated[
        bool, typer.Option("--skip-unlabelled", help="Leave out moments that a rater left blank.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="CSV file for the figures.")] = None,
    seed: Seed = 0,
) -> None:
    """How far raters agree, moment by moment: Cohen, Fleiss, Krippendorff, with intervals."""
    from fervid.agreement import compare
    from fervid.atomic import write

    found = compare(raters, step=step, skip_unlabelled=skip_unlabelled, seed=seed)
    print(found.text())
    if out:
        write(out, found.table())
        print(f"written: {out}")
