"""Clip -> Track: one face, frame by frame.

The names below import their modules on first use.
"""

from importlib import import_module
from typing import Any

_HOME = {
    "FaceSettings": "settings",
    "Finder": "detections",
    "Detections": "detections",
    "finder": "detect",
    "Frame": "video",
    "frames": "video",
    "probe": "video",
    "write_video": "video",
    "FrameFaces": "tracking",
    "Seen": "tracking",
    "follow": "tracking",
    "Aligner": "align",
    "Landmarker": "landmarks",
    "Track": "track",
    "STATUS": "track",
    "SIZE": "track",
    "Store": "store",
    "Prepared": "preparing",
    "prepare": "preparing",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'fervid.faces' has no attribute {name!r}")
    return getattr(import_module(f"fervid.faces.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
