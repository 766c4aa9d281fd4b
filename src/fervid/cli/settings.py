"""--set NAME=VALUE: fields of recipes, arguments of loaders."""

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from inspect import signature
from typing import Any

from fervid.errors import InputError


def recipe(name: str, sets: Sequence[str]) -> Any:
    """A catalogue's system with the fields that --set names replaced.

    Raises:
        InputError: no such system or field, or a value of another kind than the default's.
    """
    from fervid.systems import SYSTEMS

    if name not in SYSTEMS:
        raise InputError(f"no system {name!r}: choose one of {', '.join(SYSTEMS)}")
    system: Any = SYSTEMS[name]
    known = {field.name: getattr(system, field.name) for field in fields(system)}
    return replace(system, **_values(name, sets, known))


def arguments(name: str, load: Callable[..., Any], sets: Sequence[str]) -> dict[str, Any]:
    """The keyword arguments of a database's loader that --set names.

    Raises:
        InputError: it takes no such argument, or another kind of value.
    """
    found = signature(load).parameters.values()
    known = {each.name: each.default for each in found if each.kind is each.KEYWORD_ONLY}
    return _values(name, sets, known)


def _values(name: str, sets: Sequence[str], known: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for pair in sets:
        key, _, text = pair.partition("=")
        if key not in known or not text:
            fields_of = f"{name} has the fields {', '.join(known)}" if known else f"{name} has none"
            raise InputError(f"--set {pair}: {fields_of}; use NAME=VALUE")
        found[key] = _value(text, known[key], pair)
    return found


def _value(text: str, default: Any, pair: str) -> Any:
    """Read as a value of the default's kind; where that is None, as whatever it looks like."""
    kind = type(default)
    try:
        value = text if kind is str else ast.literal_eval(text)
    except (ValueError, SyntaxError):
        value = text if default is None else None
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    right = default is None or (isinstance(value, kind) and not (
        isinstance(value, bool) and kind is int))  # fmt: skip
    if not right:
        raise InputError(f"--set {pair}: a {kind.__name__} is wanted, as in the default")
    return value
