"""--set NAME=VALUE: fields of recipes, arguments of loaders."""

import ast
from collections.abc import Callable, Mapping, Sequence
from inspect import signature
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from fervid.errors import InputError
from fervid.learning.recipes import MOST, changed, flat
from fervid.text import printable

LONGEST = 10_000  # characters of a value


def recipe(name: str, sets: Sequence[str]) -> Any:
    """A catalogue's system with the fields that --set names replaced.

    Raises:
        InputError: no such system or field, or a value of another kind than the default's.
    """
    from fervid.systems import SYSTEMS

    if name == "linear":
        from fervid.evaluation.baseline import Linear

        return changed(Linear(), _values(name, sets, {}))
    if name not in SYSTEMS:
        raise InputError(f"no system {name!r}: choose one of {', '.join(SYSTEMS)}, or linear")
    system: Any = SYSTEMS[name]
    return changed(system, _values(name, sets, flat(system)))


def everywhere(sets: Sequence[str]) -> dict[str, Any]:
    """Every system of the catalogue with the fields that --set names replaced where it has them.

    `input.size=64` is for all systems that have such a field, `agn3d.input.size=64` for the one.

    Raises:
        InputError: no such system or field, or a value of another kind than the default's.
    """
    from fervid.systems import SYSTEMS

    found: dict[str, list[str]] = {name: [] for name in SYSTEMS}
    known = {name: flat(system) for name, system in SYSTEMS.items()}
    for pair in sets:
        field = pair.partition("=")[0]
        alone = field.partition(".")[0]
        if alone in SYSTEMS:
            found[alone].append(pair.removeprefix(f"{alone}."))
            continue
        having = [name for name in found if field in known[name]]
        if not having:
            raise InputError(
                f"--set {_brief(pair)}: no system has a field {_brief(field)}; `fervid systems "
                f"NAME` lists them, and SYSTEM.FIELD=VALUE is for one of {', '.join(SYSTEMS)}"
            )
        for name in having:
            found[name].append(pair)
    return {name: recipe(name, some) if some else SYSTEMS[name] for name, some in found.items()}


def arguments(name: str, load: Callable[..., Any], sets: Sequence[str]) -> dict[str, Any]:
    """The keyword arguments of a database's loader that --set names.

    Raises:
        InputError: it takes no such argument, or another kind of value.
    """
    found = signature(load).parameters.values()
    known = {each.name: each.default for each in found if each.kind is each.KEYWORD_ONLY}
    hints = get_type_hints(load)
    values = _values(name, sets, known)
    return {key: _fitting(key, value, hints[key]) for key, value in values.items()}


def _fitting(key: str, value: Any, hint: Any) -> Any:
    """A loader's argument: one of its choices, and of the kind it takes where it has no default.

    Raises:
        InputError: it is not.
    """
    kinds = get_args(hint) if NoneType in get_args(hint) else (hint,)
    kind = kinds[0]
    if get_origin(kind) is Literal and value not in get_args(kind):
        choices = ", ".join(get_args(kind))
        raise InputError(f"--set {key}={_brief(str(value))}: choose one of {choices}")
    if kind is Path:
        return Path(str(value))
    if get_origin(kind) is Sequence:
        given = value if isinstance(value, tuple | list) else str(value).split(",")
        return tuple(str(some).strip() for some in given)
    if get_origin(kind) is Mapping:
        pairs = value.items() if isinstance(value, dict) else [("", "")]
        if not all(isinstance(code, int) and isinstance(label, str) for code, label in pairs):
            raise InputError(f"--set {key}: give numbers and their labels as {{1: 'anger', ...}}")
    return value


def _values(name: str, sets: Sequence[str], known: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for pair in sets:
        key, _, text = pair.partition("=")
        if key not in known or not text:
            listed = ", ".join(_choices(key, known))
            fields_of = f"{name} has the fields {listed}" if known else f"{name} has none"
            raise InputError(f"--set {_brief(pair)}: {fields_of}; use NAME=VALUE")
        if len(text) > LONGEST:
            raise InputError(f"--set {key}: a value of {len(text)} characters: shorten it")
        found[key] = _value(text, known[key], pair)
    return found


def _choices(key: str, known: Mapping[str, Any]) -> list[str]:
    """The fields beside a mistaken one; a group of fields as its name and a dot."""
    group = key.rpartition(".")[0]
    while group and not any(name.startswith(f"{group}.") for name in known):
        group = group.rpartition(".")[0]
    start = f"{group}." if group else ""
    names = [name.removeprefix(start) for name in known if name.startswith(start)]
    return list(dict.fromkeys(start + "".join(name.partition(".")[:2]) for name in names))


def _value(text: str, default: Any, pair: str) -> Any:
    """Read as a value of the default's kind; where that is None, as whatever it looks like.

    Of several values the text is what Python writes, (0.5, 1), or has just the commas: 0.5,1.
    """
    kind = type(default)
    try:
        value = text if kind is str else ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        value = text if default is None else None
    if kind is tuple:
        given = value if isinstance(value, tuple | list) else text.split(",")
        each = default[0] if default else ""
        return tuple(_value(str(some), each, pair) for some in given)
    if isinstance(value, int | float) and not isinstance(value, bool):
        least = 0 if kind in (int, float) and default >= 0 else -MOST
        if not least <= value <= MOST:  # NaN is not, either
            raise InputError(f"--set {_brief(pair)}: give a number from {least} to {MOST}")
        value = float(value) if kind is float else value
    right = default is None or (isinstance(value, kind) and not (
        isinstance(value, bool) and kind is int))  # fmt: skip
    if not right or (isinstance(value, str) and not value.isprintable()):
        raise InputError(f"--set {_brief(pair)}: the default is {default!r}: give a value of its "
                         "kind")  # fmt: skip
    return value


def _brief(text: str) -> str:
    """Foreign text for a message: short, without control characters."""
    return printable(text if len(text) <= 80 else f"{text[:77]}...")
