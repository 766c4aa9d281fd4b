"""Fixtures every test may use."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of data for development; tests that need it are skipped without it."""
    default = Path(__file__).parents[1].parent / "shared"
    root = Path(os.environ.get("FERVID_SHARED", default)) / "data"
    if not root.is_dir():
        pytest.skip("the development data is not here (FERVID_SHARED names its folder)")
    return root


@pytest.fixture(scope="session")
def models(shared: Path) -> Path:
    return shared / "models"
