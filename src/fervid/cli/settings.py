"""--set NAME=VALUE: fields of recipes and arguments of loaders."""

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
    """A system of the catalogue, with the fields given by --set replaced.

    Raises:
        InputError: there is no such system or field, or a value's type differs from the default's.
    """
    from fervid.systems import SYSTEMS

    if name == "linear":
        from fervid.evaluation.baseline import Linear

        return changed(Linear(), _values(name, sets, {}))
    if name == "movements":
        from fervid.evaluation.movements import LinearMovements

        return changed(LinearMovements(), _values(name, sets, {}))
    if name not in SYSTEMS:
        known = ", ".join(SYSTEMS)
        raise InputError(f"no system {name!r}: choose one of {known}, linear or movements")
    system: Any = SYSTEMS[name]
    return changed(system, _values(name, sets, flat(system)))


def everywhere(sets: Sequence[str]) -> dict[str, Any]:
    """All systems of the catalogue, with the fields given by --set replaced where they exist.

    `input.size=64` applies to all systems with such a field, `agn3d.input.size=64` to one system.

    Raises:
        InputError: there is no such system or field, or a value's type differs from the default's.
    """
    from fervid.systems import SYSTEMS

    pairs: dict[str, list[str]] = {name: [] for name in SYSTEMS}
    known = {name: flat(system) for name, system in SYSTEMS.items()}
    for pair in sets:
        field = pair.partition("=")[0]
        prefix = field.partition(".")[0]
        if prefix in SYSTEMS:
            pairs[prefix].append(pair.removeprefix(f"{prefix}."))
            continue
        matching = [name for name in SYSTEMS if field in known[name]]
        if not matching:
            raise InputError(
                f"--set {_brief(pair)}: no system has a field {_brief(field)}; `fervid systems "
                f"NAME` lists them, and SYSTEM.FIELD=VALUE sets it for one of {', '.join(SYSTEMS)}"
            )
        for name in matching:
            pairs[name].append(pair)
    return {name: recipe(name, own) if own else SYSTEMS[name] for name, own in pairs.items()}


def arguments(name: str, load: Callable[..., Any], sets: Sequence[str]) -> dict[str, Any]:
    """Keyword arguments for a database's loader, given by --set.

    Raises:
        InputError: the loader has no such argument, or it takes a different type of value.
    """
    parameters = signature(load).parameters.values()
    known = {each.name: each.default for each in parameters if each.kind is each.KEYWORD_ONLY}
    hints = get_type_hints(load)
    values = _values(name, sets, known)
    return {key: _converted(key, value, hints[key]) for key, value in values.items()}


def _converted(key: str, value: Any, hint: Any) -> Any:
    """A loader's argument, converted to the type of its hint.

    Raises:
        InputError: the value is not one of the choices, or does not have that type.
    """
    kinds = get_args(hint) if NoneType in get_args(hint) else (hint,)
    kind = kinds[0]
    if get_origin(kind) is Literal and value not in get_args(kind):
        choices = ", ".join(get_args(kind))
        raise InputError(f"--set {key}={_brief(str(value))}: choose one of {choices}")
    if kind is Path:
        return Path(str(value))
    if get_origin(kind) is Sequence:
        items = value if isinstance(value, tuple | list) else str(value).split(",")
        return tuple(str(item).strip() for item in items)
    if get_origin(kind) is Mapping:
        pairs = value.items() if isinstance(value, dict) else [("", "")]
        if not all(isinstance(code, int) and isinstance(label, str) for code, label in pairs):
            raise InputError(f"--set {key}: map numbers to labels, as in {{1: 'anger', ...}}")
    return value


def _values(name: str, sets: Sequence[str], known: Mapping[str, Any]) -> dict[str, Any]:
    values = {}
    for pair in sets:
        key, _, text = pair.partition("=")
        if key in known and not text:
            raise InputError(f"--set {_brief(pair)}: write the value, as in {key}={known[key]}")
        if key not in known or not text:
            listed = ", ".join(_choices(key, known))
            fields_of = f"{name} has the fields {listed}" if known else f"{name} has no fields"
            raise InputError(f"--set {_brief(pair)}: {fields_of}; use NAME=VALUE")
        if len(text) > LONGEST:
            raise InputError(
                f"--set {key}: the value has {len(text)} characters: shorten it to {LONGEST}"
            )
        values[key] = _value(text, known[key], pair)
    return values


def _choices(key: str, known: Mapping[str, Any]) -> list[str]:
    """Fields in the same group as a mistaken one; nested groups end with a dot."""
    group = key.rpartition(".")[0]
    while group and not any(name.startswith(f"{group}.") for name in known):
        group = group.rpartition(".")[0]
    start = f"{group}." if group else ""
    names = [name.removeprefix(start) for name in known if name.startswith(start)]
    return list(dict.fromkeys(start + "".join(name.partition(".")[:2]) for name in names))


def _value(text: str, default: Any, pair: str) -> Any:
    """Parse a value of the default's type; if the default is None, of whatever type it looks like.

    Several values are written as in Python, (0.5, 1), or only with commas, 0.5,1.
    """
    kind = type(default)
    try:
        value = text if kind is str else ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        value = text if default is None else None
    if kind is tuple:
        items = value if isinstance(value, tuple | list) else text.split(",")
        first = default[0] if default else ""
        return tuple(_value(str(item), first, pair) for item in items)
    if isinstance(value, int | float) and not isinstance(value, bool):
        least = 0 if kind in (int, float) and default >= 0 else -MOST
        if not least <= value <= MOST:  # also rejects NaN
            raise InputError(f"--set {_brief(pair)}: give a number from {least} to {MOST}")
        value = float(value) if kind is float else value
    same_type = default is None or (isinstance(value, kind) and not (
        isinstance(value, bool) and kind is int))  # fmt: skip
    if not same_type or (isinstance(value, str) and not value.isprintable()):
        raise InputError(f"--set {_brief(pair)}: the default is {default!r}: give a value of the "
                         "same type")  # fmt: skip
    return value


def _brief(text: str) -> str:
    """A user's text for a message: shortened, without control characters."""
    return printable(text if len(text) <= 80 else f"{text[:77]}...")
