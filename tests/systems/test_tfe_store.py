"""FER+ as it is delivered, through a store, to a report and a model."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from forging import forge
from typer.testing import CliRunner

import fervid
from fervid.cli import app
from fervid.databases import load
from fervid.errors import LeakError, OutputError
from fervid.evaluation import evaluate, read
from fervid.evaluation.cross_database import evaluate_model, split
from fervid.faces import FaceSettings, Store, prepare
from fervid.folds import strangers, unseen
from fervid.learning import weights
from fervid.learning.recipes import changed
from fervid.models.card import check_unseen
from fervid.models.pretrained import Pretrained
from fervid.models.train import train
from fervid.systems import SYSTEMS
from fervid.systems.tfe import identity
from fervid.systems.tfe.network import DeepID


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fer_plus")
    torch.set_num_threads(1)
    database = load("fer_plus", forge("fer_plus").make(folder / "root"))
    done = prepare(database, folder / "store", FaceSettings(finder="cropped"))
    assert done.done == 7 and not done.failed
    return Store.open(folder / "store")


def recipe():
    plus = SYSTEMS["tfe-plus"]
    values = {"emotion.layers": "C4-P8", "emotion.plan.epochs": 2, "emotion.plan.batch_size": 4}
    return changed(plus, values)


def test_evaluated_by_its_parts_on_votes(store, tmp_path):
    report = evaluate(recipe(), *split(store, "parts"), tmp_path / "run")
    assert [(fold["name"], fold["train"], fold["validation"]) for fold in report.folds] == [
        ("test", 4, 2),
    ]
    assert report.output == "resnet" and len(report.clip) == 1
    assert "people taken for one person each" in report.facts["protocol"]
    held = np.load(tmp_path / "run" / "samples" / "faces.npy")
    assert held.shape == (7, 48, 48) and [int(face.mean()) for face in held[:2]] == [0, 20]


def test_trained_and_judged_as_it_is(store, tmp_path):
    out = tmp_path / "model.safetensors"
    made = train(recipe(), [store], out, device="cpu")
    assert made.samples == 4  # the test part is not learnt from, the validation part chooses
    assert weights.load(out)[1]["card"]["trained_on"][0]["name"] == "fer_plus"
    every = train(recipe(), [store], tmp_path / "all.safetensors", device="cpu", validation=0)
    assert every.samples == 6 and np.isnan(every.validation)
    assert weights.load(tmp_path / "all.safetensors")[1]["card"]["validation_accuracy"] is None
    report = evaluate_model(Pretrained.of(out, "tfe-plus"), store, tmp_path / "run")
    assert list(report.scores) == ["resnet"]  # nothing is trained, the linear baseline neither
    own = made.recognizer.predict({"faces": np.load(tmp_path / "run" / "samples" / "faces.npy")})
    order = [made.recognizer.labels.index(label) for label in report.labels]
    expected = own["resnet"][[6]][:, order]
    np.testing.assert_allclose(report.probabilities["resnet"], expected, atol=1e-5)


def test_a_fold_s_model_is_kept_and_judged_from_the_command_line(store, tmp_path):
    evaluate(recipe(), *split(store, "parts"), tmp_path / "run")
    model = tmp_path / "run" / "fold-01" / "model.safetensors"
    assert not model.exists()
    trained = (model.parent / "resnet.safetensors").stat().st_mtime_ns
    report = evaluate(recipe(), *split(store, "parts"), tmp_path / "run", save=True)
    assert (model.parent / "resnet.safetensors").stat().st_mtime_ns == trained
    told = weights.load(model)[1]["card"]["trained_on"]
    assert [(data["name"], data["parts"]) for data in told] == [("fer_plus", ["train"])]
    words = ["evaluate", "tfe-plus", "--weights", str(model), "--store", str(store.root)]
    done = CliRunner().invoke(app, [*words, "--out", str(tmp_path / "judged")])
    assert done.exit_code == 0 and "no training" in done.stdout, done.output
    again = read(tmp_path / "judged")
    expected = report.probabilities["resnet"]
    np.testing.assert_allclose(again.probabilities["resnet"], expected, atol=1e-5)
    page = (tmp_path / "judged" / "report.html").read_text()
    assert "showing unknown people" in page and "against the others" not in page
    refused = CliRunner().invoke(app, [*words, "--protocol", "parts"])
    assert refused.exit_code != 0


def test_a_model_is_not_judged_on_what_it_was_trained_on(store, tmp_path):
    out = tmp_path / "model.safetensors"
    made = train(recipe(), [store], out, device="cpu").recognizer
    for parts, digest in ((["test", "train"], "another"), ([""], store.database.digest)):
        told = {"name": "fer_plus", "digest": digest, "parts": parts}
        made.save(out, {"trained_on": [told]})
        folds = unseen(strangers(store.database.clips))
        if parts == [""]:
            bare = [replace(clip, groups={}) for clip in strangers(store.database.clips)]
            folds = unseen(tuple(bare))
        with pytest.raises(LeakError, match=r"was trained on .*fer_plus"):
            check_unseen(out, store.database, folds)
    made.save(out, {"trained_on": [{"name": "fer_plus", "digest": "another", "parts": ["train"]}]})
    check_unseen(out, store.database, unseen(strangers(store.database.clips)))


def test_nobody_tested_was_seen_by_what_a_system_learns_from(store, tmp_path):
    """A teacher that knows the tested people would tell them to its pupil."""
    model = tmp_path / "teacher.safetensors"
    made = train(recipe(), [store], model, device="cpu").recognizer
    parts = split(store, "parts")
    taught = replace(recipe(), teachers=(str(model),))
    assert taught.learns_from == (model,)
    # It knows the training part alone.
    evaluate(taught, *parts, tmp_path / "run", save=True)
    # What a pupil may know of other data its own card tells, too.
    strange = {"name": "ck_plus", "digest": "", "parts": [""]}
    made.save(model, {"trained_on": [strange]})
    evaluate(taught, *parts, tmp_path / "pupil", save=True)
    for run, known in (("run", {"fer_plus"}), ("pupil", {"fer_plus", "ck_plus"})):
        card = weights.load(tmp_path / run / "fold-01" / "model.safetensors")[1]["card"]
        assert {data["name"] for data in card["trained_on"]} == known
    told = {"name": "fer_plus", "digest": store.database.digest, "parts": ["test", "train"]}
    made.save(model, {"trained_on": [told]})
    with pytest.raises(LeakError, match="the test part of fer_plus, which is to be tested"):
        evaluate(taught, *parts, tmp_path / "other")
    assert not (tmp_path / "other").exists()
    people = tmp_path / "people.safetensors"
    identity.save(DeepID(48), people, identity.DeepIDTraining(), {"trained_on": [told]})
    with pytest.raises(LeakError, match=r"people.safetensors was trained on"):
        evaluate(changed(recipe(), {"identity.place": str(people)}), *parts, tmp_path / "other")


def test_a_test_part_that_comes_alone(store, tmp_path):
    """As a test set is handed out: prepared and judged by two commands."""
    root = forge("fer_plus").make(tmp_path / "root")
    for part in ("FER2013Train", "FER2013Valid"):
        shutil.rmtree(root / part)
    model = tmp_path / "model.safetensors"
    train(recipe(), [store], model, device="cpu")
    words = ["prepare", "fer_plus", str(root), "--store", str(tmp_path / "s")]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0 and "1 clips prepared, 0 already there, 0 failed" in done.stdout
    words = ["evaluate", "tfe-plus", "--weights", str(model), "--store", str(tmp_path / "s")]
    judged = CliRunner().invoke(app, [*words, "--out", str(tmp_path / "judged")])
    assert judged.exit_code == 0, judged.output
    assert len(read(tmp_path / "judged").clip) == 1


def test_what_a_training_depends_on_is_refused_when_it_changed(store, tmp_path, monkeypatch):
    teacher, out = tmp_path / "teacher.safetensors", tmp_path / "model.safetensors"
    train(recipe(), [store], teacher, device="cpu")
    pupil = replace(recipe(), teachers=(str(teacher),))
    train(pupil, [store], out, device="cpu")
    with monkeypatch.context() as patch:
        patch.setattr(fervid, "__version__", "0.0.9")
        with pytest.raises(OutputError, match=r"another fervid .*not 0\.0\.9"):
            train(pupil, [store], out, device="cpu")
    shutil.rmtree(tmp_path / "teacher.safetensors.run")
    train(recipe(), [store], teacher, device="cpu", seed=1)
    with pytest.raises(OutputError, match="content of a file that its system learns from"):
        train(pupil, [store], out, device="cpu")
