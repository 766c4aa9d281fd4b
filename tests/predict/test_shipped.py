"""Models by name, and files that are none."""

import pytest

from fervid.atomic import digest_of
from fervid.errors import WeightsError
from fervid.models import shipped
from fervid.models.shipped import find_model, open_model, shipped_of
from fervid.systems import SYSTEMS


def test_by_name_and_path(tmp_path, monkeypatch):
    mine = tmp_path / "mine.safetensors"
    mine.write_bytes(b"")
    monkeypatch.setenv("FERVID_MODELS", str(tmp_path))
    assert find_model("mine") == mine
    assert find_model(mine) == mine
    assert find_model(str(mine)) == mine
    monkeypatch.delenv("FERVID_MODELS")
    with pytest.raises(WeightsError, match="mine is neither"):
        find_model("mine")


def test_the_packages_own_go_first(tmp_path, monkeypatch):
    package = tmp_path / "systems"
    (package / "dtagn/weights").mkdir(parents=True)
    (package / "dtagn/weights/dtagn.safetensors").write_bytes(b"ours")
    (tmp_path / "dtagn.safetensors").write_bytes(b"theirs")
    monkeypatch.setattr(shipped, "HOME", package)
    monkeypatch.setenv("FERVID_MODELS", str(tmp_path))
    assert find_model("dtagn").read_bytes() == b"ours"


def test_by_the_system_it_is_of(tmp_path, monkeypatch):
    monkeypatch.delenv("FERVID_MODELS", raising=False)
    assert shipped_of("dtagn-mmi").name == "dtagn.safetensors"
    with pytest.raises(
        WeightsError, match=r"of ir2d is shipped \(shipped: dtagn-mmi, tfe, tfe-plus"
    ):
        shipped_of("ir2d")


def test_shipped_is_the_packages_whatever_lies_beside(tmp_path, monkeypatch):
    (tmp_path / "another.safetensors").write_bytes(find_model("tfe-plus").read_bytes())
    (tmp_path / "foreign.safetensors").write_bytes(b"of something else")
    monkeypatch.setenv("FERVID_MODELS", str(tmp_path))
    assert shipped_of("tfe-plus").parent.parent.name == "tfe"


def test_a_part_is_no_system():
    from fervid.systems.tfe.identity import SHIPPED

    with pytest.raises(WeightsError, match="holds only deepid, not a complete system"):
        open_model(SHIPPED)


def test_open(tmp_path):
    import torch

    from fervid.learning.weights import save
    from fervid.systems.recognizer import Recognizer

    system = SYSTEMS["dtagn-mmi"]
    labels = ("anger", "happiness")
    torch.manual_seed(0)
    made = Recognizer(system, labels, system.networks(2))
    made.save(tmp_path / "m.safetensors", {})
    opened = open_model(tmp_path / "m.safetensors")
    assert opened.labels == labels and opened.system.name == "dtagn-mmi"
    save(tmp_path / "other.safetensors", {"a": torch.zeros(2)}, {"system": "elsewhere"})
    with pytest.raises(WeightsError, match="elsewhere"):
        open_model(tmp_path / "other.safetensors")


@pytest.mark.parametrize("content", [b"", b"nothing of the kind", b"\x08\0\0\0\0\0\0\0{}      "])
def test_foreign_files(tmp_path, content):
    path = tmp_path / "foreign.safetensors"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="foreign"):
        open_model(path)
    assert len(digest_of(path)) == 64


def test_a_model_is_read_and_hashed_once(monkeypatch):
    """Its system's name and its card are in the metadata; its tensors are read to predict."""
    from fervid.learning import weights
    from fervid.models.card import read
    from fervid.models.pretrained import Pretrained

    calls = []
    whole = weights.digest
    monkeypatch.setattr(weights, "digest", lambda tensors: calls.append(1) or whole(tensors))
    path = shipped_of("tfe")
    made = Pretrained.of(path, "tfe")
    assert read(path) and not calls
    assert made.recipe.name == "tfe" and made.per_frame
    assert made.inputs is not None and len(calls) == 1
    open_model("tfe")
    assert len(calls) == 2


def test_a_file_is_hashed_anew_when_it_changes(tmp_path, monkeypatch):
    from fervid import atomic

    path = tmp_path / "model"
    path.write_bytes(b"one")
    first = digest_of(path)
    with monkeypatch.context() as patch:
        patch.setattr(atomic, "file_digest", None)  # any further hashing fails
        assert digest_of(path) == first
    path.write_bytes(b"other")
    assert digest_of(path) != first
