"""One contract for every system, with settings so small that a fit takes a second."""

import json
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from fervid.errors import WeightsError
from fervid.faces.track import Track
from fervid.learning import weights
from fervid.learning.recipes import changed, flat
from fervid.learning.run import Run
from fervid.learning.samples import build
from fervid.systems import SYSTEMS

LABELS = ("anger", "fear", "happiness")
# By class; a new system needs a line here.
SMALL = {
    "DTAGN": {
        "appearance.layers": "I16-C(3,4)-L3-P2-FC12-FC10-S", "geometry.layers": "D1176-FC9-FC8-S",
        "appearance.plan.epochs": 2, "geometry.plan.epochs": 2, "joint.plan.epochs": 1,
        "concat.plan.epochs": 1,
    },
    "AGN3D": {
        "input.size": 32, "geometry.size": 32, "appearance.width": 1 / 32, "geometry.width": 1 / 32,
        "appearance.plan.epochs": 1, "geometry.plan.epochs": 1, "joint.plan.epochs": 1,
    },
    "Hybrid": {
        "input.size": 32, "stream.width": 1 / 64, "dbn.width": 1 / 64, "input.length": 4,
        "input.step": 4, "input.pairs": 2, "stream.pretrained": "",
        "stream.plan.epochs": 1, "dbn.pretraining.epochs": 1, "dbn.plan.epochs": 1,
    },
    "TFE": {
        "emotion.layers": "C4-P8", "emotion.begin": "none", "emotion.plan.epochs": 2,
        "tandem.plan.epochs": 1, "emotion.plan.batch_size": 16, "tandem.plan.batch_size": 16,
    },
    "IR3D": {
        "input.size": 49, "network.width": 1 / 16, "network.hidden": 8, "plan.epochs": 1,
    },
}  # fmt: skip


def face(label: int, seed: int, frames: int = 14) -> Track:
    """A dark face with bright landmarks, whose mouth moves by its label more and more."""
    rng = np.random.default_rng(seed)
    base = np.random.default_rng(0).uniform(14, 50, (68, 2))
    for eye, x in ((slice(36, 42), 23), (slice(42, 48), 41)):
        base[eye] = np.random.default_rng(1).uniform((x - 2, 22), (x + 2, 26), (6, 2))
    push = np.zeros((68, 2))
    push[48 + 6 * label : 54 + 6 * label, 1] = 8
    grows = np.linspace(0, 1, frames)[:, None, None]
    points = base + push * grows + rng.normal(0, 0.3, (frames, 68, 2))
    pictures = rng.integers(20, 60, (frames, 64, 64, 3), np.uint8)
    column, row = np.clip(points.round().astype(int), 0, 63).transpose(2, 0, 1)
    pictures[np.arange(frames)[:, None], row, column] = 230
    return Track(
        faces=pictures,
        landmarks=points.astype(np.float32),
        times=np.arange(frames) / 25,
        frames=np.arange(frames),
        status=np.zeros(frames, np.uint8),
        score=np.ones(frames, np.float32),
        to_frame=np.tile(np.eye(2, 3, dtype=np.float32), (frames, 1, 1)),
        face=0,
        found_by={"finder": "forged"},
    )


def unseen(track: Track) -> Track:
    """The same without a face in any frame."""
    nothing = np.full_like(track.landmarks, np.nan)
    return replace(
        track, faces=track.faces * 0, landmarks=nothing, status=np.ones_like(track.status)
    )


def made(system, folder, seed=0):
    """Samples of 4 subjects with 3 clips each, in which 24 frames give more than 14."""
    tracks = (
        (3 * s + k, LABELS[k], f"s{s}", face(k, seed + 3 * s + k, 24 if s else 14))
        for s in range(4)
        for k in range(3)
    )
    return build(system.inputs, tracks, LABELS, folder / f"samples-{seed}")


def fit(system, folder, seed=0):
    found = made(system, folder)
    validation = found.subject == "s3"
    sides = (found.take(np.flatnonzero(side)) for side in (~validation, validation))
    return system.fit(*sides, Run(folder / "run", seed=seed, device="cpu"))


def kind(name):
    return type(SYSTEMS[name]).__name__


def small(name: str):
    """A system of SMALL's size, however many steps its plans ask for."""
    few = {field: 0 for field in flat(SYSTEMS[name]) if field.endswith("plan.least_steps")}
    return changed(SYSTEMS[name], {**few, **SMALL[kind(name)]})


@pytest.fixture(scope="module", params=[name for name in SYSTEMS if kind(name) in SMALL])
def system(request):
    return small(request.param)


@pytest.fixture(scope="module")
def trained(system, tmp_path_factory):
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield fit(system, tmp_path_factory.mktemp(system.name))
    torch.set_num_threads(threads)


def test_every_system_is_held_to_the_contract() -> None:
    assert {kind(name) for name in SYSTEMS} <= set(SMALL), "add its small settings to SMALL"


def test_a_recipe_is_frozen_and_survives_json(system) -> None:
    assert SYSTEMS[system.name].name == system.name
    with pytest.raises(FrozenInstanceError):
        system.name = "other"
    values = json.loads(json.dumps(flat(system)))
    again = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    assert changed(system, again) == system


def test_inputs_are_of_one_kind_whatever_the_clip(system) -> None:
    first = system.inputs(face(0, 0))
    assert first and len({len(array) for array in first.values()}) == 1
    kinds = {name: (array.dtype, array.shape[1:]) for name, array in first.items()}
    gaps = face(0, 0, 20)
    gaps.status[5:9] = 1
    gaps.landmarks[5:9] = np.nan
    for track in (face(1, 1, 1), face(1, 1, 4), face(2, 2, 31), gaps):
        found = system.inputs(track)
        assert kinds == {name: (array.dtype, array.shape[1:]) for name, array in found.items()}
        assert all(np.isfinite(array).all() for array in found.values())
        assert len({len(array) for array in found.values()}) == 1
    assert len(next(iter(system.inputs(gaps).values()))) >= 1


def test_inputs_depend_on_the_track_alone_and_leave_it_alone(system) -> None:
    track, same = face(0, 0), face(0, 0)
    first, second = system.inputs(track), system.inputs(track)
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])
    np.testing.assert_array_equal(track.faces, same.faces)
    np.testing.assert_array_equal(track.landmarks, same.landmarks)


def test_no_face_no_sample(system) -> None:
    kinds = {name: (a.dtype, a.shape[1:]) for name, a in system.inputs(face(0, 0)).items()}
    for track in (unseen(face(0, 0)), face(0, 0).rows(slice(0, 0))):
        found = system.inputs(track)
        assert {name: (a.dtype, a.shape[1:]) for name, a in found.items()} == kinds
        assert {len(array) for array in found.values()} == {0}


def test_answers_are_probabilities_of_the_labels(system, trained, tmp_path) -> None:
    assert trained.labels == LABELS and trained.system == system
    data = made(system, tmp_path, seed=50)
    found = trained.predict(data.arrays)
    assert trained.output in found
    for values in found.values():
        assert values.shape == (len(data), 3) and values.dtype == np.float32
        assert (values >= 0).all()
        np.testing.assert_allclose(values.sum(axis=1), 1, atol=1e-5)
    none = trained.predict({name: array[:0] for name, array in data.arrays.items()})
    assert {name: values.shape for name, values in none.items()} == dict.fromkeys(found, (0, 3))


def test_a_sample_s_answer_is_its_own(system, trained, tmp_path) -> None:
    data = made(system, tmp_path, seed=50)
    back = trained.predict({name: array[::-1].copy() for name, array in data.arrays.items()})
    for name, values in trained.predict(data.arrays).items():
        np.testing.assert_allclose(back[name][::-1], values, atol=1e-5)


def test_a_saved_recognizer_answers_the_same(system, trained, tmp_path) -> None:
    path = tmp_path / "model.safetensors"
    trained.save(path, {"licence": "Apache-2.0"})
    loaded = SYSTEMS[system.name].load(path)  # by name, as `fervid predict` does
    assert loaded.system == system and loaded.labels == LABELS and loaded.output == trained.output
    arrays = made(system, tmp_path, seed=50).arrays
    before, after = trained.predict(arrays), loaded.predict(arrays)
    assert list(before) == list(after)
    for name in before:
        np.testing.assert_array_equal(before[name], after[name])


def test_the_same_seed_gives_the_same_answers(system, trained, tmp_path) -> None:
    again = fit(system, tmp_path)
    arrays = made(system, tmp_path, seed=50).arrays
    expected = trained.predict(arrays)
    for name, values in again.predict(arrays).items():
        np.testing.assert_array_equal(values, expected[name])


def test_foreign_weights_are_refused(system, trained, tmp_path) -> None:
    ours = tmp_path / "ours.safetensors"
    trained.save(ours, {})
    other = next(each for each in SYSTEMS.values() if each.name != system.name)
    with pytest.raises(WeightsError, match=f"holds {system.name}, not {other.name}"):
        other.load(ours)
    tensors, card = weights.load(ours)
    newer = tmp_path / "newer.safetensors"
    weights.save(newer, tensors, {**card, "recipe": {**card["recipe"], "new": 1}})
    with pytest.raises(WeightsError, match="install that version"):
        system.load(newer)
    weights.save(newer, dict(list(tensors.items())[1:]), card)
    with pytest.raises(WeightsError, match="does not hold"):
        system.load(newer)
    foreign = tmp_path / "foreign.safetensors"
    save_file({"weight": torch.zeros(1)}, foreign)
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(ours.read_bytes()[:-50])
    for path in (foreign, cut, tmp_path / "nowhere.safetensors"):
        with pytest.raises(WeightsError, match=path.name):
            system.load(path)
