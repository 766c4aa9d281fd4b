"""Facial expression recognition in video: five published systems, honest numbers.

The names below load their modules on first use, so `import fervid` stays quick and needs no torch.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOME = {
    "Clip": "fervid.clip",
    "Database": "fervid.clip",
    "FervidError": "fervid.errors",
}

__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'fervid' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
