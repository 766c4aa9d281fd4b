import math
from dataclasses import replace

import numpy as np
import torch

from fervid.faces import points68
from fervid.faces.track import Track
from fervid.learning.batches import Batch
from fervid.learning.crops import Square
from fervid.learning.recipes import changed
from fervid.systems.agn3d import AGN3D, Geometry, Input, inputs, lbp, pictures

WEIGHTS = (1.0, 2.0, 3.0, 4.0, 5.0)
SMALL = AGN3D(input=Input(size=40, frames=4), geometry=Geometry(size=40))
GREY = changed(SMALL, {"input.encoding": "grey"})


def track(frames=9, seed=0, apex=None):
    """A face of noise whose mouth opens until frame 6 and closes again."""
    rng = np.random.default_rng(seed)
    base = rng.uniform(60, 100, (68, 2))
    base[36:42], base[42:48] = (60, 70), (100, 70)
    grows = np.interp(np.arange(frames), [0, 6, 8], [0, 1, 0.5])[:, None, None]
    push = np.zeros((68, 2))
    push[57:59, 1] = 12
    return Track(
        faces=rng.integers(0, 256, (frames, 160, 160, 3), np.uint8),
        landmarks=(base + push * grows).astype(np.float32),
        times=np.arange(frames) / 25,
        frames=np.arange(frames) + 100,
        status=np.zeros(frames, np.uint8),
        score=np.ones(frames, np.float32),
        to_frame=np.tile(np.eye(2, 3, dtype=np.float32), (frames, 1, 1)),
        face=0,
        found_by={},
        apex=apex,
    )


def test_the_peak_is_where_the_landmarks_lie_farthest_from_rest():
    assert inputs.peak_row(track().landmarks) == 6


def test_which_frames_a_film_shows():
    assert inputs.film_rows(12, 4).tolist() == [9, 10, 11, 12]
    assert inputs.film_rows(1, 4).tolist() == [0, 0, 0, 1]


def test_a_sample_is_the_codes_of_the_crop_and_the_points_of_two_frames():
    clip = track()
    made = SMALL.inputs(clip)
    pixels = 40 + 2 * SMALL.input.margin
    assert made["film"].shape == (1, 4, pixels, pixels) and made["film"].dtype == np.uint8
    used = clip.rows(np.array([0, 3, 4, 5, 6]))
    square = Square(pixels, SMALL.input.crop_side * pixels / 40, SMALL.input.crop_down)
    grey, points = inputs.cut(used, square)
    np.testing.assert_array_equal(made["film"][0], lbp.encode(grey[1:]))
    left, top, side = Square(40, SMALL.input.crop_side, SMALL.input.crop_down).place(used.landmarks)
    expected = (clip.landmarks[[0, 6]] - [left, top]) / side
    np.testing.assert_allclose(made["points"][0], expected, atol=1e-4)
    plain = GREY.inputs(clip)
    np.testing.assert_array_equal(plain["film"][0], grey[1:])
    assert len(points) == 5


def test_rows_without_a_face_are_left_out():
    clip = track()
    status, landmarks = clip.status.copy(), clip.landmarks.copy()
    status[[2, 7]], landmarks[[2, 7]] = 1, np.nan
    holes = replace(clip, status=status, landmarks=landmarks)
    expected = SMALL.inputs(clip.rows(np.array([0, 1, 3, 4, 5, 6, 8])))
    for name, array in SMALL.inputs(holes).items():
        np.testing.assert_array_equal(array, expected[name])


def test_too_little_of_a_face_gives_no_sample_and_a_still_gives_one():
    clip = track()
    status = np.ones(9, np.uint8)
    status[:2] = 0
    nothing = SMALL.inputs(replace(clip, status=status))
    some = SMALL.inputs(clip)
    for name, array in nothing.items():
        assert len(array) == 0 and array.shape[1:] == some[name].shape[1:]
        assert array.dtype == some[name].dtype
    still = SMALL.inputs(clip.rows(slice(3, 4)))
    assert (still["film"][0] == still["film"][0, :1]).all()
    np.testing.assert_array_equal(still["points"][0, 0], still["points"][0, 1])


def batch(recipe, n=6, seed=0, copy=0):
    rng = np.random.default_rng(seed)
    pixels = recipe.input.pixels
    film = rng.integers(0, 256, (n, recipe.input.frames, pixels, pixels), np.uint8)
    points = rng.uniform(0.2, 0.8, (n, 2, 68, 2)).astype(np.float32)
    arrays = {"film": torch.from_numpy(film), "points": torch.from_numpy(points)}
    return Batch(arrays, torch.zeros(n, dtype=torch.int64), torch.full((n,), copy))


def test_films_are_cut_and_mirrored_as_the_pictures_would_be():
    recipe = changed(SMALL, {"input.shift": 0.1})
    grey = batch(recipe).arrays["film"].numpy()
    codes = torch.from_numpy(lbp.encode(grey))
    shift = torch.tensor([[0, 0], [8, 8], [3, 5], [5, 3], [0, 8], [4, 4]])
    mirror = torch.tensor([False, False, False, True, True, True])
    table = torch.from_numpy(lbp.mirrored())
    found = pictures.films(codes, mirror, table, shift, 40)
    for b in range(6):
        row, column = shift[b].tolist()
        expected = grey[b]
        if mirror[b]:
            expected, column = expected[..., ::-1].copy(), 8 - column
        expected = lbp.encode(expected)[:, row : row + 40, column : column + 40]
        np.testing.assert_array_equal(found[b], expected)


def test_films_as_the_network_takes_them():
    codes = inputs.films(SMALL.input, batch(SMALL))
    assert codes.shape == (6, 4, 40, 40) and codes.min() == -1 and codes.max() == 1
    seen = inputs.films(GREY.input, batch(GREY))
    assert seen.mean((1, 2, 3)).abs().max() < 1e-5
    assert torch.allclose(seen.std((1, 2, 3)), torch.ones(6), atol=1e-4)
    generator = torch.Generator().manual_seed(0)
    assert not torch.equal(inputs.films(SMALL.input, batch(SMALL), generator), codes)


def slow_difference(points, weights, size, spot):
    """[2, Sec. 3.2] pixel by pixel."""
    image = np.zeros((size, size))
    for y in range(size):
        for x in range(size):
            for point in range(68):
                for frame, sign in ((1, 1), (0, -1)):
                    u, v = points[frame, point]
                    far = ((x + 0.5) / size - u) ** 2 + ((y + 0.5) / size - v) ** 2
                    image[y, x] += sign * weights[point] * math.exp(-far / (2 * spot**2))
    return image


def test_difference_images_pixel_by_pixel():
    points = batch(SMALL, 2).arrays["points"]
    weights = pictures.point_weights(WEIGHTS)
    found = pictures.difference(points, weights, 12, 0.05)
    assert found.shape == (2, 1, 12, 12)
    for b in range(2):
        expected = slow_difference(points[b].numpy(), weights.numpy(), 12, 0.05)
        np.testing.assert_allclose(found[b, 0], expected, atol=1e-4)


def test_difference_images_do_not_know_the_order_of_the_points():
    points, weights = batch(SMALL, 3).arrays["points"], pictures.point_weights(WEIGHTS)
    order = torch.randperm(68, generator=torch.Generator().manual_seed(0))
    expected = pictures.difference(points, weights, 24, 0.03)
    found = pictures.difference(points[:, :, order], weights[order], 24, 0.03)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)


def test_a_face_at_rest_has_an_empty_difference_and_the_way_back_is_its_negative():
    points, weights = batch(SMALL, 3).arrays["points"], pictures.point_weights(WEIGHTS)
    still = points[:, :1].expand(-1, 2, -1, -1)
    assert pictures.difference(still, weights, 24, 0.03).abs().max() < 1e-4
    there, back = (pictures.difference(p, weights, 24, 0.03) for p in (points, points.flip(1)))
    torch.testing.assert_close(there, -back)
    assert there.abs().max() > 1


def test_weights_are_those_of_the_parts():
    weights = pictures.point_weights(WEIGHTS)
    assert weights.shape == (68,)
    for point, weight in ((0, 1), (16, 1), (17, 2), (26, 2), (27, 3), (35, 3), (36, 4), (47, 4),
                          (48, 5), (67, 5)):  # fmt: skip
        assert weights[point] == weight
    assert sorted(n for part in points68.PARTS.values() for n in part) == list(range(68))


def test_mirrored_points_give_the_mirrored_image():
    points, weights = batch(SMALL, 3).arrays["points"], pictures.point_weights(WEIGHTS)
    none, zero = torch.zeros(3), torch.zeros(1)
    found = pictures.placed(points, torch.tensor([True] * 3), none, zero)
    images = [pictures.difference(p, weights, 24, 0.03) for p in (points, found)]
    torch.testing.assert_close(images[1], images[0].flip(3), atol=1e-4, rtol=0)
    again = pictures.placed(found, torch.tensor([True] * 3), none, zero)
    torch.testing.assert_close(again, points)
    assert [points68.MIRROR[i] for i in (0, 17, 30, 36, 41, 48, 60, 66)] == [
        16, 26, 30, 45, 46, 54, 64, 66
    ]  # fmt: skip


def test_points_turn_about_the_middle_with_both_frames_alike():
    points = batch(SMALL, 1).arrays["points"]
    turned = pictures.placed(points, torch.tensor([False]), torch.tensor([math.pi / 2]), 0)
    x, y = points[..., 0], points[..., 1]
    torch.testing.assert_close(turned[..., 0], 1 - y, atol=1e-5, rtol=0)
    torch.testing.assert_close(turned[..., 1], x, atol=1e-5, rtol=0)


def test_images_change_with_a_generator_only():
    here = batch(SMALL)
    expected = inputs.images(SMALL.geometry, here)
    assert expected.shape == (6, 3, 40, 40) and torch.equal(
        inputs.images(SMALL.geometry, here), expected
    )
    generator = torch.Generator().manual_seed(0)
    assert not torch.allclose(inputs.images(SMALL.geometry, here, generator), expected, atol=0.01)
