"""Fixtures every test may use."""

import importlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import forging
import pytest
from hypothesis import settings

# How long one example takes says nothing on a machine that others use too.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


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


@pytest.fixture(scope="session")
def forge() -> Callable[[str], ModuleType]:
    """`forge("ck_plus").make(folder)` lays a small tree with the database's names."""
    return forging.forge


@pytest.fixture(scope="module")
def no_page() -> Iterator[None]:
    """No pictures and pages: they are tested elsewhere, and take longest."""
    with pytest.MonkeyPatch.context() as patch:
        module = importlib.import_module("fervid.evaluation.evaluate")
        patch.setattr(module, "write_page", lambda *_: None)
        yield
