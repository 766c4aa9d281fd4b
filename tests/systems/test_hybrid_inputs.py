"""Segments, crops and flow against fields and rules written down again here."""

import cv2
import numpy as np
import pytest

from fervid.faces.track import Track
from fervid.systems.hybrid import Hybrid, inputs
from fervid.systems.hybrid.inputs import Crop, encoded, flow_method, pictures
from fervid.systems.hybrid.recipe import Input
from fervid.systems.hybrid.segments import segments, used_pairs


def texture(height=150, width=110, seed=0):
    """A smooth grey picture that has detail everywhere."""
    noise = np.random.default_rng(seed).normal(size=(height, width)).astype(np.float32)
    fine, coarse = (cv2.GaussianBlur(noise, (0, 0), s) for s in (1.5, 6))
    grey = fine / fine.std() + coarse / coarse.std()
    return np.clip(128 + 40 * grey, 0, 255).astype(np.uint8)


def track(frames=20, size=320, seed=0, grey=None):
    rng = np.random.default_rng(seed)
    picture = texture(size, size, seed) if grey is None else grey
    faces = np.repeat(np.repeat(picture[None, ..., None], 3, 3), frames, 0)
    points = rng.uniform(100, 220, (68, 2))
    points[36:42], points[42:48] = (115, 115), (205, 115)
    return Track(
        faces=faces,
        landmarks=np.repeat(points[None], frames, 0).astype(np.float32),
        times=np.arange(frames) / 25,
        frames=np.arange(frames),
        status=np.zeros(frames, np.uint8),
        score=np.ones(frames, np.float32),
        to_frame=np.tile(np.eye(2, 3, dtype=np.float32), (frames, 1, 1)),
        face=0,
        found_by={"finder": "fake"},
    )


def all_of(one):
    """Every frame's face and flow, in their order."""
    rows = np.arange(len(one))
    return pictures(one, Crop(), rows, np.maximum(rows - 1, 0))


# Segments


def test_windows_cover_a_long_clip_and_end_with_it():
    rows = segments(45, 16, 8, "windows")
    assert rows[:, 0].tolist() == [0, 8, 16, 24, 29]
    assert (np.diff(rows, axis=1) == 1).all() and rows[-1, -1] == 44
    assert set(rows.ravel()) == set(range(45))
    assert segments(32, 16, 16, "windows")[:, 0].tolist() == [0, 16]
    assert segments(16, 16, 8, "windows").tolist() == [list(range(16))]


def test_the_printed_rule_keeps_the_middle():
    for frames in (17, 20, 45, 520):
        (rows,) = segments(frames, 16, 8, "trim")
        first = (frames - 16) // 2
        assert rows.tolist() == list(range(first, first + 16))
        assert abs(first - (frames - 16 - first)) <= 1


@pytest.mark.parametrize("rule", ["windows", "trim"])
def test_a_short_clip_has_its_ends_repeated(rule):
    assert segments(10, 16, 8, rule).tolist() == [[0, 0, 0, *range(10), 9, 9, 9]]
    assert segments(15, 16, 8, rule)[0].tolist() == [*range(15), 14]
    assert segments(1, 16, 8, rule).tolist() == [[0] * 16]


def test_pairs_are_all_or_evenly_spread():
    assert used_pairs(16, 15).tolist() == list(range(15))
    assert used_pairs(16, 5).tolist() == [1, 4, 7, 10, 13]
    assert used_pairs(16, 1).tolist() == [7]


def test_counts_of_the_paper_come_from_windows():
    """Sec. IV-B: about 12000 segments of 720 clips, which are some 3 to 6 seconds long."""
    lengths = np.random.default_rng(0).integers(90, 180, 720)
    trimmed = sum(len(segments(n, 16, 8, "trim")) for n in lengths)
    windows = sum(len(segments(n, 16, 8, "windows")) for n in lengths)
    assert trimmed == 720 and 10_000 < windows < 14_000


# Flow


def moved(picture, matrix):
    """The picture moved by a (2, 3) affine, and the field that did it, (H, W, 2)."""
    height, width = picture.shape
    second = cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)
    y, x = np.mgrid[:height, :width].astype(np.float64)
    to_x = matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2]
    to_y = matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]
    return second, np.stack([to_x - x, to_y - y], axis=-1)


MOTIONS = {
    "shift": np.array([[1, 0, 2.5], [0, 1, -1.25]]),
    "turn": cv2.getRotationMatrix2D((55, 75), 2.0, 1.0),
    "grow": cv2.getRotationMatrix2D((55, 75), 0.0, 1.03),
}


@pytest.mark.parametrize("motion", MOTIONS)
def test_flow_is_the_known_field(motion):
    first = texture()
    second, field = moved(first, MOTIONS[motion])
    found = flow_method()(first, second)
    inside = (slice(15, -15), slice(15, -15))
    error = np.hypot(*np.moveaxis(found - field, -1, 0))[inside]
    size = np.hypot(*np.moveaxis(field, -1, 0))[inside].mean()
    assert size > 0.9 and error.mean() < 0.15 * size


def test_eq_1_and_the_magnitude():
    flow = np.random.default_rng(0).normal(size=(20, 30, 2)).astype(np.float32) * 6
    found = encoded(flow)
    for i in range(20):
        for j in range(30):
            x, y = (float(v) for v in flow[i, j])
            expected = (16 * x + 128, 16 * y + 128, 16 * (x * x + y * y) ** 0.5)
            for value, exact in zip(found[i, j], expected, strict=True):
                assert abs(int(value) - min(255, max(0, exact))) <= 0.501
    assert encoded(np.zeros((2, 2, 2), np.float32)).tolist() == [[[128, 128, 0]] * 2] * 2
    assert encoded(np.full((1, 1, 2), -9, np.float32))[0, 0].tolist() == [0, 0, 204]


# Crops


def test_the_crop_is_150_x_110_with_the_eyes_in_their_place():
    crop = Crop()
    one = track(3)
    dots = np.zeros((320, 320, 3), np.uint8)
    for x in (115, 205):
        dots[113:118, x - 2 : x + 3] = 255
    cut = crop.cut(dots, crop.matrix(one.landmarks))
    assert cut.shape == (150, 110, 3)
    rows, columns = np.nonzero(cut[..., 0] > 100)
    left = columns[columns < 55].mean(), columns[columns >= 55].mean()
    assert left[1] - left[0] == pytest.approx(55, abs=0.6)  # Shan et al.: 55 pixels apart
    assert left[1] + left[0] == pytest.approx(109, abs=1)
    assert rows.mean() == pytest.approx(150 * 0.25 - 0.5, abs=0.6)


def test_the_crop_follows_scale_and_place_of_the_face():
    one = track(2)
    expected = Crop().cut(one.faces[0], Crop().matrix(one.landmarks))
    wide = cv2.resize(one.faces[0], (640, 640), interpolation=cv2.INTER_CUBIC)
    wide = np.roll(wide, (10, 20), (0, 1))
    points = one.landmarks * 2 + 0.5 + np.array([20, 10], np.float32)
    found = Crop().cut(wide, Crop().matrix(points))
    assert np.abs(found.astype(int) - expected).mean() < 3


def test_one_box_for_a_clip():
    """Landmarks that tremble move nothing: a flow would hold the crop's motion."""
    one = track(9)
    shaken = one.landmarks + np.random.default_rng(0).normal(size=(9, 1, 2)).astype(np.float32)
    faces, flows = all_of(Track(**{**vars(one), "landmarks": shaken}))
    assert (faces == faces[0]).all()
    assert np.abs(flows[..., :2].astype(int) - 128).max() <= 1


# Samples


def walking(frames, step=1.6):
    """A texture that moves right by `step` pixels of the track, about one of the crop."""
    one = track(frames)
    for row in range(frames):
        matrix = np.array([[1, 0, step * row], [0, 1, 0]])
        one.faces[row] = cv2.warpAffine(one.faces[0], matrix, (320, 320), borderMode=2)
    return one


def test_a_sample_has_15_faces_and_15_flows_the_first_frame_dropped():
    one = walking(24)
    found = Hybrid().inputs(one)
    assert found["faces"].shape == found["flows"].shape == (2, 15, 150, 110, 3)
    assert found["faces"].dtype == found["flows"].dtype == np.uint8
    assert found["video"].dtype == np.int64 and len(set(found["video"])) == 1
    faces, flows = all_of(one)
    np.testing.assert_array_equal(found["faces"][1], faces[9:24])
    np.testing.assert_array_equal(found["flows"][0], flows[1:16])
    # 1.6 pixels of the track are 1.6 * 55 / 90 of the crop.
    inside = found["flows"][0, :, 20:-20, 20:-20].astype(float)
    assert inside[..., 0].mean() == pytest.approx(128 + 16 * 1.6 * 55 / 90, abs=2)
    assert inside[..., 1].mean() == pytest.approx(128, abs=1)


def test_frames_are_asked_for_in_any_order():
    one = walking(12)
    faces, flows = all_of(one)
    rows = np.array([7, 3, 3, 11, 0])
    before = np.array([6, 2, 3, 10, 0])
    found = pictures(one, Crop(), rows, before)
    np.testing.assert_array_equal(found[0], faces[rows])
    np.testing.assert_array_equal(found[1][[0, 1, 3, 4]], flows[rows[[0, 1, 3, 4]]])
    assert (found[1][[2, 4]] == [128, 128, 0]).all()


def test_threads_change_nothing():
    one, threads = walking(11), cv2.getNumThreads()
    try:
        cv2.setNumThreads(1)
        alone = all_of(one)
        cv2.setNumThreads(3)
        shared = all_of(one)
    finally:
        cv2.setNumThreads(threads)
    for first, second in zip(alone, shared, strict=True):
        np.testing.assert_array_equal(first, second)


def test_a_repeated_frame_has_not_moved():
    found = Hybrid().inputs(walking(6))
    still = (found["flows"][0] == [128, 128, 0]).all(axis=(1, 2, 3))
    assert still.tolist() == [True] * 5 + [False] * 5 + [True] * 5
    one = Hybrid().inputs(track(1))
    assert (one["flows"] == [128, 128, 0]).all() and len(one["faces"]) == 1


def test_fewer_pairs_and_smaller_pictures():
    one = walking(30)
    whole = Hybrid(input=Input(step=16)).inputs(one)
    few = Hybrid(input=Input(step=16, pairs=5)).inputs(one)
    np.testing.assert_array_equal(few["flows"], whole["flows"][:, [1, 4, 7, 10, 13]])
    small = Hybrid(input=Input(step=16, size=64)).inputs(one)
    assert small["faces"].shape == (2, 15, 64, 64, 3)
    means = (small["flows"].mean((2, 3)), whole["flows"].mean((2, 3)))
    np.testing.assert_allclose(*means, atol=0.5)


def test_rows_without_a_face_are_left_out_and_too_few_give_nothing():
    one = walking(20)
    gone = one.status.copy()
    gone[[2, 3, 17]] = 1
    found = Hybrid().inputs(Track(**{**vars(one), "status": gone}))
    kept_rows = one.rows(gone == 0)
    np.testing.assert_array_equal(found["faces"], Hybrid().inputs(kept_rows)["faces"])
    gone[:] = 1
    gone[4] = 0
    none = Hybrid().inputs(Track(**{**vars(one), "status": gone}))
    assert none["faces"].shape == none["flows"].shape == (0, 15, 150, 110, 3)
    assert none["video"].shape == (0,)


def test_videos_are_told_apart():
    one = walking(20)
    assert inputs.identity(one) == inputs.identity(walking(20))
    assert inputs.identity(one) != inputs.identity(one.rows(slice(1, None)))
    other = Track(**{**vars(one), "landmarks": one.landmarks + 1})
    assert inputs.identity(one) != inputs.identity(other)
