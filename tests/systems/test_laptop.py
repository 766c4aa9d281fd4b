"""What no paper has: fields that leave the papers' systems alone, and the laptop recipes."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from test_systems import LABELS, face, small

from fervid.errors import WeightsError
from fervid.learning import batches, weights
from fervid.learning.recipes import changed, flat
from fervid.learning.run import Run
from fervid.learning.samples import build
from fervid.systems import CATALOGUE, SYSTEMS
from fervid.systems.agn3d import inputs as agn3d_inputs
from fervid.systems.agn3d import pictures
from fervid.systems.hybrid.segments import segments
from fervid.systems.ir3d import inputs as ir3d_inputs
from fervid.systems.tfe.recipe import SHIPPED

# By the last part of a dotted name: what leaves a paper's system as it was.
NEUTRAL = {
    "least_steps": 0, "judged": "samples", "validates": True, "relative": False, "change": False,
    "stride": 1, "film": "consecutive", "peak": "farthest", "sees": "picture", "since": "previous",
    "flow_scale": 16.0, "begin": "none",
}  # fmt: skip


@pytest.mark.parametrize("name", [n for n in CATALOGUE if "laptop" not in n])
def test_a_paper_s_system_has_none_of_the_fields_that_are_not_the_paper_s(name: str) -> None:
    values = {key: value for key, value in flat(CATALOGUE[name]).items()
              if key.split(".")[-1] in NEUTRAL}  # fmt: skip
    assert values == {key: NEUTRAL[key.split(".")[-1]] for key in values} and len(values) >= 4
    assert flat(CATALOGUE[name]).get("input.encoding") != "change"


# Inputs


def test_relative_trajectories_are_the_trajectories_less_the_first_frame() -> None:
    track = face(1, 0)
    plain = SYSTEMS["dtagn"].inputs(track)
    found = SYSTEMS["dtagn-laptop"].inputs(track)
    np.testing.assert_array_equal(found["faces"], plain["faces"])
    points = plain["landmarks"]
    np.testing.assert_array_equal(found["landmarks"], points - points[:, :1])


@pytest.mark.parametrize("count", range(1, 45))
def test_a_stride_takes_every_kth_row_and_each_row_once(count: int) -> None:
    for stride in (1, 2, 3, 5):
        rows = ir3d_inputs.tens(count, 10, last=False, stride=stride)
        if count < 10:
            assert rows[0, -1] == count - 1 and len(rows) == 1
            continue
        steps = set(np.diff(rows, axis=1).ravel())
        assert steps == {min(stride, count // 10)}
        assert len(set(rows.ravel())) == rows.size and rows.max() < count
        last = ir3d_inputs.tens(count, 10, last=True, stride=stride)[0]
        assert last[-1] == count - 1 and set(np.diff(last)) == {min(stride, (count - 1) // 9)}


def test_films_of_change_are_the_films_less_the_clip_s_first_picture() -> None:
    track = face(0, 3, frames=25)
    plain = changed(SYSTEMS["ir3d"], {"input.size": 49})
    recipe = changed(plain, {"input.change": True})
    was, found = plain.inputs(track), recipe.inputs(track)
    np.testing.assert_array_equal(found["faces"], was["faces"])
    np.testing.assert_array_equal(found["rest"], was["faces"][[0, 0], 0])
    batch = batch_of(found)
    films, _ = ir3d_inputs.tensors(recipe, batch)
    expected = (was["faces"].astype(np.float32) - was["faces"][0, 0]) / 16
    np.testing.assert_allclose(films.permute(0, 2, 3, 4, 1), expected, rtol=1e-6)
    mirrored, _ = ir3d_inputs.tensors(recipe, replace(batch, copy=torch.ones(2).long()))
    torch.testing.assert_close(mirrored, films.flip(4))


def batch_of(arrays):
    found = next(batches.of_arrays(arrays, 8))
    return found


def moving_head(frames: int = 40) -> np.ndarray:
    """Lips that part until frame 20, on a head that wanders farther and ends elsewhere."""
    rest = np.random.default_rng(0).uniform(20, 80, (68, 2))
    points = np.repeat(rest[None], frames, 0)
    points[:, 48:54, 1] += 6 * np.sin(np.linspace(0, np.pi, frames))[:, None]
    return (points + np.linspace(0, 30, frames)[:, None, None]).astype(np.float32)


def test_the_peak_by_parts_does_not_follow_the_head() -> None:
    points = moving_head()
    assert agn3d_inputs.peak_row(points) == 39
    assert abs(agn3d_inputs.peak_row(points, "parts") - 19.5) <= 1.5
    noisy = points.copy()
    noisy[2, 48:54, 1] += 8  # one frame's slip is not a peak
    assert abs(agn3d_inputs.peak_row(noisy, "parts") - 19.5) <= 4
    assert agn3d_inputs.peak_row(points[:1], "parts") == 0
    assert agn3d_inputs.film_rows(18, 10, "spread").tolist() == list(range(0, 20, 2))
    assert agn3d_inputs.film_rows(0, 4, "spread").tolist() == [0, 0, 0, 0]


def test_3dagn_s_films_of_change_begin_at_rest() -> None:
    recipe = changed(SYSTEMS["agn3d-laptop"], {"input.size": 32})
    found = recipe.inputs(face(1, 2))
    film = found["film"]
    assert film.shape[:2] == (1, recipe.input.frames + 1)
    seen = agn3d_inputs.films(recipe.input, batch_of(found))
    margin = recipe.input.margin
    inside = film[:, :, margin : margin + 32, margin : margin + 32].astype(np.float32)
    np.testing.assert_allclose(seen, (inside[:, 1:] - inside[:, :1]) / 16, rtol=1e-6)
    assert not seen[:, 0].any() and seen[:, -1].any()


def test_moves_of_points_know_no_place_and_no_size() -> None:
    points = torch.rand(3, 2, 68, 2, generator=torch.Generator().manual_seed(0))
    weights_ = torch.ones(68)
    found = pictures.moves(points, weights_)
    assert found.shape == (3, 136)
    moved = points * torch.tensor([2.0, 3.0]).view(1, 2, 1, 1) + torch.rand(1, 2, 1, 2)
    torch.testing.assert_close(pictures.moves(moved, weights_), found, rtol=1e-4, atol=1e-4)
    still = points[:, :1].expand(-1, 2, -1, -1)
    assert not pictures.moves(still, weights_).any()


def test_flow_may_begin_at_the_segment_s_or_the_clip_s_first_frame() -> None:
    from fervid.systems.hybrid import inputs
    from fervid.systems.hybrid.inputs import Crop

    track = face(2, 1, frames=30)
    recipe = changed(SYSTEMS["hybrid"], {"input.length": 6, "input.step": 6, "input.pairs": 5})
    rows = segments(30, 6, 6, "windows")
    for since, begins in (("segment", rows[:, :1]), ("clip", np.zeros((len(rows), 1), int))):
        found = changed(recipe, {"input.since": since}).inputs(track)
        begun = np.repeat(begins, 5, axis=1).ravel()
        faces, flows = inputs.pictures(track, Crop(), rows[:, 1:].ravel(), begun)
        np.testing.assert_array_equal(found["flows"].reshape(flows.shape), flows)
        np.testing.assert_array_equal(found["faces"].reshape(faces.shape), faces)
    less = changed(recipe, {"input.flow_scale": 4.0}).inputs(track)["flows"].astype(float)
    plain = recipe.inputs(track)["flows"].astype(float)
    inside = (np.abs(plain[..., :2] - 128) < 120).all(-1)
    np.testing.assert_allclose(
        (less[..., :2] - 128)[inside], (plain[..., :2] - 128)[inside] / 4, atol=0.7
    )


# Training


def samples_of(system, folder):
    tracks = [(clip, LABELS[clip % 3], f"s{clip // 3}", face(clip % 3, clip)) for clip in range(12)]
    return build(system.inputs, tracks, LABELS, folder)


@pytest.mark.parametrize("name", [n for n in CATALOGUE if "laptop" in n])
def test_a_laptop_recipe_trains_without_validation_and_is_loaded(name: str, tmp_path) -> None:
    system = small(name)
    assert system.validates is False
    samples = samples_of(system, tmp_path / "samples")
    none = samples.take(np.zeros(0, np.int64))
    made = system.fit(samples, none, Run(tmp_path / "run", device="cpu"))
    found = made.predict(samples.arrays)[made.output]
    made.save(tmp_path / "model.safetensors", {})
    again = CATALOGUE[name].load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(again.predict(samples.arrays)[made.output], found)


def test_a_residual_network_begins_from_a_trained_one_of_its_layers_alone(tmp_path) -> None:
    from fervid.systems.tfe import network, training

    recipe = SYSTEMS["tfe-laptop"]
    net = network.resnet(recipe, 7)
    training.begin(net, SHIPPED)
    held, _ = weights.load(SHIPPED)
    body = net.body.state_dict()
    assert all(torch.equal(t, held[f"joint.emotion.{key}"]) for key, t in body.items())
    assert SHIPPED in recipe.learns_from and SHIPPED not in SYSTEMS["tfe"].learns_from
    other = changed(recipe, {"emotion.layers": "C4-P8"})
    with pytest.raises(WeightsError, match="does not hold"):
        training.begin(network.resnet(other, 7), SHIPPED)
    weights.save(tmp_path / "none.safetensors", {"x": torch.zeros(1)}, {})
    with pytest.raises(WeightsError, match="name a trained tfe"):
        training.begin(net, tmp_path / "none.safetensors")
