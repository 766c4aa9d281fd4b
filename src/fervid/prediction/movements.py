"""What movements add to an input's outputs: two columns of the summary, and a note on all of them.

Both are simple readings of the estimated action units, not validated on people.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from fervid.faces.action_units import ACTION_UNITS, COLUMNS, NOTE
from fervid.prediction.timeline import Timeline

SHUT, OPEN = 0.5, 0.3  # AU45 above and below which the eyes count as shut and open
LONGEST = 0.5  # seconds; eyes shut for longer do not count as a blink
SMILING = 0.2  # AU12 from which a frame counts for the asymmetry of smiles


def note() -> str:
    """A text to lie beside the tables: what the columns are, and are not."""
    lines = [
        f"Columns AU..: {NOTE}. 0 is a face at rest, 1 the end of a movement; _L and _R are the "
        "person's own left and right. OpenFace's AU.._r are 5 times the mean of both sides, its "
        "AU.._c whether that mean is 0.2 or more; Fex has the mean.",
        "",
        *(
            f"{', '.join(unit.columns)}: {unit.name} (sum of the face model's "
            f"{', '.join(unit.shapes)})"
            for unit in ACTION_UNITS
        ),
    ]
    return "\n".join(lines) + "\n"


def by_face(rows: Timeline) -> Mapping[int, Mapping[str, float]]:
    """For each face, the columns `summary.MOVEMENTS`; a value that cannot be known is absent."""
    assert rows.movements is not None
    values = {}
    for face in rows.faces:
        own = rows.face == face
        readings = {
            "blinks_per_minute": blinks(rows.time[own], _side(rows.movements[own], 45)),
            "smile_asymmetry": asymmetry(rows.movements[own]),
        }
        values[face] = {name: round(each, 3) for name, each in readings.items() if each is not None}
    return values


def blinks(time: NDArray[np.float64], shut: NDArray[np.float32]) -> float | None:
    """Blinks per minute; None for a still picture.

    Args:
        time: (N,) seconds.
        shut: (N,) AU45, the mean of both eyes.
    """
    seconds = float(time[-1] - time[0])
    if seconds <= 0:
        return None
    count, since = 0, None
    for now, value in zip(time.tolist(), shut.tolist(), strict=True):
        if since is None and value > SHUT:
            since = now
        elif since is not None and value < OPEN:
            count += now - since <= LONGEST
            since = None
    return 60 * count / seconds


def asymmetry(movements: NDArray[np.float32]) -> float | None:
    """(left - right) / (left + right) of AU12, on average over smiling frames: -1 to 1.

    Above 0, the person's left corner of the mouth is pulled more; None without a smile.
    """
    left, right = (movements[:, COLUMNS.index(f"AU12_{side}")].clip(0, 1) for side in "LR")
    smiling = left + right >= 2 * SMILING  # False for NaN
    if not smiling.any():
        return None
    left, right = left[smiling], right[smiling]
    return float(((left - right) / (left + right)).mean())


def _side(movements: NDArray[np.float32], unit: int) -> NDArray[np.float32]:
    places = [COLUMNS.index(f"AU{unit:02d}_{side}") for side in "LR"]
    return np.asarray(movements[:, places].mean(axis=1), np.float32)
