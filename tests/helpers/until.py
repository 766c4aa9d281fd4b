"""Waiting for a page, whose policy forbids the way in which playwright itself waits."""

import time
from typing import Any


def until(page: Any, expression: str, seconds: float = 20.0) -> Any:
    """Wait until an expression of JavaScript is true; gives its value."""
    end = time.monotonic() + seconds
    while not (value := page.evaluate(expression)):
        assert time.monotonic() < end, f"never true: {expression}"
        page.wait_for_timeout(25)
    return value
