import numpy as np
import pytest
import torch

from fervid.errors import InputError
from fervid.faces.track import STATUS, Track
from fervid.systems.tfe import TFE, Input, Shake, inputs
from fervid.systems.tfe.augment import shaken


def track(side=320, status=(0, 1, 0), finder="builtin", faces=None):
    n = len(status)
    if faces is None:
        faces = np.zeros((n, side, side, 3), np.uint8)
    back = np.tile(np.eye(2, 3, dtype=np.float32), (n, 1, 1))
    points = np.zeros((n, 68, 2), np.float32)
    assert STATUS[0] == "face"
    return Track(
        faces, points, np.arange(n) / 25, np.arange(n), np.array(status, np.uint8),
        np.ones(n, np.float32), back, 0, {"finder": finder},
    )  # fmt: skip


def test_a_sample_for_each_row_with_a_face():
    faces = np.arange(3, dtype=np.uint8)[:, None, None, None] * np.ones((1, 320, 320, 3), np.uint8)
    made = TFE().inputs(track(faces=faces))["faces"]
    assert made.shape == (2, 48, 48) and made.dtype == np.uint8
    assert made[0].max() == 0 and made[1].min() == 2
    assert TFE().inputs(track(status=(1, 1)))["faces"].shape == (0, 48, 48)
    assert (
        TFE(input=Input(last_frames=1)).inputs(track(faces=faces))["faces"].tolist()
        == made[1:].tolist()
    )
    assert TFE(input=Input(size=96)).inputs(track())["faces"].shape == (2, 96, 96)


def test_the_cut_shows_what_fer_plus_shows():
    """Eyes painted where they are in a track come to where FER+ has them."""
    (x, y), apart = inputs.TRACK_BETWEEN, inputs.TRACK_APART
    eyes = np.array([[x - apart / 2, y], [x + apart / 2, y]]) * 320 - 0.5
    faces = np.zeros((1, 320, 320, 3), np.uint8)
    for x, y in np.rint(eyes).astype(int):
        faces[0, y - 6 : y + 7, x - 6 : x + 7] = 255
    made = (
        TFE(input=Input(size=96)).inputs(track(status=(0,), faces=faces))["faces"][0].astype(float)
    )
    rows, columns = np.indices(made.shape) + 0.5
    left, right = ((columns < 48) * made, (columns >= 48) * made)
    centres = [((m * columns).sum() / m.sum(), (m * rows).sum() / m.sum()) for m in (left, right)]
    (x1, y1), (x2, y2) = np.array(centres) / 96
    assert x2 - x1 == pytest.approx(inputs.APART, abs=0.01)
    assert (x1 + x2) / 2 == pytest.approx(inputs.BETWEEN[0], abs=0.01)
    assert (y1 + y2) / 2 == pytest.approx(inputs.BETWEEN[1], abs=0.01)


def test_pictures_that_are_faces_are_taken_whole():
    rng = np.random.default_rng(0)
    grey = rng.integers(0, 256, (48, 48)).astype(np.uint8)
    faces = np.repeat(grey[None, :, :, None], 3, 3)
    made = TFE().inputs(track(status=(0,), finder="cropped", faces=faces))["faces"]
    assert np.array_equal(made[0], grey)


def test_colour_becomes_grey_and_sizes_change():
    colour = np.zeros((60, 80, 3), np.uint8)
    colour[..., 0] = 255
    assert inputs.picture(colour, 48).tolist() == [[76] * 48] * 48  # 0.299 x 255
    assert inputs.picture(np.full((48, 48), 9.4), 48).tolist() == [[9] * 48] * 48
    assert inputs.picture(np.full((30, 30, 4), 8, np.uint8), 48).max() == 8
    # Averaged, not sampled: a fine checkerboard is grey.
    board = np.indices((960, 960)).sum(0) % 2 * 255
    assert np.ptp(inputs.picture(board, 48).astype(int)) <= 2
    wide = np.zeros((50, 150), np.uint8)
    wide[:, :50] = wide[:, 100:] = 255  # lost with the ends
    assert inputs.picture(wide, 48).max() == 0


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.zeros((1, 1), np.uint8), "1 x 1 pixels"),
        (np.zeros((9000, 16), np.uint8), "cannot be used"),
        (np.zeros(48, np.uint8), "not a picture"),
        (np.zeros((48, 48, 2), np.uint8), "not a picture"),
        (np.full((48, 48), np.nan), "not finite"),
        (np.full((48, 48), np.inf), "not finite"),
        (np.full((48, 48), 300.0), "300"),
        (np.full((48, 48), -1), "-1"),
        (np.full((48, 48), 0.5), "multiply"),
        (np.full((48, 48), "a"), "not finite numbers"),
    ],
)
def test_what_is_no_face_says_so(image, words):
    with pytest.raises(InputError, match=words):
        inputs.picture(image, 48)


def faces(n=32, side=24, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, side, side)).astype(np.uint8)


def generator():
    return torch.Generator().manual_seed(3)


def test_nothing_is_changed_by_no_shake():
    given = torch.from_numpy(faces())
    made = shaken(given, Shake(flip=False), generator())
    torch.testing.assert_close(made, given.float(), rtol=0, atol=1e-3)


def test_half_of_the_faces_are_mirrored():
    given = torch.from_numpy(faces(400, 8))
    made = shaken(given, Shake(), generator())
    same = (made - given).abs().amax((1, 2)) < 1e-2
    turned = (made - given.flip(2)).abs().amax((1, 2)) < 1e-2
    assert (same ^ turned).all() and 160 < int(turned.sum()) < 240


def test_moves_are_what_a_slow_loop_makes_of_the_same_draw():
    shake = Shake(flip=True, shift=0.1, turn=12, scale=0.1)
    given = faces(6, 20)
    made = shaken(torch.from_numpy(given), shake, generator()).numpy()
    drawn = torch.rand(6, 12, generator=generator()).numpy().astype(float)
    for n in range(6):
        even = drawn[n, :6] * 2 - 1
        angle, size = np.radians(12 * even[0]), 1 / (1 + 0.1 * even[1])
        mirror = -1 if drawn[n, 6] < 0.5 else 1
        for row, column in ((3, 4), (10, 10), (15, 6), (12, 17)):
            x, y = (column + 0.5) / 10 - 1, (row + 0.5) / 10 - 1
            x *= mirror
            u = size * (np.cos(angle) * x + np.sin(angle) * y) + 0.2 * even[2]
            v = size * (-np.sin(angle) * x + np.cos(angle) * y) + 0.2 * even[3]
            px, py = (u + 1) * 10 - 0.5, (v + 1) * 10 - 0.5
            px, py = np.clip(px, 0, 19), np.clip(py, 0, 19)
            i, j = int(min(py, 18)), int(min(px, 18))
            a, b = py - i, px - j
            f = given[n].astype(float)
            expected = (1 - a) * ((1 - b) * f[i, j] + b * f[i, j + 1])
            expected += a * ((1 - b) * f[i + 1, j] + b * f[i + 1, j + 1])
            assert made[n, row, column] == pytest.approx(expected, abs=0.1)


def test_light_and_holes_keep_to_the_grey_range():
    given = torch.from_numpy(faces(64))
    made = shaken(given, Shake(flip=False, light=0.5), generator())
    assert made.min() >= 0 and made.max() <= 255 and not torch.equal(made, given.float())
    holed = shaken(given, Shake(flip=False, erase=0.5), generator())
    changed = (holed - given).abs().amax((1, 2)) > 0.01
    assert 16 < int(changed.sum()) < 48
    lost = ((holed - given).abs() > 0.01).float().mean((1, 2))[changed]
    assert lost.max() <= 0.3 and lost.min() > 0


def test_the_same_draw_makes_the_same_faces():
    shake = Shake(True, 0.1, 10, 0.1, 0.2, 0.3)
    given = torch.from_numpy(faces())
    assert torch.equal(shaken(given, shake, generator()), shaken(given, shake, generator()))
