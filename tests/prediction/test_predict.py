"""Inputs to outputs, whole: tables, plots, overlays; skipping, resuming, bad inputs."""

import json
import math
import os
import platform
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from fervid.errors import InputError, OutputError, WeightsError
from fervid.faces.video import frames
from fervid.prediction import predict, timeline
from fervid.prediction.intervals import intervals

SQUARES = Path(__file__).parents[1] / "helpers" / "squares.py"


@pytest.fixture
def films(tmp_path, squares):
    folder = tmp_path / "films"
    folder.mkdir()
    squares.film(folder / "one.mp4", 60, red=slice(0, 40), blue=lambda t: 40 if t < 20 else 220)
    squares.film(folder / "two.mp4", 50, green=slice(10, None))
    squares.film(folder / "none.mp4", 30, red=slice(0, 0))
    return folder


def contents(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def table(path):
    return pd.read_csv(path, keep_default_na=True)


def words(column):
    return column.astype(object).where(column.notna(), "").tolist()


def test_everything_is_written(films, tmp_path, world, model):
    out = tmp_path / "out"
    summary = predict([films], out, model=model, overlay=True, landmarks=True)
    assert (summary.done, summary.skipped, dict(summary.failed)) == (3, 0, {})
    ends = (".csv", ".done.json", ".episodes.csv", ".overlay.mp4", ".timeline.png")
    expected = {f"{stem}{end}" for stem in ("one", "two", "none") for end in ends}
    assert set(contents(out)) == expected | {"summary.csv", "episodes.csv"}

    one = table(out / "one.csv")
    assert one["frame"].tolist() == list(range(60))
    assert one["status"].tolist() == ["face"] * 40 + ["no face"] * 20
    assert one["label"].notna().tolist() == [True] * 40 + [False] * 20
    assert one["label"][2] == "happiness" and one["label"][38] == "anger"
    assert one["timestamp"].tolist() == pytest.approx((np.arange(60) / 20).tolist())
    assert one["p_anger"][1] == pytest.approx(40 / 255, abs=0.05)
    assert (one["left"][0], one["width"][0]) == (pytest.approx(8, abs=3), pytest.approx(47, abs=4))
    assert {"x0", "y67"} <= set(one.columns)

    two = table(out / "two.csv")
    assert len(two) == 10 + 40 * 2
    assert set(two["face_id"]) == {0, 1}
    assert set(table(out / "none.csv")["status"]) == {"no face"}

    means = table(out / "summary.csv")
    assert means["status"].tolist() == ["no face", "face", "face", "face"]
    assert means["frames"].tolist() == [30, 60, 50, 50]
    assert means["seconds_seen"].fillna(0).tolist() == pytest.approx([0, 2, 2.5, 2.0], abs=0.01)
    assert "one.mp4: face 0" in summary.text() and "none.mp4: no face" in summary.text()


def test_overlay_keeps_frames_and_times(tmp_path, squares, world, model):
    rng = np.random.default_rng(0)
    times = np.cumsum(rng.choice([0.02, 0.04, 0.1], 50))
    film = squares.film(tmp_path / "odd.mp4", 50, times=times, red=slice(0, 25), size=(99, 131))
    predict([film], tmp_path / "out", model=model, overlay=True)
    before = list(frames(film))
    after = list(frames(tmp_path / "out/odd.overlay.mp4"))
    assert len(after) == len(before) == 50
    assert [f.time for f in after] == pytest.approx([f.time for f in before], abs=1e-3)
    changed = [
        np.abs(a.image.astype(int) - b.image).mean() for a, b in zip(after, before, strict=True)
    ]
    assert min(changed[:25]) > 2 * max(changed[25:])  # drawn where the face is


def test_still_and_sequence(tmp_path, squares, world, model):
    import cv2

    image = np.full((96, 128, 3), 90, np.uint8)
    image[20:68, 8:56] = (200, 30, 230)  # BGR: red, with much blue
    folder = tmp_path / "shots"
    folder.mkdir()
    for number in range(12):
        cv2.imwrite(str(folder / f"{number}.png"), image)
    predict([folder / "3.png"], tmp_path / "one", model=model, overlay=True)
    still = table(tmp_path / "one/3.csv")
    assert still[["frame", "timestamp", "label"]].values.tolist() == [[0, 0.0, "anger"]]
    assert (tmp_path / "one/3.overlay.png").is_file()
    assert predict([folder], tmp_path / "each", model=model).done == 12
    assert predict([folder], tmp_path / "whole", model=model, sequence=True, overlay=True).done == 1
    assert len(table(tmp_path / "whole/shots.csv")) == 12
    assert (tmp_path / "whole/shots.overlay.mp4").is_file()


def test_frames_of_all_sizes_and_one_unreadable(tmp_path, world, model):
    import cv2

    folder = tmp_path / "mixed"
    folder.mkdir()
    (folder / "0.png").write_bytes(b"not a picture")
    for number, size in enumerate([(96, 128), (50, 300), (201, 99)], 1):
        image = np.full((*size, 3), 90, np.uint8)
        image[10:45, 10:60] = (200, 30, 230)
        cv2.imwrite(str(folder / f"{number}.png"), image)
    out = tmp_path / "out"
    summary = predict([folder], out, model=model, sequence=True, overlay=True)
    assert table(out / "mixed.csv")["status"].tolist() == ["unreadable", *["face"] * 3]
    assert "1 of 4 frames are unreadable" in summary.rows[0]["reason"]
    after = list(frames(out / "mixed.overlay.mp4"))
    assert [f.image.shape for f in after] == [(96, 128, 3)] * 4
    assert np.median(after[0].image) < 20


def test_webcam_until_ctrl_c(tmp_path, squares, world, model, monkeypatch):
    """A live source ends with Ctrl-C, and what was seen is kept; it is never skipped."""
    from fervid.prediction import stream

    film = list(frames(squares.film(tmp_path / "f.mp4", 30)))

    def camera(source, rate, wanted):
        assert source == 0
        for frame in film:
            if frame.index == 20:
                os.kill(os.getpid(), signal.SIGINT)
            yield frame

    monkeypatch.setattr(stream, "frames", camera)
    before = signal.getsignal(signal.SIGINT)
    for _ in range(2):
        assert predict(["0"], tmp_path / "out", model=model).done == 1
        assert len(table(tmp_path / "out/webcam0.csv")) == 21
    assert signal.getsignal(signal.SIGINT) is before


def test_episodes_of_every_input_and_of_all(films, tmp_path, world, model):
    out = tmp_path / "out"
    predict([films / "one.mp4"], out, model=model)
    (one,) = table(out / "one.episodes.csv").query("label == 'anger'").to_dict("records")
    assert one["input"].endswith("one.mp4") and one["face_id"] == 0
    assert one["onset_frame"] < 20 < one["apex_frame"] <= one["offset_frame"] == 39
    assert one["peak"] > 0.8 and one["missing"] == 0
    alone = (out / "episodes.csv").read_text()
    assert alone == (out / "one.episodes.csv").read_text()
    predict([films / "two.mp4", films / "none.mp4"], out, model=model)  # a later run joins in
    joined = table(out / "episodes.csv")
    assert [Path(name).stem for name in joined["input"].unique()] == ["two", "one"]
    means = table(out / "summary.csv").set_index("input")
    rate = means.loc[str(films / "one.mp4"), "anger_per_minute"]
    assert rate == pytest.approx(30)  # one in two seconds
    assert table(out / "none.episodes.csv").empty
    before = contents(out)
    (out / "one.episodes.csv").unlink()
    assert predict([films], out, model=model).done == 1
    assert contents(out)["one.episodes.csv"] == before["one.episodes.csv"]


def test_another_programs_episodes_stay(films, tmp_path, world, model):
    out = tmp_path / "out"
    out.mkdir()
    (out / "one.episodes.csv").write_text("mine")
    predict([films / "one.mp4"], out, model=model)
    assert (out / "one.episodes.csv").read_text() == "mine"
    assert len(list(out.glob("one-*.episodes.csv"))) == 1
    (out / "episodes.csv").write_text("mine, too")
    with pytest.raises(OutputError, match=r"episodes.csv was not written by fervid"):
        predict([films / "one.mp4"], out, model=model)


def test_no_inputs_table_is_called_like_anothers_episodes(tmp_path, squares, world, model):
    names = ("x.mp4", "x.episodes.mp4", "episodes.mp4", "summary.mp4")
    given = [squares.film(tmp_path / name, 12) for name in names]
    out = tmp_path / "out"
    assert predict(given, out, model=model).done == 4
    assert len(table(out / "x.csv")) == 12 and "onset" in table(out / "x.episodes.csv")
    assert {"onset", "input"} <= set(table(out / "episodes.csv"))
    assert predict(given, out, model=model).skipped == 4


def test_without_timelines(films, tmp_path, world, model):
    out = tmp_path / "out"
    predict([films], out, model=model, timeline=False)
    assert not list(out.glob("*.timeline.png")) and len(list(out.glob("*.done.json"))) == 3
    assert predict([films], out, model=model).done == 3
    assert len(list(out.glob("*.timeline.png"))) == 3


def test_parquet_is_the_same_table(films, tmp_path, world, model):
    for format in ("csv", "parquet"):
        predict([films], tmp_path / format, model=model, format=format)
    for stem in ("one", "two", "none"):
        left = table(tmp_path / f"csv/{stem}.csv")
        right = pd.read_parquet(tmp_path / f"parquet/{stem}.parquet")
        assert left.columns.tolist() == right.columns.tolist()
        assert words(left["label"]) == words(right["label"])
        pd.testing.assert_series_equal(left["p_anger"], right["p_anger"])
        assert str(right["face_id"].dtype).lower() == "int32" or right["face_id"].isna().any()


def test_done_is_skipped_until_something_changes(films, tmp_path, world, model):
    out = tmp_path / "out"
    predict([films], out, model=model, overlay=True)
    before = contents(out)
    again = predict([films], out, model=model, overlay=True)
    assert (again.done, again.skipped) == (0, 3) and contents(out) == before
    (out / "one.csv").unlink()  # an output is gone
    assert predict([films], out, model=model, overlay=True).done == 1
    assert contents(out) == before
    os.utime(films / "two.mp4", (1, 1))  # the input changed
    assert predict([films], out, model=model, overlay=True).done == 1
    assert predict([films], out, model=model, overlay=True, step=0.5).done == 3
    assert predict([films], out, model=model, overlay=True).done == 3
    assert predict([films], out, model=model).done == 3
    assert not list(out.glob("*.overlay.mp4"))  # none that was not asked for


def test_same_stem_never_overwritten(tmp_path, squares, world, model):
    for name, count in (("a", 10), ("b", 20)):
        (tmp_path / name).mkdir()
        squares.film(tmp_path / name / "x.mp4", count)
    out = tmp_path / "out"
    predict([tmp_path / "a", tmp_path / "b"], out, model=model)
    assert sorted(len(table(p)) for p in out.glob("x-????????.csv")) == [10, 20]
    later = tmp_path / "later"
    predict([tmp_path / "a"], later, model=model)
    predict([tmp_path / "b"], later, model=model)
    assert len(table(later / "x.csv")) == 10
    assert predict([tmp_path / "a"], later, model=model).skipped == 1


def test_bad_inputs_do_not_stop_the_others(films, tmp_path, world, model):
    (films / "zero.mp4").write_bytes(b"")
    (films / "text.mp4").write_text("not a video at all")
    whole = (films / "one.mp4").read_bytes()
    (films / "cut.mp4").write_bytes(whole[: len(whole) // 3])
    (films / "bad.png").write_bytes(b"\x89PNG nothing")
    given = [films, tmp_path / "gone.mp4", films / "one.mp4"]
    summary = predict(given, tmp_path / "out", model=model)
    assert summary.done >= 3
    failed = {Path(name).name: reason for name, reason in summary.failed.items()}
    assert {"zero.mp4", "text.mp4", "bad.png", "gone.mp4"} <= set(failed)
    assert all(len(reason) > 20 and "mistake" not in reason for reason in failed.values())
    rows = table(tmp_path / "out/summary.csv").set_index("input")
    assert rows.loc[str(films / "zero.mp4"), "status"] == "failed"
    assert "0 bytes" in rows.loc[str(films / "zero.mp4"), "reason"]
    assert "4 failed" in summary.text() or "5 failed" in summary.text()
    assert not [p for p in (tmp_path / "out").iterdir() if p.name.startswith(".")]
    # A failed input is tried again, not skipped.
    (films / "zero.mp4").write_bytes(whole)
    assert predict(given, tmp_path / "out", model=model).done == 1


def test_a_mistake_of_ours_is_one_inputs_failure(films, tmp_path, world, model, monkeypatch):
    inputs = type(world.system).inputs

    def broken(self, track):
        if track.face == 1:
            raise IndexError("oh")
        return inputs(self, track)

    monkeypatch.setattr(type(world.system), "inputs", broken)
    summary = predict([films], tmp_path / "out", model=model)
    ((name, reason),) = summary.failed.items()
    assert name.endswith("two.mp4") and "IndexError('oh')" in reason and summary.done == 2


def test_when_all_fail(tmp_path, world, model):
    (tmp_path / "zero.mp4").write_bytes(b"")
    with pytest.raises(InputError, match="is empty"):
        predict([tmp_path / "zero.mp4"], tmp_path / "out", model=model)
    assert table(tmp_path / "out/summary.csv")["status"].tolist() == ["failed"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="contains no video"):
        predict([tmp_path / "empty"], tmp_path / "out", model=model)
    with pytest.raises(InputError, match="all 2 inputs"):
        predict([tmp_path / "empty", tmp_path / "zero.mp4"], tmp_path / "out", model=model)


def test_bad_arguments(films, tmp_path, world, model):
    with pytest.raises(WeightsError, match="nobody"):
        predict([films], tmp_path / "out", model="nobody")
    with pytest.raises(InputError, match="step"):
        predict([films], tmp_path / "out", model=model, step=2.0)
    with pytest.raises(InputError, match="step"):
        predict([films], tmp_path / "out", model=model, step=0)
    with pytest.raises(OutputError, match="csv, parquet"):
        predict([films], tmp_path / "out", model=model, format="xls")
    with pytest.raises(InputError, match="webcam"):
        predict(["0"], tmp_path / "out", model=model, overlay=True)
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        predict([films], tmp_path / "file/out", model=model)


@pytest.mark.parametrize(
    "wrong",
    [{"step": 1e-6}, {"step": math.nan}, {"window": math.inf}, {"window": math.nan},
     {"seconds": 0}, {"seconds": math.nan}, {"seconds": math.inf}, {"smooth": math.nan}],
)  # fmt: skip
def test_bad_numbers(tmp_path, wrong):
    with pytest.raises(InputError, match=str(next(iter(wrong.values())))):
        predict([tmp_path], tmp_path / "out", model="tfe-plus", **wrong)


def test_exit_codes(films, tmp_path, world, model):
    from typer.testing import CliRunner

    from fervid.cli import main

    def code(*names):
        given = ["predict", *(str(films / name) for name in names), "--model", str(model)]
        return CliRunner().invoke(main, [*given, "--out", str(tmp_path / "out")]).exit_code

    assert [code("none.mp4"), code("none.mp4", "gone.mp4"), code("gone.mp4")] == [0, 1, 2]


def test_an_output_that_fails_stops(films, tmp_path, world, model, monkeypatch):
    from fervid.prediction import outputs

    def full(place, parts):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(outputs, "_csv", full)
    with pytest.raises(OutputError, match=r"none.csv cannot be written \(No space"):
        predict([films], tmp_path / "out", model=model)


def test_foreign_markers_are_no_markers(films, tmp_path, world, model):
    out = tmp_path / "out"
    out.mkdir()
    (out / "one.done.json").write_text("[1, 2")
    (out / "two.done.json").write_text(json.dumps({"terms": {"source": "elsewhere.mp4"}}))
    assert predict([films], out, model=model).done == 3
    assert not (out / "two.csv").exists() and list(out.glob("two-*.csv"))


def test_seconds(films, tmp_path, world, model):
    predict([films / "one.mp4"], tmp_path / "out", model=model, seconds=1.0)
    assert len(table(tmp_path / "out/one.csv")) == 20


def test_some_frames_only(films, tmp_path, world, model):
    out = tmp_path / "out"
    predict([films / "two.mp4"], out, model=model, overlay=True, every=5)
    two = table(out / "two.csv")
    assert two["frame"].unique().tolist() == list(range(0, 50, 5))
    assert two["timestamp"].unique() == pytest.approx(np.arange(10) * 0.25)
    assert two["face_id"].tolist() == [0, 0] + [0, 1] * 8 and two["label"].notna().all()
    after = list(frames(out / "two.overlay.mp4"))
    assert [f.time for f in after] == pytest.approx(two["timestamp"].unique().tolist(), abs=1e-3)
    first = {each.label: each for each in intervals(two, ("happiness", "anger")) if each.face == 0}
    assert len(first) == 1 and next(iter(first.values())).last_frame == 45
    assert predict([films / "two.mp4"], out, model=model, overlay=True, fps=4.0).done == 1
    assert table(out / "two.csv")["frame"].tolist() == two["frame"].tolist()


def test_a_time_lapse_is_no_sequence(tmp_path, squares, world, model):
    film = squares.film(tmp_path / "slow.mp4", 6, times=np.arange(6) * 3.0)
    summary = predict([film], tmp_path / "out", model=model)
    assert table(tmp_path / "out/slow.csv")["status"].tolist() == ["too short"] * 6
    assert "frames are 3 s apart, but blue needs sequences" in summary.rows[0]["reason"]
    assert "longer --window" in summary.text()
    summary = predict([film], tmp_path / "out", model=model, window=10.0, step=5.0)
    assert summary.rows[0]["status"] == "face"


def test_a_glimpse_is_not_called_no_face(tmp_path, squares, world, model):
    film = squares.film(tmp_path / "glimpse.mp4", 20, red=slice(7, 9))
    summary = predict([film], tmp_path / "out", model=model)
    rows = table(tmp_path / "out/glimpse.csv")
    assert rows["status"].tolist() == ["no face"] * 7 + ["too short"] * 2 + ["no face"] * 11
    assert rows["face_id"].isna().all() and "seen too briefly to track" in summary.text()
    assert predict([film], tmp_path / "out", model=model).skipped == 1


def test_kill_and_run_again(films, tmp_path, world, model):
    inputs = [str(films / name) for name in ("one.mp4", "two.mp4", "none.mp4")]
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    command = [sys.executable, str(SQUARES), str(model), str(killed), "60", *inputs]
    with subprocess.Popen(command) as process:
        deadline = time.monotonic() + 60
        while not (parts := list(killed.glob(".one.*.part.rows"))) and time.monotonic() < deadline:
            time.sleep(0.02)
        with pytest.raises(OutputError, match=rf"in use by fervid predict \(process {process.pid}"):
            predict(inputs, killed, model=model)
        assert parts[0].exists()  # nobody else's run takes it away
        process.send_signal(signal.SIGKILL)
    assert parts[0].exists() and not (killed / "summary.csv").exists()
    predict(inputs, killed, model=model, overlay=True)
    predict(inputs, whole, model=model, overlay=True)
    assert contents(killed) == contents(whole) and "one.overlay.mp4" in contents(whole)


def test_kill_between_inputs(films, tmp_path, world, model, monkeypatch):
    """What was done is kept, the rest of the run equals an uninterrupted one."""
    from fervid.prediction import work

    real = work.write_plot

    def dies(path, rows):
        if path.name.startswith("one"):
            (path.parent / f".one.overlay.{platform.node()}.123.0a1b2c3d.part.mp4").write_bytes(
                b"half"
            )
            raise KeyboardInterrupt
        real(path, rows)

    predict([films], tmp_path / "whole", model=model)
    monkeypatch.setattr(work, "write_plot", dies)
    with pytest.raises(KeyboardInterrupt):
        predict([films], tmp_path / "cut", model=model)
    monkeypatch.setattr(work, "write_plot", real)
    again = predict([films], tmp_path / "cut", model=model)
    assert (again.done, again.skipped) == (2, 1)  # none.mp4 came first
    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")


def test_timeline(films, squares):
    recognizer = squares.BlueRecognizer()
    rows = timeline(films / "one.mp4", recognizer, finder=squares.Squares())
    assert rows.frame.tolist() == list(range(60)) and rows.labels == squares.LABELS
    assert rows.faces == (0,) and rows.labelled.sum() == 40
    assert recognizer.asked == [sum(recognizer.asked)]  # all windows at once
    assert len(rows.to_frame()) == 60


def test_processes_and_one_that_dies(films, tmp_path, world, model, monkeypatch):
    """Two processes write what one writes; an input that kills its process fails alone."""
    import multiprocessing

    from fervid.parallel import processes

    fork = multiprocessing.get_context("fork")  # children see this world, too
    monkeypatch.setattr(processes, "get_context", lambda _: fork)
    monkeypatch.setattr(processes, "cores", lambda: 2)
    cv2.setNumThreads(1)  # OpenCV's own threads do not survive a fork
    predict([films], tmp_path / "alone", model=model)
    predict([films], tmp_path / "both", model=model, jobs=2)
    assert contents(tmp_path / "both") == contents(tmp_path / "alone")

    inputs = type(world.system).inputs
    here = os.getpid()

    def deadly(self, track):
        if track.face == 1 and os.getpid() != here:
            os._exit(1)
        return inputs(self, track)

    monkeypatch.setattr(type(world.system), "inputs", deadly)
    summary = predict([films], tmp_path / "dead", model=model, jobs=2)
    ((name, reason),) = summary.failed.items()
    assert name.endswith("two.mp4") and "crash" in reason and summary.done == 2


@pytest.mark.slow
def test_an_hour_needs_no_more_memory_than_a_minute(tmp_path, squares, model):
    peaks = []
    for name, minutes in (("minute", 1), ("hour", 60)):
        count = minutes * 60 * 8
        gone = slice(0, count * 2 // 3)
        film = squares.film(tmp_path / f"{name}.mp4", count, rate=8.0, red=gone)
        out = tmp_path / name
        command = [sys.executable, str(SQUARES), str(model), str(out), "0", str(film)]
        with subprocess.Popen(command) as process:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = status
        assert status == 0 and len(table(out / f"{name}.csv")) == count
        peaks.append(usage.ru_maxrss / 1024)
    # The spool file is mapped and counts while it lies in the page cache: 0.6 kB a row.
    assert peaks[1] - peaks[0] < 60, f"MB of the minute and of the hour: {peaks}"
