"""Shares of time and flags of a face, by definition and in the summary."""

import csv

import numpy as np
import pytest

from fervid.prediction import predict
from fervid.prediction.flags import flags, shares, turn
from fervid.prediction.timeline import Timeline, record_type

LABELS = ("a", "b")


def face(count=20, size=100.0, light=128.0, shift=0.0, labelled=None):
    records = np.zeros(count, record_type(2))
    records["frame"] = np.arange(count)
    records["box"][:, 2:] = size
    records["light"] = light
    records["probabilities"] = (0.7, 0.3)
    points = records["landmarks"]
    points[:, 36:42], points[:, 42:48] = (10, 10), (30, 10)
    points[:, 30] = (20 + 20 * shift, 22)
    records["status"] = np.where(np.arange(count) < (count if labelled is None else labelled), 0, 3)
    return Timeline.of(records, "x.mp4", LABELS)


def test_nothing_to_say_of_a_good_face():
    assert flags(face(), 20) == () == flags(face(count=1), 1)


@pytest.mark.parametrize(
    ("wrong", "flag"),
    [({"size": 8}, "small"), ({"light": 5}, "dark"), ({"shift": -0.6}, "turned"),
     ({"labelled": 4}, "few frames")],
)  # fmt: skip
def test_each_flag(wrong, flag):
    assert flags(face(**wrong), 20) == (flag,)


def test_half_of_the_frames_raise_a_flag():
    light = np.full(20, 128.0)
    light[:9] = 0
    assert flags(face(light=light), 20) == ()
    light[:10] = 0
    assert flags(face(light=light), 20) == ("dark",)


def test_turning_the_head_in_the_picture_is_no_turn_aside():
    rows = face(shift=0.3)
    assert turn(rows.landmarks) == pytest.approx(0.3)
    angle = 0.7
    tilted = rows.landmarks @ np.array(
        [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]
    )
    assert turn(tilted * 3 + 50) == pytest.approx(0.3, rel=1e-5)


def test_shares_count_time_and_not_frames():
    rows = face(count=4, labelled=3)
    rows.probabilities[0] = (0.1, 0.9)
    parts = shares(rows, np.array([3.0, 1.0, 2.0, 9.0]))
    assert parts == pytest.approx({"a": 0.5, "b": 0.5})
    assert shares(rows, np.zeros(4)) == pytest.approx({"a": 2 / 3, "b": 1 / 3})
    assert shares(face(labelled=0), np.ones(20)) == {}


def test_in_the_summary(tmp_path, squares, world, model):
    film = squares.film(
        tmp_path / "x.mp4", 60, blue=lambda t: 20 if t < 30 else 230, green=slice(0, 6)
    )
    summary = predict([film], tmp_path / "out", model=model, window=0.1, step=0.1)
    with (tmp_path / "out/summary.csv").open(newline="") as file:
        first, second = csv.DictReader(file)
    assert float(first["share_anger"]) == pytest.approx(0.5, abs=0.05)
    assert float(first["share_anger"]) + float(first["share_happiness"]) == pytest.approx(1)
    assert "few frames" in second["flags"] and "few frames" not in first["flags"]
    assert "few frames)" in summary.text()
    assert predict([film], tmp_path / "out", model=model, window=0.1, step=0.1).skipped == 1
