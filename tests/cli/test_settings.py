"""--set, for a whole table's systems."""

from dataclasses import replace

from fervid.cli.settings import everywhere
from fervid.systems import SYSTEMS
from fervid.systems.agn3d import AGN3D


def test_fields_go_to_the_systems_that_have_them() -> None:
    found = everywhere(["size=64", "agn3d.width=0.25"])
    assert found["agn3d"] == replace(AGN3D(), size=64, width=0.25)
    assert found["ir3d"].size == 64 and found["ir3d"].width == 1
    assert found["dtagn"] is SYSTEMS["dtagn"] and set(found) == set(SYSTEMS)
