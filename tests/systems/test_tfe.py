import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from typer.testing import CliRunner

from fervid.cli import app
from fervid.errors import InputError, WeightsError
from fervid.learning import weights
from fervid.learning.batches import Batch
from fervid.learning.recipes import changed
from fervid.learning.run import Run
from fervid.learning.samples import Samples
from fervid.systems.tfe import TFE, identity, judge, targets, training
from fervid.systems.tfe.identity import DeepIDTraining

LABELS = ("neutral", "happiness", "surprise")
SIDE = 32
TINY = {
    "emotion.layers": "C4-P8", "input.size": SIDE, "identity.size": SIDE,
    "emotion.plan.epochs": 4, "tandem.plan.epochs": 2, "tandem.plan.learning_rate": 0.05,
    "emotion.plan.batch_size": 8, "tandem.plan.batch_size": 8,
    "augmentation.shift": 0.02, "augmentation.turn": 3.0,
    "identity.place": "none", "identity.local": False, "compare": True,
}  # fmt: skip
SMALL = changed(TFE(), TINY)


def samples(n=24, seed=0, votes=True):
    """Faces of one grey by label, with noise."""
    rng = np.random.default_rng(seed)
    target = np.arange(n) % 3
    faces = (rng.integers(0, 60, (n, SIDE, SIDE)) + 80 * target[:, None, None]).astype(np.uint8)
    arrays = {"faces": faces}
    if votes:
        arrays["votes"] = 8 * np.eye(3, dtype=np.float32)[target] + 2
    people = np.array([f"s{i % 5}" for i in range(n)])
    return Samples(arrays, target, np.arange(n), people, LABELS)


def run(folder, seed=0):
    return Run(folder, seed=seed, device="cpu")


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """An identity network that was trained for a moment."""
    folder = tmp_path_factory.mktemp("people")
    how = DeepIDTraining(size=SIDE, local=False, epochs=1, batch_size=8)
    net = how.fit(samples(), run(folder))
    identity.save(net, folder / "people.safetensors", how, {"data": "noise"})
    return folder / "people.safetensors"


@pytest.fixture(scope="module")
def recipe(people):
    return changed(SMALL, {"identity.place": str(people)})


@pytest.fixture(scope="module")
def trained(recipe, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return recipe.fit(samples(), samples(9, 1), run(folder)), folder


def test_every_network_answers_with_probabilities(trained):
    made, folder = trained
    found = made.predict(samples().arrays)
    assert list(found) == ["joint", "joint-fresh", "resnet", "svm"] and made.output == "joint"
    for p in found.values():
        assert p.shape == (24, 3) and p.dtype == np.float32
        np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-5)
    assert {p.name for p in folder.glob("*.csv")} == {"resnet.csv", "joint.csv", "joint-fresh.csv"}
    none = made.predict({"faces": samples().arrays["faces"][:0]})
    assert {p.shape for p in none.values()} == {(0, 3)}


def test_it_learns(recipe, tmp_path):
    longer = changed(recipe, {"emotion.plan.epochs": 20, "compare": False, "output": "resnet"})
    made = longer.fit(samples(), samples(9, 1), run(tmp_path))
    asked = samples(30, 2)
    assert (made.predict(asked.arrays)["resnet"].argmax(1) == asked.target).mean() > 0.9


def test_only_what_the_answer_needs_is_trained(recipe, tmp_path):
    alone = replace(recipe, compare=False, output="svm")
    made = alone.fit(samples(), samples(9, 1), run(tmp_path))
    assert list(made.networks) == ["svm"] and not list(tmp_path.iterdir())
    alone = replace(SMALL, compare=False, output="resnet")
    made = alone.fit(samples(), samples(9, 1), run(tmp_path))
    assert list(made.networks) == ["resnet"]
    assert {p.name for p in tmp_path.iterdir()} == {"resnet.csv", "resnet.safetensors"}


def test_joint_learning_begins_with_both_trained_parts(recipe, trained, people):
    made, folder = trained
    state = weights.load(folder / "resnet.safetensors")[0]
    resnet = made.networks["resnet"]
    tandem = training.tandem(recipe, "joint", resnet, samples(), 0)
    for name, tensor in tandem.emotion.state_dict().items():
        assert torch.equal(tensor, state[f"body.{name}"])
    for name, tensor in tandem.identity.state_dict().items():
        assert torch.equal(tensor, weights.load(people)[0][name])
    fresh = training.tandem(recipe, "joint-fresh", resnet, samples(), 0)
    assert not torch.equal(fresh.identity.top.weight, tandem.identity.top.weight)
    assert torch.equal(
        fresh.emotion.layers[0].weight, made.networks["resnet"].body.layers[0].weight
    )
    # All of it is learnt.
    after = made.networks["joint"]
    assert not torch.equal(after.identity.low[0].weight, tandem.identity.low[0].weight)
    assert not torch.equal(after.emotion.layers[0].weight, tandem.emotion.layers[0].weight)


def test_the_transfer_baseline_is_a_linear_machine_on_the_identity_feature(trained, people):
    from sklearn.svm import LinearSVC

    made, _ = trained
    found = identity.features(identity.load(str(people)), samples().arrays["faces"])
    assert found.shape == (24, 160)
    centred = found - found.mean(0)
    short = centred / np.sqrt(np.mean([row @ row for row in centred]))
    machine = LinearSVC(dual="auto", random_state=0).fit(short, samples().target)
    margins = made.networks["svm"](torch.from_numpy(samples().arrays["faces"]))
    np.testing.assert_allclose(margins.detach(), machine.decision_function(short), atol=2e-3)
    called = made.predict(samples().arrays)["svm"].argmax(1)
    assert called.tolist() == machine.predict(short).tolist()


def test_two_labels_and_one_label_make_a_machine_too(recipe):
    from fervid.systems.tfe.svm import fit_margins

    data = samples()
    for known in ((0, 2), (1,)):
        some = data.take(np.flatnonzero(np.isin(data.target, known)))
        net = fit_margins(training.people(recipe), some)
        with torch.no_grad():
            called = net(torch.from_numpy(some.arrays["faces"])).argmax(1).numpy()
        assert set(called) <= set(known) and (called == some.target).mean() > 0.9


def test_the_mean_of_an_answer_and_that_to_the_mirror_image(trained):
    made, _ = trained
    faces = samples(5, 4).arrays["faces"]
    both = replace(made, system=replace(made.system, mirror=True))
    found = both.predict({"faces": faces})["joint"]
    again = both.predict({"faces": faces[:, :, ::-1]})["joint"]
    np.testing.assert_allclose(found, again, atol=1e-5)
    net = made.networks["joint"]
    with torch.no_grad():
        logits = net(torch.from_numpy(faces)) + net(torch.from_numpy(faces[:, :, ::-1].copy()))
    np.testing.assert_allclose(found, (logits / 2).softmax(1).numpy(), atol=1e-5)


def test_same_seed_same_answers_and_a_second_fit_trains_nothing(trained, recipe, tmp_path):
    made, folder = trained
    times = {p: p.stat().st_mtime_ns for p in folder.iterdir()}
    again = recipe.fit(samples(), samples(9, 1), run(folder))
    assert times == {p: p.stat().st_mtime_ns for p in folder.iterdir()}
    anew = recipe.fit(samples(), samples(9, 1), run(tmp_path))
    other = replace(recipe, compare=False).fit(samples(), samples(9, 1), run(tmp_path / "o", 1))
    arrays = samples(9, 3).arrays
    expected = made.predict(arrays)
    for found in (again.predict(arrays), anew.predict(arrays)):
        for name in expected:
            np.testing.assert_array_equal(found[name], expected[name])
    assert not np.array_equal(other.predict(arrays)["joint"], expected["joint"])


def test_another_identity_network_is_another_training(trained, recipe, people, tmp_path):
    """What a stage begins from is its key: the tandem is trained anew, the others are not."""
    folder = tmp_path / "run"
    shutil.copytree(trained[1], folder)
    times = {p.stem: p.stat().st_mtime_ns for p in folder.glob("*.safetensors")}
    net = identity.load(str(people))
    with torch.no_grad():
        net.top.bias += 1
    how = DeepIDTraining(size=SIDE, local=False)
    identity.save(net, tmp_path / "b.safetensors", how, {})
    other = changed(recipe, {"identity.place": str(tmp_path / "b.safetensors")})
    other.fit(samples(), samples(9, 1), run(folder))
    again = {p.stem: p.stat().st_mtime_ns for p in folder.glob("*.safetensors")}
    assert {name for name in times if again[name] != times[name]} == {"joint"}


def test_the_tandem_s_numbers_leave_the_residual_network_alone(recipe):
    values = {"tandem.plan.epochs": 7, "tandem.plan.learning_rate": 0.5, "tandem.dropout": 0.1}
    first, second = (
        [training.stage(each, name) for name in ("resnet", "joint")]
        for each in (recipe, changed(recipe, values))
    )
    assert first[0] == replace(second[0], loss=first[0].loss)
    assert first[1].plan != second[1].plan and first[1].given != second[1].given


def test_a_saved_recogniser_answers_the_same(trained, recipe, tmp_path):
    made, _ = trained
    made.save(tmp_path / "m.safetensors", {"licence": "x"})
    loaded = SMALL.load(tmp_path / "m.safetensors")
    assert loaded.labels == LABELS and loaded.system == recipe
    arrays = samples(9, 3).arrays
    before, after = made.predict(arrays), loaded.predict(arrays)
    assert list(before) == list(after)
    for name in before:
        np.testing.assert_array_equal(before[name], after[name])


def test_a_model_that_is_no_identity_network_is_refused(trained, people, tmp_path):
    path = tmp_path / "m.safetensors"
    trained[0].save(path, {})
    with pytest.raises(WeightsError, match="not hold an identity network"):
        identity.load(str(path))
    weights.save(path, {"a": torch.zeros(1)}, weights.load(people)[1])
    with pytest.raises(WeightsError, match="does not hold"):
        identity.load(str(path))


def test_an_identity_network_must_be_there_and_fit(recipe, tmp_path):
    with pytest.raises(WeightsError, match="nowhere"):
        changed(SMALL, {"identity.place": str(tmp_path / "nowhere.safetensors")}).fit(
            samples(), samples(9, 1), run(tmp_path)
        )
    with pytest.raises(WeightsError, match="needs an identity network"):
        replace(SMALL, output="svm", compare=False).fit(samples(), samples(9), run(tmp_path))
    made = replace(SMALL, compare=False)
    assert list(made.fit(samples(), samples(9, 1), run(tmp_path / "x")).networks) == ["joint"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"output": "sum"}, {"targets": "vote"}, {"emotion.plan.decay": "step"},
        {"tandem.plan.choose": "first"}, {"identity.size": 64}, {"identity.size": 24},
        {"emotion.plan.average": 1.0}, {"teachers_share": 2.0}, {"augmentation.scale": 1.0},
    ],
)  # fmt: skip
def test_a_recipe_that_cannot_work_says_so(wrong):
    with pytest.raises(InputError, match=f"{next(iter(wrong))} of tfe is"):
        changed(TFE(), wrong)
    with pytest.raises(InputError, match="is not a residual network"):
        changed(TFE(), {"emotion.layers": "C16-L3"})


def test_a_last_batch_of_one_face_is_learnt_too(recipe, tmp_path):
    few = changed(recipe, {"compare": False, "emotion.plan.epochs": 1, "tandem.plan.epochs": 1})
    made = few.fit(samples(17), samples(9, 1), run(tmp_path))  # 8 + 8 + 1
    assert np.isfinite(made.predict(samples().arrays)["joint"]).all()


# What is learnt


def test_votes_become_shares_without_single_votes():
    votes = np.array([[5, 4, 1], [1, 1, 1], [0, 0, 0], [2, 0, 0]], float)
    found = targets.distribution(votes, np.array([0, 1, 2, 0]))
    np.testing.assert_allclose(found[0], [5 / 9, 4 / 9, 0], rtol=1e-5)
    np.testing.assert_allclose(found[1], [1 / 3] * 3, rtol=1e-5)
    assert found[2:].tolist() == [[0, 0, 1], [1, 0, 0]]


def test_the_loss_is_cross_entropy_with_what_was_said():
    logits = torch.randn(4, 3)
    batch = Batch(
        {"votes": torch.rand(4, 3).softmax(1), "teacher": torch.rand(4, 3).softmax(1)},
        torch.tensor([0, 1, 2, 0]), torch.zeros(4, dtype=torch.int64),
    )  # fmt: skip
    hot = torch.eye(3)[batch.target]
    for votes in (False, True):
        for share in (0.0, 0.25):
            wanted = batch.arrays["votes"] if votes else hot
            wanted = (1 - share) * wanted + share * batch.arrays["teacher"]
            expected = -(wanted * F.log_softmax(logits, 1)).sum(1).mean()
            found = targets.loss(logits, batch, votes, share)
            torch.testing.assert_close(found, expected)


def test_teachers_are_learnt_from(recipe, trained, tmp_path):
    made, _ = trained
    made.save(tmp_path / "teacher.safetensors", {})
    taught = replace(
        recipe, teachers=(str(tmp_path / "teacher.safetensors"),), teachers_share=0.5,
        compare=False, targets="votes",
    )  # fmt: skip
    teacher = taught.teacher(tmp_path / "teacher.safetensors")
    data = targets.taught(targets.ready(samples()), [teacher])
    np.testing.assert_allclose(data.arrays["teacher"].sum(1), 1, atol=1e-5)
    again = taught.fit(samples(), samples(9, 1), run(tmp_path / "run"))
    assert again.predict(samples().arrays)["joint"].shape == (24, 3)
    strange = replace(samples(), labels=("a", "b", "c"))
    with pytest.raises(WeightsError, match="teachers of the same labels"):
        taught.fit(strange, strange, run(tmp_path / "other"))


# Video


def track(trained_faces, status):
    from fervid.faces.track import Track

    n = len(status)
    colour = np.repeat(trained_faces[..., None], 3, 3)
    return Track(
        colour, np.zeros((n, 68, 2), np.float32), np.arange(n) / 25, np.arange(n),
        np.array(status, np.uint8), np.ones(n, np.float32),
        np.tile(np.eye(2, 3, dtype=np.float32), (n, 1, 1)), 0,
        {"finder": "cropped"},
    )  # fmt: skip


def test_every_row_with_a_face_is_a_sample():
    faces = samples(6, 5).arrays["faces"]
    seen = track(faces, [0, 0, 1, 0, 2, 0])
    np.testing.assert_array_equal(SMALL.inputs(seen)["faces"], faces[[0, 1, 3, 5]])
    last = changed(SMALL, {"input.last_frames": 3}).inputs(seen)["faces"]
    np.testing.assert_array_equal(last, faces[[1, 3, 5]])
    assert SMALL.inputs(track(faces, [1] * 6))["faces"].shape == (0, SIDE, SIDE)


def test_faces_of_any_size_and_colour_are_judged(trained):
    made, _ = trained
    faces = samples(3, 6).arrays["faces"]
    found = judge(made, [faces[0], np.repeat(faces[1][..., None], 3, 2), faces[2].astype(float)])
    np.testing.assert_allclose(found, made.predict({"faces": faces})["joint"], atol=1e-5)
    assert judge(made, []).shape == (0, 3)
    large = np.kron(faces, np.ones((1, 2, 2), np.uint8))
    np.testing.assert_allclose(judge(made, list(large)), found, atol=1e-4)
    for wrong in (faces[0, 0], faces[0, :1, :1], np.full((SIDE, SIDE), np.nan)):
        with pytest.raises(InputError):
            judge(made, [wrong])


# Elsewhere


def test_an_exported_network_answers_as_torch(trained, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    pytest.importorskip("onnxscript")
    from fervid.models.export import export

    made, _ = trained
    path = tmp_path / "made.onnx"
    assert export(made, path) <= 1e-4
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for n in (1, 2, 9):
        faces = samples(n, 7).arrays["faces"]
        found = session.run(None, {"faces": faces})[0]
        np.testing.assert_allclose(found, made.predict({"faces": faces})["joint"], atol=1e-4)
    assert session.get_modelmeta().custom_metadata_map["labels"].count('"') == 6


def test_export_from_the_command_line(trained, tmp_path):
    pytest.importorskip("onnxruntime")
    made, _ = trained
    made.save(tmp_path / "m.safetensors", {})
    words = ["weights", "export", str(tmp_path / "m.safetensors"), str(tmp_path / "m.onnx")]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0 and "of PyTorch" in done.stdout and (tmp_path / "m.onnx").is_file()
    refused = CliRunner().invoke(app, ["weights", "export", "dtagn", str(tmp_path / "d.onnx")])
    assert refused.exit_code == 2 and "only TFE models can be exported" in refused.stderr


def test_without_the_extra_export_says_what_to_install(trained, tmp_path, monkeypatch):
    from fervid.models.export import export

    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(InputError, match=r"fervid\[export\]"):
        export(trained[0], tmp_path / "m.onnx")


def test_systems_are_light_to_import():
    code = "import sys, fervid.systems; print('sklearn.svm' in sys.modules, 'onnx' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["False", "False"]
