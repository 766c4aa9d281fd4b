"""Relative to a person's own neutral: by definition, for each face, through predict."""

import numpy as np
import pandas as pd
import pytest

from fervid.errors import InputError, WeightsError
from fervid.prediction import neutral, predict, relative_to_neutral
from fervid.prediction.neutral import Neutral, relative, rest, rest_of
from fervid.prediction.timeline import Timeline, record_type
from fervid.prediction.writers import convert
from fervid.prediction.writers.codebook import describe

LABELS = ("happiness", "neutral", "sadness")


def slowly(p, neutral_frames, labels=LABELS):
    """One face, label by label."""
    odds = []
    for k, label in enumerate(labels):
        at_rest = np.prod([q[k] + neutral.FLOOR for q in neutral_frames]) ** (
            1 / len(neutral_frames)
        )
        prior = neutral.NEUTRAL if label == "neutral" else (1 - neutral.NEUTRAL) / 2
        odds.append(prior * (p[k] + neutral.FLOOR) / at_rest)
    return np.array(odds) / sum(odds)


def some(count, seed=0):
    return np.random.default_rng(seed).dirichlet([0.4, 2, 1], count).astype(np.float32)


def rows_of(probabilities, face, times, status=0):
    """One row each."""
    records = np.zeros(len(face), record_type(len(LABELS)))
    records["frame"] = records["time"] = times
    records["time"] /= 10
    records["face"], records["status"], records["probabilities"] = face, status, probabilities
    return Timeline.of(records, "x.mp4", LABELS)


def test_against_slow_transcription():
    p, calm = some(20), some(4, seed=1)
    got = relative(p, rest(calm), LABELS)
    np.testing.assert_allclose(got, [slowly(each, calm) for each in p], rtol=2e-5)
    np.testing.assert_allclose(got.sum(axis=1), 1, rtol=1e-5)


def test_a_face_as_at_rest_gets_the_prior_whatever_it_looks_like():
    sad = np.array([[0.01, 0.19, 0.8]])
    assert relative(sad, rest(sad), LABELS)[0] == pytest.approx([0.075, 0.85, 0.075], rel=1e-5)
    smile = np.array([0.3, 0.15, 0.55])  # called sad, yet it is the smile that came
    assert LABELS[relative(smile, rest(sad), LABELS).argmax()] == "happiness"


def test_order_of_labels_does_not_matter():
    p, calm, other = some(9), some(3, seed=2), [2, 0, 1]
    turned = tuple(LABELS[k] for k in other)
    expected = relative(p, rest(calm), LABELS)[:, other]
    np.testing.assert_allclose(relative(p[:, other], rest(calm[:, other]), turned), expected)


def test_no_answer_stays_none_and_neutral_must_be_known():
    assert np.isnan(relative(np.full((2, 3), np.nan), rest(some(3)), LABELS)).all()
    with pytest.raises(InputError, match="no label neutral"):
        relative(some(2), rest(some(2)), ("a", "b", "c"))


def test_each_face_has_its_own_seconds():
    times, face = np.repeat(np.arange(40), 2), np.tile([0, 1], 40)
    p = some(80)
    rows = relative_to_neutral(rows_of(p, face, times), "0.5-2")
    for who in (0, 1):
        calm = p[(face == who) & (times >= 5) & (times < 20)]
        expected = relative(p[face == who], rest(calm), LABELS)
        np.testing.assert_allclose(rows.relative[face == who], expected, rtol=1e-5)
    assert rows.label_relative[0] in LABELS
    late = relative_to_neutral(rows_of(p, np.where(times < 30, 0, 1), times), "0-2")
    assert not np.isnan(late.relative[times < 30]).any()
    assert np.isnan(late.relative[times >= 30]).all() and late.label_relative[-1] == ""


def test_auto_takes_the_calmest_quarter():
    p = some(40)
    rows = relative_to_neutral(rows_of(p, np.zeros(40), np.arange(40)), "auto")
    calm = p[np.argsort(-p[:, 1])[:10]]
    np.testing.assert_allclose(rows.relative, relative(p, rest(calm), LABELS), rtol=1e-5)
    brief = relative_to_neutral(rows_of(p[:9], np.zeros(9), np.arange(9)), "auto")
    assert np.isnan(brief.relative).all()


def test_a_file_is_of_the_face_labelled_longest():
    face = np.array([0] * 5 + [1] * 9)
    calm = rows_of(some(3, seed=4), [0] * 3, np.arange(3))
    rows = relative_to_neutral(rows_of(some(14), face, np.arange(14)), calm)
    expected = relative(some(14)[5:], rest(some(3, seed=4)), LABELS)
    np.testing.assert_allclose(rows.relative[5:], expected, rtol=1e-5)
    assert np.isnan(rows.relative[:5]).all() and not np.isnan(rows.relative[5:]).any()
    with pytest.raises(InputError, match=r"x.mp4 shows no face"):
        rest_of(rows_of(some(3), [-1, -1, -1], np.arange(3), status=1))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("2-1", "must be after the start"), ("gone.png", "no such file"), ("", "no such")],
)
def test_what_cannot_be_understood(text, sentence):
    with pytest.raises(InputError, match=sentence):
        Neutral.of(text)


@pytest.fixture
def asked(world):
    world.labels = ("neutral", "anger")
    return world


@pytest.fixture
def film(tmp_path, squares):
    return squares.film(tmp_path / "one.mp4", 40, blue=lambda t: 60 if t < 20 else 110)


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_columns_stand_beside_the_plain_ones(tmp_path, asked, model, film, format):
    read = pd.read_csv if format == "csv" else pd.read_parquet
    plain, out = tmp_path / "plain", tmp_path / "out"
    predict([film], plain, model=model, format=format)
    predict([film], out, model=model, format=format, neutral="0-0.5")
    before, after = read(plain / f"one.{format}"), read(out / f"one.{format}")
    pd.testing.assert_frame_equal(before, after[before.columns])
    assert [c for c in after if c not in before] == ["label_relative", "r_neutral", "r_anger"]
    assert after["r_neutral"][2] == pytest.approx(0.85, abs=0.02)
    assert after["r_anger"][38] > after["r_anger"][2] + 0.1
    assert after["label_relative"][2] == "neutral"
    assert "relative" in describe("r_anger").meaning and describe("label_relative")
    assert len(convert([out / f"one.{format}"], "long,spss")) == 3


def test_a_change_of_neutral_makes_it_anew(tmp_path, asked, model, film, squares):
    out = tmp_path / "out"
    calm = squares.film(tmp_path / "calm.mp4", 8, blue=lambda t: 60)
    for asked_for in (None, "auto", "0-1", str(calm)):
        for done in (1, 0):
            assert predict([film], out, model=model, neutral=asked_for).done == done
    squares.film(calm, 8, blue=lambda t: 200)
    assert predict([film], out, model=model, neutral=str(calm)).done == 1
    rows = pd.read_csv(out / "one.csv")
    assert rows["r_neutral"].min() > 0.85  # less blue than at rest


def test_a_model_without_neutral_is_refused(tmp_path, world, model, film):
    with pytest.raises(WeightsError, match="no label neutral"):
        predict([film], tmp_path / "out", model=model, neutral="auto")
