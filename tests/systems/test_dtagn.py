import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from fervid.errors import InputError
from fervid.learning import weights
from fervid.learning.recipes import changed
from fervid.learning.run import Run
from fervid.learning.samples import Samples
from fervid.systems import SYSTEMS
from fervid.systems.dtagn import DTAGN, augment, network, training

LABELS = ("anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise")
STAGES = ("appearance", "geometry", "joint", "concat")
TINY = {
    "appearance.layers": "I16-C(3,4)-L3-P2-FC12-FC10-S", "geometry.layers": "D1176-FC9-FC8-S",
    **{f"{stage}.plan.epochs": 3 for stage in STAGES},
    **{f"{stage}.plan.batch_size": 8 for stage in STAGES},
    **{f"{stage}.plan.learning_rate": 0.1 for stage in ("joint", "concat")},
    "compare": True,
}  # fmt: skip
SMALL = changed(DTAGN(), TINY)


def samples(recipe, n=21, seed=0):
    rng = np.random.default_rng(seed)
    pixels = recipe.size + 2 * recipe.margin
    shape = (n, recipe.appearance.frames, pixels, pixels)
    arrays = {
        "faces": rng.integers(0, 256, shape, np.uint8),
        "landmarks": rng.normal(size=(n, 12, 49, 2)).astype(np.float32),
    }
    subjects = np.array([f"s{i % 5}" for i in range(n)])
    return Samples(arrays, np.arange(n) % 7, np.arange(n), subjects, LABELS)


def run(folder, seed=0):
    return Run(folder, seed=seed, device="cpu")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return SMALL.fit(samples(SMALL), samples(SMALL, 7, 1), run(folder)), folder


def streams(name, labels):
    return network.streams(SYSTEMS[name].networks(labels))


def parameters(net):
    return sum(p.numel() for p in net.parameters())


def test_dtgn_has_182_507_parameters():
    dtan, dtgn = streams("dtagn", 7)
    assert parameters(dtgn) == 182_507 == (1176 + 1) * 100 + (100 + 1) * 600 + (600 + 1) * 7
    # Valid convolutions: 64 -> 60 -> 30 -> 26 -> 13.
    expected = 64 * (3 * 25 + 1) + 64 * (64 * 25 + 1)
    expected += (13 * 13 * 64 + 1) * 500 + (500 + 1) * 500 + (500 + 1) * 7
    assert parameters(dtan) == expected == 5_769_835
    assert parameters(streams("dtagn-single-frame", 7)[0]) == expected - 2 * 64 * 25


def test_the_mmi_networks_have_the_parameters_of_their_strings():
    dtan, dtgn = streams("dtagn-mmi", 6)
    # 64 -> 60 -> 29 -> 27, no pooling after the second convolution.
    expected = 32 * (3 * 25 + 1) + 32 * (32 * 9 + 1) + (27 * 27 * 32 + 1) * 30 + 31 * 6
    assert parameters(dtan) == expected == 711_736
    assert parameters(dtgn) == 1177 * 100 + 101 * 200 + 201 * 6


def test_layers_are_the_paper_s():
    kinds = [type(layer).__name__ for layer in streams("dtagn", 7)[0].lower]
    expected = "Centre Conv2d ReLU LocalContrast MaxPool2d Conv2d ReLU LocalContrast MaxPool2d"
    assert " ".join(kinds) == expected + " Flatten Linear ReLU"
    windows = [m.size for m in streams("dtagn", 7)[0].modules() if hasattr(m, "taps")]
    assert windows == [5, 3]


def test_eq_1_shares_no_weight_over_time():
    dtan = streams("dtagn", 7)[0]
    filters = dtan.lower[1].weight
    assert filters.shape == (64, 3, 5, 5)
    pictures = torch.rand(1, 3, 64, 64)
    found = torch.relu(dtan.lower[1](pictures))[0, 7, 10, 20]
    total = dtan.lower[1].bias[7]
    for t in range(3):
        for r in range(5):
            for s in range(5):
                total = total + pictures[0, t, 10 + r, 20 + s] * filters[7, t, r, s]
    assert found.item() == pytest.approx(max(0, total.item()), abs=1e-5)


def test_every_network_answers_with_probabilities(trained):
    made, folder = trained
    found = made.predict(samples(SMALL).arrays)
    assert list(found) == ["dtan", "dtgn", "weighted", "joint", "joint-l3", "concat"]
    for p in found.values():
        assert p.shape == (21, 7) and p.dtype == np.float32
        np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(
        found["weighted"], 0.5 * found["dtan"] + 0.5 * found["dtgn"], rtol=1e-5, atol=1e-6
    )
    assert {p.name for p in folder.glob("*.csv")} >= {"dtan.csv", "dtgn.csv", "joint.csv"}
    none = {name: array[:0] for name, array in samples(SMALL).arrays.items()}
    assert {p.shape for p in made.predict(none).values()} == {(0, 7)}


def test_joint_answers_with_the_softmax_of_the_sum_of_logits(trained):
    made, _ = trained
    arrays = samples(SMALL).arrays
    top = made.networks["joint"]
    dtan, dtgn = network.streams(made.networks)
    with torch.no_grad():
        pictures = torch.from_numpy(arrays["faces"])
        seen = network.fused  # the sum of both logits, Eq. 10
        lower = dtan.lower(augment.pictures(pictures, torch.zeros(21, dtype=torch.int64), 16))
        other = dtgn.lower(torch.from_numpy(arrays["landmarks"]).flatten(1))
        first = top.tops[0](dtan.upper(lower))
        second = top.tops[1](dtgn.upper(other))
        expected = torch.softmax(first + second, 1)
        assert torch.equal(seen((first, second)), first + second)
    np.testing.assert_allclose(
        made.predict(arrays)["joint"], expected.numpy(), rtol=1e-5, atol=1e-6
    )


def test_predictions_do_not_depend_on_the_batch(trained):
    made, _ = trained
    arrays = samples(SMALL).arrays
    whole, alone = made.predict(arrays), made.predict(arrays, size=1)
    for name in whole:
        np.testing.assert_allclose(whole[name], alone[name], atol=1e-5)


def test_joint_training_changes_the_tops_alone(trained):
    made, folder = trained
    dtan, dtgn = network.streams(made.networks)
    for stage, stream in (("dtan", dtan), ("dtgn", dtgn)):
        kept = weights.load(folder / f"{stage}.safetensors")[0]
        for name, tensor in stream.state_dict().items():
            assert torch.equal(tensor, kept[name]), name
    for fusion in SMALL.fusions:
        saved = weights.load(folder / f"{fusion}.safetensors")[0]
        assert not any("upper" in name for name in saved)
        if fusion != "concat":
            assert not torch.equal(made.networks[fusion].tops[0].weight, dtan.top.weight)


def test_dropout_is_active_below_the_tops_in_training_only(trained):
    networks = trained[0].networks
    top = network.Tuning(*network.streams(networks), networks["joint"])
    first, second = torch.rand(1, 12), torch.rand(1, 9)
    top.train()
    assert not torch.equal(top(first, second)[0], top(first, second)[0])
    top.eval()
    assert torch.equal(top(first, second)[0], top(first, second)[0])


def test_a_saved_recogniser_answers_the_same(trained, tmp_path):
    made, _ = trained
    made.save(tmp_path / "m.safetensors", {"licence": "Apache-2.0"})
    loaded = SMALL.load(tmp_path / "m.safetensors")
    assert loaded.labels == LABELS and loaded.system == SMALL and loaded.output == "joint"
    arrays = samples(SMALL, 9, 3).arrays
    before, after = made.predict(arrays), loaded.predict(arrays)
    assert list(before) == list(after)
    for name in before:
        np.testing.assert_array_equal(before[name], after[name])
    assert weights.load(tmp_path / "m.safetensors")[1]["card"] == {"licence": "Apache-2.0"}


def test_same_seed_same_answers_and_a_second_fit_trains_nothing(trained, tmp_path):
    made, folder = trained
    times = {p: p.stat().st_mtime_ns for p in folder.iterdir()}
    again = SMALL.fit(samples(SMALL), samples(SMALL, 7, 1), run(folder))
    assert times == {p: p.stat().st_mtime_ns for p in folder.iterdir()}
    anew = SMALL.fit(samples(SMALL), samples(SMALL, 7, 1), run(tmp_path))
    other = SMALL.fit(samples(SMALL), samples(SMALL, 7, 1), run(tmp_path / "o", seed=1))
    arrays = samples(SMALL, 9, 3).arrays
    expected = made.predict(arrays)
    for found in (again.predict(arrays), anew.predict(arrays)):
        for name in expected:
            np.testing.assert_array_equal(found[name], expected[name])
    assert not np.array_equal(other.predict(arrays)["dtan"], expected["dtan"])


def test_a_fusion_trains_what_it_needs(tmp_path):
    made = changed(SMALL, {"compare": False, "output": "weighted"}).fit(
        samples(SMALL), samples(SMALL, 7, 1), run(tmp_path)
    )
    found = made.predict(samples(SMALL).arrays)
    assert list(found) == ["dtan", "dtgn", "weighted"] and made.output == "weighted"


def test_another_fusion_reuses_both_networks(trained, tmp_path):
    _, folder = trained
    for name in ("dtan", "dtgn"):
        (tmp_path / f"{name}.safetensors").write_bytes(
            (folder / f"{name}.safetensors").read_bytes()
        )
    times = {p: p.stat().st_mtime_ns for p in tmp_path.iterdir()}
    other = changed(SMALL, {"compare": False, "output": "concat", "concat.plan.epochs": 1})
    other.fit(samples(SMALL), samples(SMALL, 7, 1), run(tmp_path))
    assert times == {p: p.stat().st_mtime_ns for p in times}


def test_fit_without_validation(tmp_path):
    made = SMALL.fit(samples(SMALL), samples(SMALL, 0), run(tmp_path))
    assert made.predict(samples(SMALL).arrays)["joint"].shape == (21, 7)


def test_activations_made_beforehand_are_those_of_training(trained):
    """The frozen part draws nothing: what a stage above sees of a copy is what DTAN computes."""
    made, folder = trained
    data = samples(SMALL, 5)
    found = training.activations(SMALL, made.networks, data, run(folder), 14)
    assert found.arrays["dtan"].shape == (70, 12) and found.arrays["dtgn"].shape == (70, 9)
    assert found.target.tolist() == data.target.tolist() * 14
    faces, copy = torch.from_numpy(data.arrays["faces"]), torch.full((5,), 9)
    with torch.no_grad():
        expected = made.networks["dtan"].lower(augment.pictures(faces, copy, 16))
    np.testing.assert_allclose(found.arrays["dtan"][45:50], expected.numpy(), atol=1e-5)


def test_a_recipe_that_cannot_work_says_so():
    for wrong in (
        {"output": "sum"},
        {"geometry.layers": "D588-FC100-S"},
        {"input.nose": 3},
        {"joint.plan.choose": "best"},
    ):
        with pytest.raises(InputError, match=f"{next(iter(wrong))} of dtagn is"):
            changed(DTAGN(), wrong)
    with pytest.raises(InputError, match="begin it with D588"):
        changed(DTAGN(), {"geometry.frames": 6})
    with pytest.raises(InputError, match="is not a network"):
        changed(DTAGN(), {"appearance.layers": "I64-X9-S"})
    with pytest.raises(InputError, match="does not begin with I"):
        changed(DTAGN(), {"appearance.layers": "C(5,64)-S"})
    with pytest.raises(InputError, match="7 outputs for 6"):
        changed(DTAGN(), {"geometry.layers": "D1176-FC100-FC600-S7"}).networks(6)


def test_the_concatenation_has_a_plan_of_its_own(tmp_path):
    """Table 9's layer is new: it may need larger steps than the tuning of what is trained."""
    recipe = changed(SMALL, {"concat.plan.learning_rate": 0.5, "concat.plan.epochs": 7})
    recipe.fit(samples(SMALL), samples(SMALL, 7, 1), run(tmp_path))
    rows = {name: len((tmp_path / f"{name}.csv").read_text().splitlines()) - 1
            for name in recipe.fusions}  # fmt: skip
    assert rows == {"joint": 3, "joint-l3": 3, "concat": 7}


def test_every_named_variant_is_its_name():
    assert all(system.name == name for name, system in SYSTEMS.items())


TORCHRUN = """
import sys
from pathlib import Path
import torch
torch.set_num_threads(1)
sys.path.insert(0, {here!r})
import test_dtagn as t
made = t.SMALL.fit(t.samples(t.SMALL), t.samples(t.SMALL, 7, 1), t.run(Path(sys.argv[1])))
torch.distributed.barrier()
made.save(Path(sys.argv[1]) / f"made{{torch.distributed.get_rank()}}.safetensors", {{}})
"""


@pytest.mark.slow
def test_two_processes_train_one_network(tmp_path):
    script = tmp_path / "train.py"
    script.write_text(TORCHRUN.format(here=str(Path(__file__).parent)))
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    subprocess.run([*launcher, str(script), str(tmp_path / "run")], check=True, timeout=300)
    made = [weights.load(tmp_path / "run" / f"made{rank}.safetensors") for rank in (0, 1)]
    assert made[0][1]["sha256"] == made[1][1]["sha256"]
