import hashlib
import os

import pytest
import torch

from fervid.errors import WeightsError
from fervid.learning import weights
from fervid.networks import imported
from fervid.networks.imported import begin_vgg16, find, import_vgg16
from fervid.networks.vgg import VGG16


def small(classes=1000):
    return VGG16(classes, width=1 / 64)


@pytest.fixture
def forged(tmp_path, monkeypatch):
    """A file as torchvision's, of a VGG16 a 64th as wide, and the first digits of its sha256."""
    monkeypatch.setattr(imported, "VGG16", small)
    monkeypatch.delenv("FERVID_MODELS", raising=False)
    path = tmp_path / "vgg16-397923af.pth"
    torch.save(small().state_dict(), path)
    return path, hashlib.sha256(path.read_bytes()).hexdigest()[:8]


def test_a_state_dict_becomes_safetensors_and_is_found(forged, monkeypatch):
    path, begins = forged
    out = import_vgg16(path, sha256=begins)
    assert out == path.with_suffix(".safetensors")
    tensors, card = weights.load(out)
    expected = torch.load(path, weights_only=True)
    assert set(tensors) == set(expected)
    assert all(torch.equal(tensors[name], expected[name]) for name in expected)
    assert card["source"] == "vgg16-397923af.pth" and card["source_sha256"].startswith(begins)
    assert find("vgg16-397923af") is None
    monkeypatch.setenv("FERVID_MODELS", str(path.parent))
    assert find("vgg16-397923af") == out and find(str(out)) == out
    network = small(6)
    top = network.classifier[6].weight.clone()
    assert "vgg16-397923af.safetensors" in begin_vgg16(network, out)
    assert torch.equal(network.classifier[3].weight, expected["classifier.3.weight"])
    assert torch.equal(network.classifier[6].weight, top)


def test_it_goes_where_models_are_or_where_it_is_told(forged, tmp_path, monkeypatch):
    path, begins = forged
    monkeypatch.setenv("FERVID_MODELS", str(tmp_path / "models"))
    assert import_vgg16(path, sha256=begins) == tmp_path / "models" / "vgg16-397923af.safetensors"
    there = tmp_path / "else" / "v.safetensors"
    assert import_vgg16(path, there, sha256=begins) == there and there.is_file()


def test_other_bytes_are_refused(forged):
    path, _ = forged
    with pytest.raises(WeightsError, match="does not begin with 397923af"):
        import_vgg16(path)
    with pytest.raises(WeightsError, match="cannot be read"):
        import_vgg16(path.with_name("none.pth"))


class Runs:
    def __reduce__(self):
        return os.mkdir, (f"{os.environ['TMP_OF_TEST']}/ran",)


def test_no_code_of_a_file_is_run(forged, tmp_path, monkeypatch):
    monkeypatch.setenv("TMP_OF_TEST", str(tmp_path))
    path = tmp_path / "bad.pth"
    torch.save({"features.0.weight": Runs()}, path)
    with pytest.raises(WeightsError, match="not a plain state dict"):
        import_vgg16(path, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", [b"", b"not torch", [1, 2], {"a": torch.zeros(1)}, {"a": "b"}])
def test_what_is_not_vgg16_is_refused(forged, tmp_path, content):
    path = tmp_path / "other.pth"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(WeightsError, match=r"state dict|does not hold VGG16"):
        import_vgg16(path, sha256=hashlib.sha256(path.read_bytes()).hexdigest())


def test_a_trained_stream_can_be_begun_from(tmp_path):
    first, second = small(6), small(6)
    state = {f"spatial.vgg.{name}": t for name, t in first.state_dict().items()}
    weights.save(tmp_path / "m.safetensors", {**state, "spatial.mean": torch.zeros(3)}, {})
    begin_vgg16(second, tmp_path / "m.safetensors", "spatial.vgg.")
    assert torch.equal(second.features[5].weight, first.features[5].weight)
    with pytest.raises(WeightsError, match="do not fit"):
        begin_vgg16(VGG16(6, width=1 / 32), tmp_path / "m.safetensors", "spatial.vgg.")
