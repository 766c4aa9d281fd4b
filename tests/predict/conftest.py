"""The world of coloured squares, as a fixture."""

from pathlib import Path
from types import ModuleType

import pytest
import squares as coloured


@pytest.fixture(scope="session")
def squares() -> ModuleType:
    return coloured


@pytest.fixture
def world(squares, monkeypatch):
    """`predict` sees squares; gives the recognizer that it asks."""
    from fervid.predict import work

    monkeypatch.setattr(work, "open_model", work.open_model)  # undone at the end
    monkeypatch.setattr(work, "find_by", work.find_by)
    return squares.install()


@pytest.fixture
def model(tmp_path) -> Path:
    """Any file: the world's recognizer does not read it, but its digest counts."""
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"one")
    return path
