from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from fervid.errors import InputError
from fervid.learning.batches import Batch
from fervid.learning.recipes import changed, flat
from fervid.learning.run import Run
from fervid.learning.samples import Samples
from fervid.systems import SYSTEMS
from fervid.systems.ir3d import IR3D, Network, inputs, training
from fervid.systems.ir3d.network import (
    InceptionResNet,
    build,
    landmark_maps,
    last_grid,
    pooled_logits,
)

LABELS = ("anger", "fear", "happiness")
TINY = {
    "input.size": 64, "network.width": 1 / 16, "network.hidden": 8,
    "plan.epochs": 2, "plan.batch_size": 4,
}  # fmt: skip
SMALL = changed(IR3D(), TINY)
NAMED = ("ir3d", "ir3d-shortcut", "ir2d", "ir3d-no-lstm", "ir3d-pooled")


def samples(n=6, size=64, seed=0):
    rng = np.random.default_rng(seed)
    arrays = {
        "faces": rng.integers(0, 256, (n, 10, size, size, 3), np.uint8),
        "landmarks": rng.uniform(0, size, (n, 10, 66, 2)).astype(np.float32),
    }
    # Two films of each clip.
    subjects = np.array([f"s{i % 2}" for i in range(n)])
    return Samples(arrays, np.arange(n) // 2 % 3, np.arange(n) // 2, subjects, LABELS)


def run(folder, seed=0):
    return Run(folder, seed=seed, device="cpu")


def small(name):
    return changed(SYSTEMS[name], TINY)


def tensors(recipe, n=2):
    data = samples(n, recipe.input.size)
    arrays = {name: torch.from_numpy(array) for name, array in data.arrays.items()}
    zeros = torch.zeros(n, dtype=torch.int64)
    return inputs.tensors(recipe, Batch(arrays, zeros, zeros))


def made(recipe, seed=0):
    torch.manual_seed(seed)
    return build(recipe, 3).eval()


def parameters(network):
    return sum(p.numel() for p in network.parameters())


def test_the_printed_network():
    with torch.device("meta"):
        network = build(IR3D(), 7)
    convolved = sum(m.weight.numel() for m in network.modules() if isinstance(m, nn.Conv3d))
    assert convolved == 14_677_472
    assert network.lstm.input_size == 68_608 == 8 * 8 * 1072 and network.lstm.hidden_size == 200
    assert parameters(network.lstm) == 4 * 200 * (68_608 + 200 + 2)
    assert parameters(network.top) == 201 * 7
    assert network.dropout.p == pytest.approx(1 - 0.8)
    sizes = {}
    for name, module in network.named_children():
        module.register_forward_hook(lambda _, i, o, name=name: sizes.update({name: (i, o)}))
    network.eval()(
        torch.zeros(2, 3, 10, 299, 299, device="meta"), torch.zeros(2, 10, 66, 2, device="meta")
    )
    found = {name: tuple(o.shape) for name, (_, o) in sizes.items() if name != "lstm"}
    assert found == {
        "stem": (2, 192, 10, 38, 38), "a": (2, 192, 10, 38, 38),
        "reduction_a": (2, 576, 8, 18, 18), "b": (2, 576, 8, 18, 18),
        "reduction_b": (2, 1072, 6, 8, 8), "c": (2, 1072, 6, 8, 8),
        "pool": (2, 1072, 6, 8, 8), "dropout": (2, 1072, 6, 8, 8), "top": (2, 7),
    }  # fmt: skip
    assert sizes["lstm"][0][0].shape == (2, 6, 68_608)
    assert sizes["a"][0][1].shape == (2, 10, 38, 38) and sizes["b"][0][1].shape == (2, 8, 18, 18)
    assert len(sizes["c"][0]) == 1  # no landmarks in the third module


def test_named_variants():
    assert all(SYSTEMS[name].name == name for name in NAMED)
    with torch.device("meta"):
        networks = {name: build(SYSTEMS[name], 7) for name in NAMED}
    assert {name for name in NAMED if not networks[name].recipe.landmarks} == {
        "ir3d-shortcut",
        "ir2d",
    }
    assert {name for name in NAMED if networks[name].lstm is None} == {"ir2d", "ir3d-no-lstm"}
    assert networks["ir3d-pooled"].lstm.input_size == 1072
    assert parameters(networks["ir3d-shortcut"]) == parameters(networks["ir3d"])
    flat = [m for m in networks["ir2d"].modules() if isinstance(m, nn.Conv3d)]
    assert all(m.kernel_size[0] == 1 for m in flat)


@pytest.mark.parametrize("size", [49, 64, 96, 112, 128, 160, 224, 299])
def test_the_last_map_s_side(size):
    with torch.device("meta"):
        network = InceptionResNet(Network(width=1 / 16, head="lstm-pooled"), size, 3)
        x = network.reduction_b(
            network.reduction_a(network.stem(torch.zeros(1, 3, 10, size, size)))
        )
    assert x.shape[-1] == last_grid(size)


def test_eq_1_is_the_lstm():
    torch.manual_seed(0)
    network = InceptionResNet(Network(width=1 / 16, hidden=5), 64, 3)
    nn.init.normal_(network.lstm.bias_hh_l0)
    x = torch.randn(2, 6, network.lstm.input_size)
    with torch.no_grad():
        found = network.lstm(x)[0][:, -1]
    parts = [tensor.detach().double() for tensor in network.lstm.parameters()]
    w_x, w_h, b_x, b_h = (dict(zip("igco", p[[0, 2, 1, 3]] if p.ndim > 2 else p, strict=True))
                          if p.ndim > 2 else p for p in parts)  # fmt: skip
    order = {"i": 0, "f": 1, "c": 2, "o": 3}
    w = {k: torch.cat([w_h.chunk(4)[n], w_x.chunk(4)[n]], dim=1) for k, n in order.items()}
    b = {k: b_x.chunk(4)[n] + b_h.chunk(4)[n] for k, n in order.items()}
    for film, expected in zip(x.double(), found, strict=True):
        h = c = torch.zeros(5, dtype=torch.float64)
        for step in film:
            both = torch.cat([h, step])
            f, i, o = (1 / (1 + torch.exp(-(w[k] @ both + b[k]))) for k in "fio")
            # Printed: tanh as 2 sigmoid(2 x) - 1.
            g = 2 / (1 + torch.exp(-2 * (w["c"] @ both + b["c"]))) - 1
            c = f * c + i * g
            h = o * (2 / (1 + torch.exp(-2 * c)) - 1)
        torch.testing.assert_close(expected.double(), h, atol=1e-5, rtol=1e-4)


def test_the_forget_gate_begins_open():
    lstm = made(SMALL).lstm
    bias = (lstm.bias_ih_l0 + lstm.bias_hh_l0).detach().chunk(4)
    assert [part.unique().tolist() for part in bias] == [[0], [1], [0], [0]]


def test_module_b_takes_the_landmarks_of_its_own_frames():
    network = made(SMALL)
    points = torch.rand(2, 10, 66, 2) * 64
    x = torch.zeros(2, 1, 8, 3, 3)
    printed = landmark_maps(points[:, 1:9], 64, 18)
    expected = F.adaptive_avg_pool2d(printed, 3)
    torch.testing.assert_close(network.weights(points, x, 18), expected, rtol=1e-5, atol=1e-6)
    assert made(small("ir3d-shortcut")).weights(points, x, 18) is None


def test_landmarks_matter_where_they_are_asked_for():
    for name in NAMED:
        recipe = small(name)
        network = made(recipe)
        pictures, points = tensors(recipe)
        with torch.no_grad():
            first = network(pictures, points)
            second = network(pictures, points * 0 + 20.0)
            shuffled = network(pictures, points[:, :, torch.randperm(66)])
        assert torch.equal(first, shuffled)
        assert torch.equal(first, second) == (name in ("ir3d-shortcut", "ir2d")), name


def test_the_order_of_frames_matters_to_all_but_the_2d_network():
    for name in NAMED:
        recipe = small(name)
        network = made(recipe)
        pictures, points = tensors(recipe)
        with torch.no_grad():
            forth = pooled_logits(network(pictures, points))
            back = pooled_logits(network(pictures.flip(2), points.flip(1)))
        assert torch.allclose(forth, back, atol=1e-5) == (name == "ir2d"), name


def test_the_2d_network_answers_with_the_mean_of_its_frames():
    recipe = small("ir2d")
    network = made(recipe)
    pictures, points = tensors(recipe)
    with torch.no_grad():
        each = network(pictures, points)
        expected = each.softmax(2).mean(1)
        found = pooled_logits(each).softmax(1)
    assert each.shape == (2, 10, 3)
    torch.testing.assert_close(found, expected)
    target = torch.tensor([2, 0])
    arrays = {name: torch.from_numpy(array) for name, array in samples(2).arrays.items()}
    batch = Batch(arrays, target, torch.zeros(2, dtype=torch.int64))
    slow = -torch.stack([each[b, :, k].mean() - each[b].logsumexp(1).mean()
                         for b, k in enumerate(target)]).mean()  # fmt: skip
    found = training.stage(recipe, "ir2d").loss(network, batch, torch.Generator())
    assert found.item() == pytest.approx(slow.item(), 1e-4)


def test_a_mirrored_film_has_mirrored_landmarks():
    arrays = {name: torch.from_numpy(array) for name, array in samples(2).arrays.items()}
    copy = torch.tensor([0, 1])
    pictures, points = inputs.tensors(SMALL, Batch(arrays, copy, copy))
    plain, same = tensors(SMALL)
    assert torch.equal(pictures[0], plain[0]) and torch.equal(points[0], same[0])
    torch.testing.assert_close(pictures[1], plain[1].flip(3))
    np.testing.assert_allclose(points[1, ..., 0], 63 - same[1, ..., 0], atol=1e-4)
    assert torch.equal(points[1, ..., 1], same[1, ..., 1])


def test_values_of_a_film():
    """Brightness and contrast of a whole film fall out."""
    faces = samples(2).arrays["faces"]
    pictures, _ = tensors(SMALL)
    slow = [(film - film.mean()) / film.std() for film in faces.astype(np.float64)]
    np.testing.assert_allclose(pictures.permute(0, 2, 3, 4, 1), slow, atol=1e-4)


def test_activations_computed_twice_give_the_same_step():
    grads = []
    for checkpointing in (False, True):
        recipe = changed(SMALL, {"network.checkpointing": checkpointing, "network.dropout": 0.0})
        network = made(recipe).train()
        F.cross_entropy(network(*tensors(recipe)), torch.tensor([0, 1])).backward()
        grads.append((network.state_dict(), [p.grad for p in network.parameters()]))
    (state, first), (again, second) = grads
    assert state.keys() == again.keys()
    for name in state:  # running means too, though every norm ran twice
        assert torch.equal(state[name], again[name]), name
    for one, other in zip(first, second, strict=True):
        torch.testing.assert_close(one, other)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return replace(SMALL, compare=True).fit(samples(), samples(4, seed=1), run(folder)), folder


def test_compare_trains_the_three_columns_of_table_1(trained):
    recogniser, folder = trained
    found = recogniser.predict(samples().arrays)
    assert list(found) == ["ir2d", "ir3d-shortcut", "ir3d"] and recogniser.output == "ir3d"
    assert {p.name for p in folder.glob("*.csv")} == {f"{name}.csv" for name in found}
    for name in found:
        alone = small(name)
        assert flat(recogniser.system.trained[name]) == {
            **flat(alone), "name": "ir3d", "compare": True
        }  # fmt: skip


def test_a_variant_alone_is_the_same_as_within_the_comparison(trained, tmp_path):
    recogniser, _ = trained
    expected = recogniser.predict(samples().arrays)
    for name in ("ir2d", "ir3d-shortcut"):
        alone = small(name).fit(samples(), samples(4, seed=1), run(tmp_path / name))
        found = alone.predict(samples().arrays)
        assert list(found) == [name]
        np.testing.assert_array_equal(found[name], expected[name])


def test_predictions_do_not_depend_on_the_batch(trained):
    whole, alone = (trained[0].predict(samples().arrays, size=n) for n in (6, 1))
    for name in whole:
        np.testing.assert_allclose(whole[name], alone[name], atol=1e-5)


def test_a_saved_comparison_answers_the_same(trained, tmp_path):
    recogniser, _ = trained
    path = tmp_path / "m.safetensors"
    recogniser.save(path, {"licence": "Apache-2.0"})
    loaded = SMALL.load(path)
    assert loaded.system == recogniser.system and loaded.labels == LABELS
    expected = recogniser.predict(samples(3, seed=2).arrays)
    for name, found in loaded.predict(samples(3, seed=2).arrays).items():
        np.testing.assert_array_equal(found, expected[name])


def test_a_small_network_learns_what_moves_where(tmp_path):
    """A bright bar goes right, left or stays: only time tells them apart."""
    rng = np.random.default_rng(0)
    data = samples(24, size=49)
    faces = rng.integers(0, 30, data.arrays["faces"].shape, np.uint8)
    target = np.arange(24) % 3
    for n, label in enumerate(target):
        for t in range(10):
            at = int(9 + 3 * (t, 9 - t, 4.5)[label])
            faces[n, t, :, at : at + 8] += 200
    data = replace(data, arrays={**data.arrays, "faces": faces}, target=target)
    recipe = changed(SMALL, {"plan.epochs": 12, "network.width": 1 / 8, "input.size": 49})
    found = recipe.fit(data, data.take(target[:0]), run(tmp_path)).predict(data.arrays)["ir3d"]
    assert (found.argmax(1) == target).mean() > 0.8


def test_a_recipe_that_cannot_work_says_so():
    for wrong in (
        {"network.head": "sum"},
        {"plan.decay": "fast"},
        {"input.size": 48},
        {"input.frames": 4},
    ):
        with pytest.raises(InputError, match=f"{next(iter(wrong))} of ir3d is"):
            changed(IR3D(), wrong)
