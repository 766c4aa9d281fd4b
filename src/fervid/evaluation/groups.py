"""Accuracy by group of subjects (sex, age, skin tone), if the database records it.

If it records the annotators' votes, also by how far they agreed on a clip.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fervid.clip import Clip
from fervid.evaluation import statistics as st
from fervid.evaluation.statistics import Estimate
from fervid.text import Rows, csv_text, digits

# Value of clips whose column is empty.
UNKNOWN = "unknown"
# A column with more values is not a grouping (but an age in years, or a note).
MOST = 12
# Column added for databases with votes, and its values.
AGREEMENT, CLEAR, SPLIT = "votes for the label", "more than half", "half or fewer"
COLUMNS = (
    "column", "value", "clips", "subjects", "accuracy", "low", "high", "uar", "uar_low",
    "uar_high", "against_the_others", "against_low", "against_high",
)  # fmt: skip


@dataclass(frozen=True)
class Group:
    """Results of one network on the clips of one group.

    Args:
        column: name of the grouping, such as "sex".
        value: the group, such as "female".
        n, subjects: number of clips and of subjects in the group.
        against: accuracy minus that of the column's other clips, with an interval from resampling
            the subjects of both sides; an interval that contains 0 shows no difference.
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
    predicted: NDArray[Any],
    subject: NDArray[Any],
    labels: int,
    *,
    seed: int = 0,
) -> tuple[Group, ...]:
    """Results for every group of every column with two to `MOST` values; empty without any.

    Args:
        clips: the database's clips, which hold groups and votes.
        name: (N,) names of the predicted clips.
        target, predicted: (N,) index of the true and of the predicted label.
        subject: (N,) subject of each clip.
        labels: K, the number of labels.
        seed: seed for the resampling.
    """
    columns_of = {clip.name: {**clip.groups, **agreement(clip)} for clip in clips}
    columns = sorted({column for each in name for column in columns_of.get(str(each), {})})
    groups: list[Group] = []
    for column in columns:
        value = np.array([columns_of.get(str(each), {}).get(column) or UNKNOWN for each in name])
        values = np.unique(value)
        if not 2 <= len(values) <= MOST:
            continue
        for group in values:
            inside = value == group
            sides = [
                st.by_subject(target[side], predicted[side], subject[side], labels)
                for side in (inside, ~inside)
            ]
            groups.append(_group(column, str(group), sides[0], sides[1], seed))
    return tuple(groups)


def agreement(clip: Clip) -> Mapping[str, str]:
    """Whether a majority of annotators gave the clip its label; empty without votes.

    Labels with a single vote are ignored, as by the authors of FER+ (Barsoum et al., ICMI 2016). A
    strict majority then needs more than half of the remaining votes.
    """
    if not clip.votes:
        return {}
    counted = {label: votes for label, votes in clip.votes.items() if votes > 1}
    clear = 2 * counted.get(clip.label or "", 0) > sum(counted.values())
    return {AGREEMENT: CLEAR if clear else SPLIT}


def _group(column: str, value: str, counts: st.Counts, rest: st.Counts, seed: int) -> Group:
    return Group(
        column=column,
        value=value,
        n=int(counts.sum()),
        subjects=len(counts),
        accuracy=st.estimate(counts, st.accuracy, seed=seed),
        uar=st.estimate(counts, st.uar, seed=seed),
        against=st.difference(counts, rest, st.accuracy, paired=False, seed=seed),
    )


def table(groups: Iterable[Mapping[str, Any]]) -> str:
    """CSV text, with shares in 0..1.

    Args:
        groups: the fields of each `Group`, as in a report's facts.
    """
    rows: Rows = [COLUMNS]
    for each in groups:
        numbers = [
            each[name][end]
            for name in ("accuracy", "uar", "against")
            for end in ("value", "low", "high")
        ]
        about = (each[name] for name in ("column", "value", "n", "subjects"))
        rows.append([*about, *map(digits, numbers)])
    return csv_text(rows)
