"""SPSS (.sav), by pyreadstat: numbers with variable and value labels."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fervid.atomic import whole
from fervid.prediction.timeline import STATUS
from fervid.prediction.writers.codebook import describe
from fervid.prediction.writers.table import PredictionTable

NAMES = ("status", "label", "label_relative", "face_id")  # numbers that stand for names
LONGEST = 64  # bytes of a variable name
WHOLE, SECONDS, SHARE, PIXELS = "F8.0", "F10.3", "F8.6", "F8.2"  # how numbers are shown


def write(table: PredictionTable, base: Path) -> list[Path]:
    """Write `<base>.sav`: the table's own rows and columns.

    `status` and `label` are numbers from 1 with value labels; missing values are system-missing.

    Returns:
        The file written.
    """
    import pandas as pd
    import pyreadstat

    columns = [column for column in table.rows.columns if _known(column)]
    names = variable_names(columns)
    values: dict[str, tuple[str, ...]] = {
        "status": STATUS,
        **{name: table.labels for name in ("label", "label_relative") if name in columns},
    }
    data: dict[str, Any] = {}
    for column in columns:
        content = table.rows[column]
        if column in values:
            content = content.map({name: code for code, name in enumerate(values[column], 1)})
        data[names[column]] = content if column == "input" else content.astype("float64")
    text: dict[str, str | None] = {names[column]: _variable_label(column) for column in columns}
    codes = {
        names[column]: {float(code): name for code, name in enumerate(each, 1)}
        for column, each in values.items()
    }
    measure = {
        name: "nominal" if column in (*NAMES, "input") else "scale"
        for column, name in names.items()
    }
    shown = {name: _format(column) for column, name in names.items() if column != "input"}
    path = base.with_name(f"{base.name}.sav")
    with whole(path) as part:
        pyreadstat.write_sav(
            pd.DataFrame(data), part, file_label=f"fervid predict: {table.name}"[:64],
            column_labels=text, variable_value_labels=codes, variable_measure=measure,
            variable_format=shown,
        )  # fmt: skip
    return [path]


def variable_names(columns: Iterable[str]) -> dict[str, str]:
    """Column -> a unique name that SPSS accepts: letters, digits and underscores.

    >>> variable_names(["p_joy, or so", "p_joy; or so", "frame"])
    {'p_joy, or so': 'p_joy_or_so', 'p_joy; or so': 'p_joy_or_so_2', 'frame': 'frame'}
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for column in columns:
        plain = re.sub(r"[^A-Za-z0-9_]+", "_", column).strip("_")[: LONGEST - 4] or "v"
        name, number = plain, 1
        while name.lower() in taken:  # SPSS ignores case
            number += 1
            name = f"{plain}_{number}"
        taken.add(name.lower())
        names[column] = name
    return names


def _known(column: str) -> bool:
    try:
        return bool(describe(column))
    except KeyError:
        return False  # a column that somebody added


def _format(column: str) -> str:
    if column in (*NAMES, "frame"):
        return WHOLE
    unit = describe(column).unit
    return {"seconds": SECONDS, "pixels": PIXELS}.get(unit, SHARE)


def _variable_label(column: str) -> str:
    about = describe(column)
    return f"{about.meaning} ({about.unit})" if about.unit else about.meaning
