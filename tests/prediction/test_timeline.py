"""Timeline: its table, its means."""

import numpy as np
import pytest

from fervid.prediction.timeline import Timeline, durations, means, record_type


def made(rows, labels=("anger", "joy, or so")):
    """Rows of (frame, time, face, status, p of the first label)."""
    records = np.zeros(len(rows), record_type(len(labels)))
    for record, (frame, time, face, status, p) in zip(records, rows, strict=True):
        record["frame"], record["time"], record["face"], record["status"] = (
            frame,
            time,
            face,
            status,
        )
        record["probabilities"] = (p, 1 - p)
        record["box"] = record["score"] = record["landmarks"] = np.nan if face < 0 else 1 / 3
    return Timeline.of(records, "a, b.mp4", labels)


NAN = np.nan
ROWS = [(0, 0.0, 0, 0, 0.9), (0, 0.0, 1, 3, NAN), (1, 0.1, -1, 1, NAN), (2, 0.4, 0, 0, 0.2)]


def test_table():
    table = made(ROWS).to_frame(landmarks=True)
    assert table["input"].tolist() == ["a, b.mp4"] * 4
    assert table["frame"].tolist() == [0, 0, 1, 2]
    assert table["face_id"].isna().tolist() == [False, False, True, False]
    assert table["status"].tolist() == ["face", "too short", "no face", "face"]
    assert table["label"].fillna("").tolist() == ["anger", "", "", "joy, or so"]
    assert table["p_anger"].isna().tolist() == [False, True, True, False]
    assert table["left"][0] == 0.33 and np.isnan(table["left"][2])
    assert [c for c in table if c.startswith("x")] == [f"x{i}" for i in range(68)]
    assert not any(c.startswith("x") for c in made(ROWS).to_frame())


def test_durations_and_means():
    rows = made(ROWS)
    assert durations(rows) == pytest.approx([0.1, 0.1, 0.3, 0.2])  # the last: the median step
    first, second = means(rows)
    assert (first.frames, first.seconds) == (2, pytest.approx(0.3))
    # Frames count as long as they are shown, so a variable rate does not weigh twice.
    assert first.probabilities[0] == pytest.approx((0.9 * 0.1 + 0.2 * 0.2) / 0.3)
    assert second.probabilities is None and second.frames == 1


def test_still():
    (mean,) = means(made([(0, 0.0, 0, 0, 0.75)]))
    assert mean.probabilities == pytest.approx((0.75, 0.25)) and mean.seconds == 0


def test_label_of_no_rows():
    rows = made(ROWS).rows(slice(0, 0))
    assert len(rows.label) == 0 and rows.faces == ()


@pytest.mark.parametrize("times", [(0.0,), (0.0, 0.1, 0.2)])
def test_labels_and_titles_are_no_formulas(tmp_path, times):
    import warnings

    from fervid.figures.timeline import plot_timeline

    labels = ("$x^{2$", "\U0001f600", "_hidden")
    shares = np.full((len(times), 3), 1 / 3, np.float32)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="Glyph|Matplotlib currently does not support")
        face = np.zeros(len(times), np.int32)
        plot_timeline(tmp_path / "x.png", np.array(times), face, shares, labels, "$a_{b \x1b\r$")
    assert (tmp_path / "x.png").stat().st_size > 1000
