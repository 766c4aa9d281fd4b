import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from fervid.errors import OutputError, WeightsError
from fervid.learning import weights


def test_what_was_saved_is_loaded(tmp_path):
    tensors = {"b": torch.randn(3, 4), "a": torch.arange(5), "n": torch.tensor(2.0)}
    weights.save(tmp_path / "new" / "x.safetensors", tensors, {"system": "s", "labels": ["k"]})
    found, card = weights.load(tmp_path / "new" / "x.safetensors")
    assert all(torch.equal(found[name], tensor) for name, tensor in tensors.items())
    assert card["system"] == "s" and card["labels"] == ["k"] and card["version"]
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["x.safetensors"]


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
    with pytest.raises(WeightsError, match="not one of fervid's"):
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
