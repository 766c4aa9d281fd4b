"""Prediction tables -> stretches whose label a person should check.

There are no given labels here, so a stretch is worth a look where models disagree on it, where the
two likeliest labels lie close, or where a label flickers up between two others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fervid.errors import InputError
from fervid.prediction.intervals import LabelInterval
from fervid.prediction.writers.table import PredictionTable, read_table
from fervid.text import csv_text

NARROW = 0.2  # a mean margin below it is a reason to look
BRIEF = 0.25  # seconds; expressions last longer, and a label that does not is noise or a blink
HALF = 0.5  # share of frames that the other models must agree on


@dataclass(frozen=True)
class Stretch:
    """One stretch of one face and why to look at it.

    Args:
        table: that the stretch is of, the first named of its input.
        face: its id.
        start, end: seconds.
        label: the table's.
        suggested: what most other tables say; with one table, the second likeliest.
        margin: 0..1, between the two likeliest labels, mean over the frames.
        agreement: 0..1, share of the other tables' frames with the same label; NaN without any.
        reasons: sentences, the most telling first.
    """

    table: PredictionTable
    face: int
    start: float
    end: float
    label: str
    suggested: str
    margin: float
    agreement: float
    reasons: tuple[str, ...]


def suggest_stretches(paths: Sequence[Path], n: int = 50) -> list[Stretch]:
    """Stretches to look at first: disputed ones, then narrow ones, then brief ones.

    Args:
        paths: tables of `fervid predict`; several of one input, by several models, are compared.
        n: most suggestions.

    Raises:
        InputError: a table that cannot be read, or two of one input with other labels.
    """
    groups: dict[str, list[PredictionTable]] = {}
    for path in paths:
        table = read_table(path)
        groups.setdefault(str(table.rows["input"].iloc[0]), []).append(table)
    ranked: list[tuple[tuple[int, float, float], Stretch]] = []
    for first, *others in groups.values():
        if other := next((each for each in others if set(each.labels) != set(first.labels)), None):
            raise InputError(
                f"{first.path} and {other.path} are of one input but have other labels: name "
                "tables of models with one label set"
            )
        ranked += _of_input(first, others)
    ranked.sort(key=lambda each: (each[0], str(each[1].table.path), each[1].start))
    return [stretch for _, stretch in ranked[:n]]


def _of_input(
    table: PredictionTable, others: Sequence[PredictionTable]
) -> list[tuple[tuple[int, float, float], Stretch]]:
    codes = {label: place for place, label in enumerate(table.labels)}
    votes = [_votes(each, codes) for each in others]
    margins = _margins(table)
    ranked = []
    for number, each in enumerate(table.intervals):
        place = slice(*np.searchsorted(margins.frame[each.face],
                                       [each.first_frame, each.last_frame + 1]))  # fmt: skip
        margin = float(margins.margin[each.face][place].mean())
        seconds = np.bincount(margins.second[each.face][place], minlength=len(codes))
        counts = _counts(each, votes, len(codes))
        agreement = counts[codes[each.label]] / counts.sum() if counts.sum() else np.nan
        rivals = np.where(np.arange(len(codes)) == codes[each.label], 0, counts)
        suggested = table.labels[int((rivals if rivals.any() else seconds).argmax())]
        kinds: dict[int, tuple[float, str]] = {}
        if agreement < HALF:
            kinds[0] = (
                agreement,
                f"other models say {each.label} in {agreement:.0%} of its frames",
            )
        if margin < NARROW:
            kinds[1] = (margin, f"narrow: {margin:.2f} between the two likeliest")
        lasting = each.end - each.start
        if lasting < BRIEF and _between(table.intervals, number):
            kinds[2] = (lasting, f"lasts {lasting:.2f} s")
        if kinds:
            first = min(kinds)
            reasons = tuple(reason for _, reason in kinds.values())
            stretch = Stretch(table, each.face, each.start, each.end, each.label, suggested, margin,
                              agreement, reasons)  # fmt: skip
            ranked.append(((first, kinds[first][0], margin), stretch))
    return ranked


@dataclass(frozen=True)
class _Margins:
    """By face: (F,) frames, margins, and places of the second likeliest labels."""

    frame: Mapping[int, NDArray[np.int64]]
    margin: Mapping[int, NDArray[np.float64]]
    second: Mapping[int, NDArray[np.int64]]


def _margins(table: PredictionTable) -> _Margins:
    rows = table.rows[table.rows["label"].notna() & table.rows["face_id"].notna()]
    rows = rows.sort_values(["face_id", "frame"], kind="stable")
    values = rows[[f"p_{label}" for label in table.labels]].to_numpy(np.float64)
    order = np.argsort(values, axis=1)
    top = np.take_along_axis(values, order[:, -2:], axis=1) if values.shape[1] > 1 else values
    second = order[:, -2] if values.shape[1] > 1 else order[:, -1]
    face, frame = rows["face_id"].to_numpy(np.int64), rows["frame"].to_numpy(np.int64)
    margin = top[:, -1] - top[:, 0]
    parts = [{int(one): column[face == one] for one in np.unique(face)}
             for column in (frame, margin, second)]  # fmt: skip
    return _Margins(*parts)


Votes = Mapping[int, tuple[NDArray[np.int64], NDArray[np.int64]]]  # by face: frames, label codes


def _votes(table: PredictionTable, codes: Mapping[str, int]) -> Votes:
    """Each face's labelled frames, ascending, and the codes of their labels."""
    rows = table.rows[table.rows["label"].notna() & table.rows["face_id"].notna()]
    rows = rows.sort_values(["face_id", "frame"], kind="stable")
    face, frame = rows["face_id"].to_numpy(np.int64), rows["frame"].to_numpy(np.int64)
    code = rows["label"].map(codes).to_numpy(np.int64)
    return {int(one): (frame[face == one], code[face == one]) for one in np.unique(face)}


def _counts(each: LabelInterval, votes: Sequence[Votes], labels: int) -> NDArray[np.int64]:
    """(K,) how many frames of the other tables bear each label."""
    counts = np.zeros(labels, np.int64)
    for vote in votes:
        if each.face in vote:
            frame, code = vote[each.face]
            part = slice(*np.searchsorted(frame, [each.first_frame, each.last_frame + 1]))
            counts += np.bincount(code[part], minlength=labels)
    return counts


def _between(intervals: Sequence[LabelInterval], number: int) -> bool:
    """Whether other labels of the same face adjoin an interval on both sides."""
    if not 0 < number < len(intervals) - 1:
        return False
    before, each, after = intervals[number - 1 : number + 2]
    joined = before.last_frame + 1 == each.first_frame and each.last_frame + 1 == after.first_frame
    return before.face == each.face == after.face and joined


def text(stretches: Sequence[Stretch]) -> str:
    """One line per stretch."""
    return "\n".join(
        f"{place:3} {each.table.name} face {each.face}, {each.start:.2f} to {each.end:.2f} s: "
        f"{each.label}, or {each.suggested}? {'; '.join(each.reasons)}"
        for place, each in enumerate(stretches, 1)
    )


def table(stretches: Sequence[Stretch]) -> str:
    """CSV text to correct in the column `label`."""
    header = ["path", "face_id", "start_seconds", "end_seconds", "label", "suggested", "margin",
              "agreement", "reasons"]  # fmt: skip
    rows: list[list[Any]] = [header]
    for each in stretches:
        media = each.table.media or each.table.rows["input"].iloc[0]
        figures = ("" if np.isnan(v) else f"{v:.4f}" for v in (each.margin, each.agreement))
        rows.append([str(media), each.face, f"{each.start:.6f}", f"{each.end:.6f}", each.label,
                     each.suggested, *figures, "; ".join(each.reasons)])  # fmt: skip
    return csv_text(rows)


def write_elan(stretches: Sequence[Stretch], folder: Path) -> list[Path]:
    """An `.eaf` for each table with all its labels, and a tier `face 0 look` with the reasons.

    Returns:
        The files written.
    """
    from fervid.prediction.writers import elan

    written = []
    for path, source in {each.table.path: each.table for each in stretches}.items():
        remarks: dict[int, list[tuple[float, float, str]]] = {}
        for each in sorted((s for s in stretches if s.table.path == path), key=lambda s: s.start):
            remark = f"{each.suggested}? {'; '.join(each.reasons)}"
            remarks.setdefault(each.face, []).append((each.start, each.end, remark))
        written += elan.write(source, folder / f"{source.name}.suggested", remarks)
    return written
