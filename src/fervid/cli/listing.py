"""`fervid systems`: what there is to choose from, and what every field of it means."""

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np


def table() -> str:
    """A line for each system: name, parameters for seven labels, input, tables, paper."""
    from fervid.systems import SYSTEMS

    rows: list[tuple[str, ...]] = [("system", "parameters", "input", "printed tables on", "paper")]
    for name, system in SYSTEMS.items():
        databases = ", ".join(_databases(name)) or "-"
        rows.append((name, _parameters(system), _input(system), databases, _paper(system)))
    return _aligned(rows)


def recipe(system: Any) -> str:
    """Every field by its dotted name, with its value and the comment beside it in the source."""
    return _aligned([("field", "value", "meaning and source"), *_described(system)])


def _aligned(rows: list[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    return "\n".join(lines)


def _described(part: Any, prefix: str = "") -> Iterator[tuple[str, str, str]]:
    beside = _comments(type(part))
    for field in fields(part) if is_dataclass(part) else ():
        name, value = prefix + field.name, getattr(part, field.name)
        if is_dataclass(value):
            about = (inspect.getdoc(value) or "").partition("\n")[0]
            yield f"{name}.", "", beside.get(field.name) or about
            yield from _described(value, f"{name}.")
        else:
            yield name, _written(value), beside.get(field.name, "")


def _comments(cls: type) -> dict[str, str]:
    """The comment beside each field, in the source of the class that has it."""
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if not is_dataclass(base):
            continue
        source = dedent(inspect.getsource(base))
        (tree,) = ast.parse(source).body
        assert isinstance(tree, ast.ClassDef)
        for node in tree.body:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                line = source.splitlines()[node.lineno - 1]
                found[node.target.id] = line.partition("  # ")[2]
    return found


def _written(value: Any) -> str:
    """A value as --set takes it."""
    if isinstance(value, tuple):
        return ",".join(map(_written, value))
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _databases(name: str) -> list[str]:
    """Databases on which a printed table asks for this system."""
    from fervid.papers.plans import PLANS

    found: dict[str, None] = {}
    for plan in PLANS.values():
        found |= dict.fromkeys(base for base, system in plan.systems.items() if system == name)
        found |= dict.fromkeys(base for _, base, system, _ in plan.added if system == name)
        if any(system == name for system, _ in plan.others.values()):
            found |= dict.fromkeys(["ck_plus"])
    return list(found)


def _parameters(system: Any) -> str:
    """How many there are in all networks, for seven labels; nothing where it cannot be told."""
    import torch

    if not hasattr(system, "networks"):
        return "-"
    with torch.device("meta"):
        count = sum(p.numel() for p in system.networks(7).parameters())
    return f"{count:,}"


def _input(system: Any) -> str:
    """The arrays of a sample, and how many frames they are of."""
    arrays: Mapping[str, np.ndarray[Any, Any]] = system.inputs(_nobody())
    shapes = ("x".join(map(str, a.shape[1:])) for a in arrays.values())
    told = ", ".join(f"{n} {shape}" for n, shape in zip(arrays, shapes, strict=True) if shape)
    return f"{'frame' if system.per_frame else 'clip'}: {told}"


def _nobody() -> Any:
    """A track without a frame."""
    from fervid.faces.track import SIZE, Track

    none = np.zeros(0)
    return Track(
        faces=np.zeros((0, SIZE, SIZE, 3), np.uint8), landmarks=np.zeros((0, 68, 2), np.float32),
        times=none, frames=none.astype(np.int64), status=none.astype(np.uint8),
        score=none.astype(np.float32), to_frame=np.zeros((0, 2, 3), np.float32),
        frame_size=(1, 1), face=0, found_by={},
    )  # fmt: skip


def _paper(system: Any) -> str:
    """The title that PAPER.md beside the system's code names in italics."""
    path = Path(inspect.getfile(type(system))).parent / "PAPER.md"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    title = re.search(r"\*([^*]+)\*", text)
    return " ".join(title[1].split()) if title else "-"
