"""The plot and the overlay."""

from dataclasses import replace

import numpy as np
import pytest

from fervid.faces.overlay import Drawn, draw
from fervid.figures.timeline import BINS, COLOURS, binned_means, colours, plot_timeline

LABELS = ("anger", "happiness", "Überraschung")
PALETTE = {label: (10, 200, 30) for label in LABELS}


def face(left, top, width, height, p=(0.1, 0.7, 0.2), number=0, note=""):
    points = np.random.default_rng(0).random((68, 2)) * (width, height) + (left, top)
    box = np.array([left, top, width, height], np.float32)
    return Drawn(number, box, points.astype(np.float32), np.array(p, np.float32), note)


@pytest.mark.parametrize("size", [(120, 160), (720, 1280), (31, 17)])
def test_faces_anywhere(size):
    image = np.random.default_rng(0).integers(0, 255, (*size, 3), dtype=np.uint8)
    before = image.copy()
    height, width = size
    places = [(0, 0), (-20, -30), (width - 5, height - 5), (width / 2, height / 2), (width + 40, 5)]
    faces = [face(x, y, 60, 70, number=n) for n, (x, y) in enumerate(places)]
    drawn = draw(
        image, [*faces, face(3, 3, 20, 20, (np.nan,) * 3, 9, "too short")], LABELS, PALETTE
    )
    assert drawn.shape == image.shape and (drawn != image).any()
    assert (image == before).all()  # the frame itself is left alone
    again = draw(image, [face(3, 3, 20, 20, number=1000)], LABELS, PALETTE, note="ünlesbar")
    assert again.shape == image.shape


def test_bars_are_as_long_as_probabilities():
    black = np.zeros((480, 640, 3), np.uint8)
    green = np.array(PALETTE["anger"])

    def area(p):
        drawn = draw(black, [face(50, 100, 100, 130, p)], LABELS, PALETTE)
        return (drawn[:, 160:] == green).all(axis=2).sum()  # right of the box: the panel

    whole, half = area((1.0, 0, 0)), area((0.5, 0, 0))
    assert whole > 200 and half / whole == pytest.approx(0.5, abs=0.1)


def test_a_tick_on_each_bar_is_the_value_relative_to_neutral():
    image = np.zeros((480, 640, 3), np.uint8)
    plain = face(250, 150, 130, 130)
    ticked = replace(plain, relative=np.array([0.9, 0.05, np.nan], np.float32))
    changed = (draw(image, [plain], LABELS, PALETTE) != draw(image, [ticked], LABELS, PALETTE)).any(
        2
    )
    rows = np.flatnonzero(changed.any(1))
    gaps = np.flatnonzero(np.diff(rows) > 1)
    assert len(gaps) == 1  # two bars have a tick, the third has no value
    first, second = (np.flatnonzero(changed[part].any(0)) for part in np.split(rows, gaps + 1))
    assert first.mean() - second.mean() == pytest.approx(0.85 * (168 - 76 - 10), abs=3)


def test_panels_avoid_other_faces():
    """Between two faces side by side there is no room: panels go elsewhere."""
    image = np.zeros((480, 1000, 3), np.uint8)
    boxes = [(300, 150, 130, 150), (440, 150, 130, 150)]
    drawn = draw(image, [face(*box, number=n) for n, box in enumerate(boxes)], LABELS, PALETTE)
    alone = draw(image, [face(*boxes[1], number=1)], LABELS, PALETTE)
    inside = np.s_[160:290, 450:560]
    assert (drawn[inside] == alone[inside]).all()


def test_binned_means():
    time = np.arange(10) / 10
    values = np.stack([np.arange(5), -np.arange(5)], axis=1).astype(np.float32)
    edges, means = binned_means(time, time[5:], values)
    assert len(edges) == 11 and np.isnan(means[:5]).all()
    assert np.allclose(means[5:], values)


def test_binned_means_of_many_frames():
    time = np.arange(BINS * 10) / 25
    values = np.sin(time)[:, None].astype(np.float32)
    _, means = binned_means(time, time, values)
    assert means.shape == (BINS, 1)
    # A frame on an edge may fall to either side of it.
    assert np.abs(means[:, 0] - values.reshape(-1, 10).mean(axis=1)).max() < 0.06


def test_colours():
    assert len(set(COLOURS.values())) == len(COLOURS)
    mine = colours(("anger", "boredom", "relief"))
    assert mine["anger"] == COLOURS["anger"] and len(set(mine.values())) == 3


@pytest.mark.parametrize("faces", [0, 1, 12])
@pytest.mark.parametrize("frames", [1, 2, 200])
def test_plot(tmp_path, faces, frames):
    import cv2

    rows = [(t / 25, f) for t in range(frames) for f in (range(faces) if faces else [-1])]
    time, ids = np.array([r[0] for r in rows]), np.array([r[1] for r in rows], np.int32)
    p = np.random.default_rng(0).dirichlet(np.ones(3), len(rows)).astype(np.float32)
    p[ids < 0] = np.nan
    plot_timeline(tmp_path / "p.png", time, ids, p, LABELS, "a title with $ and _")
    image = cv2.imread(str(tmp_path / "p.png"))
    assert image.shape[1] == 1300 and image.std() > 1
    plot_timeline(tmp_path / "q.png", time, ids, p, LABELS, "a title with $ and _")
    assert (tmp_path / "p.png").read_bytes() == (tmp_path / "q.png").read_bytes()
    plot_timeline(tmp_path / "r.png", time, ids, p, LABELS, "relative", relative=p[::-1])
    taller = cv2.imread(str(tmp_path / "r.png"))
    assert (taller.shape[0] > image.shape[0]) == (faces > 0)
