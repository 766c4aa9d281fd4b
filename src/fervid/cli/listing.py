"""`fervid systems`, `databases` and `protocols`: what is available, and what each one means."""

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np

from fervid.errors import InputError


def table() -> str:
    """One line per system: name, parameters for seven labels, input, tables, paper."""
    from fervid.systems import SYSTEMS

    rows: list[tuple[str, ...]] = [("system", "parameters", "input", "printed tables on", "paper")]
    for name, system in SYSTEMS.items():
        databases = ", ".join(_databases(name)) or "-"
        rows.append((name, _parameters(system), _input(system), databases, _paper(system)))
    return aligned(rows)


def recipe(system: Any) -> str:
    """All fields by dotted name, with their values and their comments in the source."""
    return aligned([("field", "value", "meaning and source"), *_described(system)])


def databases() -> str:
    """One line per database: name, clips, people, labels, description."""
    from fervid.databases import DATABASES
    from fervid.databases.about import ABOUT

    rows: list[tuple[str, ...]] = [("database", "clips", "people", "labels", "what it is")]
    for name, load in DATABASES.items():
        about = ABOUT.get(name)
        counts = (about.clips, about.subjects, len(about.labels)) if about else (None,) * 3
        rows.append((name, *(f"{n:,}" if n else "-" for n in counts), _first_line(load)))
    return aligned(rows)


def database(name: str) -> str:
    """Description of a database: layout the loader expects, labels, licence, citation, command.

    Raises:
        InputError: no such database.
    """
    from fervid.databases import DATABASES
    from fervid.databases.about import ABOUT
    from fervid.papers import citations

    load = _chosen("database", name, DATABASES)
    parts = [(inspect.getdoc(load) or "").partition("\nRaises:")[0].strip()]
    about = ABOUT.get(name)
    if about:
        facts: list[tuple[str, ...]] = [
            ("labels", ", ".join(about.labels) or "none"),
            ("clips", f"{about.clips:,}" if about.clips else "not fixed"),
            ("people", f"{about.subjects:,}" if about.subjects else "not stated"),
            ("licence", about.licence),
        ]
        parts.append(aligned(facts))
    if name.removesuffix("_stills") in citations.databases():
        parts.append(citations.cite(name))
    settings = " ".join(f"[--set {each}=...]" for each in _options(load))
    parts.append(f"fervid prepare {name} FOLDER --store STORE {settings}".strip())
    return "\n\n".join(parts)


def protocols() -> str:
    """One line per protocol: name, what it does, its source in a paper."""
    from fervid.folds import NAMED

    rows: list[tuple[str, ...]] = [("protocol", "what it does, and [paper, section]")]
    for name, make in NAMED.items():
        count = _options(make).get("folds")
        rows.append((name, _first_line(make) + (f" k = {count}" if count else "")))
    return aligned(rows)


def protocol(name: str) -> str:
    """What a protocol does, what the paper leaves open, its papers, and its command.

    Raises:
        InputError: no such protocol.
    """
    from fervid.folds import NAMED, SHUFFLED
    from fervid.papers import citations

    make = _chosen("protocol", name, NAMED)
    text = re.split(r"\n(?:Args|Raises):", inspect.getdoc(getattr(make, "func", make)) or "")[
        0
    ].strip()
    defaults = [f"{key}: {value}" for key, value in _options(make).items() if key != "seed"]
    seeds = (
        "--seed shuffles the subjects" if name in SHUFFLED else "the folds do not depend on --seed"
    )
    papers = list(citations.papers())
    cited = {int(n) for n in re.findall(r"[\[;] ?(\d), (?:Sec|Table|Fig)", text)}
    sources = [f"[{number}] {citations.title(papers[number - 1])}" for number in sorted(cited)]
    command = f"fervid evaluate SYSTEM --store STORE --protocol {name}"
    command += {"cross-database": " --test OTHER", "leave-one-database-out": " --store OTHER"}.get(
        name, ""
    )
    facts = "; ".join([*defaults, seeds])
    return "\n\n".join(filter(None, (text, facts, "\n".join(sources), command)))


def _chosen(kind: str, name: str, catalogue: Mapping[str, Any]) -> Any:
    if name not in catalogue:
        raise InputError(f"no {kind} {name!r}: choose one of {', '.join(catalogue)}")
    return catalogue[name]


def _first_line(function: Any) -> str:
    return (inspect.getdoc(getattr(function, "func", function)) or "").partition("\n")[0]


def _options(function: Any) -> dict[str, Any]:
    """Optional arguments of a loader or protocol, with their defaults."""
    parameters = inspect.signature(function).parameters.values()
    return {each.name: each.default for each in parameters if each.default is not each.empty}


def aligned(rows: list[tuple[str, ...]]) -> str:
    """Rows of text, the first a header, with columns of equal width."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    return "\n".join(lines)


def _described(part: Any, prefix: str = "") -> Iterator[tuple[str, str, str]]:
    comments = _comments(type(part))
    for field in fields(part) if is_dataclass(part) else ():
        name, value = prefix + field.name, getattr(part, field.name)
        if is_dataclass(value):
            about = (inspect.getdoc(value) or "").partition("\n")[0]
            yield f"{name}.", "", comments.get(field.name) or about
            yield from _described(value, f"{name}.")
        else:
            yield name, _written(value), comments.get(field.name, "")


def _comments(cls: type) -> dict[str, str]:
    """Comment beside each field, from the source of the class that defines it."""
    comments: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if not is_dataclass(base):
            continue
        source = dedent(inspect.getsource(base))
        (tree,) = ast.parse(source).body
        assert isinstance(tree, ast.ClassDef)
        for node in tree.body:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                line = source.splitlines()[node.lineno - 1]
                comments[node.target.id] = line.partition("  # ")[2]
    return comments


def _written(value: Any) -> str:
    """A value in the form that --set accepts."""
    if isinstance(value, tuple):
        return ",".join(map(_written, value))
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _databases(name: str) -> list[str]:
    """Databases on which a printed table evaluates this system."""
    from fervid.papers.plans import PLANS

    names: dict[str, None] = {}
    for plan in PLANS.values():
        names |= dict.fromkeys(base for base, system in plan.systems.items() if system == name)
        names |= dict.fromkeys(base for _, base, system, _ in plan.added if system == name)
        if any(system == name for system, _ in plan.others.values()):
            names |= dict.fromkeys(["ck_plus"])
    return list(names)


def _parameters(system: Any) -> str:
    """Number of parameters in all networks for seven labels, or "-" for a foreign system."""
    import torch

    if not hasattr(system, "networks"):
        return "-"
    with torch.device("meta"):
        count = sum(p.numel() for p in system.networks(7).parameters())
    return f"{count:,}"


def _input(system: Any) -> str:
    """A sample's arrays and their shapes, and whether a sample is a frame or a clip."""
    arrays: Mapping[str, np.ndarray[Any, Any]] = system.inputs(_empty_track())
    shapes = ("x".join(map(str, a.shape[1:])) for a in arrays.values())
    inputs = ", ".join(f"{n} {shape}" for n, shape in zip(arrays, shapes, strict=True) if shape)
    return f"{'frame' if system.per_frame else 'clip'}: {inputs}"


def _empty_track() -> Any:
    """A track with no frames."""
    from fervid.faces.track import SIZE, Track

    none = np.zeros(0)
    return Track(
        faces=np.zeros((0, SIZE, SIZE, 3), np.uint8), landmarks=np.zeros((0, 68, 2), np.float32),
        times=none, frames=none.astype(np.int64), status=none.astype(np.uint8),
        score=none.astype(np.float32), to_frame=np.zeros((0, 2, 3), np.float32),
        face=0, found_by={},
    )  # fmt: skip


def _paper(system: Any) -> str:
    """The paper's title, which PAPER.md beside the system's code gives in italics."""
    path = Path(inspect.getfile(type(system))).parent / "PAPER.md"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    title = re.search(r"\*([^*]+)\*", text)
    return " ".join(title[1].split()) if title else "-"
