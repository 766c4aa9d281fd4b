"""The page of one input, as text."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fervid.pages.content import content
from fervid.pages.render import render
from fervid.predict.episodes import Episode
from fervid.predict.writers.table import PredictionTable


def viewer(
    table: PredictionTable,
    episodes: Sequence[Episode],
    summary: Sequence[Mapping[str, Any]],
    media: Mapping[str, Any],
    head: Mapping[str, str],
) -> str:
    """HTML of a page.

    Args:
        table: one input's predictions.
        episodes: of the same input.
        summary: its rows in `summary.csv`; may be empty.
        media: a `Shown`, as a mapping.
        head: `key` and `icon` of the page, and the address of its `index`, or "".
    """
    names, packed = content(table, episodes, summary)
    name = str(table.rows["input"].iloc[0])
    # Corrections that a browser keeps are those of these numbers.
    numbers = "".join(each["data"] for each in packed.values())
    stored = hashlib.sha256(numbers.encode()).hexdigest()[:16]
    names |= {"media": media, "input": name, "table": table.name, "stored": stored}
    values = {"title": Path(name).name, "names": names, "packed": packed, "media": media, **head}
    return render("viewer", ("base", "viewer"), values)
