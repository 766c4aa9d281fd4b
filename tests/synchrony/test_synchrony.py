"""Tables -> synchrony, from Python and from the command line."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import gaussian_filter1d
from typer.testing import CliRunner

from fervid.cli import app
from fervid.errors import InputError
from fervid.synchrony import synchrony

LABELS = ("fear", "happiness")


def smile(times: np.ndarray, seed: int = 0) -> np.ndarray:
    """A probability that comes and goes, the same at the same time for the same seed."""
    grid = np.arange(-20, 400, 0.02)
    noise = np.random.default_rng(seed).normal(size=len(grid))
    curve = gaussian_filter1d(noise, 30)
    return np.interp(times, grid, 1 / (1 + np.exp(-2 * curve / curve.std())))


def write(
    path: Path, happiness: dict[int, np.ndarray], times: np.ndarray, gone: tuple[int, ...] = ()
) -> Path:
    rows = []
    for frame, time in enumerate(times):
        for face, values in happiness.items():
            p = values[frame]
            label = LABELS[int(p > 0.5)]
            unseen = face in gone and 10 < time < 11
            rows.append({"input": "x.mp4", "frame": frame, "timestamp": round(float(time), 6),
                         "face_id": face, "status": "too short" if unseen else "face",
                         **dict.fromkeys(("left", "top", "width", "height", "score"), 1.0),
                         "label": None if unseen else label,
                         "p_fear": None if unseen else 1 - p,
                         "p_happiness": None if unseen else p})  # fmt: skip
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def one(results: list, label: str = "happiness"):
    return next(each for each in results if each.label == label)


@pytest.mark.parametrize("lag", [0.2, 0.5, 1.0, 2.0])
def test_planted_lags_in_one_table(tmp_path, lag) -> None:
    times = np.arange(0, 90, 0.1)
    rng = np.random.default_rng(1)
    second = np.clip(smile(times - lag) + rng.normal(0, 0.1, len(times)), 0, 1)
    path = write(tmp_path / "x.csv", {0: smile(times), 3: second}, times)
    results = synchrony([path], count=199)
    assert [each.label for each in results] == list(LABELS)
    for each in results:  # of two labels, the one's probability is the other's complement
        assert each.names == ("face 0", "face 3") and each.peak_lag == pytest.approx(lag)
        assert each.p == pytest.approx(1 / 200) and each.p_holm == pytest.approx(2 / 200)
    swapped = one(synchrony([path], (3, 0), ["happiness"], count=99))
    assert swapped.peak_lag == pytest.approx(-lag) and swapped.names == ("face 3", "face 0")
    assert "face 0 follows face 3 by" not in one(results).text()
    assert f"face 3 follows face 0 by {lag:.2f} s" in one(results).text()


def test_two_recordings_by_their_time_stamps(tmp_path) -> None:
    """Other rates, and a second camera that starts 12.4 s later; its face follows by 0.8 s."""
    first, second = np.arange(0, 100, 0.1), np.arange(0, 95, 1 / 15)
    a = write(tmp_path / "a.csv", {0: smile(first)}, first)
    b = write(tmp_path / "b.csv", {5: smile(second + 12.4 - 0.8)}, second)
    found = one(synchrony([a, b], offset=12.4, count=99))
    assert found.peak_lag == pytest.approx(0.8) and found.strength > 0.95
    assert found.names == ("a face 0", "b face 5")
    assert one(synchrony([a, b], offset=0, count=99)).strength < 0.7


def test_a_long_absence_is_unknown(tmp_path) -> None:
    times = np.arange(0, 90, 0.1)
    curves = {0: smile(times), 1: smile(times - 1)}
    found = one(synchrony([write(tmp_path / "x.csv", curves, times, gone=(1,))], count=99))
    assert found.peak_lag == pytest.approx(1)
    touched = (found.time > 10) & (found.time < 11)
    assert np.isnan(found.correlations[touched][:, 30]).all()
    assert not np.isnan(found.correlations[found.time > 20]).any()


def test_command(tmp_path) -> None:
    times = np.arange(0, 80, 0.1)
    path = write(tmp_path / "x.csv", {0: smile(times), 1: smile(times - 0.5)}, times)
    words = ["synchrony", str(path), "--faces", "0,1", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, [*words, "--surrogates", "99"])
    assert done.exit_code == 0, done.output
    assert "happiness: r = " in done.output and "face 1 follows face 0 by 0.50 s" in done.output
    with (tmp_path / "out" / "synchrony.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["label"] for row in rows} == set(LABELS)
    assert all(float(row["peak_lag_seconds"]) == pytest.approx(0.5) for row in rows)
    with (tmp_path / "out" / "windows.csv").open(newline="") as file:
        lags = [float(row["peak_lag_seconds"]) for row in csv.DictReader(file)]
    assert np.median(lags) == pytest.approx(0.5)
    for label in LABELS:
        picture = (tmp_path / "out" / f"synchrony.{label}.png").read_bytes()
        assert picture.startswith(b"\x89PNG") and len(picture) > 10_000


def test_refusals(tmp_path) -> None:
    times = np.arange(0, 80, 0.1)
    two = write(tmp_path / "two.csv", {0: smile(times), 1: smile(times, 1)}, times)
    lone = write(tmp_path / "lone.csv", {0: smile(times)}, times)
    still = write(tmp_path / "still.csv", {0: smile(times), 1: 0 * times}, times)
    short = write(tmp_path / "short.csv", {0: smile(times[:99]), 1: smile(times[:99])}, times[:99])
    for paths, options, said in (
        ([two] * 3, {}, "one table with two faces, or two tables"),
        ([lone], {}, "labels for 1 of the 2 faces"),
        ([two], {"faces": (0, 7)}, "has no face 7; its faces: 0, 1"),
        ([two], {"faces": (1, 1)}, "names one face twice"),
        ([two], {"labels": ["joy"]}, "no label 'joy'; choose from fear, happiness"),
        ([two], {"window": 0}, "must be above 0"),
        ([two], {"offset": 3}, "leave it out"),
        ([two, lone], {"offset": 70}, "s in common"),
        ([short], {}, "9.9 s in common, but 6 windows take 72.0 s"),
        ([still], {}, "never changes"),
    ):
        with pytest.raises(InputError, match=said):
            synchrony(paths, count=9, **options)
    done = CliRunner().invoke(app, ["synchrony", str(two), "--faces", "0-1"])
    assert done.exit_code == 2 and "--faces 0-1 is not a pair" in done.output
