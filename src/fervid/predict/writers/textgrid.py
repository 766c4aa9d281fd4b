"""Praat's TextGrid, through pympi-ling: an interval tier for each face, in seconds."""

from pathlib import Path

from fervid.atomic import whole
from fervid.predict.writers.table import PredictionTable


def write(table: PredictionTable, base: Path) -> list[Path]:
    """Write `<base>.TextGrid`; stretches without a label are empty intervals.

    Returns:
        The file written.
    """
    from pympi.Praat import TextGrid

    grid = TextGrid(xmin=0, xmax=table.seconds)
    tiers = {face: grid.add_tier(f"face {face}") for face in table.faces}
    if not tiers:
        grid.add_tier("no face")  # Praat opens no grid without a tier
    for each in table.intervals:
        # Checked already; pympi's check compares each interval with all others.
        tiers[each.face].add_interval(each.start, each.end, each.label, check=False)
    path = base.with_name(f"{base.name}.TextGrid")
    with whole(path) as part:
        grid.to_file(str(part))
    return [path]
