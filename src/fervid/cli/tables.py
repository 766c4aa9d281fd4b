"""Commands for prediction tables: convert, page, agreement, synchrony."""

import re
from pathlib import Path
from typing import Annotated

import typer

from fervid.cli.options import Seed
from fervid.cli.say import say
from fervid.errors import InputError


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
        Path | None, typer.Option(help="Video of the table. Default: the table's input.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Output folder. Default: beside each table.")
    ] = None,
    episodes: Annotated[
        bool,
        typer.Option(
            "--episodes",
            help="Write episodes instead of runs of one label (elan, textgrid and boris only).",
        ),
    ] = False,
) -> None:
    """Write prediction tables in the formats of ELAN, Praat, BORIS, SPSS, OpenFace and py-feat."""
    from fervid.predict.writers import convert as convert_tables

    for path in convert_tables(tables, format, out, media, episodes):
        say(f"written: {path}")


def page(
    table: Annotated[
        Path, typer.Argument(help="Table written by `predict`, or the folder it wrote to.")
    ],
    video: Annotated[
        Path | None, typer.Argument(help="Video of the table. Default: the table's input.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the page. Default: beside the table.")
    ] = None,
) -> None:
    """Write a page that plays a video with its expressions, and lets you correct its episodes.

    For a folder, write a page for each input and `index.html`.
    """
    from fervid.pages import write_page, write_pages

    if table.is_dir():
        if video or out:
            raise InputError(f"{table} is a folder: leave out the video and --out")
        say(write_pages(table).text())
        return
    say(f"written: {write_page(table, video, out)}")


def agreement(
    raters: Annotated[
        list[Path],
        typer.Argument(help="One file or folder per rater: tables, .eaf, .TextGrid or .boris."),
    ],
    step: Annotated[float, typer.Option(help="Time between compared moments, in seconds.")] = 0.04,
    skip_unlabelled: Annotated[
        bool, typer.Option("--skip-unlabelled", help="Treat moments without a label as missing.")
    ] = False,
    people: Annotated[
        Path | None,
        typer.Option(help="CSV (recording,tier,person) for intervals over people."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="CSV file to write.")] = None,
    seed: Seed = 0,
) -> None:
    """Measure agreement between raters: Cohen, Fleiss and Krippendorff, with intervals."""
    from fervid.agreement import compare
    from fervid.atomic import write

    figures = compare(raters, step=step, skip_unlabelled=skip_unlabelled, people=people, seed=seed)
    say(figures.text())
    if out:
        write(out, figures.table())
        say(f"written: {out}")


def synchrony(
    tables: Annotated[
        list[Path], typer.Argument(help="One table with two faces, or one table per face.")
    ],
    *,
    faces: Annotated[
        str, typer.Option(help="Ids of the faces, e.g. `0,1`. Default: those labelled longest.")
    ] = "",
    label: Annotated[
        list[str] | None, typer.Option(help="Label to compare (repeatable). Default: all.")
    ] = None,
    window: Annotated[float, typer.Option(help="Length of a window, in seconds.")] = 6.0,
    reach: Annotated[
        float, typer.Option(help="Largest lag in either direction, in seconds.")
    ] = 3.0,
    step: Annotated[
        float, typer.Option(help="Time between windows in the picture, in seconds.")
    ] = 1.0,
    offset: Annotated[
        float, typer.Option(help="Two tables: start of the second, in seconds of the first.")
    ] = 0.0,
    surrogates: Annotated[
        int, typer.Option(min=1, help="Number of shuffles for the p value.")
    ] = 999,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the tables and the pictures.")
    ] = None,
    seed: Seed = 0,
) -> None:
    """Measure whether two faces' expressions move together, and which follows by how long."""
    from fervid.atomic import write
    from fervid.figures.synchrony import synchrony as draw
    from fervid.synchrony import synchrony as compare_curves
    from fervid.synchrony.analyse import table, windows_table

    results = compare_curves(
        tables, _pair(faces), label or (), window=window, reach=reach, step=step, offset=offset,
        count=surrogates, seed=seed,
    )  # fmt: skip
    for each in results:
        say(each.text())
    if out:
        write(out / "synchrony.csv", table(results))
        write(out / "windows.csv", windows_table(results))
        for each in results:
            curves = (each.lags, each.time, each.correlations, each.mean, each.null)
            name = re.sub(r"\W+", "_", each.label)
            write(out / f"synchrony.{name}.png", draw(*curves, each.label, names=each.names))
        say(f"written: {out}")


def _pair(faces: str) -> tuple[int, int] | None:
    """The two ids of --faces."""
    if not faces:
        return None
    match = re.fullmatch(r"(\d{1,9}),(\d{1,9})", faces)
    if not match:
        raise InputError(f"--faces {faces} is not a pair: give two ids with a comma, such as 0,1")
    return int(match[1]), int(match[2])
