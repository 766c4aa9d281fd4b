"""Blinks, asymmetry, and the columns that movements add to tables."""

import numpy as np
import pandas as pd
import pytest

from fervid.faces.action_units import ACTION_UNITS, COLUMNS, both_sides
from fervid.faces.settings import FaceSettings
from fervid.prediction.movements import asymmetry, blinks, by_face, note
from fervid.prediction.outputs import write_table
from fervid.prediction.settings import WindowSettings
from fervid.prediction.tasks import PredictSettings
from fervid.prediction.timeline import STATUS, Timeline, record_type
from fervid.prediction.writers import convert
from fervid.prediction.writers.codebook import describe

LABELS = ("happiness", "neutral")
FACE, NO_FACE = STATUS.index("face"), STATUS.index("no face")


def forged(frames: int = 40, seed: int = 0) -> Timeline:
    """One face at 20 frames a second, without it in frame 3."""
    rng = np.random.default_rng(seed)
    rows = np.zeros(frames, record_type(2))
    rows["frame"] = np.arange(frames)
    rows["time"] = np.arange(frames) / 20
    rows["box"], rows["landmarks"], rows["score"] = 1, 5, 0.9
    rows["probabilities"] = 0.5
    rows["movements"] = rng.uniform(-0.1, 1.2, (frames, len(COLUMNS)))
    rows[3:4]["face"], rows[3:4]["status"] = -1, NO_FACE
    for column in ("box", "landmarks", "score", "probabilities", "movements"):
        rows[column][3] = np.nan
    return Timeline.of(rows, "clip.mp4", LABELS)


def test_a_table_has_them_only_when_asked(tmp_path) -> None:
    rows = forged()
    assert not set(COLUMNS) & set(rows.to_frame().columns)
    for ending in ("csv", "parquet"):
        path = tmp_path / f"clip.{ending}"
        write_table(path, rows, ending, landmarks=True, movements=True)  # type: ignore[arg-type]
        table = pd.read_csv(path) if ending == "csv" else pd.read_parquet(path)
        assert [name for name in table.columns if name in COLUMNS] == list(COLUMNS)
        found = table[list(COLUMNS)].to_numpy(float)
        assert rows.movements is not None
        assert found == pytest.approx(np.clip(rows.movements, 0, 1), abs=6e-5, nan_ok=True)
        assert np.isnan(found[3]).all()


def test_openface_and_fex_have_the_mean_of_both_sides(tmp_path) -> None:
    rows = forged()
    path = tmp_path / "clip.csv"
    write_table(path, rows, "csv", landmarks=True, movements=True)
    openface, fex = (pd.read_csv(each) for each in convert([path], "openface,fex", tmp_path / "o"))
    assert rows.movements is not None
    means = both_sides(np.clip(rows.movements, 0, 1))
    seen = np.arange(len(rows)) != 3
    for code in (1, 12, 23, 25, 45):
        assert openface[f"AU{code:02d}_r"].to_numpy()[seen] == pytest.approx(
            5 * means[code][seen], abs=1e-3
        )
    assert set(openface["AU12_c"]) <= {0, 1}
    assert (openface["AU12_c"] == (openface["AU12_r"] >= 1)).all()
    assert openface.loc[3, "AU12_r"] == 0 == openface.loc[3, "success"]
    assert fex["AU43"].to_numpy()[seen] == pytest.approx(means[45][seen], abs=1e-3)
    assert np.isnan(fex.loc[3, "AU43"])


def test_without_movements_the_other_programs_have_no_units(tmp_path) -> None:
    path = tmp_path / "clip.csv"
    write_table(path, forged(), "csv", landmarks=True)
    for table in convert([path], "openface,fex", tmp_path / "out"):
        assert not [name for name in pd.read_csv(table).columns if name.startswith("AU")]


def test_rows_keep_their_movements() -> None:
    rows = forged()
    some = rows.rows(np.array([5, 2]))
    assert rows.movements is not None and some.movements is not None
    assert np.array_equal(some.movements, rows.movements[[5, 2]])


def test_two_blinks_in_four_seconds() -> None:
    time = np.arange(80) / 20
    shut = np.zeros(80, np.float32)
    shut[10:13] = 0.9
    shut[11] = 0.45  # not open yet
    shut[40:44] = 0.7
    shut[60:75] = 0.9  # asleep, not a blink
    assert blinks(time, shut) == pytest.approx(2 * 60 / time[-1])
    assert blinks(time[:1], shut[:1]) is None


def test_a_smile_of_the_left_side_is_positive() -> None:
    values = np.zeros((3, len(COLUMNS)), np.float32)
    assert asymmetry(values) is None
    values[1, COLUMNS.index("AU12_L")] = 0.6
    values[1, COLUMNS.index("AU12_R")] = 0.2
    assert asymmetry(values) == pytest.approx(0.5)
    swapped = values.copy()
    swapped[:, [COLUMNS.index("AU12_L"), COLUMNS.index("AU12_R")]] = values[
        :, [COLUMNS.index("AU12_R"), COLUMNS.index("AU12_L")]
    ]
    assert asymmetry(swapped) == pytest.approx(-0.5)


def test_the_summary_is_by_face() -> None:
    found = by_face(forged())
    assert set(found) == {0}
    assert set(found[0]) <= {"blinks_per_minute", "smile_asymmetry"}


def test_every_column_says_what_it_is_not() -> None:
    assert "not FACS coding" in note()
    for unit in ACTION_UNITS:
        for column in unit.columns:
            assert column in note()
            assert unit.name in describe(column).meaning
            assert "not FACS coding" in describe(column).meaning


def test_other_weights_make_other_outputs(tmp_path, monkeypatch) -> None:
    faces, windows, plain = FaceSettings(), WindowSettings(), {"timeline": True, "landmarks": False}
    with_them, without = (
        PredictSettings(tmp_path, "0", faces, windows, ("csv",), None, **plain, movements=movements)
        for movements in (True, False)
    )
    before, never = with_them.terms(), without.terms()
    other = tmp_path / "other.safetensors"
    other.write_bytes(b"other weights")
    monkeypatch.setattr("fervid.prediction.tasks.MOVEMENT_WEIGHTS", other)
    assert with_them.terms() != before and without.terms() == never
