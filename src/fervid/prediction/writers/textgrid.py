"""Praat's TextGrid, by pympi-ling: one interval tier per face, in seconds.

Episodes may overlap, so they have one tier per face and label.
"""

from pathlib import Path

from fervid.atomic import whole
from fervid.prediction.intervals import LabelInterval
from fervid.prediction.writers.table import PredictionTable


def write(table: PredictionTable, base: Path) -> list[Path]:
    """Write `<base>.TextGrid`; stretches without a label are empty intervals.

    Returns:
        The file written.
    """
    from pympi.Praat import TextGrid

    grid = TextGrid(xmin=0, xmax=table.seconds)
    if table.exclusive:
        names = [f"face {face}" for face in table.faces]
    else:
        names = sorted({_tier(table, each) for each in table.intervals})
    placeholder = "no episode" if table.faces else "no face"
    tiers = {name: grid.add_tier(name) for name in names or [placeholder]}  # Praat needs a tier
    for each in table.intervals:
        # No check, because pympi compares each interval with all others, and ours do not overlap.
        tiers[_tier(table, each)].add_interval(each.start, each.end, each.label, check=False)
    path = base.with_name(f"{base.name}.TextGrid")
    with whole(path) as part:
        grid.to_file(str(part))
    return [path]


def _tier(table: PredictionTable, each: LabelInterval) -> str:
    """Tier of an interval, without double quotes, which pympi does not escape."""
    if table.exclusive:
        return f"face {each.face}"
    return f"face {each.face} {each.label}".replace('"', "'")
