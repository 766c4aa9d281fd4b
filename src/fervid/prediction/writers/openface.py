"""The CSV of OpenFace 2.2's FeatureExtraction and FaceLandmarkVidMulti [1].

Frames count from 1. Gaze, head pose and 3D landmarks are not measured, so their columns are absent.
With `predict --movements` there are action units, `AU01_r` 0 to 5 and `AU01_c` 0 or 1: estimates of
a network trained on rendered faces, not FACS coding, scaled to look like OpenFace's. The label
probabilities follow OpenFace's own columns as `p_<label>`. A frame without a face has one row with
success 0, confidence 0 and zeros for landmarks, as in OpenFace.

[1] Baltrusaitis, Zadeh, Lim, Morency, OpenFace 2.0: Facial Behavior Analysis Toolkit, FG 2018.
"""

from pathlib import Path
from typing import Any

from fervid.atomic import whole
from fervid.prediction.writers.table import POINTS, PredictionTable

AUS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45)  # OpenFace's intensities
PRESENT = 0.2  # mean of both sides from which a unit counts as present


def write(table: PredictionTable, base: Path) -> list[Path]:
    """Write `<base>.openface.csv`.

    Returns:
        The file written.
    """
    import pandas as pd

    rows = table.rows
    seen = rows["face_id"].notna()
    columns: dict[str, Any] = {
        "frame": rows["frame"] + 1,
        "face_id": rows["face_id"].fillna(0).astype("int64"),
        "timestamp": rows["timestamp"],
        "confidence": rows["score"].fillna(0),
        "success": seen.astype("int64"),
    }
    for axis in "xy":
        for point in range(POINTS):
            columns[f"{axis}_{point}"] = rows[f"{axis}{point}"].fillna(0)
    if table.units:
        values = {unit: table.units[unit].fillna(0) for unit in AUS}
        columns |= {f"AU{unit:02d}_r": (5 * each).round(4) for unit, each in values.items()}
        columns |= {
            f"AU{unit:02d}_c": (each >= PRESENT).astype(int) for unit, each in values.items()
        }
    columns |= {f"p_{label}": rows[f"p_{label}"] for label in table.labels}
    path = base.with_name(f"{base.name}.openface.csv")
    with whole(path) as part:
        pd.DataFrame(columns).to_csv(part, index=False, lineterminator="\n")
    return [path]
