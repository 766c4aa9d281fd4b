"""The model in the package, on faces it was not trained on."""

import csv
from pathlib import Path

import pytest

from fervid.learning.weights import load
from fervid.predict import predict
from fervid.systems.shipped import find_model, open_model

FOLDER = Path(__file__).parents[2] / "src/fervid/systems/dtagn/weights"


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


@pytest.mark.slow
def test_people(shared: Path, tmp_path: Path):
    """A man who smiles, four people on a photograph, nobody."""
    predict([shared / "videos"], tmp_path, overlay=False)
    smile = told(tmp_path / "single_face.csv")
    assert len(smile) == 72 and {row["status"] for row in smile} == {"face"}
    assert smile[40]["label"] == "happiness" and {row["face_id"] for row in smile} == {"0"}
    assert len({row["face_id"] for row in told(tmp_path / "multi_face.csv")}) >= 4
    nobody = told(tmp_path / "no_face.csv")
    assert {(row["status"], row["label"]) for row in nobody} == {("no face", "")}
    left = told(tmp_path / "face_noface.csv")
    assert [row["status"] for row in left].count("face") == 72 and len(left) == 169
