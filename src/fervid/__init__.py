"""Facial expression recognition in video: five published systems and their evaluation.

The names below load their modules on first use, so `import fervid` is quick and needs no torch.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_MODULE_OF = {
    "Clip": "fervid.clip",
    "Database": "fervid.clip",
    "DATABASES": "fervid.databases",
    "FaceSettings": "fervid.faces",
    "FervidError": "fervid.errors",
    "Fold": "fervid.folds",
    "PROTOCOLS": "fervid.folds",
    "Report": "fervid.evaluation",
    "SYSTEMS": "fervid.systems",
    "Store": "fervid.faces",
    "Timeline": "fervid.prediction",
    "Track": "fervid.faces",
    "cite": "fervid.papers.citations",
    "compare": "fervid.evaluation.compare",
    "evaluate": "fervid.api",
    "open_model": "fervid.models.shipped",
    "predict": "fervid.api",
    "prepare": "fervid.api",
    "read_report": "fervid.api",
    "timeline": "fervid.prediction",
    "train": "fervid.api",
}

__all__ = ["__version__", *_MODULE_OF]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'fervid' has no attribute {name!r}")
    return getattr(import_module(_MODULE_OF[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
