"""The world of coloured squares, as a fixture."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


def _load() -> ModuleType:
    name = "fervid_test_squares"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / "squares.py")
        assert spec is not None and spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.fixture(scope="session")
def squares() -> ModuleType:
    return _load()


@pytest.fixture
def world(squares, monkeypatch):
    """`predict` sees squares; gives the recognizer that it asks."""
    from fervid.predict import batch

    monkeypatch.setattr(batch, "open_model", batch.open_model)  # undone at the end
    monkeypatch.setattr(batch, "find_by", batch.find_by)
    return squares.install()


@pytest.fixture
def model(tmp_path) -> Path:
    """Any file: the world's recognizer does not read it, but its digest counts."""
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"one")
    return path
