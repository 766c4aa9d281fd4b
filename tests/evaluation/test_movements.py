"""The linear model of movements: its samples, and an evaluation end to end."""

import fakes
import numpy as np
import pytest

from fervid.errors import InputError
from fervid.evaluation import baseline, evaluate, movements
from fervid.evaluation.movements import LinearMovements, moved
from fervid.faces.action_units import SHAPES
from fervid.folds import k_fold


@pytest.fixture
def forged(monkeypatch) -> None:
    """A network that takes the mouth's landmarks for shapes."""

    def network():
        return lambda faces, landmarks: landmarks.reshape(len(landmarks), -1)[:, -len(SHAPES) :]

    monkeypatch.setattr(movements, "_network", network)


def test_what_moved_is_the_farthest_frames_less_the_first() -> None:
    shapes = np.zeros((9, len(SHAPES)), np.float32)
    shapes[:, 0] = [1, 1, 2, 5, 6, 7, 3, 1, 1]  # to the apex and back
    shapes[:, 1] = 0.5
    change = moved(shapes)
    assert change[0] == pytest.approx(6 - 1)
    assert np.array_equal(moved(shapes[::-1]), change)
    assert not change[1:].any()
    assert not moved(shapes[:1]).any()  # a still has not moved


def test_frames_without_a_face_do_not_count(forged) -> None:
    track = fakes.track(1, 5, frames=8)
    (expected,) = LinearMovements().inputs(track.rows(np.arange(2, 8)))["movements"]
    track.status[0], track.landmarks[1] = 1, np.nan
    (sample,) = LinearMovements().inputs(track)["movements"]
    assert np.array_equal(sample, expected)
    track.status[:] = 1
    assert LinearMovements().inputs(track)["movements"].shape == (0, len(SHAPES))


def test_evaluated_beside_the_yardsticks(forged, tmp_path) -> None:
    store = fakes.store()
    folds = k_fold(store.database.clips, 4)
    report = evaluate(LinearMovements(), store, folds, tmp_path / "run")
    assert list(report.scores) == ["movements", *baseline.YARDSTICKS]
    assert report.output == "movements"
    assert report.scores["movements"].accuracy.value > 0.8
    with pytest.raises(InputError, match="movements has no model to save"):
        evaluate(LinearMovements(), store, folds, tmp_path / "other", save=True)
    with pytest.raises(InputError, match="movements has no model files"):
        LinearMovements().load(tmp_path / "model.safetensors")
