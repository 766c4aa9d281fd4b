"""Every number published in the five papers, as data.

>>> [number.value for number in table("dtagn", 2) if number.own]
[91.44, 92.35, 96.94, 97.25]
"""

from collections.abc import Mapping
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fervid.errors import InputError
from fervid.papers.published import agn3d, dtagn, hybrid, ir3d, tfe
from fervid.papers.published.record import Confusion, Published
from fervid.papers.published.settings import SETTINGS

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PAPERS", "SETTINGS", "Confusion", "Published", "confusion", "frame", "records", "table"]

PAPERS: Mapping[str, ModuleType] = {
    "dtagn": dtagn,
    "agn3d": agn3d,
    "ir3d": ir3d,
    "hybrid": hybrid,
    "tfe": tfe,
}


def _paper(key: str) -> ModuleType:
    if key not in PAPERS:
        raise InputError(f"no paper {key!r}: choose one of {', '.join(PAPERS)}")
    return PAPERS[key]


def records(paper: str) -> tuple[Published, ...]:
    """All numbers of a paper, those of its tables first and those of its text last.

    Raises:
        InputError: there is no such paper.
    """
    numbers: tuple[Published, ...] = _paper(paper).records()
    return numbers


def table(paper: str, number: int | str) -> tuple[Published, ...]:
    """The numbers of a table in the printed order.

    Args:
        paper: a key of PAPERS.
        number: a table's number, "Fig. 6", or "text" for numbers that are in no table.

    Raises:
        InputError: the paper, or our copy of it, has no such table.
    """
    cells = tuple(cell for cell in records(paper) if cell.table == str(number))
    if not cells:
        tables = ", ".join(dict.fromkeys(cell.table for cell in records(paper)))
        raise InputError(f"paper {paper!r} has no table {number!r} here: choose one of {tables}")
    return cells


def confusion(paper: str, table: int | str) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """A published confusion matrix: K labels, and percentages (K, K) with true labels by row.

    Raises:
        InputError: the table is not a confusion matrix.
    """
    matrices: Mapping[str, Confusion] = _paper(paper).CONFUSIONS
    if str(table) not in matrices:
        known = ", ".join(matrices) or "none"
        raise InputError(
            f"table {table!r} of {paper!r} is not a confusion matrix: choose one of {known}"
        )
    matrix = matrices[str(table)]
    return matrix.labels, np.array(matrix.rows, dtype=np.float64)


def frame() -> "pd.DataFrame":
    """All papers' numbers as a table: one row per number, one column per field of `Published`."""
    import pandas as pd

    return pd.DataFrame([vars(number) for paper in PAPERS for number in records(paper)])
