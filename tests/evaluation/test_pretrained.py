"""A model judged as it is."""

from dataclasses import dataclass

import numpy as np
import pytest

from fervid.errors import WeightsError
from fervid.learning.recipes import as_json
from fervid.learning.run import Run
from fervid.learning.samples import Samples
from fervid.models.pretrained import Pretrained, Relabelled
from fervid.systems import SYSTEMS
from fervid.systems.recognizer import Recognizer
from fervid.systems.tfe import TFE, Emotion


@pytest.fixture
def model(tmp_path):
    recipe = TFE(name="tfe-resnet", emotion=Emotion("C4-P8"), output="resnet")
    made = Recognizer(recipe, ("a", "b", "c"), recipe.networks(3))
    made.save(tmp_path / "m.safetensors", {})
    return tmp_path / "m.safetensors", made


def samples(labels):
    faces = np.random.default_rng(0).integers(0, 256, (6, 48, 48)).astype(np.uint8)
    return Samples(
        {"faces": faces}, np.arange(6) % len(labels), np.arange(6), np.array(["s"] * 6), labels
    )


def test_it_answers_with_the_labels_asked_for(model, tmp_path):
    path, made = model
    judged = Pretrained.of(path)
    assert judged.name == "tfe-resnet" and judged.recipe == made.system
    data = samples(("c", "a"))
    found = judged.fit(data, data, Run(tmp_path / "run", device="cpu"))
    assert found.labels == ("c", "a") and found.output == "resnet"
    assert not (tmp_path / "run").exists()
    p = found.predict(data.arrays)["resnet"]
    own = made.predict(data.arrays)["resnet"][:, [2, 0]]
    np.testing.assert_allclose(p, own / own.sum(1, keepdims=True), rtol=1e-5)


def test_a_run_is_the_same_wherever_the_model_lies(model, tmp_path):
    path, _ = model
    (tmp_path / "b.safetensors").write_bytes(path.read_bytes())
    told = as_json(Pretrained.of(path))
    assert told == as_json(Pretrained.of(tmp_path / "b.safetensors"))
    assert set(told) == {"name", "model"} and str(tmp_path) not in str(told)


def test_a_model_that_cannot_answer_is_refused(model, tmp_path):
    path, _ = model
    data = samples(("a", "d"))
    with pytest.raises(WeightsError, match="labels d"):
        Pretrained.of(path).fit(data, data, Run(tmp_path / "run"))
    with pytest.raises(WeightsError, match="holds tfe-resnet, not dtagn"):
        Pretrained.of(path, "dtagn")


def test_a_label_that_nothing_speaks_for_is_no_division_by_nothing():
    @dataclass
    class Sure:
        labels = ("a", "b")
        output = "n"
        system = SYSTEMS["tfe"]

        def predict(self, arrays):
            return {"n": np.array([[1, 0]], np.float32)}

    assert Relabelled(Sure(), ("b",)).predict({})["n"].tolist() == [[0]]
