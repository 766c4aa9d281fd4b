"""--set, for a whole table's systems."""

from pathlib import Path

import pytest

from fervid.cli.settings import arguments, everywhere, recipe
from fervid.databases import DATABASES
from fervid.errors import InputError
from fervid.learning.recipes import changed
from fervid.systems import SYSTEMS
from fervid.systems.ir3d import IR3D


def test_fields_go_to_the_systems_that_have_them() -> None:
    found = everywhere(["network.width=0.5", "ir3d.plan.epochs=3"])
    assert found["ir3d"] == changed(IR3D(), {"network.width": 0.5, "plan.epochs": 3})
    assert found["ir2d"].network.width == 0.5 and found["ir2d"].plan.epochs == 100
    assert found["dtagn"] is SYSTEMS["dtagn"] and set(found) == set(SYSTEMS)


def test_what_is_no_field_is_answered_with_those_there_are():
    with pytest.raises(InputError, match=r"ir3d has the fields plan\.epochs, plan\.lea"):
        recipe("ir3d", ["plan.epoch=3"])
    with pytest.raises(InputError, match=r"ir3d has the fields name, input\., network\., plan\.,"):
        recipe("ir3d", ["epochs=3"])
    with pytest.raises(InputError, match=r"no system has a field plan\.epoch"):
        everywhere(["plan.epoch=3"])
    with pytest.raises(InputError, match=r"--set plan\.epochs=-3: give a number from 0"):
        recipe("ir3d", ["plan.epochs=-3"])


def test_several_values_of_one_field() -> None:
    for text in ("0.5,1,2", "(0.5, 1, 2)", "[0.5, 1.0, 2.0]"):
        assert recipe("dtagn", [f"joint.lambdas={text}"]).joint.lambdas == (0.5, 1.0, 2.0)
    assert recipe("hybrid", ["dbn.hidden=64,32,16"]).dbn.hidden == (64, 32, 16)
    one, more = "a (1).safetensors", "b.safetensors"
    assert recipe("tfe", [f"teachers={one}"]).teachers == (one,)
    assert recipe("tfe", [f"teachers={one},{more}"]).teachers == (one, more)
    assert recipe("tfe", ["teachers=()"]).teachers == ()
    with pytest.raises(InputError, match="give a value of the same type"):
        recipe("agn3d", ["appearance.maps=8,8,8,wide"])


@pytest.mark.parametrize(
    "value",
    ["nan", "inf", "-1", "1e300", "-1e300", "9" * 5000, "9" * 20_000, "[" * 5000, "{[]: 1}", "abc",
     "None", "True", "(1,)", "1e999"],
)  # fmt: skip
def test_odd_values_are_one_sentence_that_names_the_field(value) -> None:
    with pytest.raises(InputError, match=r"--set geometry.plan.momentum") as refused:
        recipe("dtagn", [f"geometry.plan.momentum={value}"])
    assert len(str(refused.value)) < 300 and "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        ("course=sideways", "--set course=sideways: choose one of onset-apex"),
        ("absolute=yes", "--set absolute=yes: the default is False"),
        ("colour=\x1b[31m", r"--set colour=\\x1b\[31m: folder has the fields"),
    ],
)
def test_loaders_arguments(sets, said) -> None:
    with pytest.raises(InputError, match=said):
        arguments("folder", DATABASES["folder"], [sets])


def test_several_labels_and_a_folder_of_a_loader() -> None:
    assert arguments("folder", DATABASES["folder"], ["labels=happy, sad"]) == {
        "labels": ("happy", "sad")
    }
    assert arguments("dfew", DATABASES["dfew"], ["media=/clips"]) == {"media": Path("/clips")}
