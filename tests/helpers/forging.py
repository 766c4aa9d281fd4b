"""The forgers of `tests/data`, by name."""

import importlib.util
from functools import cache
from pathlib import Path
from types import ModuleType

DATA = Path(__file__).parents[1] / "data"


@cache
def forge(name: str) -> ModuleType:
    """`forge("ck_plus").make(folder)` lays a small tree with the database's real names."""
    spec = importlib.util.spec_from_file_location(f"forge_{name}", DATA / name / "make.py")
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made
