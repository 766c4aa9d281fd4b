import numpy as np
import pytest

from fervid.faces.points68 import POINTS_66 as POINTS
from fervid.faces.track import Track
from fervid.systems.ir3d import IR3D, Input
from fervid.systems.ir3d.inputs import ends_at_apex, tens

SMALL = IR3D(input=Input(size=57))


def track(frames, apex=None, lost=()):
    """A face whose pictures tell their frame's number by their brightness."""
    rng = np.random.default_rng(0)
    landmarks = np.tile(rng.uniform(10, 50, (1, 68, 2)), (frames, 1, 1)).astype(np.float32)
    landmarks[:, 36:42], landmarks[:, 42:48] = (22, 25), (42, 25)
    faces = np.tile(np.arange(frames, dtype=np.uint8)[:, None, None, None], (1, 64, 64, 3))
    status = np.zeros(frames, np.uint8)
    status[list(lost)] = 1
    landmarks[list(lost)] = np.nan
    return Track(
        faces, landmarks, np.arange(frames) / 25, np.arange(frames) + 100, status,
        np.ones(frames, np.float32), np.tile(np.eye(2, 3, dtype=np.float32), (frames, 1, 1)),
        0, {}, apex,
    )  # fmt: skip


def shown(made):
    """Which frame each picture of each film is, by its brightness."""
    return made["faces"][..., 28, 28, 0].tolist()


def test_a_clip_that_ends_at_its_apex_gives_its_last_ten_frames():
    made = SMALL.inputs(track(23, apex=122))
    assert shown(made) == [list(range(13, 23))]
    assert made["faces"].shape == (1, 10, 57, 57, 3) and made["faces"].dtype == np.uint8
    assert made["landmarks"].shape == (1, 10, 66, 2) and made["landmarks"].dtype == np.float32


@pytest.mark.parametrize("apex", [None, 111, 121])
def test_every_other_clip_gives_consecutive_tens(apex):
    found = track(23, apex)
    assert not ends_at_apex(found)
    assert shown(SMALL.inputs(found)) == [list(range(10)), list(range(10, 20))]


def test_short_clips_are_filled():
    for apex in (None, 106):
        assert shown(SMALL.inputs(track(7, apex))) == [[0, 0, 0, 0, 1, 2, 3, 4, 5, 6]]
    assert shown(SMALL.inputs(track(1))) == [[0] * 10]
    assert shown(SMALL.inputs(track(10))) == [list(range(10))]


def test_frames_without_a_face_are_left_out_first():
    assert shown(SMALL.inputs(track(14, apex=113, lost=(5, 13)))) == [[2, 3, 4, *range(6, 13)]]
    lonely = track(14, lost=range(2, 14))
    made = SMALL.inputs(lonely)
    assert made["faces"].shape == (0, 10, 57, 57, 3) and made["landmarks"].shape == (0, 10, 66, 2)
    assert made["faces"].dtype == np.uint8 and made["landmarks"].dtype == np.float32
    assert len(SMALL.inputs(track(2))["faces"]) == 1  # it has no more to begin with


def test_66_points_without_the_inner_corners_of_the_mouth():
    assert len(POINTS) == 66 and set(range(68)) - set(POINTS) == {60, 64}
    whole = track(10)
    made = SMALL.inputs(whole)["landmarks"][0]
    # The square's side is 2.6 of 20 pixels; it begins 26 left of and 15 above the eyes' centre.
    expected = (whole.landmarks[:, list(POINTS)] - (32 - 26, 25 + 11 - 26)) * 57 / 52 - 0.5
    np.testing.assert_allclose(made, expected, atol=1e-4)


@pytest.mark.parametrize("count", [1, 4, 9, 10, 11, 19, 20, 37])
@pytest.mark.parametrize("last", [True, False])
def test_films_are_in_order_and_of_ten(count, last):
    rows = tens(count, 10, last)
    assert rows.shape == (1 if last else max(1, count // 10), 10)
    assert rows.min() >= 0 and rows.max() <= count - 1
    assert (np.diff(rows, axis=1) >= 0).all()
    assert set(rows.ravel()) == set(range(count)) or count > 10
    if last:
        assert rows[0, -1] == count - 1
