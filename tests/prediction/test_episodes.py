"""Curves to episodes: against a transcription that goes frame by frame, and on known courses."""

from dataclasses import replace

import numpy as np
import pytest

from fervid.errors import InputError
from fervid.prediction.episode_tables import (
    join,
    per_minute,
    read_episodes,
    write_episodes,
)
from fervid.prediction.episodes import EpisodeSettings, _smoothed, episodes, raised, spans
from fervid.prediction.per_frame import smoothed
from fervid.prediction.timeline import STATUS, Timeline, record_type

LABELS = ("neutral", "happiness", "sadness")
PLAIN = EpisodeSettings(calm=0, smooth=0, high=0.6, low=0.3, shortest=0.2, gap=0.2, near=0.95)
RATE = 25


def film(happiness, sadness=0.0, seen=None, times=None, face=0, labels=LABELS):
    """A face whose probabilities are given frame by frame; what is left is neutral."""
    happiness = np.asarray(happiness, float)
    count = len(happiness)
    seen = np.ones(count, bool) if seen is None else np.asarray(seen)
    rows = np.zeros(count, record_type(len(labels)))
    rows["frame"] = np.arange(count)
    rows["time"] = np.arange(count) / RATE if times is None else times
    rows["face"] = np.where(seen, face, -1)
    rows["status"] = np.where(seen, STATUS.index("face"), STATUS.index("no face"))
    rows["score"] = np.where(seen, 0.9, np.nan)
    values = np.stack([1 - happiness - sadness, happiness, happiness * 0 + sadness], axis=1)
    rows["probabilities"] = np.where(seen[:, None], values[:, : len(labels)], np.nan)
    return Timeline.of(rows, "film.mp4", labels)


def hill(count=60, rise=(20, 30), fall=(40, 50), height=0.9):
    """0 until the rise begins, `height` between rise and fall, 0 after it."""
    return height * np.interp(np.arange(count), [*rise, *fall], [0, 1, 1, 0])


def test_a_known_course():
    (found,) = episodes(film(hill()), PLAIN)
    assert (found.face, found.label) == (0, "happiness")
    # 0.3 is passed in the 4th frame of the rise and kept to the 6th of the fall
    assert (found.onset_frame, found.apex_frame, found.offset_frame) == (24, 35, 46)
    assert (found.onset, found.apex, found.offset) == pytest.approx((0.96, 1.4, 1.88))
    assert found.peak == found.probability == pytest.approx(0.9)
    inside = hill()[24:47]
    assert found.mean == pytest.approx(inside.mean()) and found.frames == 23
    assert found.area == pytest.approx(inside.sum() / RATE)
    assert found.rise == pytest.approx((0.9 - 0.36) / (1.4 - 0.96))
    assert found.margin == pytest.approx((2 * inside - 1).mean())
    assert (found.missing, found.score) == (0, pytest.approx(0.9))


def slow_spans(curve, start, end, apart, settings):
    """Frame by frame, as the docstring has it."""
    runs, run = [], []
    for i, value in enumerate(curve):
        if run and (apart[i] or value < settings.low):
            runs.append(run)
            run = []
        if value >= settings.low:
            run = [*run, i]
    runs = [run for run in [*runs, run] if run and max(curve[run]) >= settings.high]
    joined = []
    for run in runs:
        if joined and start[run[0]] - end[joined[-1][-1]] <= settings.gap:
            joined[-1] = [joined[-1][0], run[-1]]
        else:
            joined.append([run[0], run[-1]])
    return [
        (first, last + 1)
        for first, last in joined
        if end[last] - start[first] >= settings.shortest - 1e-9
    ]


@pytest.mark.parametrize("seed", range(40))
def test_spans_are_those_of_a_slow_transcription(seed):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 120))
    curve = np.clip(np.cumsum(rng.normal(0, 0.2, count)) + 0.3, 0, 1)
    start = np.cumsum(rng.choice([0.02, 0.04, 0.3], count, p=[0.4, 0.5, 0.1]))
    end = np.minimum(start + 0.05, np.append(start[1:], np.inf))
    apart = np.append(True, start[1:] - end[:-1] > PLAIN.gap)
    assert spans(curve, start, end, apart, PLAIN) == slow_spans(curve, start, end, apart, PLAIN)


def test_random_curves_hold_all_cases():
    """The transcription above would prove nothing if it saw no episode."""
    rng = np.random.default_rng(1)
    curve = np.clip(np.cumsum(rng.normal(0, 0.2, 2000)) % 1, 0, 1)
    assert len(episodes(film(curve), PLAIN)) > 5


@pytest.mark.parametrize("seconds", [0, 0.05, 0.3])
def test_smoothing_is_that_of_predict(seconds):
    rng = np.random.default_rng(0)
    times = np.cumsum(rng.uniform(0.01, 0.2, 80))
    values = rng.random((80, 3))
    expected = smoothed(values, times, times, seconds) if seconds else values
    np.testing.assert_allclose(_smoothed(values, times, seconds), expected, rtol=1e-9)


def test_close_episodes_are_one_and_short_ones_none():
    dip = hill()
    dip[34:37] = 0.1  # 0.12 s
    (found,) = episodes(film(dip), PLAIN)
    assert (found.onset_frame, found.offset_frame) == (24, 46)
    assert len(episodes(film(dip), replace(PLAIN, gap=0.1))) == 2
    blip = np.where(np.arange(60) // 4 == 5, 0.9, 0)  # 0.16 s
    assert episodes(film(blip), PLAIN) == []
    assert len(episodes(film(blip), replace(PLAIN, shortest=0.1))) == 1


def test_two_thresholds():
    """What never reaches the higher one is none; what wavers about it is one."""
    assert episodes(film(hill(height=0.55)), PLAIN) == []
    wavering = hill() - 0.4 * (np.arange(60) % 2)
    assert len(episodes(film(np.maximum(wavering, 0)), PLAIN)) == 1


def test_frames_without_the_face():
    seen = np.ones(60, bool)
    seen[33:36] = False
    (found,) = episodes(film(hill(), seen=seen), PLAIN)
    assert (found.frames, found.missing) == (23, 3)
    seen[31:38] = False  # 0.28 s: too long to know what was between
    first, second = episodes(film(hill(), seen=seen), PLAIN)
    assert (first.offset_frame, second.onset_frame) == (30, 38)
    assert episodes(film(hill(), seen=np.zeros(60, bool)), PLAIN) == []


def test_the_frame_rate_does_not_matter():
    """Half of the frames, at twice the distance, tell of the same episode."""
    settings = replace(PLAIN, smooth=0.1)
    (found,) = episodes(film(hill()), settings)
    (other,) = episodes(film(hill()[::2], times=np.arange(60)[::2] / RATE), settings)
    for name in ("onset", "apex", "offset"):
        assert getattr(other, name) == pytest.approx(getattr(found, name), abs=2 / RATE)
    assert other.area == pytest.approx(found.area, rel=0.1)
    (later,) = episodes(film(hill(), times=np.arange(60) / RATE + 3600), settings)
    assert later.onset == pytest.approx(found.onset + 3600)
    assert later.mean == pytest.approx(found.mean)


def test_a_quiet_face_counts_and_a_constant_smile_stays():
    quiet = film(0.001 + hill(height=0.2))
    assert episodes(quiet, replace(PLAIN, calm=0)) == []
    (found,) = episodes(quiet, replace(PLAIN, calm=0.05))
    assert found.label == "happiness" and 20 < found.onset_frame <= 24  # odds rise early
    assert found.probability == pytest.approx(0.201) and found.margin < 0 < 0.6 <= found.peak
    (smile,) = episodes(film(np.full(60, 0.9)), replace(PLAIN, calm=0.05))
    assert smile.frames == 60


def test_raising_is_that_of_a_slow_transcription():
    rng = np.random.default_rng(0)
    some = rng.dirichlet((30, 1, 0.2), 50)
    lifted = raised(some, LABELS, 0.05)
    known = some + 1e-4
    for label in (1, 2):
        odds = [row[label] / row[0] for row in known]
        level = sorted(odds)[9] * 0.2 + sorted(odds)[10] * 0.8  # a fifth of the way along
        factor = max(0.05 / 0.95 / level, 1)
        for row, each, own in zip(known, odds, range(50), strict=True):
            against = each * factor / (1 + each * factor)
            expected = max(some[own, label], against * row[label] / (row[1] + row[2]))
            assert lifted[own, label] == pytest.approx(expected)
    assert (lifted >= some).all() and (lifted[:, 0] == some[:, 0]).all()
    assert raised(some, ("calm", "happiness", "sadness"), 0.05) is some  # no neutral to compare


def test_a_broad_smile_raises_no_other_label():
    """Where neutral is gone, the noise of the other labels is large beside it."""
    smile = np.clip(hill(height=0.995), 0.0001, 1)
    noise = np.where(smile > 0.5, 0.004, 0.0001)
    found = episodes(film(smile, noise))
    assert [each.label for each in found] == ["happiness"] and found[0].peak > 0.95


@pytest.mark.parametrize("count", [2, 3, 8, 40])
def test_a_calm_face_stays_below_the_low_threshold(count):
    labels = ("neutral", *(f"label {k}" for k in range(count - 1)))
    still = np.full((50, count), 0.001)
    still[:, 0] = 1 - 0.001 * (count - 1)
    defaults = EpisodeSettings()
    lifted = raised(still, labels, defaults.calm)
    assert lifted[:, 1:].max() <= defaults.calm + 1e-9 < defaults.low


def test_neutral_is_none_and_labels_may_overlap():
    assert episodes(film(np.zeros(60)), PLAIN) == []
    low = replace(PLAIN, high=0.4, low=0.2)
    both = episodes(film(0.5 * hill(height=1), 0.5 * hill(height=1)), low)
    assert [each.label for each in both] == ["happiness", "sadness"]


def test_a_picture_has_none():
    assert episodes(film([0.9]), PLAIN) == []


@pytest.mark.parametrize(
    "wrong",
    [{"low": 0.7}, {"high": 1.2}, {"calm": -1}, {"calm": 0.3}, {"near": 0}, {"gap": np.nan}],
)
def test_settings_out_of_range(wrong):
    with pytest.raises(InputError, match="give"):
        replace(PLAIN, **wrong)


def test_tables_and_back(tmp_path):
    found = episodes(film(hill()), PLAIN)
    write_episodes(tmp_path / "a.episodes.csv", "=a.mp4", found)
    write_episodes(tmp_path / "b.episodes.csv", "b.mp4", [])
    (back,) = read_episodes(tmp_path / "a.episodes.csv")
    assert back.label == "happiness" and back.apex_frame == 35
    assert back.peak == pytest.approx(found[0].peak, abs=1e-6)
    assert read_episodes(tmp_path / "b.episodes.csv") == []
    join(tmp_path / "all.csv", [tmp_path / "b.episodes.csv", tmp_path / "a.episodes.csv"])
    lines = (tmp_path / "all.csv").read_text().splitlines()
    assert len(lines) == 2 and lines[1].startswith("'=a.mp4,0,happiness,")
    (tmp_path / "c.episodes.csv").write_text("a,b\n1,2\n")
    for name in ("c.episodes.csv", "none.episodes.csv"):
        with pytest.raises(InputError, match=name):
            read_episodes(tmp_path / name)


def test_counts_in_a_minute():
    twice = np.tile(hill(), 2)
    rows = film(twice)
    found = episodes(rows, PLAIN)
    assert len(found) == 2
    assert per_minute(rows, found) == {
        0: {"happiness_per_minute": pytest.approx(25.0), "sadness_per_minute": 0.0}
    }
