import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fervid.faces.points68 import EYES, MIRROR, mirrored
from fervid.faces.points68 import POINTS_49 as POINTS
from fervid.faces.track import SIZE, Track
from fervid.systems.dtagn import DTAGN, Appearance, inputs


def slow_tim(frames, length):
    """Zhou et al. (2011): learn the map by SVD and generalised eigenvectors, then walk the curve.

    frames: (n, D), D >= n - 1 and in general position.
    """
    x = frames.T.astype(np.float64)  # (D, n)
    n = x.shape[1]
    mean = x.mean(axis=1, keepdims=True)
    u, s, vt = np.linalg.svd(x - mean, full_matrices=False)
    u, q = u[:, : n - 1], np.diag(s[: n - 1]) @ vt[: n - 1]
    laplacian = np.zeros((n, n))
    for i in range(n - 1):
        laplacian[i, i] += 1
        laplacian[i + 1, i + 1] += 1
        laplacian[i, i + 1] = laplacian[i + 1, i] = -1
    values, w = np.linalg.eig(np.linalg.inv(q @ q.T) @ (q @ laplacian @ q.T))
    w = w[:, np.argsort(values.real)].real

    def curve(k, t):
        return math.sin(math.pi * k * t + math.pi * (n - k) / (2 * n))

    size = np.array([q[:, 0] @ w[:, k - 1] / curve(k, 1 / n) for k in range(1, n)])
    out = []
    for t in np.linspace(1 / n, 1, length):
        y = np.array([curve(k, t) for k in range(1, n)])
        out.append(u @ np.linalg.inv(w.T) @ (size * y) + mean[:, 0])
    return np.array(out)


@pytest.mark.parametrize(("n", "length"), [(2, 5), (5, 12), (9, 4), (12, 12)])
def test_tim_is_the_learned_map(n, length):
    frames = np.random.default_rng(n).normal(size=(n, 40))
    expected = slow_tim(frames, length)
    np.testing.assert_allclose(inputs.tim_matrix(n, length) @ frames, expected, atol=1e-8)


@given(st.integers(1, 90))
def test_tim_passes_through_the_frames_themselves(n):
    np.testing.assert_allclose(inputs.tim_matrix(n, n), np.eye(n), atol=1e-9)


@given(st.integers(1, 60), st.integers(2, 20))
def test_interpolation_keeps_the_ends_and_what_stands_still(n, length):
    weights = inputs.tim_matrix(n, length)
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-9)
    np.testing.assert_allclose(weights[0], np.eye(n)[0], atol=1e-9)
    np.testing.assert_allclose(weights[-1], np.eye(n)[-1], atol=1e-9)


def test_tim_of_a_film_played_backwards_is_the_film_backwards():
    frames = np.random.default_rng(0).normal(size=(17, 6)).astype(np.float32)
    there, back = inputs.resample(frames, 12), inputs.resample(frames[::-1], 12)
    np.testing.assert_allclose(there, back[::-1], atol=1e-4)


def test_a_still_is_repeated():
    still = np.arange(6, dtype=np.float32).reshape(1, 3, 2)
    np.testing.assert_allclose(inputs.resample(still, 12), np.repeat(still, 12, axis=0), rtol=1e-5)


def test_points_are_intraface_s():
    assert len(POINTS) == 49
    assert not {60, 64} & set(POINTS) and min(POINTS) == 17


def test_mirror_is_its_own_inverse_and_keeps_parts():
    assert sorted(MIRROR) == list(range(68))
    assert all(MIRROR[other] == point for point, other in enumerate(MIRROR))
    assert MIRROR[30] == 30 and MIRROR[36] == 45 and MIRROR[48] == 54
    exchange = mirrored(POINTS)
    assert [exchange[place] for place in exchange] == list(range(49))


def test_normalised_points_are_eq_3():
    points = np.random.default_rng(0).normal(50, 9, (3, 49, 2)).astype(np.float32)
    found = inputs.normalised(points, nose=13)
    for t in range(3):
        for axis in range(2):
            values = [float(points[t, i, axis]) for i in range(49)]
            mean = sum(values) / 49
            spread = math.sqrt(sum((v - mean) ** 2 for v in values) / 49)
            expected = [(v - values[13]) / spread for v in values]
            np.testing.assert_allclose(found[t, :, axis], expected, atol=1e-4)


def test_normalised_points_ignore_place_and_size():
    points = np.random.default_rng(0).normal(50, 9, (3, 49, 2)).astype(np.float32)
    moved = points * np.float32([3, 0.5]) + np.float32([7, -90])
    np.testing.assert_allclose(
        inputs.normalised(moved, 13), inputs.normalised(points, 13), atol=1e-4
    )


def face(frames, seen=None):
    """A Track of random faces whose eyes lie level, 100 pixels apart."""
    rng = np.random.default_rng(0)
    points = rng.normal(160, 40, (frames, 68, 2)).astype(np.float32)
    points[:, EYES[0]] = [110, 130]
    points[:, EYES[1]] = [210, 130]
    status = np.zeros(frames, np.uint8) if seen is None else (~np.asarray(seen)).astype(np.uint8)
    return Track(
        rng.integers(0, 256, (frames, SIZE, SIZE, 3), np.uint8),
        points,
        np.arange(frames) / 25,
        np.arange(frames),
        status,
        np.ones(frames, np.float32),
        np.repeat(np.eye(2, 3, dtype=np.float32)[None], frames, axis=0),
        (SIZE, SIZE),
        0,
        {"finder": "test"},
    )


def test_a_track_gives_one_sample():
    arrays = DTAGN().inputs(face(7))
    assert arrays["faces"].shape == (1, 3, 80, 80) and arrays["faces"].dtype == np.uint8
    assert arrays["landmarks"].shape == (1, 12, 49, 2) and arrays["landmarks"].dtype == np.float32


def test_frames_without_a_face_are_left_out():
    track = face(9, seen=np.arange(9) % 2 == 0)
    track.landmarks[1::2], track.faces[1::2] = np.nan, 0
    whole, half = DTAGN().inputs(track), DTAGN().inputs(track.rows(slice(None, None, 2)))
    for name in whole:
        np.testing.assert_array_equal(whole[name], half[name])


def test_too_little_of_a_face_gives_no_sample():
    arrays = DTAGN().inputs(face(9, seen=np.arange(9) < 2))
    assert arrays["faces"].shape == (0, 3, 80, 80)
    assert arrays["landmarks"].shape == (0, 12, 49, 2)
    assert len(DTAGN().inputs(face(1, seen=[False]))["faces"]) == 0


def test_a_still_gives_a_sample_that_stands_still():
    arrays = DTAGN().inputs(face(1))
    assert (arrays["faces"][0] == arrays["faces"][0, :1]).all()
    np.testing.assert_allclose(arrays["landmarks"][0, 0], arrays["landmarks"][0, -1], rtol=1e-5)


def test_one_frame_is_the_last():
    track = face(5)
    one = DTAGN(appearance=Appearance(frames=1)).inputs(track)["faces"][0, 0]
    np.testing.assert_array_equal(one, DTAGN().inputs(track)["faces"][0, -1])


def test_the_crop_is_where_the_eyes_say():
    crop = inputs.Crop()
    left, top, side = crop.box(face(3).landmarks)
    assert side == pytest.approx(2.6 * 100 * 80 / 64)
    assert left + side / 2 == pytest.approx(160) and top + side / 2 == pytest.approx(130 + 55)


def slow_area(picture, left, top, side, pixels):
    """Means over squares by supersampling; the border goes on outside."""
    n = 80
    at = (np.arange(pixels * n) + 0.5) / n * side / pixels
    rows = np.clip(np.rint(top + at), 0, picture.shape[0] - 1).astype(int)
    columns = np.clip(np.rint(left + at), 0, picture.shape[1] - 1).astype(int)
    return picture[np.ix_(rows, columns)].reshape(pixels, n, pixels, n).mean(axis=(1, 3))


def test_a_crop_is_the_mean_of_each_pixel_s_area():
    track = face(1)
    crop = inputs.Crop(size=24, margin=4)
    grey = track.faces[0].astype(np.float64) @ [0.299, 0.587, 0.114]
    expected = slow_area(grey, *crop.box(track.landmarks), 32)
    found = crop.cut(track.faces, track.landmarks)[0]
    np.testing.assert_allclose(found, expected, atol=4)
    assert np.abs(found - expected).mean() < 0.6


def test_a_crop_of_a_plain_picture_is_plain_even_enlarged():
    track = face(1)
    track.faces[:] = 200
    assert np.allclose(inputs.Crop(size=64).cut(track.faces, track.landmarks), 200, atol=1e-3)
    assert np.allclose(inputs.Crop(size=600).cut(track.faces, track.landmarks), 200, atol=1e-3)
