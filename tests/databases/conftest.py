"""The forgers of `tests/data`, by name."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def forge() -> Callable[[str], ModuleType]:
    """`forge("ck_plus").make(folder)` writes a tree with the real names."""

    def load(name: str) -> ModuleType:
        path = Path(__file__).parents[1] / "data" / name / "make.py"
        spec = importlib.util.spec_from_file_location(f"forge_{name}", path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load
