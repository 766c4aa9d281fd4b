"""The CSV of py-feat's Fex [1].

Frames count from 0, `approx_time` is minutes:seconds, and a face's id is its `Identity`. Head pose
is not measured, so its columns are absent. With `predict --movements` there are action units, 0 to
1: estimates of a network trained on rendered faces, not FACS coding. py-feat has seven emotions:
those that the model lacks are empty, and further labels follow the seven. A frame without a face is
one row without numbers.

[1] Cheong, Jolly, Xie, Byrne, Kenney, Chang, Py-Feat: Python Facial Expression Analysis Toolbox,
Affective Science 4, 2023.
"""

from pathlib import Path
from typing import Any

import numpy as np

from fervid.atomic import whole
from fervid.prediction.writers.table import POINTS, PredictionTable

EMOTIONS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
AUS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 24, 25, 26, 43)  # that both have
BOX = {
    "FaceRectX": "left",
    "FaceRectY": "top",
    "FaceRectWidth": "width",
    "FaceRectHeight": "height",
    "FaceScore": "score",
}


def write(table: PredictionTable, base: Path) -> list[Path]:
    """Write `<base>.fex.csv`.

    Returns:
        The file written.
    """
    import pandas as pd

    rows = table.rows
    columns: dict[str, Any] = {name: rows[ours] for name, ours in BOX.items()}
    for axis in "xy":
        for point in range(POINTS):
            columns[f"{axis}_{point}"] = rows[f"{axis}{point}"]
    for unit in AUS:
        if unit in table.units:
            columns[f"AU{unit:02d}"] = table.units[unit]
    further = [label for label in table.labels if label not in EMOTIONS]
    for label in (*EMOTIONS, *further):
        columns[label] = rows[f"p_{label}"] if label in table.labels else np.nan
    columns["input"] = rows["input"]
    columns["frame"] = rows["frame"]
    seconds = rows["timestamp"].astype("int64")
    columns["approx_time"] = [f"{each // 60:02d}:{each % 60:02d}" for each in seconds]
    columns["Identity"] = [
        None if pd.isna(face) else f"Person_{int(face)}" for face in rows["face_id"]
    ]
    path = base.with_name(f"{base.name}.fex.csv")
    with whole(path) as part:
        pd.DataFrame(columns).to_csv(part, index=False, lineterminator="\n")
    return [path]
