import math

import numpy as np
import pytest
import torch

from fervid.faces.points68 import POINTS_49
from fervid.faces.points68 import mirrored as mirror_places
from fervid.learning import seeding
from fervid.learning.augment import mirrored, rotated, turned
from fervid.systems.dtagn import augment

EXCHANGE = torch.tensor(mirror_places(POINTS_49))


def copies(points, which, noise=0.01, turn=math.pi / 10):
    generator = seeding.generator(0, "noise")
    copy = torch.full((len(points),), which)
    return augment.trajectories(points, copy, generator, noise, turn)


@pytest.fixture
def points():
    return torch.randn(4, 12, 49, 2, generator=torch.Generator().manual_seed(0))


def test_there_are_fourteen_different_copies(points):
    assert augment.COPIES == 14 == 2 * len(augment.ANGLES)
    generator = seeding.generator(0, "noise")
    settings = (generator, 0.01, math.pi / 10)
    found = [
        augment.trajectories(points, torch.full((4,), which), *settings) for which in range(14)
    ]
    assert all(not torch.equal(a, b) for i, a in enumerate(found) for b in found[:i])
    faces = torch.randint(0, 256, (1, 3, 80, 80), dtype=torch.uint8)
    seen = [augment.pictures(faces, torch.tensor([which]), 64) for which in range(14)]
    assert all(not torch.equal(a, b) for i, a in enumerate(seen) for b in seen[:i])


def test_the_first_copies_are_the_clip_and_its_mirror_image(points):
    assert torch.equal(copies(points, 0), points)
    expected = points[:, :, EXCHANGE] * torch.tensor([-1.0, 1.0])
    assert torch.equal(copies(points, 1), expected)


def test_noise_is_eq_5(points):
    many = points.repeat(50, 1, 1, 1)
    for which in (2, 4, 6):
        added = copies(many, which) - many
        assert added.std().item() == pytest.approx(0.01, rel=0.02)
        assert abs(added.mean().item()) < 1e-4
        # Every coordinate for itself: neither frames, points nor axes go together.
        flat = added.flatten(1).numpy()
        assert abs(np.corrcoef(flat[:, 0], flat[:, 1])[0, 1]) < 0.3
    assert not torch.equal(copies(points, 2), copies(points.flip(0), 2).flip(0))


def test_turns_are_eq_6(points):
    for which in (8, 10, 12):
        found = copies(points, which)
        for b in range(len(points)):
            angles = []
            for t in range(12):
                x, y = points[b, t, 0].tolist()
                u, v = found[b, t, 0].tolist()
                angle = math.remainder(math.atan2(v, u) - math.atan2(y, x), 2 * math.pi)
                angles.append(angle)
                c, s = math.cos(angle), math.sin(angle)
                for i in range(49):
                    px, py = points[b, t, i].tolist()
                    expected = (c * px - s * py, s * px + c * py)
                    assert found[b, t, i].tolist() == pytest.approx(expected, abs=1e-4)
            assert max(abs(a) for a in angles) <= math.pi / 10 + 1e-5
            assert np.std(angles) > 0.05  # one angle for each frame
    assert torch.allclose(rotated(points, torch.zeros(4, 12)), points)


def test_a_mirrored_copy_is_the_mirror_image_of_the_copy(points):
    for which in range(0, 14, 2):
        there = copies(points, which)
        flip = torch.ones(len(points), dtype=torch.bool)
        torch.testing.assert_close(copies(points, which + 1), mirrored(there, flip, EXCHANGE))


def test_mirroring_twice_changes_nothing(points):
    flip = torch.tensor([True, False, True, False])
    assert torch.equal(mirrored(mirrored(points, flip, EXCHANGE), flip, EXCHANGE), points)
    pictures = torch.rand(2, 3, 64, 64)
    none, all_ = torch.zeros(2), torch.ones(2, dtype=torch.bool)
    twice = turned(turned(pictures, none, all_, 64), none, all_, 64)
    torch.testing.assert_close(twice, pictures, atol=1e-4, rtol=0)


def test_an_unturned_picture_is_its_middle_exactly():
    pictures = torch.randint(0, 256, (2, 3, 80, 80), dtype=torch.uint8)
    found = turned(pictures, torch.zeros(2), torch.tensor([False, True]), 64)
    middle = pictures[:, :, 8:72, 8:72].float()
    torch.testing.assert_close(found[0], middle[0], atol=2e-3, rtol=0)
    torch.testing.assert_close(found[1], middle[1].flip(-1), atol=2e-3, rtol=0)


def test_turns_agree_with_scipy():
    from scipy.ndimage import gaussian_filter, rotate

    picture = gaussian_filter(np.random.default_rng(0).random((80, 80)), 2) * 255
    for degrees in augment.ANGLES:
        expected = rotate(picture, -degrees, reshape=False, order=1, mode="nearest")[8:72, 8:72]
        angle = torch.tensor([math.radians(degrees)])
        found = turned(torch.tensor(picture)[None, None], angle, torch.tensor([False]), 64)
        np.testing.assert_allclose(found[0, 0], expected, atol=0.5)


def test_a_turn_by_fifteen_degrees_stays_in_the_margin():
    wide = torch.rand(1, 1, 120, 120)
    for degrees in augment.ANGLES:
        angle, flip = torch.tensor([math.radians(degrees)]), torch.tensor([True])
        found = turned(wide[..., 20:100, 20:100], angle, flip, 64)
        torch.testing.assert_close(found, turned(wide, angle, flip, 64), atol=1e-4, rtol=0)


def test_pictures_are_brought_to_one_brightness_and_contrast():
    faces = torch.randint(0, 100, (1, 3, 80, 80), dtype=torch.uint8)
    copy = torch.zeros(1, dtype=torch.int64)
    one, other = augment.pictures(faces, copy, 64), augment.pictures(2 * faces + 9, copy, 64)
    assert one.mean().abs() < 1e-4 and one.std().item() == pytest.approx(1, abs=1e-3)
    torch.testing.assert_close(one, other, atol=1e-3, rtol=0)
