"""FER+ as it is delivered, through a store, to a report and a model."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from fervid.databases import load
from fervid.evaluation.cross import evaluate_parts
from fervid.evaluation.pretrained import Pretrained
from fervid.evaluation.train import train
from fervid.faces import FaceSettings, Store, prepare
from fervid.learning import weights
from fervid.systems import SYSTEMS

MAKE = Path(__file__).parents[1] / "data" / "fer_plus" / "make.py"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    spec = importlib.util.spec_from_file_location("forged_fer_plus", MAKE)
    forged = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(forged)
    folder = tmp_path_factory.mktemp("fer_plus")
    torch.set_num_threads(1)
    database = load("fer_plus", forged.make(folder / "root"))
    done = prepare(database, folder / "store", FaceSettings(finder="cropped"))
    assert done.done == 7 and not done.failed
    return Store.open(folder / "store")


def recipe():
    plus = SYSTEMS["tfe-plus"]
    return replace(plus, emotion="C4-P8", epochs_emotion=2, epochs_joint=1, batch_size=4)


def test_evaluated_by_its_parts_on_votes(store, tmp_path):
    report = evaluate_parts(recipe(), store, tmp_path / "run")
    assert [(fold["name"], fold["train"], fold["validation"]) for fold in report.folds] == [
        ("validation", 4, 0),
        ("test", 4, 2),
    ]
    assert report.output == "resnet" and len(report.clip) == 3
    assert "people taken for one person each" in report.facts["protocol"]
    held = np.load(tmp_path / "run" / "samples" / "faces.npy")
    assert held.shape == (7, 48, 48) and [int(face.mean()) for face in held[:2]] == [0, 20]


def test_trained_and_judged_as_it_is(store, tmp_path):
    out = tmp_path / "model.safetensors"
    made = train(recipe(), [store], out, device="cpu")
    assert made.samples == 4  # the test part is not learnt from, the validation part chooses
    assert weights.load(out)[1]["card"]["trained_on"][0]["name"] == "fer_plus"
    report = evaluate_parts(Pretrained.of(out, "tfe-plus"), store, tmp_path / "run")
    own = made.recognizer.predict({"faces": np.load(tmp_path / "run" / "samples" / "faces.npy")})
    order = [made.recognizer.labels.index(label) for label in report.labels]
    expected = own["resnet"][[4, 5, 6]][:, order]
    np.testing.assert_allclose(report.probabilities["resnet"], expected, atol=1e-5)
