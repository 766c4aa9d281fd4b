"""Commands about prediction tables: convert."""

from pathlib import Path
from typing import Annotated

import typer


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
