"""Accuracy by the people's group (sex, age, skin tone), where a database tells it.

And by how far those agreed who labelled a clip, where a database holds their votes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fervid.clip import Clip
from fervid.evaluation import statistics as st
from fervid.evaluation.statistics import Estimate
from fervid.text import Rows, csv_text

# Said of clips whose database leaves the column empty.
UNTOLD = "not told"
# A column with more values than this tells something else than a group (an age in years, a note).
MOST = 12
# The column of databases with votes, and its values.
AGREEMENT, CLEAR, SPLIT = "votes for the label", "more than half", "half or fewer"
COLUMNS = (
    "column", "value", "clips", "subjects", "accuracy", "low", "high", "uar", "uar_low",
    "uar_high", "against_the_others", "against_low", "against_high",
)  # fmt: skip


@dataclass(frozen=True)
class Group:
    """The clips of one group, judged by one network.

    Args:
        column: "sex".
        value: "female".
        n, subjects: clips and people in it.
        against: accuracy minus that of the column's other clips, subjects of both sides drawn
            anew; an interval that holds 0 tells nothing.
    """

    column: str
    value: str
    n: int
    subjects: int
    accuracy: Estimate
    uar: Estimate
    against: Estimate


def by_group(
    clips: Iterable[Clip],
    name: NDArray[Any],
    target: NDArray[Any],
    called: NDArray[Any],
    subject: NDArray[Any],
    labels: int,
    *,
    seed: int = 0,
) -> tuple[Group, ...]:
    """Every group of every column with two to `MOST` values; empty where there is none.

    Args:
        clips: the database's, for their groups and votes.
        name: (N,) of the clips that were predicted.
        target, called: (N,) index of the true label and of the answer.
        subject: (N,) who is seen.
        labels: K.
    """
    of = {clip.name: {**clip.groups, **agreement(clip)} for clip in clips}
    columns = sorted({column for each in name for column in of.get(str(each), {})})
    found: list[Group] = []
    for column in columns:
        value = np.array([of.get(str(each), {}).get(column) or UNTOLD for each in name])
        values = np.unique(value)
        if not 2 <= len(values) <= MOST:
            continue
        for one in values:
            mine = value == one
            sides = [
                st.by_subject(target[side], called[side], subject[side], labels)
                for side in (mine, ~mine)
            ]
            found.append(_group(column, str(one), sides[0], sides[1], seed))
    return tuple(found)


def agreement(clip: Clip) -> Mapping[str, str]:
    """Whether most people gave a clip its label; empty where nobody voted.

    Single votes are struck out first, as by the authors of FER+ (Barsoum et al., ICMI 2016), whose
    strict majority keeps the clips with more than half of the votes left, and no others.
    """
    if not clip.votes:
        return {}
    kept = {label: votes for label, votes in clip.votes.items() if votes > 1}
    clear = 2 * kept.get(clip.label or "", 0) > sum(kept.values())
    return {AGREEMENT: CLEAR if clear else SPLIT}


def _group(column: str, value: str, mine: st.Counts, rest: st.Counts, seed: int) -> Group:
    return Group(
        column=column,
        value=value,
        n=int(mine.sum()),
        subjects=len(mine),
        accuracy=st.estimate(mine, st.accuracy, seed=seed),
        uar=st.estimate(mine, st.uar, seed=seed),
        against=st.difference(mine, rest, st.accuracy, paired=False, seed=seed),
    )


def table(groups: Iterable[Mapping[str, Any]]) -> str:
    """CSV text, shares as fractions.

    Args:
        groups: the fields of each `Group`, as a report's facts hold them.
    """
    rows: Rows = [COLUMNS]
    for each in groups:
        figures = [
            each[name][end]
            for name in ("accuracy", "uar", "against")
            for end in ("value", "low", "high")
        ]
        cells = ("" if v is None or np.isnan(v) else f"{v:.6g}" for v in figures)
        rows.append([each["column"], each["value"], each["n"], each["subjects"], *cells])
    return csv_text(rows)
