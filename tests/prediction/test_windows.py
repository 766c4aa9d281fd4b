"""Sliding windows against a slow transcription, and what they promise about memory and labels."""

import numpy as np
import pytest

from fervid.prediction.frame import FaceInFrame, FrameRecord
from fervid.prediction.timeline import STATUS, Timeline
from fervid.prediction.windows import Windows

SHAPE = np.random.default_rng(0).uniform(0, 50, (68, 2)).astype(np.float32)
TO_FRAME = np.eye(2, 3, dtype=np.float32)


class Memory:
    """A recognizer whose probabilities tell which frames a window held."""

    labels = ("a", "b")
    output = "x"
    name = "memory"

    def __init__(self, fewest=1):
        self.fewest = fewest
        self.tracks = []

    @property
    def system(self):
        return self

    def inputs(self, track):
        self.tracks.append(track)
        seen = track.frames[track.seen]
        if len(seen) < self.fewest:
            return {"v": np.zeros((0, 1))}
        return {"v": np.array([[value(seen)]])}

    def predict(self, arrays):
        v = arrays["v"][:, 0]
        return {"x": np.stack([v, 1 - v], axis=1).astype(np.float32)}


def value(frames):
    return float(np.mean(1 / (1 + np.asarray(frames, float))))


def moments(times, faces):
    """Faces: for each frame the ids in it."""
    for index, (time, ids) in enumerate(zip(times, faces, strict=True)):
        crop = np.full((4, 4, 3), index % 256, np.uint8)
        there = {i: FaceInFrame(i, 0.9, SHAPE + i, crop, SHAPE, TO_FRAME) for i in ids}
        yield FrameRecord(index, float(time), (64, 48), True, there)


def run(times, faces, recognizer=None, **settings):
    windows = Windows(recognizer or Memory(), **settings)
    chunks = [c for m in moments(times, faces) for c in windows.push(m)]
    return Timeline.of(np.concatenate([*chunks, *windows.finish()]), "x", ("a", "b"))


def slowly(times, faces, window, step, least):
    """Frame by frame and face by face: the mean over all windows that hold it, by definition."""
    last = times[-1]
    spans = []
    k = 0
    while k * step + window <= last:
        spans.append([i for i, t in enumerate(times) if k * step <= t < k * step + window])
        k += 1
    spans.append([i for i, t in enumerate(times) if t > last - window])
    expected = {}
    for index in range(len(times)):
        for face in faces[index]:
            told = []
            for span in spans:
                seen = [i for i in span if face in faces[i]]
                alone = len(span) == 1 and len(times) > 1
                if index in span and len(seen) >= least * len(span) and not alone:
                    told.append(value(seen))
            expected[index, face] = np.mean(told) if told else None
    return expected


@pytest.mark.parametrize("seed", range(12))
def test_against_slow_transcription(seed):
    rng = np.random.default_rng(seed)
    frames = int(rng.integers(1, 160))
    times = np.cumsum(
        rng.choice([0.04, 0.033, 0.2, 0.4, 3.0], frames, p=[0.5, 0.3, 0.1, 0.07, 0.03])
    )
    times -= times[0]
    present = np.cumsum(rng.random((frames, 3)) < 0.06, axis=0) % 2 == 0  # in stretches
    faces = [tuple(np.flatnonzero(row)) for row in present]
    window, step = [(1.0, 0.25), (0.5, 0.5), (2.0, 0.3)][seed % 3]
    rows = run(times, faces, window=window, step=step, batch=int(rng.integers(1, 9)))
    expected = slowly(times, faces, window, step, 0.5)
    got = {(int(f), int(i)): k for k, (f, i) in enumerate(zip(rows.frame, rows.face, strict=True))}
    assert {key for key in got if key[1] >= 0} == set(expected)
    assert sorted(set(rows.frame.tolist())) == list(range(frames))  # every frame has its row
    assert (np.diff(rows.frame) >= 0).all()
    for key, mean in expected.items():
        row = got[key]
        if mean is None:
            assert STATUS[rows.status[row]] == "too short" and rows.label[row] == ""
        else:
            assert STATUS[rows.status[row]] == "face"
            assert rows.probabilities[row, 0] == pytest.approx(mean, abs=1e-5)


def test_no_label_without_a_face():
    times = np.arange(100) / 25
    faces = [(0,) if 30 <= i < 70 else () for i in range(100)]
    rows = run(times, faces)
    empty = rows.face == -1
    assert empty.sum() == 60
    assert (rows.label[empty] == "").all() and np.isnan(rows.probabilities[empty]).all()
    assert np.isnan(rows.box[empty]).all() and np.isnan(rows.score[empty]).all()
    assert (rows.label[~empty] != "").all()


def test_a_glimpse_gives_no_label():
    faces = [(0,) if 50 <= i < 55 else () for i in range(100)]
    rows = run(np.arange(100) / 25, faces)
    assert {STATUS[s] for s in rows.status[rows.face == 0]} == {"too short"}
    assert not rows.labelled.any()


def test_the_system_may_decline():
    rows = run(np.arange(50) / 25, [(0,)] * 50, Memory(fewest=1000))
    assert not rows.labelled.any() and len(rows) == 50


@pytest.mark.parametrize("frames", [1, 2, 10])
def test_a_clip_shorter_than_a_window_is_one_window(frames):
    recognizer = Memory()
    rows = run(np.arange(frames) / 25, [(0,)] * frames, recognizer)
    assert len(recognizer.tracks) == 1 and len(recognizer.tracks[0]) == frames
    assert rows.labelled.all()
    assert np.allclose(rows.probabilities[:, 0], value(range(frames)))


def test_tracks_hold_what_was_pushed():
    recognizer = Memory()
    faces = [(0,) if i % 5 else () for i in range(20)]
    run(np.arange(20) / 25, faces, recognizer)
    (track,) = recognizer.tracks
    assert track.seen.tolist() == [bool(i % 5) for i in range(20)]
    assert (track.faces[track.seen].max(axis=(1, 2, 3)) == track.frames[track.seen]).all()
    assert not track.faces[~track.seen].any() and np.isnan(track.landmarks[~track.seen]).all()


def test_frame_rate_hardly_matters():
    """The same film at 12.5 and at 50 frames per second: windows are in seconds."""

    class Level(Memory):
        def inputs(self, track):
            return {"v": np.array([[track.times.mean() / 10]])}

    slow = run(np.arange(100) / 12.5, [(0,)] * 100, Level())
    fast = run(np.arange(400) / 50, [(0,)] * 400, Level())
    assert np.abs(slow.probabilities - fast.probabilities[::4]).max() < 0.02


def test_memory_is_a_window():
    """However long the stream: pictures held and rows waiting stay few, also without a face."""
    windows = Windows(Memory(), batch=16)
    most_pictures = most_rows = 0
    faces = [(0, 1) if i % 3000 < 1500 else () for i in range(9000)]
    for moment in moments(np.arange(9000) / 25, faces):
        for _ in windows.push(moment):
            pass
        pictures = {id(s.crop) for m in windows._pending for s in m.faces.values() if s.crop.size}
        most_pictures = max(most_pictures, len(pictures), len(windows._recent))
        most_rows = max(most_rows, len(windows._pending))
    assert most_pictures <= 33 and most_rows <= 1024


def test_a_gap_of_years_costs_nothing():
    times = np.concatenate([np.arange(50) / 25, 1e9 + np.arange(50) / 25])
    rows = run(times, [(0,)] * 100)
    assert len(rows) == 100 and rows.labelled.all()


def test_a_time_lapse_is_no_sequence():
    assert not run(np.arange(10) * 2.0, [(0,)] * 10).labelled.any()
    assert run(np.arange(10) * 2.0, [(0,)] * 10, window=10.0, step=5.0).labelled.all()


def test_a_clock_that_runs_backwards():
    times = np.array([0, 0.04, 0.08, 0.02, 0.06, 0.1])
    rows = run(times, [(0,)] * 6)
    assert rows.frame.tolist() == list(range(6)) and (np.diff(rows.time) >= 0).all()
