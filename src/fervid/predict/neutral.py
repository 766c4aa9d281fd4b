"""Probabilities relative to a person's own neutral face.

Some faces look sad or cross at rest, and a quiet person's smile hardly looks like one. The
expressions of such a face show in how its probabilities change. With n_k the geometric mean of
p_k + FLOOR over frames in which the face is neutral, and a prior P_k,

    r_k = P_k (p_k + FLOOR) / n_k, divided by the sum over all labels,

which is a shift of the logits. A face that looks as in its neutral frames gets the prior: `NEUTRAL`
for neutral, and equal parts of the rest for the other labels. The constants were chosen on rendered
stand-ins by `benchmarks/neutral.py`; docs/predict.md has the numbers.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fervid.atomic import digest_of
from fervid.errors import InputError
from fervid.predict.timeline import Timeline

FLOOR = 1e-3  # added to probabilities, because smaller changes mean little
NEUTRAL = 0.85  # prior of neutral
CALM = 0.25  # share of a face's frames, the most neutral ones, that "auto" takes as its neutral
FEWEST = 10  # minimum number of a face's frames for "auto"
SPAN = re.compile(r"(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)")

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Neutral:
    """Where to find a person's neutral face.

    Args:
        text: the option as the user wrote it.
        start, end: seconds of a stretch; None for the face's calmest frames ("auto").
        rest: (K,) result of `rest` for a face from another input; None to use each face's own.
    """

    text: str
    start: float | None = None
    end: float | None = None
    rest: tuple[float, ...] | None = None

    @classmethod
    def of(cls, text: str) -> "Neutral":
        """Parse "auto", seconds ("0-2"), or the name of a picture or video of the face.

        Raises:
            InputError: the text is none of these.
        """
        if text == "auto":
            return cls(text)
        if span := SPAN.fullmatch(text):
            start, end = map(float, span.groups())
            if not start < end:
                raise InputError(
                    f"--neutral {text}: the end must be after the start: give seconds such as 0-2"
                )
            return cls(text, start, end)
        if not Path(text).is_file():
            raise InputError(
                f"--neutral {text}: no such file: give seconds (0-2), auto, or a picture or video "
                "of the person's neutral face"
            )
        return cls(text)

    @property
    def key(self) -> list[str]:
        """What the neutral face depends on: the text, and the content of a file."""
        return [self.text, digest_of(self.file) if self.file else ""]

    @property
    def file(self) -> Path | None:
        """The picture or video of the face."""
        return Path(self.text) if self.text != "auto" and self.start is None else None


def rest(probabilities: Floats) -> NDArray[np.float64]:
    """(K,) log n_k of a face at rest, from (N, K) probabilities of its neutral frames."""
    mean: NDArray[np.float64] = np.log(probabilities.astype(np.float64) + FLOOR).mean(axis=0)
    return mean


def relative(probabilities: Floats, at_rest: Floats, labels: tuple[str, ...]) -> Floats:
    """Probabilities relative to a neutral face.

    Args:
        probabilities: (..., K).
        at_rest: (K,) result of `rest`.
        labels: K names.

    Returns:
        (..., K) float32 with sums of 1; NaN stays NaN.

    Raises:
        InputError: there is no label "neutral".
    """
    if "neutral" not in labels:
        raise InputError("the model has no label neutral: use one that does, such as tfe-plus")
    others = max(len(labels) - 1, 1)
    prior = np.array([NEUTRAL if x == "neutral" else (1 - NEUTRAL) / others for x in labels])
    odds = prior * (probabilities.astype(np.float64) + FLOOR) / np.exp(at_rest)
    return np.asarray(odds / odds.sum(axis=-1, keepdims=True), np.float32)


def relative_to_neutral(rows: Timeline, neutral: Neutral | Timeline | str) -> Timeline:
    """A copy of the timeline with `relative` filled in; NaN for a face without a known neutral.

    Args:
        rows: timeline with any number of faces; each id has its own neutral.
        neutral: "auto", seconds ("0-2"), or the timeline of a picture or video of the neutral face.
            A timeline applies to the face labelled longest in `rows`.

    Raises:
        InputError: there is no label "neutral", or `neutral` cannot be understood.
    """
    if isinstance(neutral, Timeline):
        neutral = Neutral(neutral.input, rest=rest_of(neutral))
    reference = Neutral.of(neutral) if isinstance(neutral, str) else neutral
    if reference.file and reference.rest is None:
        raise InputError(f"{reference.text} is a file: pass its timeline instead of its name")
    values = np.full(rows.probabilities.shape, np.nan, np.float32)
    for face in rows.faces if reference.rest is None else [main_face(rows)]:
        own = (rows.face == face) & rows.labelled
        at_rest = _rest_of_face(rows.rows(own), reference)
        if at_rest is not None:
            values[own] = relative(rows.probabilities[own], at_rest, rows.labels)
    return replace(rows, relative=values)


def rest_of(rows: Timeline) -> tuple[float, ...]:
    """(K,) `rest` of the longest labelled face in a picture or video of a neutral face.

    Raises:
        InputError: there is no labelled face.
    """
    own = (rows.face == main_face(rows)) & rows.labelled
    if not own.any():
        raise InputError(f"{rows.input} shows no face: give a clear picture of the neutral face")
    return tuple(rest(rows.probabilities[own]).tolist())


def main_face(rows: Timeline) -> int:
    """Id of the face with the most labelled rows; -1 if there are none."""
    ids, counts = np.unique(rows.face[rows.labelled], return_counts=True)
    return int(ids[counts.argmax()]) if len(ids) else -1


def _rest_of_face(rows: Timeline, reference: Neutral) -> Floats | None:
    """`rest` of one face from its labelled rows; None if it cannot be determined."""
    if reference.rest is not None:
        return np.array(reference.rest)
    if reference.start is not None and reference.end is not None:
        inside = (rows.time >= reference.start) & (rows.time < reference.end)
        return rest(rows.probabilities[inside]) if inside.any() else None
    if len(rows) < FEWEST:
        return None
    calm = rows.probabilities[:, rows.labels.index("neutral")]
    count = int(np.ceil(CALM * len(rows)))
    return rest(rows.probabilities[np.argsort(-calm, kind="stable")[:count]])
