"""A short seed of benchmarks/mutations.py: damaged inputs are refused, never more than that."""

import importlib.util
import sys
from pathlib import Path

import pytest

HARNESS = Path(__file__).parents[1] / "benchmarks" / "mutations.py"
QUICK = (
    "ck_plus", "mmi", "disfa", "gemep_fera", "gemep subjects", "baum_1s", "fer_plus", "fer texts",
    "fer zip", "lfw", "afew", "dfew", "ferv39k", "mafw", "drawn", "manifest", "split csv",
    "split json", "store", "track", "model", "png", "set",
)  # fmt: skip


@pytest.fixture(scope="module")
def harness(tmp_path_factory):
    spec = importlib.util.spec_from_file_location("mutations", HARNESS)
    assert spec is not None and spec.loader is not None
    sys.modules["mutations"] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Harness(tmp_path_factory.mktemp("mutations"), 0, QUICK)


@pytest.mark.parametrize("kind", QUICK)
def test_the_valid_input_is_accepted_and_damaged_ones_pass(harness, kind) -> None:
    valid = harness.run(kind, -1)
    assert valid.code == 0, valid.text
    for number in range(3):
        damaged = harness.run(kind, number)
        assert not damaged.fault, (number, damaged.fault, damaged.text)
