"""Who is seen in which recording and tier, for intervals over people."""

from collections.abc import Sequence
from pathlib import Path

from fervid.agreement.raters import Unit
from fervid.databases import table
from fervid.errors import InputError
from fervid.text import uncell


def numbered(units: Sequence[Unit], path: Path | None) -> list[int]:
    """The number of the person in each unit; without a file, each unit is somebody else.

    Args:
        path: CSV with the column `person`, and `recording`, `tier` or both; a column that is not
            there, or an empty cell in it, stands for any.

    Raises:
        InputError: no such file or columns, a unit without a person, or one with two.
    """
    if path is None:
        return list(range(len(units)))
    rows = table.rows(path, ("person",), InputError)
    people = []
    for recording, tier in units:
        found = {
            uncell(row["person"])
            for row in rows
            if row.get("recording") in ("", recording) and row.get("tier") in ("", tier)
        }
        if len(found) != 1 or not min(found):
            where = " ".join(filter(None, (recording, tier))) or "the recording"
            count = f"{len(found)} people" if found else "nobody"
            raise InputError(f"{path} names {count} for {where}: give it one line with its person")
        people.append(found.pop())
    order = sorted(set(people))
    return [order.index(each) for each in people]
