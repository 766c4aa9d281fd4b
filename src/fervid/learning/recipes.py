"""Recipes: frozen dataclasses of settings, nested by network and stage.

A field's type states which values are allowed (`Literal`, a range, the number of values), and
`check` enforces it. Outside Python a nested field has a dotted name: `appearance.plan.epochs`.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from fervid.errors import InputError

R = TypeVar("R")
MOST = 2**31 - 1  # the greatest number of a recipe; any more, and float32 inputs overflow


@dataclass(frozen=True)
class Range:
    """Range of a number, both ends included."""

    low: float
    high: float = math.inf


Count = Annotated[int, Range(1)]
Natural = Annotated[int, Range(0)]
Amount = Annotated[float, Range(0)]
Scale = Annotated[float, Range(0.001)]
Share = Annotated[float, Range(0, 1)]
Below1 = Annotated[float, Range(0, 0.999999)]  # a decay, or a probability below 1


def flat(recipe: Any, prefix: str = "") -> dict[str, Any]:
    """Every value by dotted name, except fields that are excluded from comparison.

    The result is empty for a system that is not a dataclass.

    >>> from fervid.learning.plan import Plan
    >>> flat(Plan(60, 0.01))["learning_rate"]
    0.01
    """
    values: dict[str, Any] = {}
    if not is_dataclass(recipe):
        return values
    for field in (field for field in fields(recipe) if field.compare):
        name, value = prefix + field.name, getattr(recipe, field.name)
        values |= flat(value, f"{name}.") if is_dataclass(value) else {name: value}
    return values


def changed(recipe: R, values: Mapping[str, Any]) -> R:
    """Copy a recipe with new values, given by the dotted names of `flat`."""
    parts: dict[str, dict[str, Any]] = {}
    own: dict[str, Any] = {}
    for name, value in values.items():
        head, _, rest = name.partition(".")
        if rest:
            parts.setdefault(head, {})[rest] = value
        else:
            own[head] = value
    nested = {head: changed(getattr(recipe, head), inner) for head, inner in parts.items()}
    return replace(recipe, **own, **nested)  # type: ignore[type-var]


def check(recipe: Any) -> None:
    """Check that every field has a value its type allows.

    Args:
        recipe: dataclass with a `name`, used in the message.

    Raises:
        InputError: a field has another value; the message gives its dotted name.
    """
    for name, hint, value in _typed(recipe):
        if not _fits(value, hint):
            raise InputError(f"{name} of {recipe.name} is {value!r}: give {_expected(hint)}")


def _typed(recipe: Any, prefix: str = "") -> Iterator[tuple[str, Any, Any]]:
    hints = get_type_hints(type(recipe), include_extras=True)
    for field in fields(recipe):
        name, hint, value = prefix + field.name, hints[field.name], getattr(recipe, field.name)
        if is_dataclass(value):
            yield from _typed(value, f"{name}.")
        else:
            yield name, hint, value


def _fits(value: Any, hint: Any) -> bool:
    kind, args = get_origin(hint), get_args(hint)
    if kind is Literal:
        return value in args
    if kind is Annotated:
        return _fits(value, args[0]) and args[1].low <= value <= args[1].high
    if kind is tuple:
        each = args[:1] * len(value) if args[-1] is ... and isinstance(value, tuple) else args
        return (
            isinstance(value, tuple)
            and len(value) == len(each)
            and all(map(_fits, value, each))
        )  # fmt: skip
    if hint is float:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and abs(value) <= MOST  # NaN is not, either
    return type(value) is hint and (hint is not int or abs(value) <= MOST)


def _expected(hint: Any) -> str:
    kind, args = get_origin(hint), get_args(hint)
    if kind is Literal:
        return f"one of {', '.join(map(str, args))}"
    if kind is Annotated:
        low, high = args[1].low, args[1].high
        limit = f"of {low:g} or more" if high == math.inf else f"from {low:g} to {high:g}"
        return f"{_expected(args[0])} {limit}"
    if kind is tuple:
        return f"values separated by commas, each {_expected(args[0])}" if args[-1] is ... else (
            f"{len(args)} values separated by commas, each {_expected(args[0])}")  # fmt: skip
    names = {int: "a whole number", float: "a number", bool: "True or False", str: "text"}
    return names[hint]


def as_json(system: object) -> dict[str, Any]:
    """A system's fields as JSON values, by dotted name."""
    if not is_dataclass(system) or isinstance(system, type):
        return {}
    return dict(json.loads(json.dumps(flat(system), default=str)))
