"""An extension of griffe: examples in docstrings (`>>> ...`) become fenced blocks of Python."""

import re
from typing import Any

import griffe

EXAMPLE = re.compile(r"^>>> .*(?:\n(?!\s*$|[A-Z]\w*:$).*)*", re.M)


def fenced(text: str) -> str:
    """A docstring with each run of examples and their output in a fence."""
    return EXAMPLE.sub(lambda found: f"```pycon\n{found[0]}\n```", text)


class Fences(griffe.Extension):
    """Fences examples before the docstring is read."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Called by griffe for every object that it has read."""
        if obj.docstring:
            obj.docstring.value = fenced(obj.docstring.value)
