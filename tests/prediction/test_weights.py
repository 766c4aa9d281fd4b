"""The models in the package, on faces they were not trained on."""

import csv
from inspect import signature
from pathlib import Path

import pytest

from fervid.learning.weights import load
from fervid.models.shipped import find_model, open_model, shipped_of
from fervid.prediction import predict

SYSTEMS = Path(__file__).parents[2] / "src/fervid/systems"
FOLDER = SYSTEMS / "dtagn/weights"


def told(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


def test_it_is_there_small_and_says_what_it_is():
    path = find_model("dtagn")
    assert path.parent == FOLDER and path.stat().st_size < 4_000_000
    card = load(path)[1]["card"]
    assert "neutral" in open_model("dtagn").labels
    assert {data["name"] for data in card["trained_on"]} == {"ck_plus", "mmi", "drawn"}
    assert card["licence_of_code"] == "Apache-2.0" and "rendered" in str(card["trained_on"])
    words = (FOLDER / "CARD.md").read_text()
    assert "rendered and drawn faces alone" in words and "MIT licence" in words


def test_the_default_is_there_small_and_says_what_it_is():
    path = find_model(signature(predict).parameters["model"].default)
    assert path == SYSTEMS / "tfe/weights/tfe-plus.safetensors" == shipped_of("tfe-plus")
    together = [*SYSTEMS.glob("tfe/*/*.safetensors")]
    assert len(together) == 3 and sum(p.stat().st_size for p in together) <= 12_000_000
    made = open_model("tfe-plus")
    count = sum(p.numel() for p in made.networks["resnet"].parameters())
    assert set(made.networks) == {"resnet"} and len(made.labels) == 8 and count <= 1_500_000
    (data,) = load(path)[1]["card"]["trained_on"]
    assert (data["name"], data["parts"]) == ("fer_plus", ["train"])
    words = (path.parent / "CARD.md").read_text()
    assert f"{count:,} parameters" in words and "and for research" in " ".join(words.split())
    assert (SYSTEMS / "tfe/people/CARD.md").is_file()


def test_the_papers_own_is_there_and_says_what_it_is():
    path, made = shipped_of("tfe"), open_model("tfe")
    count = sum(p.numel() for p in made.networks["joint"].parameters())
    assert set(made.networks) == {"joint"} and made.labels == open_model("tfe-plus").labels
    assert load(path)[1]["card"] == load(find_model("tfe-plus"))[1]["card"]
    assert f"{count:,} parameters" in (path.parent / "CARD.md").read_text()


@pytest.mark.slow
def test_people(shared: Path, tmp_path: Path):
    """A man begins to smile, four people on a photograph smile, nobody."""
    predict([shared / "videos"], tmp_path, overlay=False)
    smile = told(tmp_path / "single_face.csv")
    assert len(smile) == 72 and {row["status"] for row in smile} == {"face"}
    assert {row["label"] for row in smile[:12]} == {"neutral"}
    assert {row["label"] for row in smile[24:60]} == {"happiness"}
    many = told(tmp_path / "multi_face.csv")
    assert len(many) >= 4 and {row["label"] for row in many} == {"happiness"}
    assert {row["label"] for row in told(tmp_path / "no_face.csv")} == {""}


@pytest.mark.slow
def test_people_by_what_rendered_faces_taught(shared: Path, tmp_path: Path):
    """A man who smiles, four people on a photograph, nobody."""
    predict([shared / "videos"], tmp_path, model="dtagn")
    smile = told(tmp_path / "single_face.csv")
    assert len(smile) == 72 and {row["status"] for row in smile} == {"face"}
    assert smile[40]["label"] == "happiness" and {row["face_id"] for row in smile} == {"0"}
    assert len({row["face_id"] for row in told(tmp_path / "multi_face.csv")}) >= 4
    nobody = told(tmp_path / "no_face.csv")
    assert {(row["status"], row["label"]) for row in nobody} == {("no face", "")}
    left = told(tmp_path / "face_noface.csv")
    assert [row["status"] for row in left].count("face") == 72 and len(left) == 169
