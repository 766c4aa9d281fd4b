import json
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import pytest
import torch
from safetensors.torch import load_file, save_file

from fervid.errors import InputError, OutputError, WeightsError
from fervid.learning import weights


def test_what_was_saved_is_loaded(tmp_path):
    tensors = {"b": torch.randn(3, 4), "a": torch.arange(5), "n": torch.tensor(2.0)}
    weights.save(tmp_path / "new" / "x.safetensors", tensors, {"system": "s", "labels": ["k"]})
    found, card = weights.load(tmp_path / "new" / "x.safetensors")
    assert all(torch.equal(found[name], tensor) for name, tensor in tensors.items())
    assert card["system"] == "s" and card["labels"] == ["k"] and card["version"]
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["x.safetensors"]


def test_no_other_part_file_is_written(tmp_path, monkeypatch):
    """A library's own part file would stay when the process is killed."""
    written = weights.whole

    @contextmanager
    def watched(path):
        with written(path) as part:
            number = part.stat().st_ino
            yield part
            assert part.stat().st_ino == number, "another file took the part file's place"

    monkeypatch.setattr(weights, "whole", watched)
    weights.save(tmp_path / "a.safetensors", {"a": torch.ones(2)}, {})
    assert weights.load(tmp_path / "a.safetensors")[0]["a"].tolist() == [1, 1]


def test_foreign_and_damaged_files_are_refused(tmp_path):
    path = tmp_path / "x.safetensors"
    with pytest.raises(WeightsError):
        weights.load(path)
    path.write_bytes(b"")
    with pytest.raises(WeightsError, match="cannot be read"):
        weights.load(path)
    path.write_bytes(b"\x80\x04\x95 pickle or anything")
    with pytest.raises(WeightsError, match="cannot be read"):
        weights.load(path)
    save_file({"a": torch.zeros(2)}, path)
    with pytest.raises(WeightsError, match="not written by fervid"):
        weights.load(path)


def test_a_file_cut_short_or_changed_is_refused(tmp_path):
    path = tmp_path / "x.safetensors"
    weights.save(path, {"a": torch.zeros(1000)}, {})
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    with pytest.raises(WeightsError, match="cannot be read"):
        weights.load(path)
    path.write_bytes(whole[:-1] + b"\x01")
    with pytest.raises(WeightsError, match="sha256"):
        weights.load(path)


def test_metadata_without_what_we_write_are_refused(tmp_path):
    path = tmp_path / "x.safetensors"
    for text in ("[]", "{", json.dumps({"sha256": 3})):
        save_file({"a": torch.zeros(2)}, path, {"format": "fervid", "fervid": text})
        with pytest.raises(WeightsError):
            weights.load(path)


def test_a_place_that_is_a_file_cannot_be_written_below(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        weights.save(tmp_path / "file" / "x.safetensors", {"a": torch.zeros(1)}, {})


def test_memory_format_is_no_part_of_a_weight(tmp_path):
    wide = torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last)
    assert weights.digest({"a": wide}) == weights.digest({"a": wide.contiguous()})
    weights.save(tmp_path / "x.safetensors", {"a": wide}, {})
    assert torch.equal(load_file(tmp_path / "x.safetensors")["a"], wide)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_no_numbers_are_refused(tmp_path, value):
    path = tmp_path / "x.safetensors"
    weights.save(path, {"a": torch.zeros(3), "layer.bias": torch.tensor([0.0, value])}, {})
    with pytest.raises(WeightsError, match=r"x\.safetensors.*layer\.bias"):
        weights.load(path)


def test_an_infinite_spread_divides(tmp_path):
    path = tmp_path / "x.safetensors"
    weights.save(path, {"scale.spread": torch.tensor([1.0, torch.inf])}, {})
    assert weights.load(path)[0]["scale.spread"][1] == torch.inf


@dataclass(frozen=True)
class Recipe:
    name: str = "r"
    size: int = 8
    rate: float = 0.5
    parts: tuple[int, ...] = (1, 2)
    deep: bool = False


def test_a_recipe_comes_back_from_its_file(tmp_path):
    made = Recipe(size=9, rate=1, parts=(3,))
    weights.save_system(tmp_path / "x.safetensors", {}, made, ("a", "b"), {})
    found = weights.load_system(tmp_path / "x.safetensors", Recipe())[2]
    assert found == made and isinstance(found.rate, float)


@pytest.mark.parametrize(
    "field, value",
    [("size", 0.5), ("size", True), ("size", []), ("rate", float("nan")), ("rate", "1"),
     ("parts", 3), ("parts", ["a"]), ("deep", 1), ("name", {})],
)  # fmt: skip
def test_a_recipe_of_wrong_kinds_names_file_and_field(tmp_path, field, value):
    recipe = {**asdict(Recipe()), field: value}
    about = {"system": "r", "recipe": recipe, "labels": ["a", "b"]}
    weights.save(tmp_path / "x.safetensors", {}, about)
    with pytest.raises(WeightsError, match=rf"x\.safetensors: {field} "):
        weights.load_system(tmp_path / "x.safetensors", Recipe())


@pytest.mark.parametrize(
    "labels", [None, -1, [], ["a"], ["a", "a"], [["a"], ["b"]], ["a", ""], ["a", "\x1b[31mb"]]
)
def test_labels_that_are_none_name_file_and_field(tmp_path, labels):
    about = {"system": "r", "recipe": asdict(Recipe()), "labels": labels}
    weights.save(tmp_path / "x.safetensors", {}, about)
    with pytest.raises(WeightsError, match=r"x\.safetensors: labels "):
        weights.load_system(tmp_path / "x.safetensors", Recipe())


def test_whatever_a_file_breaks_is_one_sentence(tmp_path):
    for error in (KeyError("fusions"), TypeError("x"), RuntimeError("y"), InputError("z")):
        with (
            pytest.raises(WeightsError, match=r"x\.safetensors"),
            weights.restoring(tmp_path / "x.safetensors"),
        ):
            raise error
