"""The codebook: meaning, unit, range and source of each column in our tables."""

import re
from dataclasses import dataclass

from fervid.faces.action_units import ACTION_UNITS, NOTE
from fervid.faces.action_units import COLUMNS as MOVEMENTS
from fervid.prediction.timeline import STATUS


@dataclass(frozen=True)
class Description:
    """One line of a codebook.

    Args:
        meaning: what the column holds.
        unit: unit of its numbers; empty for names.
        range: possible values.
        source: where the values come from: the video, the face finder or the model.
    """

    meaning: str
    unit: str
    range: str
    source: str


FINDER, MODEL, VIDEO = "face finder", "model", "video"

CODEBOOK = {
    "input": Description("the input as given to predict", "", "text", "user"),
    "frame": Description("frame, counted from 0", "frames", "0, 1, ...", VIDEO),
    "timestamp": Description("time from the start of the input", "seconds", ">= 0", VIDEO),
    "face_id": Description("id by first appearance", "", "0, 1, ...; empty: no face", FINDER),
    "status": Description("status of the row", "", " | ".join(STATUS), FINDER),
    "left": Description("left edge of the box around the landmarks", "pixels", "any", FINDER),
    "top": Description("upper edge of the box around the landmarks", "pixels", "any", FINDER),
    "width": Description("width of the box around the landmarks", "pixels", "> 0", FINDER),
    "height": Description("height of the box around the landmarks", "pixels", "> 0", FINDER),
    "score": Description("confidence of the finder that this is a face", "", "0..1", FINDER),
    "label": Description("most probable label", "", "a label; empty: none", MODEL),
    "label_relative": Description(
        "most probable label, relative to the face's neutral", "", "a label; empty: none", MODEL
    ),
}


def describe(column: str) -> Description:
    """The description of a column of a prediction table.

    Raises:
        KeyError: it is not one of our columns.

    >>> describe("p_fear").meaning, describe("x30").unit
    ('probability of fear', 'pixels')
    """
    if column.startswith("p_"):
        return Description(f"probability of {column.removeprefix('p_')}", "", "0..1", MODEL)
    if column.startswith("r_"):
        label = column.removeprefix("r_")
        meaning = f"probability of {label}, relative to the face's neutral"
        return Description(meaning, "", "0..1", MODEL)
    if column in MOVEMENTS:
        unit = next(each for each in ACTION_UNITS if column in each.columns)
        side = {"_L": ", the person's left", "_R": ", the person's right"}.get(column[4:], "")
        return Description(f"{unit.name}{side}: {NOTE}", "", "0..1", "movement network")
    if point := re.fullmatch(r"([xy])(\d+)", column):
        side = "left edge" if point[1] == "x" else "upper edge"
        meaning = f"landmark {point[2]} of 68, from the frame's {side}"
        return Description(meaning, "pixels", "any", FINDER)
    return CODEBOOK[column]
