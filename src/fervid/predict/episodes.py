"""Episodes: from probability curves to what people count, an expression with onset, apex and end.

A face's odds of each label against neutral are first seen from its own calm level, so that quiet
faces count, too (`raised`). Each curve is smoothed and cut by two thresholds with hysteresis [1]:
an episode reaches `high`, and lasts while the curve stays at `low` or above. As in speech activity
detection [2], episodes of one label that lie close together are joined, and short ones dropped.
The apex is the middle of the frames near the peak. Labels are cut independently of one another,
so episodes of different labels may overlap. Neutral is no episode.

[1] Canny, A computational approach to edge detection, IEEE TPAMI 8 (6), 1986, Sec. VI.
[2] Gelly, Gauvain, Minimum word error training of RNN-based voice activity detection,
    Interspeech 2015.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fervid.errors import InputError
from fervid.predict.per_frame import CUT
from fervid.predict.timeline import NOBODY, Timeline

NEUTRAL = "neutral"
LEAST = 1e-4  # added to probabilities, which are told apart no more below it
CALM = 0.2  # quantile of a face's odds that stands for its calm level

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class EpisodeSettings:
    """How curves are cut. The defaults were chosen by benchmarks/episodes.py.

    Args:
        high: value that a curve reaches in every episode, 0..1.
        low: value that it keeps throughout; above `calm`.
        calm: probability against neutral to which a label's calm level is raised where it lies
            lower (`raised`); 0 takes the probabilities as they are.
        smooth: standard deviation of the Gaussian over time, seconds.
        shortest: seconds that an episode lasts at least.
        gap: seconds up to which two episodes of a label are one, and a face may be missing.
        near: share of the peak above which a frame counts as being at the apex.
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
            raise InputError(
                f"thresholds {self.low} and {self.high}: give 0 < low <= high, and high up to 1"
            )
        if not 0 <= self.calm < self.low:
            raise InputError(f"calm={self.calm}: give a probability from 0, below low={self.low}")
        if not 0 < self.near <= 1:
            raise InputError(f"near={self.near}: give a share of the peak above 0, up to 1")
        if not all(0 <= s < np.inf for s in (self.smooth, self.shortest, self.gap)):
            raise InputError("episodes: give smooth, shortest and gap in seconds, from 0")


@dataclass(frozen=True)
class Episode:
    """One expression of one face.

    Args:
        face: its id.
        label: the expression.
        onset: seconds, when its first frame begins.
        apex: seconds of the frame in the middle of the peak.
        offset: seconds, when its last frame ends.
        onset_frame: 0-based, its first frame.
        apex_frame: 0-based.
        offset_frame: 0-based, its last frame.
        peak: highest value of the curve that was cut, 0..1.
        mean: its mean, each frame counted as long as it is shown.
        rise: its rise from onset to apex, per second; 0 where they are one frame.
        area: its integral over the episode, seconds.
        probability: highest smoothed probability, as the model gave it.
        frames: how many frames of the input lie between onset and offset.
        missing: how many of these bear no label for this face.
        margin: mean lead of the probability over the likeliest other label's, -1..1; below 0 the
            model itself would call another label, most often neutral.
        score: mean of the finder's score, 0..1.
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
    """The episodes of every face and label but neutral, by face, then by onset.

    A picture has none: it tells of no course.
    """
    frame, first = np.unique(rows.frame, return_index=True)
    if len(frame) < 2:
        return []
    starts = rows.time[first]
    ends = np.append(starts[1:], starts[-1] + np.median(np.diff(starts)))
    by_face: list[Episode] = []
    for face, mine in _by_face(rows):
        place = np.searchsorted(frame, rows.frame[mine])
        plain = np.asarray(rows.probabilities[mine], np.float64)
        seen = _Seen(
            face, frame, place, starts[place], ends[place], plain,
            np.asarray(rows.score[mine], np.float64), rows.labels,
        )  # fmt: skip
        by_face += _of_face(seen, settings)
    return by_face


@dataclass(frozen=True)
class _Seen:
    """One face in the N frames in which it bears labels.

    Args:
        frame: (F,) numbers of all frames of the input.
        place: (N,) which of them these are.
        start: (N,) seconds, when each begins.
        end: (N,) seconds, when each ends.
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
    """Each face with its labelled rows, ascending."""
    labelled = np.flatnonzero(rows.labelled & (rows.face != NOBODY))
    order = labelled[np.argsort(rows.face[labelled], kind="stable")]
    faces, begins = np.unique(rows.face[order], return_index=True)
    for face, mine in zip(faces, np.split(order, begins[1:]), strict=False):
        yield int(face), mine


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
    """Its numbers; `sure` is its highest probability and its mean lead."""
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
    """How far each label stands out of a face's own calm level; never below its probability.

    A label's odds against neutral at the calm level are their 20 % quantile over the frames of the
    face. Where these are lower than `calm` would be, all odds of the label are multiplied up to
    that. As a probability against neutral, times the label's share among all labels but neutral,
    this is the label's value, unless its probability is higher: who smiles throughout, smiles.

    Args:
        probabilities: (N, K).
        labels: K names; without a neutral among them the probabilities are returned.

    Returns:
        (N, K), 0..1; neutral is as it was.
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
        start: (N,) seconds, when each frame begins, ascending.
        end: (N,) seconds, when each frame ends.
        apart: (N,) whether no episode goes on from the frame before.
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
    """The middle of the frames near the peak, or the peak itself where another hill is as high."""
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
