"""Episodes: probability curves -> what people count, expressions with onset, apex and offset.

First, a face's odds of each label against neutral are measured relative to its own calm level, so
that quiet faces also count (`raised`). Each curve is smoothed and cut by two thresholds with
hysteresis [1]: an episode reaches `high`, and lasts while the curve stays at or above `low`. As in
speech activity detection [2], episodes of one label that lie close together are joined, and short
ones are dropped. The apex is the middle of the frames near the peak. Labels are cut independently
of each other, so episodes of different labels may overlap. Neutral is never an episode.

[1] Canny, A computational approach to edge detection, IEEE TPAMI 8 (6), 1986, Sec. VI.
[2] Gelly, Gauvain, Minimum word error training of RNN-based voice activity detection,
    Interspeech 2015.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fervid.errors import InputError
from fervid.prediction.per_frame import CUT
from fervid.prediction.timeline import NOBODY, Timeline

NEUTRAL = "neutral"
LEAST = 1e-4  # added to probabilities; below it they are not distinguished
CALM = 0.2  # quantile of a face's odds that is taken as its calm level

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class EpisodeSettings:
    """How curves are cut into episodes. The defaults were chosen by benchmarks/episodes.py.

    Args:
        high: value that the curve reaches in every episode, 0..1.
        low: value that the curve keeps throughout an episode; above `calm`.
        calm: probability against neutral to which a lower calm level of a label is raised
            (`raised`); 0 uses the probabilities unchanged.
        smooth: standard deviation of the Gaussian over time, seconds.
        shortest: minimum duration of an episode, seconds.
        gap: longest gap within an episode, and longest absence of the face, seconds.
        near: share of the peak above which a frame counts as part of the apex.
    """

    high: float = 0.5
    low: float = 0.1
    calm: float = 0.06
    smooth: float = 0.1
    shortest: float = 0.2
    gap: float = 0.2
    near: float = 0.9

    def __post_init__(self) -> None:
        if not 0 < self.low <= self.high <= 1:
            raise InputError(f"low={self.low} and high={self.high}: give 0 < low <= high <= 1")
        if not 0 <= self.calm < self.low:
            raise InputError(f"calm={self.calm}: give 0 or more, and less than low={self.low}")
        if not 0 < self.near <= 1:
            raise InputError(f"near={self.near}: give a share of the peak, above 0 and up to 1")
        if not all(0 <= s < np.inf for s in (self.smooth, self.shortest, self.gap)):
            raise InputError(
                f"smooth={self.smooth}, shortest={self.shortest} and gap={self.gap}: give seconds "
                "from 0"
            )


@dataclass(frozen=True)
class Episode:
    """One expression of one face.

    Args:
        face: id of the face.
        label: the expression.
        onset: start of its first frame, seconds.
        apex: time of the frame in the middle of the peak, seconds.
        offset: end of its last frame, seconds.
        onset_frame: its first frame, 0-based.
        apex_frame: frame of the apex, 0-based.
        offset_frame: its last frame, 0-based.
        peak: highest value of the curve that was cut, 0..1.
        mean: mean of the curve, weighted by how long each frame is shown.
        rise: slope of the curve from onset to apex, per second; 0 if they are the same frame.
        area: integral of the curve over the episode, seconds.
        probability: highest smoothed probability from the model.
        frames: number of frames of the input from onset to offset.
        missing: number of these frames in which this face has no label.
        margin: mean difference between its probability and that of the most probable other label,
            -1..1; below 0 the model itself would choose another label, usually neutral.
        score: mean score of the finder, 0..1.
    """

    face: int
    label: str
    onset: float
    apex: float
    offset: float
    onset_frame: int
    apex_frame: int
    offset_frame: int
    peak: float
    mean: float
    rise: float
    area: float
    probability: float
    frames: int
    missing: int
    margin: float
    score: float


def episodes(
    rows: Timeline,
    settings: EpisodeSettings = EpisodeSettings(),
) -> list[Episode]:
    """Episodes of every face and every label except neutral, by face, then by onset.

    A still image has none.
    """
    frame, first = np.unique(rows.frame, return_index=True)
    if len(frame) < 2:
        return []
    starts = rows.time[first]
    ends = np.append(starts[1:], starts[-1] + np.median(np.diff(starts)))
    by_face: list[Episode] = []
    for face, own in _by_face(rows):
        place = np.searchsorted(frame, rows.frame[own])
        plain = np.asarray(rows.probabilities[own], np.float64)
        seen = _Seen(
            face, frame, place, starts[place], ends[place], plain,
            np.asarray(rows.score[own], np.float64), rows.labels,
        )  # fmt: skip
        by_face += _of_face(seen, settings)
    return by_face


@dataclass(frozen=True)
class _Seen:
    """One face in the N frames in which it has a label.

    Args:
        frame: (F,) numbers of all frames of the input.
        place: (N,) indices of the N frames in `frame`.
        start: (N,) start of each frame, seconds.
        end: (N,) end of each frame, seconds.
        probabilities: (N, K).
        score: (N,).
        labels: K names.
    """

    face: int
    frame: NDArray[np.int64]
    place: NDArray[np.intp]
    start: Floats
    end: Floats
    probabilities: Floats
    score: Floats
    labels: tuple[str, ...]


def _by_face(rows: Timeline) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Each face with the indices of its labelled rows, ascending."""
    labelled = np.flatnonzero(rows.labelled & (rows.face != NOBODY))
    order = labelled[np.argsort(rows.face[labelled], kind="stable")]
    faces, begins = np.unique(rows.face[order], return_index=True)
    for face, own in zip(faces, np.split(order, begins[1:]), strict=False):
        yield int(face), own


def _of_face(seen: _Seen, settings: EpisodeSettings) -> list[Episode]:
    plain = _smoothed(seen.probabilities, seen.start, settings.smooth)
    level = raised(seen.probabilities, seen.labels, settings.calm)
    curves = _smoothed(level, seen.start, settings.smooth)
    apart = np.append(True, seen.start[1:] - seen.end[:-1] > settings.gap)
    others = np.array([np.delete(plain, k, axis=1).max(axis=1, initial=0.0) for k in
                       range(len(seen.labels))]).T  # fmt: skip
    face_episodes = []
    for k, label in enumerate(seen.labels):
        if label != NEUTRAL:
            for begin, stop in spans(curves[:, k], seen.start, seen.end, apart, settings):
                part = slice(begin, stop)
                apex = begin + _apex(curves[part, k], settings.near)
                sure = plain[part, k].max(), (plain[part, k] - others[part, k]).mean()
                face_episodes.append(_episode(seen, label, part, apex, curves[:, k], sure))
    return sorted(face_episodes, key=lambda each: (each.onset_frame, each.label))


def _episode(
    seen: _Seen, label: str, part: slice, apex: int, curve: Floats, sure: tuple[float, float]
) -> Episode:
    """An episode from its frames; `sure` holds its highest probability and its mean margin."""
    begin, last = part.start, part.stop - 1
    onset, offset, at = seen.start[begin], seen.end[last], seen.start[apex]
    shown = seen.end[part] - seen.start[part]
    frames = int(seen.place[last] - seen.place[begin]) + 1
    climb = curve[apex] - curve[begin]
    return Episode(
        face=seen.face,
        label=label,
        onset=float(onset),
        apex=float(at),
        offset=float(offset),
        onset_frame=int(seen.frame[seen.place[begin]]),
        apex_frame=int(seen.frame[seen.place[apex]]),
        offset_frame=int(seen.frame[seen.place[last]]),
        peak=float(curve[part].max()),
        mean=float(np.average(curve[part], weights=shown)),
        rise=float(climb / (at - onset)) if apex > begin else 0.0,
        area=float((curve[part] * shown).sum()),
        probability=float(sure[0]),
        frames=frames,
        missing=frames - (part.stop - begin),
        margin=float(sure[1]),
        score=float(seen.score[part].mean()),
    )


def raised(probabilities: Floats, labels: tuple[str, ...], calm: float) -> Floats:
    """How far each label rises above a face's own calm level; never below its probability.

    A label's calm level is the 20 % quantile of its odds against neutral over the frames of the
    face. If it is lower than the odds of `calm`, all odds of the label are multiplied so that it
    reaches them. The odds become a probability against neutral, times the label's share among all
    labels except neutral. The value is the higher of this and the label's own probability, so that
    somebody who smiles throughout still counts as smiling.

    Args:
        probabilities: (N, K).
        labels: K names; without neutral among them the probabilities are returned unchanged.
        calm: see `EpisodeSettings`.

    Returns:
        (N, K), 0..1; the values of neutral are unchanged.
    """
    if NEUTRAL not in labels or not calm:
        return probabilities
    neutral = labels.index(NEUTRAL)
    known = probabilities + LEAST
    odds = known / known[:, [neutral]]
    odds *= np.maximum(calm / (1 - calm) / np.quantile(odds, CALM, axis=0), 1)
    shares = known / np.delete(known, neutral, axis=1).sum(axis=1, keepdims=True)
    lifted: Floats = np.maximum(probabilities, odds / (1 + odds) * shares)
    lifted[:, neutral] = probabilities[:, neutral]
    return lifted


def spans(
    curve: Floats, start: Floats, end: Floats, apart: NDArray[np.bool_], settings: EpisodeSettings
) -> list[tuple[int, int]]:
    """First frame, and one past the last, of each episode in one curve.

    Args:
        curve: (N,) smoothed.
        start: (N,) start of each frame, seconds, ascending.
        end: (N,) end of each frame, seconds.
        apart: (N,) whether the gap before a frame ends every episode.
    """
    on = curve >= settings.low
    begin = np.flatnonzero(on & ~(np.append(False, on[:-1]) & ~apart))
    stop = np.flatnonzero(on & ~np.append(on[1:] & ~apart[1:], False)) + 1
    if not len(begin):
        return []
    edges = np.stack([begin, stop], axis=1).ravel()
    peaks = np.maximum.reduceat(np.append(curve, -np.inf), edges)[::2]
    begin, stop = begin[peaks >= settings.high], stop[peaks >= settings.high]
    new = np.append(True, start[begin[1:]] - end[stop[:-1] - 1] > settings.gap)[: len(begin)]
    begin, stop = begin[new], stop[np.append(new[1:], True)[: len(stop)]]
    long = end[stop - 1] - start[begin] >= settings.shortest - 1e-9
    return [(int(b), int(s)) for b, s in zip(begin[long], stop[long], strict=True)]


def _apex(curve: Floats, near: float) -> int:
    """Middle of the frames near the peak, or the peak itself if another hill is as high."""
    top = int(curve.argmax())
    below = np.flatnonzero(curve < near * curve[top])
    first = int(below[below < top].max(initial=-1)) + 1
    last = int(below[below > top].min(initial=len(curve))) - 1
    return (first + last) // 2


def _smoothed(values: Floats, times: Floats, seconds: float) -> Floats:
    """As `per_frame.smoothed` at the times themselves, in memory that grows with N alone."""
    if not seconds:
        return values
    total, weight = values.copy(), np.ones(len(values))
    for shift in range(1, len(values)):
        apart = (times[shift:] - times[:-shift]) / seconds
        if apart.min() > CUT:
            break
        near = np.where(apart <= CUT, np.exp(-0.5 * np.minimum(apart, CUT) ** 2), 0)
        total[shift:] += near[:, None] * values[:-shift]
        total[:-shift] += near[:, None] * values[shift:]
        weight[shift:] += near
        weight[:-shift] += near
    mean: Floats = total / weight[:, None]
    return mean
