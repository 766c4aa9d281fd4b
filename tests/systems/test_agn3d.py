import numpy as np
import pytest
import torch
from torch import nn

from fervid.errors import InputError
from fervid.learning import batches, weights
from fervid.learning.batches import Batch
from fervid.learning.recipes import changed
from fervid.learning.run import Run
from fervid.learning.samples import Samples
from fervid.systems import SYSTEMS
from fervid.systems.agn3d import AGN3D, inputs, joint, network, training

LABELS = ("anger", "disgust", "happiness", "surprise")
TINY = {
    "input.size": 32, "input.frames": 4, "geometry.size": 32,
    "appearance.width": 1 / 16, "geometry.width": 1 / 16,
    "appearance.plan.epochs": 4, "geometry.plan.epochs": 1, "joint.plan.epochs": 1,
    "appearance.plan.learning_rate": 0.01,
    **{f"{stage}.plan.batch_size": 8 for stage in ("appearance", "geometry", "joint")},
}  # fmt: skip
SMALL = changed(AGN3D(), TINY)


def samples(recipe=SMALL, n=20, seed=0):
    """Films that are brighter on top or below, and mouths that move, by their label."""
    rng = np.random.default_rng(seed)
    target = np.arange(n) % 4
    pixels = recipe.input.pixels
    film = rng.integers(0, 100, (n, recipe.input.frames, pixels, pixels), np.uint8)
    film[target >= 2, :, pixels // 2 :] += 100
    face = np.random.default_rng(0).uniform(0.2, 0.8, (68, 2))
    points = np.tile(face, (n, 2, 1, 1))
    points[:, 1, 48:, 1] += np.array([-0.1, 0.1, -0.05, 0.15])[target, None]
    points += rng.normal(0, 0.01, points.shape)
    subjects = np.array([f"s{i % 5}" for i in range(n)])
    arrays = {"film": film, "points": points.astype(np.float32)}
    return Samples(arrays, target, np.arange(n), subjects, LABELS)


def fit(recipe, folder, seed=0):
    train, validation = samples(recipe), samples(recipe, 8, 1)
    return recipe.fit(train, validation, Run(folder, seed=seed, device="cpu"))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return fit(SMALL, folder), folder


def parameters(net, kind=nn.Module):
    layers = [m for m in net.modules() if isinstance(m, kind)]
    return sum(p.numel() for m in layers for p in m.parameters(recurse=False))


def modules(text):
    return changed(AGN3D(), {"appearance.modules": text})


def meta(make):
    """A network of full size without its numbers."""
    with torch.device("meta"):
        return make()


def test_the_shallow_network_has_the_sizes_of_fig_2_up_to_its_last_module():
    net = meta(lambda: network.network_1(SYSTEMS["agn3d"], 7))
    sizes = []
    for layer in net.layers:
        layer.register_forward_hook(lambda *made: sizes.append(tuple(made[-1].shape[1:])))
    assert net(torch.zeros(1, 10, 299, 299, device="meta")).shape == (1, 7)
    assert sizes == [(192, 10, 38, 38)] * 2 + [(576, 8, 18, 18)] * 2
    # Stem (of one channel, not three), A, Red-A, B; join's biases.
    stem = 2_402_784 - 2 * 96 * 7**3
    convolutions = [m.weight.numel() for m in net.modules() if isinstance(m, nn.Conv3d)]
    assert sum(convolutions) == stem + 195_072 + 3_452_928 + 692_224
    assert net.top.in_features == 576 and parameters(net, nn.Linear) == 577 * 7


def test_other_modules_of_the_same_network():
    whole = meta(lambda: network.network_1(modules("A-RA-B-RB-C"), 6))
    convolutions = [m.weight.numel() for m in whole.modules() if isinstance(m, nn.Conv3d)]
    assert sum(convolutions) == 14_677_472 - 2 * 96 * 7**3
    with pytest.raises(InputError, match="A-D"):
        network.network_1(modules("A-D"), 6)


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_the_experiment_s_convolutions_have_the_same_gradient_in_bf16(frames):
    """As float32's but for rounding; also over two frames, which its second one sees."""
    torch.manual_seed(0)
    recipe = changed(SYSTEMS["agn3d-experiment"], {"input.size": 32, "appearance.width": 0.5})
    net = network.network_1(recipe, 3)
    place = [isinstance(layer, nn.Conv3d) for layer in net.layers].index(True, 2)
    second = net.layers[place - 1 : place + 1]
    maps, wanted = torch.randn(4, 16, frames, 16, 16), torch.randn(4, 32, frames, 16, 16)
    found = []
    for kind in (torch.float32, torch.bfloat16):
        second.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=kind == torch.bfloat16):
            made = second(maps)
        (made.float() * wanted).sum().backward()
        found.append(second[1].weight.grad.clone())
    assert made.shape == wanted.shape
    assert (found[1] - found[0]).norm() < 0.02 * found[0].norm()


def test_the_experiment_s_network_is_sec_4_1():
    net = meta(lambda: network.network_1(SYSTEMS["agn3d-experiment"], 7))
    assert SYSTEMS["agn3d-experiment"].outputs == ("appearance",)
    kinds = [type(layer) for layer in net.layers]
    assert [kinds.count(k) for k in (nn.Conv3d, nn.MaxPool3d, nn.BatchNorm3d)] == [4, 3, 1]
    assert all(m.kernel_size == (3, 3, 3) for m in net.modules() if isinstance(m, nn.Conv3d))
    assert {m.kernel_size for m in net.modules() if isinstance(m, nn.MaxPool3d)} == {2}
    assert len([m for m in net.modules() if isinstance(m, nn.Linear)]) == 2
    sizes = []
    for layer in net.layers:
        if isinstance(layer, nn.MaxPool3d):
            layer.register_forward_hook(lambda *made: sizes.append(tuple(made[-1].shape[2:])))
    assert net(torch.zeros(1, 3, 112, 112, device="meta")).shape == (1, 7)
    assert sizes == [(2, 56, 56), (1, 28, 28), (1, 14, 14)]
    expected = 27 * 32 + 32 + 27 * 32 * 64 + 64 + 27 * 64 * 128 + 128 + 27 * 128 * 128 + 128
    expected += 2 * 128 + (14 * 14 * 128 + 1) * 512 + 513 * 7
    assert parameters(net) == expected


def test_a_pair_s_network_is_vgg16():
    net = meta(lambda: network.network_2(AGN3D().geometry))
    assert parameters(net) == 138_357_544 - 1000 * 4097 + 2 * 4097
    shared = meta(lambda: network.pair_networks(SYSTEMS["agn3d-shared-trunk"], 7))
    assert parameters(shared) == 138_357_544 - 1000 * 4097 + 42 * 4097


def test_each_sample_meets_its_pair_s_network():
    for trunk in ("own", "shared"):
        made = network.pair_networks(changed(SMALL, {"geometry.trunk": trunk}), 4)
        made.eval()
        images = torch.rand(6, 3, 32, 32, generator=torch.Generator().manual_seed(0))
        pair = torch.tensor([5, 1, 4, 1, 5, 4])
        with torch.no_grad():
            found = made(images, pair)
            for b, number in enumerate(pair.tolist()):
                alone = images[b : b + 1]
                if isinstance(made, network.OwnPairs):
                    expected = made.networks[str(number)](alone)[0]
                else:
                    expected = made.network(alone)[0, 2 * number : 2 * number + 2]
                torch.testing.assert_close(found[b], expected, atol=1e-5, rtol=1e-4)


def test_stages_and_networks(trained):
    made, folder = trained
    assert {"appearance.csv", "joint.csv"} <= {p.name for p in folder.iterdir()}
    for a, b in joint.pairs(4):
        assert (folder / f"pair-{a}-{b}.safetensors").exists()
    found = made.predict(samples().arrays)
    assert list(found) == ["appearance", "geometry", "joint"] and made.output == "joint"
    for p in found.values():
        assert p.shape == (20, 4) and p.dtype == np.float32
        np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-5)
    assert ((found["geometry"] > 0).sum(axis=1) <= 2).all()


def test_the_answer_is_the_softmax_of_the_sum_of_logits(trained):
    """Eq. 4, and the other labels: their ratios to one another stay network 1's."""
    made, _ = trained
    arrays = samples(seed=3).arrays
    found = made.predict(arrays)
    batch = next(batches.of_arrays(arrays, 16))
    with torch.no_grad():
        first = made.networks["appearance"](inputs.films(SMALL.input, batch)).double()
        images = inputs.images(SMALL.geometry, batch)
        for b in range(16):
            two = sorted(first[b].topk(2).indices.tolist())
            number = joint.pairs(4).index(tuple(two))
            second = made.networks["geometry"].networks[str(number)](images[b : b + 1])[0].double()
            total = first[b].clone()
            total[two[0]] += second[0]
            total[two[1]] += second[1]
            np.testing.assert_allclose(found["joint"][b], total.softmax(0), atol=1e-5)
            rest = [k for k in range(4) if k not in two]
            ratio = found["joint"][b, rest[0]] / found["joint"][b, rest[1]]
            assert ratio == pytest.approx(float(torch.exp(first[b, rest[0]] - first[b, rest[1]])),
                                          rel=1e-3)  # fmt: skip


def test_joint_training_moves_both_networks_and_keeps_the_one_alone(trained):
    made, folder = trained
    stored = weights.load(folder / "appearance.safetensors")[0]
    for name, tensor in made.networks["alone"].state_dict().items():
        assert torch.equal(tensor, stored[name]), name
    assert not torch.equal(made.networks["appearance"].top.weight, stored["top.weight"])
    tuned = weights.load(folder / "joint.safetensors")[0]
    moved = 0
    for number in {int(name.split(".")[2]) for name in tuned if name.startswith("geometry")}:
        a, b = joint.pairs(4)[number]
        alone = weights.load(folder / f"pair-{a}-{b}.safetensors")[0]
        for name, tensor in alone.items():
            moved += not torch.equal(tensor, tuned[f"geometry.networks.{number}.{name}"])
    assert moved


def test_every_pair_is_trained_in_fit_and_none_in_predict(trained):
    made, folder = trained
    assert list(made.networks["geometry"].networks) == [str(n) for n in range(6)]
    times = {p: p.stat().st_mtime_ns for p in folder.iterdir()}
    before = weights.digest(made.networks.state_dict())
    made.predict(samples(seed=9).arrays)
    assert times == {p: p.stat().st_mtime_ns for p in folder.iterdir()}
    assert weights.digest(made.networks.state_dict()) == before


def test_a_pair_s_network_learns_its_two_labels_alone(tmp_path):
    changes = {
        "width": 1 / 8, "plan.epochs": 15, "plan.learning_rate": 0.001, "dropout": 0.0
    }  # fmt: skip
    recipe = changed(SMALL, {f"geometry.{name}": value for name, value in changes.items()})
    train, check = samples(recipe, 48), samples(recipe, 16, 1)
    number = joint.pairs(4).index((1, 3))
    found = training.fit_pairs(recipe, train, check, Run(tmp_path, device="cpu"))
    with torch.no_grad():
        points = torch.from_numpy(check.arrays["points"])
        batch = Batch({"points": points}, torch.zeros(16), torch.zeros(16))
        logits = found(inputs.images(recipe.geometry, batch), torch.full((16,), number))
    seen = np.isin(check.target, (1, 3))
    right = logits.argmax(1).numpy()[seen] == (check.target[seen] == 3)
    assert right.all()


def test_a_saved_recogniser_holds_every_pair(trained, tmp_path):
    made, _ = trained
    made.save(tmp_path / "m.safetensors", {"licence": "Apache-2.0"})
    assert len(made.networks["geometry"].networks) == 6
    loaded = AGN3D().load(tmp_path / "m.safetensors")
    assert loaded.system == SMALL and loaded.labels == LABELS
    arrays = samples(seed=4).arrays
    before, after = made.predict(arrays), loaded.predict(arrays)
    for name in before:
        np.testing.assert_array_equal(before[name], after[name])
    assert weights.load(tmp_path / "m.safetensors")[1]["card"] == {"licence": "Apache-2.0"}


def test_same_seed_same_answers_and_a_second_fit_trains_nothing(trained, tmp_path):
    made, folder = trained
    times = {p: p.stat().st_mtime_ns for p in folder.iterdir()}
    again, anew = fit(SMALL, folder), fit(SMALL, tmp_path / "1")
    assert times == {p: p.stat().st_mtime_ns for p in times}
    other = fit(SMALL, tmp_path / "2", seed=1)
    arrays = samples(seed=5).arrays
    expected = made.predict(arrays)
    for found in (again.predict(arrays), anew.predict(arrays)):
        for name in expected:
            np.testing.assert_array_equal(found[name], expected[name])
    assert not np.array_equal(other.predict(arrays)["joint"], expected["joint"])


def test_the_shared_trunk_is_one_training(tmp_path):
    made = fit(changed(SMALL, {"geometry.trunk": "shared"}), tmp_path)
    names = {p.stem for p in tmp_path.glob("*.csv")}
    assert names == {"appearance", "pairs", "joint"}
    found = made.predict(samples().arrays)
    assert list(found) == ["appearance", "geometry", "joint"]


def test_the_experiment_is_network_1_alone(tmp_path):
    recipe = changed(SYSTEMS["agn3d-experiment"], {**TINY, "appearance.plan.epochs": 2})
    made = fit(recipe, tmp_path)
    assert made.output == "appearance"
    assert list(made.predict(samples(recipe).arrays)) == ["appearance"]
    assert {p.stem for p in tmp_path.iterdir()} == {"appearance"}


def test_fit_without_validation(tmp_path):
    made = SMALL.fit(samples(), samples(n=0), Run(tmp_path, device="cpu"))
    assert made.predict(samples().arrays)["joint"].shape == (20, 4)


def test_a_recipe_that_cannot_work_says_so():
    for wrong in (
        {"input.encoding": "ror"},
        {"appearance.kind": "vgg"},
        {"geometry.trunk": "none"},
        {"joint.plan.decay": "step"},
        {"geometry.parts": (1.0, 2.0)},
        {"joint.lambdas": (1.0, 2.0, -1.0)},
        {"input.size": 16},
        {"geometry.size": 16},
    ):
        with pytest.raises(InputError, match=f"{next(iter(wrong))} of agn3d is"):
            changed(AGN3D(), wrong)
