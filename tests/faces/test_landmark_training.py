"""What the training of the landmark network holds motions against."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from fervid.faces.points68 import MIRROR

TRAINING = str(Path(__file__).parents[2] / "training")


@pytest.fixture
def moves(monkeypatch):
    monkeypatch.syspath_prepend(TRAINING)
    yield __import__("landmark_moves")
    for name in ("landmark_moves", "landmark_data", "landmark_samples"):
        sys.modules.pop(name, None)


def _faces(count: int) -> np.ndarray:
    """(count, 68, 2) random shapes about one mean, the eye corners far apart."""
    rng = np.random.default_rng(0)
    mean = rng.uniform(30, 90, (68, 2))
    mean[36], mean[45] = (35, 50), (85, 52)
    return (mean + rng.normal(0, 2, (count, 68, 2))).astype(np.float32)


def test_motion_forgets_what_the_head_does(moves) -> None:
    first, second = _faces(2)
    turn = 1.3 * np.array([[np.cos(0.4), np.sin(0.4)], [-np.sin(0.4), np.cos(0.4)]], np.float32)
    still = torch.from_numpy(np.stack([first, second])[None])
    moved = torch.from_numpy(np.stack([first, second @ turn + np.float32([9, -4])])[None])
    whole = torch.eye(2, 3).expand(1, 2, 2, 3)
    expected = moves.motion(still, whole)
    np.testing.assert_allclose(moves.motion(moved, whole), expected, atol=1e-5)
    assert expected.abs().max() > 0.01
    assert moves.motion(still, whole, still).equal(expected)


def test_items_show_one_motion_whatever_the_crop(moves) -> None:
    """Crops, mirrored or not, are undone: only the side may differ."""
    points = _faces(12)[None]
    pictures = np.zeros((1, 12, 128, 128), np.uint8)
    pairs = moves.Pairs(moves.People(pictures, points, points), 30, 3, plain=True)
    whole = torch.eye(2, 3).expand(1, 2, 2, 3)
    flipped = points[:, :, list(MIRROR)] * np.float32([-1, 1])
    known = [
        moves.motion(torch.from_numpy(side[:, [0, n]]), whole)[0].numpy()
        for side in (points, flipped)
        for n in range(1, 12)
    ]
    for index in range(30):
        _, _, exact, crops = (torch.from_numpy(part)[None] for part in pairs[index])
        seen = moves.motion(exact, crops)[0].numpy()
        assert min(np.abs(seen - one).max() for one in known) < 1e-4


def test_the_loss_sees_half_a_motion(moves) -> None:
    exact = torch.randn(8, 68, 2, generator=torch.Generator().manual_seed(0)) * 0.1
    assert moves.gains(exact / 2, exact) == pytest.approx(
        {f"gain {part}": 0.5 for part in moves.MOVING}, rel=1e-5
    )
    losses = [float(moves.motion_loss(exact * part, exact)) for part in (1.0, 0.8, 0.5, 0.0)]
    assert losses == sorted(losses) and losses[-1] > losses[0] + 1


def test_the_definition_leaves_motions_as_they_are(monkeypatch) -> None:
    """Another definition's offset hangs on the head's shape, not on how far brows are raised."""
    monkeypatch.syspath_prepend(TRAINING)
    data = __import__("landmark_data")
    exact = _faces(300)
    other = exact + np.float32([1, 2])
    rest = _faces(301)[-1:]
    raised = rest.copy()
    raised[:, 17:27, 1] -= 6
    convert = data.definition(exact, other)
    np.testing.assert_allclose(convert(raised) - convert(rest), raised - rest, atol=1e-3)
    np.testing.assert_allclose(convert(exact).mean(0), other.mean(0), atol=0.2)
