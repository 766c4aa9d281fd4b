"""Progress of predict: which file, which frame, and how long the rest takes."""

import re

import pytest

from fervid import progress
from fervid.faces.video import seconds_of
from fervid.predict import predict


def test_a_line_names_file_frame_and_what_is_left(capsys, monkeypatch):
    clock = iter(range(0, 100, 5))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    with progress.meter("predict", 80.0, "s of video", every=10) as tell:
        for frame in range(4):
            tell(10.0 * (frame + 1), f"one.mp4, frame {frame}")
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "predict: one.mp4, frame 1; 20 of 80 s of video, 30 s left",
        "predict: one.mp4, frame 3; 40 of 80 s of video, 20 s left",
    ]


def test_an_unknown_total(capsys):
    with progress.meter("predict", 0, "s of video", every=0) as tell:
        tell(3.0, "webcam 0, frame 75")
    assert capsys.readouterr().err == "predict: webcam 0, frame 75; 3 s of video\n"


def test_lengths_of_sources(tmp_path, squares):
    film = squares.film(tmp_path / "a.mp4", 40, rate=20)
    assert seconds_of(film) == pytest.approx(2, abs=0.06)
    (tmp_path / "text.mp4").write_text("no video")
    (tmp_path / "a.png").write_bytes(b"")
    for name in ("text.mp4", "none.mp4", "a.png"):
        assert seconds_of(tmp_path / name) == 0
    assert seconds_of(tmp_path, rate=25) == pytest.approx(1 / 25)  # a folder with one picture


@pytest.mark.parametrize("overlay", [False, True])
def test_predict_counts_up_to_its_total(tmp_path, squares, world, model, monkeypatch, overlay):
    """Every frame of every pass is told once, in an order that only goes up."""
    told = []
    real = progress.meter

    def spied(description, total, unit, every=0.0):
        told.append(("total", total))
        return real(description, total, unit, every=0.0)

    from fervid.predict import work

    monkeypatch.setattr(work, "meter", spied)
    lines = []
    monkeypatch.setattr("builtins.print", lambda *words, **_: lines.append(str(words[0])))
    for name in ("a.mp4", "b.mp4"):
        squares.film(tmp_path / name, 20, rate=20)
    predict([tmp_path / "a.mp4", tmp_path / "b.mp4"], tmp_path / "out", model=model,
            overlay=overlay)  # fmt: skip
    found = [re.match(r"predict: (.*), frame (\d+); (\d+) (of \d+ )?s", line) for line in lines]
    where = [(match[1], int(match[2])) for match in found if match]
    passes = ("", "drawing ") if overlay else ("",)
    expected = [
        (f"{before}{name}", frame)
        for name in ("a.mp4", "b.mp4")
        for before in passes
        for frame in range(1, 21)
    ]
    assert where == expected
    (_, total) = told[0]
    assert total == pytest.approx(2 * (1.4 if overlay else 1), abs=0.2)
    amounts = [int(match[3]) for match in found if match]
    assert amounts == sorted(amounts) and amounts[-1] <= round(total)
