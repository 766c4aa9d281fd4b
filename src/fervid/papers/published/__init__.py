"""Every number that the five papers print, as data.

>>> [one.value for one in table("dtagn", 2) if one.own]
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
    """Every number of one paper, tables first, text last.

    Raises:
        InputError: no such paper.
    """
    found: tuple[Published, ...] = _paper(paper).records()
    return found


def table(paper: str, number: int | str) -> tuple[Published, ...]:
    """One table's numbers in the printed order.

    Args:
        paper: a key of PAPERS.
        number: a table's number, "Fig. 6", or "text" for what stands in no table.

    Raises:
        InputError: the paper, or what we have of it, holds no such table.
    """
    found = tuple(one for one in records(paper) if one.table == str(number))
    if not found:
        tables = ", ".join(dict.fromkeys(one.table for one in records(paper)))
        raise InputError(f"paper {paper!r} has no table {number!r} here: choose one of {tables}")
    return found


def confusion(paper: str, table: int | str) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """A printed confusion matrix: K labels, and (K, K) percentages, rows true.

    Raises:
        InputError: that table is no confusion matrix.
    """
    matrices: Mapping[str, Confusion] = _paper(paper).CONFUSIONS
    if str(table) not in matrices:
        known = ", ".join(matrices) or "none"
        raise InputError(f"table {table!r} of {paper!r} is no confusion matrix: those are {known}")
    found = matrices[str(table)]
    return found.labels, np.array(found.rows, dtype=np.float64)


def frame() -> "pd.DataFrame":
    """All papers' numbers, one row each, the fields of `Published` as columns."""
    import pandas as pd

    return pd.DataFrame([vars(one) for paper in PAPERS for one in records(paper)])
