"""What the movement network is trained on, and what its loss forgives."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from fervid.faces.action_units import MIRROR, SHAPES

TRAINING = str(Path(__file__).parents[2] / "training")


@pytest.fixture
def training(monkeypatch):
    monkeypatch.syspath_prepend(TRAINING)
    yield __import__("movements")
    names = (
        "movements",
        "movement_samples",
        "moving_people",
        "landmarks",
        "landmark_moves",
        "landmark_data",
    )
    for name in (*names, "landmark_data", "landmark_samples"):
        sys.modules.pop(name, None)


@pytest.fixture
def twice(training):
    """Pairs of one forged person whose shapes are the numbers of the pictures."""
    rng = np.random.default_rng(0)
    points = rng.uniform(30, 90, (68, 2))
    points[36:42], points[42:48] = (45, 50), (80, 50)
    points[33], points[48], points[54] = (62, 75), (50, 90), (75, 90)
    people = sys.modules["movement_samples"].Moving(
        rng.integers(0, 256, (1, 12, 128, 128), dtype=np.uint8),
        np.tile(points, (1, 12, 1, 1)).astype(np.float32),
        np.tile(np.arange(12, dtype=np.float32)[:, None], (1, 1, len(SHAPES)))
        + np.linspace(0, 0.5, len(SHAPES), dtype=np.float32),
        np.zeros((1, 12, 3), np.float32),
    )
    return training.Twice(people, 60, 4)


def test_a_pair_is_the_same_whenever_it_is_asked_for(twice) -> None:
    for one, again in zip(twice[7], twice[7], strict=True):
        assert np.array_equal(one, again)
    assert twice[7][0].shape == (2, 96, 96) and twice[7][1].shape == (2, len(SHAPES))


def test_a_mixed_face_has_its_mouth_from_another_picture(twice) -> None:
    mixed = 0
    upper = np.array([name.startswith(("brow", "eye")) for name in SHAPES])
    lower = np.array([name.startswith(("mouth", "jaw")) for name in SHAPES])
    for index in range(60):
        _, shapes, known = twice[index]
        assert known[0].all()  # only the second picture is ever mixed
        number = np.floor(shapes)
        assert (number[1, upper] == number[1, upper][0]).all()
        assert (number[1, lower] == number[1, lower][0]).all()
        if number[1, upper][0] != number[1, lower][0]:
            mixed += 1
            assert np.array_equal(known[1] > 0, upper | lower)
        else:
            assert known[1].all()
    assert 15 <= mixed <= 40  # half of the pairs


def test_mirrored_pairs_swap_the_sides(twice) -> None:
    ramp = np.linspace(0, 0.5, len(SHAPES), dtype=np.float32)
    seen = {bool(np.allclose(twice[i][1][0] % 1, ramp, atol=1e-4)) for i in range(12)}
    other = {
        bool(np.allclose(twice[i][1][0] % 1, ramp[list(MIRROR)], atol=1e-4)) for i in range(12)
    }
    assert seen == other == {True, False}


def test_the_loss_is_of_faces_and_of_change_and_only_where_known(training) -> None:
    exact = torch.zeros(3, 2, len(SHAPES))
    scale = torch.full((len(SHAPES),), 0.5)
    known = torch.ones_like(exact)
    assert training.loss_of(exact, exact, known, scale) == 0
    shifted = exact + 0.5  # the same error in both pictures: nothing wrong with the change
    assert training.loss_of(shifted, exact, known, scale) == pytest.approx(1)
    one = exact.clone()
    one[:, 1] += 0.5
    assert training.loss_of(one, exact, known, scale) == pytest.approx(0.5 + 0.5)
    known[:, 1] = 0
    assert training.loss_of(one, exact, known, scale) == 0


@pytest.mark.filterwarnings("ignore:Detected call of .lr_scheduler.step")  # on purpose
def test_a_resumed_training_ends_with_the_same_weights(training, tmp_path) -> None:
    torch.set_num_threads(1)
    rng = torch.Generator().manual_seed(0)
    batches = [
        (
            torch.randint(0, 256, (4, 2, 96, 96), generator=rng, dtype=torch.uint8),
            torch.rand(4, 2, len(SHAPES), generator=rng),
            torch.ones(4, 2, len(SHAPES)),
        )
        for _ in range(2)
    ]
    scale = torch.ones(len(SHAPES))
    whole = training.Training(10, 0, scale)
    whole.step(*batches[0])
    whole.save(tmp_path / "state")
    whole.step(*batches[1])
    resumed = training.Training(10, 1, scale)
    resumed.resume(tmp_path / "state")
    resumed.step(*batches[1])
    for name, value in whole.network.state_dict().items():
        torch.testing.assert_close(resumed.network.state_dict()[name], value, rtol=1e-5, atol=1e-7)
