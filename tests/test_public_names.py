"""Every public name exists, is documented, and comes from where it says."""

import inspect
import time

import pytest
from typer.testing import CliRunner

import fervid
from fervid.cli import app


@pytest.mark.parametrize("name", [n for n in fervid.__all__ if n != "__version__"])
def test_name(name: str) -> None:
    thing = getattr(fervid, name)
    assert inspect.getdoc(thing) or isinstance(thing, dict), name


def test_unknown_name() -> None:
    with pytest.raises(AttributeError, match="no attribute"):
        fervid.nothing  # noqa: B018


def test_help_is_quick() -> None:
    begun = time.process_time()
    result = CliRunner().invoke(app, ["--help"])
    assert result.exit_code == 0
    assert time.process_time() - begun < 0.5
    commands = "draw prepare evaluate train predict demo"
    assert all(command in result.output for command in commands.split())
