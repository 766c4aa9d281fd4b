"""One table with two faces, or two tables -> two curves on one grid of times."""

from collections.abc import Sequence

import numpy as np

from fervid.errors import InputError
from fervid.prediction.writers.table import PredictionTable
from fervid.synchrony.correlation import Curve

LONGEST_GAP = 0.5  # seconds without the face that are bridged by a straight line


def grid(tables: Sequence[PredictionTable], offset: float) -> tuple[Curve, float]:
    """Evenly spaced seconds that all tables cover, and their rate in Hz: the slowest table's.

    Args:
        offset: seconds from the first recording's start to the second's.
    """
    rate = min(table.rate for table in tables)
    stamps = [table.rows["timestamp"].to_numpy(np.float64) for table in tables]
    stamps[1:] = [each + offset for each in stamps[1:]]
    start, end = max(each.min() for each in stamps), min(each.max() for each in stamps)
    return start + np.arange(max(0, int((end - start) * rate + 1e-6) + 1)) / rate, rate


def curve(table: PredictionTable, face: int, label: str, times: Curve) -> Curve:
    """(N,) the label's probability at the times, between frames on a straight line.

    NaN before the face's first and after its last labelled frame, and where it is not labelled for
    longer than `LONGEST_GAP`.
    """
    rows = table.rows[(table.rows["face_id"] == face) & table.rows["label"].notna()]
    known = rows["timestamp"].to_numpy(np.float64)
    if len(known) < 2:
        return np.full(len(times), np.nan)
    values = np.interp(times, known, rows[f"p_{label}"].to_numpy(np.float64))
    after = np.clip(np.searchsorted(known, times), 1, len(known) - 1)
    gap = known[after] - known[after - 1] > LONGEST_GAP
    within = (times > known[after - 1]) & (times < known[after])
    outside = (times < known[0] - 1e-6) | (times > known[-1] + 1e-6)
    return np.where((gap & within) | outside, np.nan, values)


def pair(tables: Sequence[PredictionTable], faces: tuple[int, int] | None) -> tuple[int, int]:
    """The ids asked for; by default of one table the two faces labelled longest, of two the one.

    Raises:
        InputError: no such faces.
    """
    if faces is None:
        return _longest_pair(tables)
    for table, face in zip((tables[0], tables[-1]), faces, strict=True):
        if face not in table.faces:
            known = ", ".join(map(str, table.faces)) or "none"
            raise InputError(f"{table.path} has no face {face}; its faces: {known}")
    if len(tables) == 1 and faces[0] == faces[1]:
        raise InputError(f"--faces {faces[0]},{faces[1]} names one face twice: name two")
    return faces


def _longest_pair(tables: Sequence[PredictionTable]) -> tuple[int, int]:
    needed = 2 if len(tables) == 1 else 1
    chosen: list[int] = []
    for table in tables:
        labelled = table.rows[table.rows["label"].notna()]
        longest = [int(face) for face in labelled["face_id"].value_counts().index][:needed]
        if len(longest) < needed:
            raise InputError(
                f"{table.path} has labels for {len(longest)} of the {needed} faces needed: "
                "name another table, or a table for each face"
            )
        chosen += sorted(longest)
    return chosen[0], chosen[1]


def shared_labels(tables: Sequence[PredictionTable], asked: Sequence[str]) -> list[str]:
    """The labels asked for, by default all that every table has.

    Raises:
        InputError: there is none, or not that one.
    """
    common = [label for label in tables[0].labels if label in tables[-1].labels]
    where = " and ".join(str(table.path) for table in tables)
    if not common:
        raise InputError(f"{where} have no label in common: predict both with one model")
    unknown = [label for label in asked if label not in common]
    if unknown:
        raise InputError(f"{where}: no label {unknown[0]!r}; choose from {', '.join(common)}")
    return list(dict.fromkeys(asked)) or common
