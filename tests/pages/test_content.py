"""What a page holds is what the table prints."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from unpacking import unpack

from fervid.faces.playing import playing, thumbnail
from fervid.faces.video import write_video
from fervid.pages import write_page
from fervid.pages.content import content
from fervid.pages.media import shown
from fervid.pages.packing import pack
from fervid.prediction.writers.table import read_table

SHAPES = st.tuples(st.integers(0, 40), st.integers(1, 5))


@given(arrays(np.int64, SHAPES, elements=st.integers(-(2**45), 2**45)))
def test_packing_loses_nothing(values) -> None:
    assert np.array_equal(unpack(pack(values)), values)


def test_numbers_are_those_of_the_table(make_table, tmp_path) -> None:
    table = read_table(make_table(tmp_path, video=False))
    names, packed = content(table, [], [])
    rows = table.rows.sort_values(["face_id", "frame"])
    for name, columns, digits in (
        ("probability", [f"p_{label}" for label in table.labels], 6),
        ("box", ["left", "top", "width", "height"], 2),
        ("score", ["score"], 4),
    ):
        held = unpack(packed[name]) / 10**digits
        assert np.array_equal(held, rows[columns].fillna(0).to_numpy().round(digits)), name
    frames = unpack(packed["frame"]).ravel()
    assert np.array_equal(frames[unpack(packed["at"]).ravel()], rows["frame"])
    times = unpack(packed["time"]).ravel() / 1e6
    assert np.array_equal(times, table.rows.groupby("frame")["timestamp"].first())
    assert [(face["id"], face["rows"]) for face in names["faces"]] == [(0, 60), (1, 60)]
    landmarks = unpack(packed["landmarks0"]) / names["quarter"]
    assert np.abs(landmarks[:, 0] - rows["x0"]).max() <= 0.125


def test_a_table_without_a_face(tmp_path, make_table) -> None:
    table = read_table(make_table(tmp_path, video=False, faces=1))
    rows = table.rows.assign(face_id=np.nan, status="no face", label=None)
    rows[[name for name in rows if name.startswith(("p_", "x", "y"))]] = np.nan
    object.__setattr__(table, "rows", rows)
    names, packed = content(table, [], [{"input": "x", "reason": "dark", "status": "no face"}])
    assert names["faces"] == [] and names["reason"] == "dark" and not names["chunk"]
    assert unpack(packed["empty"]).ravel().tolist() == [1] * 60


def test_a_video_that_browsers_do_not_play_says_so(tmp_path) -> None:
    """The annotated copy stands in for it, if there is one."""
    pictures = [np.full((48, 64, 3), 90, np.uint8)] * 5
    odd, copy = tmp_path / "a.mkv", tmp_path / "a.overlay.mp4"
    write_video(odd, pictures, 25)
    write_video(copy, pictures, 25)
    alone = shown(odd, "a.mkv", tmp_path, None, anonymous=False)
    assert alone.shown == "./a.mkv" and "few browsers play .mkv files" in alone.note
    assert "--overlay" in alone.note and (alone.width, alone.height) == (64, 48)
    both = shown(odd, "a.mkv", tmp_path, copy, anonymous=False)
    assert both.shown == "./a.overlay.mp4" and both.drawn and both.source == "./a.mkv"
    assert playing(copy).problem == ""
    assert shown(None, "gone.mp4", tmp_path, None, anonymous=False).kind == "none"
    assert thumbnail(odd, 0.1, 32, 32)[:2] == b"\xff\xd8"


def test_nothing_in_a_page_ends_its_script(make_table, tmp_path) -> None:
    """The names are JSON in which no tag can begin."""
    path = write_page(make_table(tmp_path, "<!--<script>", 1.0))
    inside = re.search(r'id="names">(.*?)</script>', path.read_text(), re.S)[1]
    assert "<" not in inside and json.loads(inside)["input"] == "<!--<script>.mp4"
    with pytest.raises(ValueError, match="more digits"):
        pack(np.array([2**60]))
    assert Path(path).stat().st_size < 200_000
