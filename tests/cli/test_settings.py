"""--set, for a whole table's systems."""

from dataclasses import replace

import pytest

from fervid.cli.settings import everywhere, recipe
from fervid.errors import InputError
from fervid.systems import SYSTEMS
from fervid.systems.agn3d import AGN3D


def test_fields_go_to_the_systems_that_have_them() -> None:
    found = everywhere(["size=64", "agn3d.width=0.25"])
    assert found["agn3d"] == replace(AGN3D(), size=64, width=0.25)
    assert found["ir3d"].size == 64 and found["ir3d"].width == 1
    assert found["dtagn"] is SYSTEMS["dtagn"] and set(found) == set(SYSTEMS)


def test_several_values_of_one_field() -> None:
    for text in ("0.5,1", "(0.5, 1)", "[0.5, 1.0]"):
        assert recipe("dtagn", [f"lambdas={text}"]).lambdas == (0.5, 1.0)
    assert recipe("hybrid", ["hidden=64,32,16"]).hidden == (64, 32, 16)
    one, more = "a (1).safetensors", "b.safetensors"
    assert recipe("tfe", [f"teachers={one}"]).teachers == (one,)
    assert recipe("tfe", [f"teachers={one},{more}"]).teachers == (one, more)
    assert recipe("tfe", ["teachers=()"]).teachers == ()
    with pytest.raises(InputError, match="give a value of its kind"):
        recipe("agn3d", ["maps=8,8,8,wide"])
