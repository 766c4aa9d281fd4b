"""The one checker, and fields by dotted names."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

import pytest

from fervid.errors import InputError
from fervid.learning.plan import Plan
from fervid.learning.recipes import Count, Range, Share, changed, check, flat


@dataclass(frozen=True)
class Part:
    kind: Literal["a", "b"] = "a"
    sizes: tuple[Count, ...] = (3, 2)
    pair: tuple[float, float] = (0.5, 1.0)
    share: Share = 0.5
    plan: Plan = Plan(10, 0.1)


@dataclass(frozen=True)
class Whole:
    name: str = "whole"
    part: Part = Part()
    flag: bool = False
    odd: Annotated[int, Range(1, 9)] = 3
    place: str = field(default="here", compare=False)

    def __post_init__(self) -> None:
        check(self)


def test_every_value_has_a_dotted_name() -> None:
    names = flat(Whole())
    assert names["part.plan.epochs"] == 10 and names["part.sizes"] == (3, 2)
    assert "part" not in names and "place" not in names
    assert changed(Whole(), names) == Whole()


def test_changed_leaves_the_rest() -> None:
    found = changed(Whole(), {"part.plan.epochs": 3, "part.kind": "b", "odd": 9})
    assert found == Whole(part=Part("b", plan=Plan(3, 0.1)), odd=9)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("flag", 1, "True or False"),
        ("odd", 10, "a whole number from 1 to 9"),
        ("odd", True, "a whole number from 1 to 9"),
        ("name", 3, "text"),
        ("part.kind", "c", "one of a, b"),
        ("part.kind", None, "one of a, b"),
        ("part.sizes", (3, 0), "values separated by commas, each a whole number of 1 or more"),
        ("part.sizes", 3, "values separated by commas"),
        ("part.pair", (1.0,), "2 values separated by commas, each a number"),
        ("part.share", 1.1, "a number from 0 to 1"),
        ("part.share", float("nan"), "a number from 0 to 1"),
        ("part.plan.learning_rate", float("inf"), "a number of 0 or more"),
        ("part.plan.learning_rate", "fast", "a number of 0 or more"),
        ("part.plan.batch_size", 0, "a whole number of 1 or more"),
        ("part.plan.epochs", 1.5, "a whole number of 0 or more"),
        ("part.plan.choose", "best", "one of loss, accuracy, last"),
    ],
)
def test_a_wrong_value_is_one_sentence_with_its_field(name, value, expected) -> None:
    with pytest.raises(InputError, match=f"^{name} of (whole|3) is .*: give {expected}"):
        changed(Whole(), {name: value})


def test_a_whole_number_does_for_a_number() -> None:
    assert changed(Whole(), {"part.pair": (1, 2)}).part.pair == (1, 2)
