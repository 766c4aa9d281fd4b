"""Frames judged one by one: against a slow transcription, and what is promised about memory."""

import numpy as np
import pytest

from fervid.prediction.frame import FaceInFrame, FrameRecord
from fervid.prediction.per_frame import Stills, smoothed
from fervid.prediction.timeline import STATUS, Timeline

SHAPE = np.zeros((68, 2), np.float32)
TO_FRAME = np.eye(2, 3, dtype=np.float32)


class Each:
    """Tells a face from its picture's first two pixels, and declines dark ones."""

    labels = ("a", "b")
    output = "x"
    per_frame = True

    def __init__(self):
        self.asked = []

    @property
    def system(self):
        return self

    def inputs(self, track):
        assert len(track) == 1 and track.seen.all()
        v = track.faces[:, 0, :2, 0].astype(float)
        return {"v": v if v.any() else v[:0]}

    def predict(self, arrays):
        self.asked.append(len(arrays["v"]))
        return {"x": (arrays["v"] / arrays["v"].sum(1, keepdims=True)).astype(np.float32)}


def stream(times, shown, seed=0):
    """`shown`: for each frame the ids in it."""
    rng = np.random.default_rng(seed)
    for index, (time, ids) in enumerate(zip(times, shown, strict=True)):
        crops = {i: rng.integers(1, 255, (4, 4, 3), np.uint8) for i in ids}
        there = {i: FaceInFrame(i, 0.9, SHAPE, crop, SHAPE, TO_FRAME) for i, crop in crops.items()}
        yield FrameRecord(index, float(time), (64, 48), True, there)


def run(moments, **settings):
    stills = Stills(Each(), **settings)
    chunks = [chunk for moment in moments for chunk in stills.push(moment)]
    return Timeline.of(np.concatenate([*chunks, *stills.finish()]), "x", ("a", "b")), stills


def slowly(moments, smooth):
    """(frame, face) -> probabilities, by definition."""
    told = {}
    for moment in moments:
        for face, sight in moment.faces.items():
            a, b = sight.crop[0, :2, 0].astype(float)
            told[moment.index, face] = moment.time, np.array([a, b]) / (a + b)
    found = {}
    for (index, face), (time, own) in told.items():
        total, whole = np.zeros(2), 0.0
        for (_, other), (when, p) in told.items():
            if other == face and smooth and abs(when - time) <= 3 * smooth:
                weight = np.exp(-((when - time) ** 2) / (2 * smooth**2))
                total, whole = total + weight * p, whole + weight
        found[index, face] = total / whole if smooth else own
    return found


@pytest.mark.parametrize("smooth", [0, 0.05, 0.4])
@pytest.mark.parametrize("batch", [1, 7, 64])
def test_against_slow_transcription(smooth, batch):
    rng = np.random.default_rng(batch)
    times = np.cumsum(rng.choice([0.03, 0.04, 0.3, 2.0], 150, p=[0.5, 0.4, 0.07, 0.03]))
    present = np.cumsum(rng.random((150, 3)) < 0.06, axis=0) % 2 == 0
    shown = [np.flatnonzero(row).tolist() for row in present]
    rows, _ = run(stream(times, shown), smooth=smooth, batch=batch)
    expected = slowly(list(stream(times, shown)), smooth)
    got = {(int(f), int(i)): k for k, (f, i) in enumerate(zip(rows.frame, rows.face, strict=True))}
    assert {key for key in got if key[1] >= 0} == set(expected)
    assert sorted(set(rows.frame.tolist())) == list(range(150)) and (np.diff(rows.frame) >= 0).all()
    for key, wanted in expected.items():
        np.testing.assert_allclose(rows.probabilities[got[key]], wanted, rtol=1e-5, atol=1e-6)


def test_a_constant_answer_stays_and_time_counts_not_frames():
    times = np.arange(40) / 25
    flat = np.tile([[0.3, 0.7]], (40, 1))
    np.testing.assert_allclose(smoothed(flat, times, times, 0.2), flat, rtol=1e-5)
    rising = np.stack([times, 1 - times], 1) / 2
    twice = np.repeat(rising, 2, axis=0)
    np.testing.assert_allclose(
        smoothed(twice, np.repeat(times, 2), times, 0.2),
        smoothed(rising, times, times, 0.2),
        rtol=1e-5,
        atol=1e-7,
    )


def test_no_face_no_label_and_the_system_may_decline():
    moments = list(stream(np.arange(9) / 25, [[0], [], [0]] * 3))
    moments[3].faces[0].crop[:] = 0
    rows, _ = run(moments, smooth=0.1)
    assert [STATUS[s] for s in rows.status] == ["face", "no face", "face", "too short", "no face",
                                                "face", "face", "no face", "face"]  # fmt: skip
    assert np.isnan(rows.probabilities[[1, 3, 4, 7]]).all()
    assert not np.isnan(rows.probabilities[rows.labelled]).any()


def test_memory_is_a_batch_and_the_filter():
    stills = Stills(Each(), smooth=0.1, batch=16)
    most = 0
    shown = [(0, 1) if i % 3000 < 1500 else () for i in range(9000)]
    for moment in stream(np.arange(9000) / 25, shown):
        for _ in stills.push(moment):
            pass
        held = sum(len(timed) for timed in stills._predictions.values())
        most = max(most, held, len(stills._pending), len(stills._waiting))
    assert most <= 1024 and sum(len(timed) for timed in stills._predictions.values()) <= 64
    assert max(stills.recognizer.asked) <= 17
