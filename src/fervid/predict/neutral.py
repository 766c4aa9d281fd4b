"""Probabilities relative to a person's own neutral face.

Some faces at rest look sad or cross, and a quiet person's smile hardly looks like one. What such a
face does shows in how its probabilities change: with n_k the geometric mean of p_k + FLOOR over
frames in which the face is neutral, and a prior P_k,

    r_k = P_k (p_k + FLOOR) / n_k, divided by the sum over all labels,

which is a shift of the logits. A face that looks as in its neutral frames gets the prior: neutral
with `NEUTRAL`, each other label an equal part of the rest. The constants were chosen on rendered
stand-ins by `benchmarks/neutral.py`; docs/predict.md has the numbers.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fervid.errors import InputError
from fervid.predict.timeline import Timeline

FLOOR = 1e-3  # added to probabilities: below it, a change says little
NEUTRAL = 0.85  # prior of neutral
CALM = 0.25  # share of a face's frames, those most probably neutral, that "auto" takes for its rest
FEWEST = 10  # frames that a face needs for "auto"
SPAN = re.compile(r"(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)")

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Neutral:
    """Where a face is neutral.

    Args:
        text: as the user wrote it.
        start, end: seconds of a stretch; None: the face's calmest frames ("auto").
        rest: (K,) of a face known from elsewhere, as `rest` gives it; None: each face's own.
    """

    text: str
    start: float | None = None
    end: float | None = None
    rest: tuple[float, ...] | None = None

    @classmethod
    def of(cls, text: str) -> "Neutral":
        """Read "auto", seconds ("0-2"), or the name of a picture or video of the face.

        Raises:
            InputError: it is none of these.
        """
        if text == "auto":
            return cls(text)
        if span := SPAN.fullmatch(text):
            start, end = map(float, span.groups())
            if not start < end:
                raise InputError(f"--neutral {text}: the stretch ends before it begins: give 0-2")
            return cls(text, start, end)
        if not Path(text).is_file():
            raise InputError(
                f"--neutral {text}: no such file: give seconds (0-2), auto, or a picture or video "
                "of the person's neutral face"
            )
        return cls(text)

    @property
    def file(self) -> Path | None:
        """The picture or video of the face."""
        return Path(self.text) if self.text != "auto" and self.start is None else None


def rest(probabilities: Floats) -> NDArray[np.float64]:
    """(K,) what a face at rest gives: log n_k, from (N, K) probabilities of its neutral frames."""
    mean: NDArray[np.float64] = np.log(probabilities.astype(np.float64) + FLOOR).mean(axis=0)
    return mean


def relative(probabilities: Floats, at_rest: Floats, labels: tuple[str, ...]) -> Floats:
    """Probabilities relative to a neutral face.

    Args:
        probabilities: (..., K).
        at_rest: (K,) as `rest` gives it.
        labels: K names.

    Returns:
        (..., K) float32, each a sum of 1; NaN stays.

    Raises:
        InputError: no label is "neutral".
    """
    if "neutral" not in labels:
        raise InputError("the model has no label neutral: use one that has, such as tfe-plus")
    others = max(len(labels) - 1, 1)
    prior = np.array([NEUTRAL if x == "neutral" else (1 - NEUTRAL) / others for x in labels])
    odds = prior * (probabilities.astype(np.float64) + FLOOR) / np.exp(at_rest)
    return np.asarray(odds / odds.sum(axis=-1, keepdims=True), np.float32)


def relative_to_neutral(rows: Timeline, neutral: Neutral | Timeline | str) -> Timeline:
    """The timeline with `relative` filled in, NaN for a face whose neutral is not known.

    Args:
        rows: any number of faces; each (id) has its own neutral.
        neutral: "auto", seconds ("0-2"), or the timeline of a picture or video of the neutral face,
            which is then that of the face labelled longest in `rows`.

    Raises:
        InputError: no label is "neutral", or `neutral` cannot be understood.
    """
    if isinstance(neutral, Timeline):
        neutral = Neutral(neutral.input, rest=rest_of(neutral))
    asked = Neutral.of(neutral) if isinstance(neutral, str) else neutral
    if asked.file and asked.rest is None:
        raise InputError(f"{asked.text} is not judged yet: give its timeline")
    values = np.full(rows.probabilities.shape, np.nan, np.float32)
    for face in rows.faces if asked.rest is None else [main_face(rows)]:
        mine = (rows.face == face) & rows.labelled
        at_rest = _rest_of_face(rows.rows(mine), asked)
        if at_rest is not None:
            values[mine] = relative(rows.probabilities[mine], at_rest, rows.labels)
    return replace(rows, relative=values)


def rest_of(rows: Timeline) -> tuple[float, ...]:
    """(K,) of a picture or video that shows one face at rest throughout: that labelled longest.

    Raises:
        InputError: there is none.
    """
    mine = (rows.face == main_face(rows)) & rows.labelled
    if not mine.any():
        raise InputError(f"{rows.input} shows no face: give a clear picture of the neutral face")
    return tuple(rest(rows.probabilities[mine]).tolist())


def main_face(rows: Timeline) -> int:
    """Id of the face with the most labelled rows; -1 where none has any."""
    ids, counts = np.unique(rows.face[rows.labelled], return_counts=True)
    return int(ids[counts.argmax()]) if len(ids) else -1


def _rest_of_face(mine: Timeline, asked: Neutral) -> Floats | None:
    """Of one face's labelled rows; None where they do not tell."""
    if asked.rest is not None:
        return np.array(asked.rest)
    if asked.start is not None and asked.end is not None:
        inside = (mine.time >= asked.start) & (mine.time < asked.end)
        return rest(mine.probabilities[inside]) if inside.any() else None
    if len(mine) < FEWEST:
        return None
    calm = mine.probabilities[:, mine.labels.index("neutral")]
    count = int(np.ceil(CALM * len(mine)))
    return rest(mine.probabilities[np.argsort(-calm, kind="stable")[:count]])
