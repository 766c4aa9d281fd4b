import math

import numpy as np
import pytest
import torch

from fervid.systems.ir3d import Network
from fervid.systems.ir3d.network import InceptionResNet, landmark_maps


def slow(points, size, grid):
    """[3, Sec. 3.2] place by place: in its 7 x 7 window a landmark weighs 1 - 0.1 d, Eq. 2."""
    out = np.zeros((len(points), len(points[0]), grid, grid))
    for b, film in enumerate(points):
        for t, frame in enumerate(film):
            for row in range(grid):
                for column in range(grid):
                    best = 0.0
                    for x, y in frame:
                        x = (x + 0.5) * grid / size - 0.5
                        y = (y + 0.5) * grid / size - 0.5
                        x, y = round(x), round(y)
                        dx, dy = abs(x - column), abs(y - row)
                        if dx <= 3.5 and dy <= 3.5:
                            best = max(best, 1 - 0.1 * (dx + dy))
                    out[b, t, row, column] = best
    return out


def random_points(*shape, size=299, seed=0):
    rng = np.random.default_rng(seed)
    return torch.tensor(rng.uniform(-0.2 * size, 1.2 * size, (*shape, 2)).astype(np.float32))


@pytest.mark.parametrize("grid", [38, 18])
def test_maps_equal_a_slow_transcription(grid):
    points = random_points(2, 2, 9)
    found = landmark_maps(points, 299, grid)
    assert found.shape == (2, 2, grid, grid) and found.dtype == torch.float32
    expected = slow(points.double().tolist(), 299, grid)
    np.testing.assert_allclose(found.numpy(), expected, atol=2e-5)


def test_a_smaller_map_is_the_printed_one_averaged():
    points = random_points(2, 10, 66, size=96)
    at_a, at_b = torch.zeros(2, 8, 10, 12, 12), torch.zeros(2, 8, 8, 5, 5)
    network = InceptionResNet(Network(width=1 / 16), 96, 3)
    printed = torch.tensor(slow(points.double().tolist(), 96, 38))
    for row, column in ((0, 0), (4, 7), (11, 11)):
        # Every printed place that this one reaches into.
        within = [slice(n * 38 // 12, -(-(n + 1) * 38 // 12)) for n in (row, column)]
        found = network.weights(points, at_a, 38)[:, :, row, column]
        expected = printed[:, :, within[0], within[1]].mean((2, 3))
        np.testing.assert_allclose(found.numpy(), expected.numpy(), atol=2e-5)
    # Two frames less see module B; the printed size is not averaged.
    found = network.weights(points, at_b, 18)
    expected = torch.nn.functional.adaptive_avg_pool2d(landmark_maps(points[:, 1:9], 96, 18), 5)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)
    full = torch.zeros(2, 8, 10, 38, 38)
    assert torch.equal(network.weights(points, full, 38), landmark_maps(points, 96, 38))


def test_the_order_of_landmarks_does_not_matter():
    points = random_points(2, 3, 66)
    order = torch.randperm(66, generator=torch.Generator().manual_seed(1))
    assert torch.equal(landmark_maps(points, 299, 38), landmark_maps(points[:, :, order], 299, 38))
    twice = torch.cat([points, points[:, :, :5]], dim=2)
    assert torch.equal(landmark_maps(points, 299, 38), landmark_maps(twice, 299, 38))


def test_one_landmark_weighs_49_places_from_1_down_to_0_4():
    # The middle of place 20, 12 (column, row) of 38.
    point = torch.tensor([[[[20.5 * 299 / 38 - 0.5, 12.5 * 299 / 38 - 0.5]]]])
    found = landmark_maps(point, 299, 38)[0, 0]
    assert (found > 0).sum() == 49
    assert found[12, 20] == 1 == found.max()
    assert found[found > 0].min() == pytest.approx(0.4, rel=1e-5)
    assert found[9, 17] == found[15, 23] == pytest.approx(1 - 0.1 * 6, rel=1e-5)
    assert found[12, 21] == pytest.approx(0.9, rel=1e-5) and found[12, 24] == 0


def test_where_windows_overlap_the_nearest_landmark_counts():
    places = torch.tensor([[10.0, 10.0], [13.0, 10.0]])
    points = ((places + 0.5) * 299 / 38 - 0.5)[None, None]
    found = landmark_maps(points, 299, 38)[0, 0, 10]
    expected = [0, 0.7, 0.8, 0.9, 1, 0.9, 0.9, 1, 0.9, 0.8, 0.7, 0]
    np.testing.assert_allclose(found[6:18], expected, rtol=1e-5, atol=1e-6)


def test_landmarks_outside_the_picture_reach_in():
    points = torch.tensor([[[[-9.0, 150.0], [math.inf, 0.0]]]])
    found = landmark_maps(points, 299, 38)[0, 0]
    assert found[:, :3].any() and not found[:, 3:].any()


def test_other_settings():
    point = torch.tensor([[[[31.5, 31.5]]]])
    found = landmark_maps(point, 64, 64, slope=0.2, window=3)
    assert (found > 0).sum() == 9 and found.min() == 0
    assert found[0, 0, 33, 33] == pytest.approx(1 - 0.2 * 2, rel=1e-5)
