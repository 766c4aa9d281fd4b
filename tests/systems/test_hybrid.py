"""The whole system at a tiny size: stages, answers, files, kills."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.svm import LinearSVC

from fervid.errors import InputError, WeightsError
from fervid.learning import weights
from fervid.learning.recipes import changed
from fervid.learning.run import Run
from fervid.learning.samples import Samples
from fervid.networks.vgg import VGG16
from fervid.systems import SYSTEMS
from fervid.systems.hybrid import Hybrid, features, network, svm, training
from fervid.systems.hybrid.dbn import RBM
from fervid.systems.hybrid.network import Stream

LABELS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise")
TINY = {
    "input.size": 32, "input.pairs": 3, "stream.width": 1 / 64, "dbn.width": 1 / 64,
    "stream.plan.epochs": 2, "dbn.pretraining.epochs": 2, "dbn.plan.epochs": 2,
    "stream.plan.learning_rate": 0.01, "stream.pretrained": "", "compare": True,
}  # fmt: skip
SMALL = changed(Hybrid(), TINY)


def samples(clips=12, seed=0, pairs=3, size=32):
    """Two or three segments of each clip; its label is in the brightness and in the flow."""
    rng = np.random.default_rng(seed)
    clip = np.repeat(np.arange(clips), rng.integers(2, 4, clips))
    target = clip % 6
    shape = (len(clip), pairs, size, size, 3)
    level = (30 * target[:, None, None, None, None] + 40).astype(np.uint8)
    arrays = {
        "faces": rng.integers(0, 40, shape, np.uint8) + level,
        "flows": rng.integers(0, 90, shape, np.uint8) + level,
        "video": clip * 7919 - 5,
    }
    return Samples(arrays, target, clip, np.array([f"s{c % 4}" for c in clip]), LABELS)


def run(folder, seed=0, **options):
    return Run(folder, seed=seed, device="cpu", **options)


def fit(folder, recipe=SMALL, seed=0, **options):
    return recipe.fit(samples(), samples(6, 1), run(folder, seed, **options))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return fit(folder), folder


NETWORKS = ["spatial", "temporal", "score", "dbn-1", "dbn-2", "dbn-3"]


def test_every_network_answers_once_for_each_video(trained):
    made, folder = trained
    data = samples(8, 3)
    found = made.predict(data.arrays)
    assert list(found) == NETWORKS and made.output == "dbn-3"
    for p in found.values():
        assert p.shape == (len(data), 6) and p.dtype == np.float32
        np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-5)
        for clip in range(8):
            assert len(np.unique(p[data.clip == clip], axis=0)) == 1
    both = 0.5 * (found["spatial"] + found["temporal"])
    np.testing.assert_allclose(found["score"], both, rtol=1e-5, atol=1e-6)
    none = {name: array[:0] for name, array in data.arrays.items()}
    assert {p.shape for p in made.predict(none).values()} == {(0, 6)}
    curves = {f"{n}.csv" for n in ("spatial", "temporal", "rbm-1", "rbm-2", "rbm-3", "dbn-2")}
    assert curves <= {p.name for p in folder.iterdir()}
    assert not [p for p in folder.iterdir() if p.is_dir()]  # features are gone


def test_a_stream_alone_learns_what_is_plain(tmp_path):
    values = {
        "output": "spatial", "compare": False, "stream.plan.epochs": 12,
        "stream.plan.batch_size": 10,
    }  # fmt: skip
    one = changed(SMALL, values)
    made = one.fit(samples(24, 2), samples(6, 1), run(tmp_path))
    found = made.predict(samples(12, 5).arrays)
    assert list(found) == ["spatial"]
    assert (found["spatial"].argmax(1) == samples(12, 5).target).mean() > 0.5


def test_answers_do_not_depend_on_what_else_is_asked(trained):
    made, _ = trained
    data = samples(8, 3)
    whole = made.predict(data.arrays)
    rows = np.flatnonzero(data.clip == 5)
    alone = made.predict({name: a[rows] for name, a in data.arrays.items()})
    mixed = np.random.default_rng(0).permutation(len(data))
    shuffled = made.predict({name: a[mixed] for name, a in data.arrays.items()})
    small = made.predict(data.arrays, size=4)
    for name in NETWORKS:
        np.testing.assert_allclose(alone[name], whole[name][rows], atol=1e-5)
        np.testing.assert_allclose(shuffled[name], whole[name][mixed], atol=1e-5)
        np.testing.assert_allclose(small[name], whole[name], atol=1e-5)


def test_the_answer_written_out(trained):
    """fc7 of 3 pairs, scaled, up three machines, mean over pairs and segments, planes."""
    made, _ = trained
    data = samples(4, 6)
    rows = np.flatnonzero(data.clip == 2)
    last = []
    with torch.no_grad():
        for row in rows:
            means = []
            for pair in range(3):
                seen = [
                    made.networks[name].fc7(torch.from_numpy(data.arrays[array][row, pair][None]))
                    for name, array in (("spatial", "faces"), ("temporal", "flows"))
                ]
                x = made.networks["scale"](torch.cat(seen, 1))
                for machine in made.networks["dbn-3"].machines:
                    x = torch.sigmoid(x @ machine.weight + machine.hidden_bias)
                means.append(x[0].numpy())
            last.append(np.mean(means, axis=0))
    plane = network.svm_of(made.networks, "dbn-3")
    weight, bias, slope = (x.numpy() for x in (plane.weight, plane.bias, plane.slope))
    scores = slope * (weight @ np.mean(last, axis=0) + bias)
    expected = np.exp(scores) / np.exp(scores).sum()
    np.testing.assert_allclose(made.predict(data.arrays)["dbn-3"][rows[0]], expected, atol=1e-5)


def test_the_dbns_share_their_machines_and_are_tuned(trained):
    made, folder = trained
    for number in (1, 2, 3):
        kept = weights.load(folder / f"rbm-{number}.safetensors")[0]
        for name in SMALL.dbns:
            if number > network.depth(name):
                continue
            tuned = made.networks[name].machines[number - 1].weight.detach()
            assert not torch.equal(tuned, kept["weight"])
            assert float((tuned - kept["weight"]).abs().max()) < 0.1
    assert [len(made.networks[name].machines) for name in SMALL.dbns] == [1, 2, 3]


def test_each_fusion_trains_what_it_needs(tmp_path):
    alone = replace(SMALL, compare=False)
    for fusion, networks in {
        "temporal": ["temporal"],
        "score": ["spatial", "temporal", "score"],
        "dbn-1": ["spatial", "temporal", "score", "dbn-1"],
    }.items():
        folder = tmp_path / fusion
        made = fit(folder, replace(alone, output=fusion))
        assert list(made.predict(samples(4, 3).arrays)) == networks and made.output == fusion
        assert (folder / "rbm-1.safetensors").exists() == (fusion == "dbn-1")
        assert not (folder / "rbm-2.safetensors").exists()


def test_fit_without_validation(tmp_path):
    made = SMALL.fit(samples(), samples(0), run(tmp_path))
    assert made.predict(samples(4).arrays)["dbn-3"].shape[1] == 6


# Files


def test_a_saved_recogniser_answers_the_same(trained, tmp_path):
    made, _ = trained
    made.save(tmp_path / "m.safetensors", {"licence": "Apache-2.0"})
    loaded = SMALL.load(tmp_path / "m.safetensors")
    assert loaded.labels == LABELS and loaded.system == SMALL and loaded.remarks == made.remarks
    arrays = samples(5, 3).arrays
    before, after = made.predict(arrays), loaded.predict(arrays)
    assert list(before) == list(after)
    for name in before:
        np.testing.assert_array_equal(before[name], after[name])
    tensors, card = weights.load(tmp_path / "m.safetensors")
    assert card["card"] == {"licence": "Apache-2.0"}
    assert tensors["svm.dbn-3.weight"].shape == (6, 16) and "svm.spatial.bias" in tensors


def test_a_model_without_one_of_its_svms_is_refused(trained, tmp_path):
    path = tmp_path / "m.safetensors"
    trained[0].save(path, {})
    tensors, card = weights.load(path)
    del tensors["svm.dbn-1.bias"]
    weights.save(path, tensors, card)
    with pytest.raises(WeightsError, match="does not hold"):
        SMALL.load(path)


def test_pretrained_weights_begin_both_streams(trained, tmp_path, capsys):
    made, _ = trained
    made.save(tmp_path / "faces.safetensors", {})
    recipe = changed(SMALL, {"stream.pretrained": str(tmp_path / "faces.safetensors")})
    for _ in range(2):
        stream = network.stream(recipe, 6)
        told = training.begin(stream, recipe)
        assert told.startswith("faces.safetensors, sha256")
        expected = made.networks["spatial"].vgg.features[0].weight
        assert torch.equal(stream.vgg.features[0].weight, expected)
        assert not torch.equal(
            stream.vgg.classifier[6].weight, made.networks["spatial"].vgg.classifier[6].weight
        )
    published = changed(SMALL, {"stream.pretrained": Hybrid().stream.pretrained})
    assert "only fits stream.width=1 and input.size=227" in training.begin(stream, published)
    absent = changed(SMALL, {"stream.pretrained": "nothing"})
    assert training.begin(stream, absent).startswith("random weights: nothing was not found")
    wrong = changed(recipe, {"stream.width": 1 / 32})
    with pytest.raises(WeightsError, match="do not fit"):
        training.begin(network.stream(wrong, 6), wrong)


def test_what_a_run_begins_from_is_said(tmp_path, capsys):
    values = {"output": "spatial", "compare": False, "stream.pretrained": "absent"}
    made = fit(tmp_path, changed(SMALL, values))
    said = capsys.readouterr().err
    assert said.count("spatial starts from random weights: absent was not found") == 1
    assert made.remarks[0].startswith("spatial stream: from random weights: absent was not found")


# Kill and resume


def test_same_seed_same_answers_and_a_second_fit_trains_nothing(trained, tmp_path):
    made, folder = trained
    times = {p: p.stat().st_mtime_ns for p in folder.iterdir()}
    again = fit(folder)
    assert times == {p: p.stat().st_mtime_ns for p in folder.iterdir()}
    other = fit(tmp_path, seed=1)
    arrays = samples(5, 3).arrays
    expected, found = made.predict(arrays), again.predict(arrays)
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name])
    assert not np.array_equal(other.predict(arrays)["dbn-1"], expected["dbn-1"])


def test_stopped_between_and_inside_all_stages_it_ends_the_same(tmp_path, monkeypatch):
    """An interruption every few steps of any stage, until it goes through."""
    monkeypatch.setattr(features, "BLOCK", 8)
    whole = fit(tmp_path / "whole")
    steps = 0

    def breaking(call):
        def broken(*args, **options):
            nonlocal steps
            steps += 1
            if steps % 11 == 0:
                raise KeyboardInterrupt
            return call(*args, **options)

        return broken

    for owner, name in ((RBM, "learn"), (Stream, "forward"), (features, "fc7"), (svm, "fit")):
        monkeypatch.setattr(owner, name, breaking(getattr(owner, name)))
    broken = 0
    for _ in range(60):
        try:
            made = fit(tmp_path / "broken", checkpoint_seconds=0)
            break
        except KeyboardInterrupt:
            broken += 1
    monkeypatch.undo()
    assert broken >= 5
    arrays = samples(5, 3).arrays
    expected, found = whole.predict(arrays), made.predict(arrays)
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name])
    assert not list(tmp_path.glob("*/*checkpoint*"))


KILLED = """
import sys, time
from pathlib import Path
sys.path.insert(0, {here!r})
import torch
torch.set_num_threads(1)
import test_hybrid as t
forward = t.VGG16.fc7
def slow(*args):
    time.sleep(float(sys.argv[2]))
    return forward(*args)
t.VGG16.fc7 = slow
t.fit(Path(sys.argv[1]), checkpoint_seconds=0)
"""


@pytest.mark.slow
def test_killed_it_resumes_equal(tmp_path):
    script = tmp_path / "train.py"
    script.write_text(KILLED.format(here=str(Path(__file__).parent)))

    def command(folder, pause):
        return [sys.executable, str(script), str(tmp_path / folder), str(pause)]

    subprocess.run(command("whole", 0), check=True, timeout=200)
    for awaited in ("spatial.checkpoint", "temporal.checkpoint", "rbm-1"):
        job = subprocess.Popen(command("killed", 0.1))
        begun = time.monotonic()
        while not (tmp_path / "killed" / f"{awaited}.safetensors").exists():
            assert time.monotonic() - begun < 100
            time.sleep(0.01)
        os.kill(job.pid, signal.SIGKILL)
        job.wait()
    assert not (tmp_path / "killed" / "dbn-3.safetensors").exists()
    subprocess.run(command("killed", 0), check=True, timeout=200)
    for stage in ("spatial", "temporal", "rbm-1", "rbm-3", "dbn-1", "dbn-3"):
        whole, resumed = (
            weights.load(tmp_path / f / f"{stage}.safetensors")[1] for f in ("whole", "killed")
        )
        assert whole == resumed, stage


TORCHRUN = """
import sys
from pathlib import Path
import torch
torch.set_num_threads(1)
sys.path.insert(0, {here!r})
import test_hybrid as t
made = t.fit(Path(sys.argv[1]))
torch.distributed.barrier()
made.save(Path(sys.argv[1]) / f"made{{torch.distributed.get_rank()}}.safetensors", {{}})
"""


@pytest.mark.slow
def test_two_processes_train_one_system(tmp_path):
    script = tmp_path / "train.py"
    script.write_text(TORCHRUN.format(here=str(Path(__file__).parent)))
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    subprocess.run([*launcher, str(script), str(tmp_path / "run")], check=True, timeout=600)
    made = [weights.load(tmp_path / "run" / f"made{rank}.safetensors") for rank in (0, 1)]
    assert made[0][1]["sha256"] == made[1][1]["sha256"]


# SVM, pooling, pieces


def test_planes_are_scikit_learns():
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    x = (rng.normal(size=(60, 5)) + 2 * np.eye(5)[y]).astype(np.float32)
    made = svm.fit(x, y, (x, y), 3, 0)
    right = []
    size = np.sqrt((x**2).sum(1).mean())
    for c in svm.COSTS:
        machine = LinearSVC(C=c, dual=True, random_state=0, max_iter=100_000).fit(x / size, y)
        right.append((machine.predict(x / size) == y).mean())
    assert (made.scores(x).argmax(1) == y).mean() == pytest.approx(max(right), abs=0.02)
    p = made.probabilities(x)
    assert (p.argmax(1) == made.scores(x).argmax(1)).all()
    np.testing.assert_allclose(p.sum(1), 1, rtol=1e-5)


def test_c_is_chosen_by_the_other_side(monkeypatch):
    rng = np.random.default_rng(0)
    y = np.arange(40) % 2
    x = rng.normal(size=(40, 200)).astype(np.float32)
    x[:, 0] += 4 * y
    other = rng.normal(size=(400, 200)).astype(np.float32)
    truth = np.arange(400) % 2
    other[:, 0] += 4 * truth
    scores = {}
    for c in svm.COSTS:
        monkeypatch.setattr(svm, "COSTS", (c,))
        scores[c] = (svm.fit(x, y, (other, truth), 2, 0).scores(other).argmax(1) == truth).mean()
    monkeypatch.undo()
    best = svm.fit(x, y, (other, truth), 2, 0)
    assert (best.scores(other).argmax(1) == truth).mean() == max(scores.values())
    assert len(set(scores.values())) > 1


def test_a_label_that_nobody_bears_is_never_the_answer():
    x = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
    made = svm.fit(x, np.arange(20) % 2 * 3, (x[:0], np.zeros(0, np.int64)), 5, 0)
    assert set(made.scores(x).argmax(1)) <= {0, 3} and float(made.slope) == 1
    one = svm.fit(x, np.full(20, 2), (x[:0], np.zeros(0, np.int64)), 5, 0)
    assert set(one.scores(x).argmax(1)) == {2}
    assert np.isfinite(one.probabilities(x)).all()


def test_pooling_is_a_mean_of_means():
    video = np.array([9, 9, -3, 9, -3])
    which, first = features.videos(video)
    assert which.tolist() == [0, 0, 1, 0, 1] and first.tolist() == [0, 2]
    rows = np.random.default_rng(0).normal(size=(10, 4)).astype(np.float32)
    found = features.pooled(rows, which)
    by_segment = rows.reshape(5, 2, 4).mean(1)
    expected = [by_segment[[0, 1, 3]].mean(0), by_segment[[2, 4]].mean(0)]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_a_stream_sees_normalised_pictures_of_its_size():
    stream = network.stream(changed(Hybrid(), {"stream.width": 1 / 64}), 6).eval()
    x = torch.randint(0, 255, (4, 150, 110, 3), dtype=torch.uint8)
    stream.normalise(x)
    seen = stream.pictures(x)
    assert seen.shape == (4, 3, 227, 227) and seen.is_contiguous(memory_format=torch.channels_last)
    np.testing.assert_allclose(seen.mean((0, 2, 3)), 0, atol=0.05)
    plain = (x.float() - stream.mean) / stream.spread
    exact = network.stream(SMALL, 6)
    exact.normalise(x)
    np.testing.assert_allclose(plain.std((0, 1, 2)), 1, atol=1e-3)
    assert torch.equal(exact.pictures(x[:, :32, :32]), plain[:, :32, :32].permute(0, 3, 1, 2))
    features_of = stream.fc7(x)
    assert features_of.shape == (4, 64) and stream(x).shape == (4, 6)


def test_full_size_streams_are_the_paper_s():
    with torch.device("meta"):
        vgg = VGG16(6)
    assert Hybrid().stream.width == 1 and Hybrid().input.size == 227
    assert sum(p.numel() for p in vgg.parameters()) == 134_285_126


# Recipes


def test_named_systems():
    others = ("dbn-1", "dbn-2", "score", "spatial", "temporal")
    expected = ["hybrid", *(f"hybrid-{name}" for name in others)]
    assert [n for n in SYSTEMS if n.startswith("hybrid")] == [*expected, "hybrid-laptop"]
    assert [SYSTEMS[n].output for n in expected] == ["dbn-3", *others]
    assert SYSTEMS["hybrid"].outputs == ("spatial", "temporal", "score", "dbn-3")
    assert SYSTEMS["hybrid-spatial"].outputs == ("spatial",)
    assert all(SYSTEMS[n].name == n for n in SYSTEMS)
    printed = SYSTEMS["hybrid"]
    plan = printed.stream.plan
    assert (plan.batch_size, plan.learning_rate, plan.epochs) == (30, 0.001, 300)
    assert printed.dbn.pretraining.epochs == printed.dbn.plan.epochs == 100
    assert printed.dbn.hidden == (4096, 2048, 1024)


def test_a_recipe_that_cannot_work_says_so():
    for wrong in (
        {"output": "sum"},
        {"output": "dbn-4"},
        {"input.rule": "none"},
        {"input.pairs": 16},
        {"input.pairs": 0},
        {"input.size": 8},
        {"stream.width": 0.0},
        {"dbn.hidden": (3, 0)},
        {"dbn.plan.choose": "best"},
    ):
        with pytest.raises(InputError, match=f"{next(iter(wrong))} of hybrid is"):
            changed(Hybrid(), wrong)
    with pytest.raises(InputError, match=r"dbn\.hidden has 2 layers"):
        changed(Hybrid(), {"dbn.hidden": (64, 32)})


def test_the_file_it_begins_from_is_what_it_learns_from(tmp_path):
    path = tmp_path / "faces.safetensors"
    named = changed(Hybrid(), {"stream.pretrained": str(path)})
    assert named.learns_from == ()  # starts from random weights
    path.write_bytes(b"")
    assert named.learns_from == (path,)
    assert changed(Hybrid(), {"stream.pretrained": ""}).learns_from == ()
