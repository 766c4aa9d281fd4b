"""`fervid systems` is the catalogue, with what stands beside each number in its source."""

import pytest
from typer.testing import CliRunner

from fervid.cli import app
from fervid.learning.recipes import flat
from fervid.systems import SYSTEMS


def said(*words: str) -> str:
    done = CliRunner().invoke(app, ["systems", *words])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_table_has_a_line_for_each_system() -> None:
    head, *lines = said().splitlines()
    assert head.split()[:2] == ["system", "parameters"]
    assert [line.split()[0] for line in lines] == list(SYSTEMS)
    row = dict(zip(SYSTEMS, lines, strict=True))
    # 14,677,472 weights of convolutions, batch norms, an LSTM of 55,048,000, a layer of 201 x 7.
    assert "clip: faces 10x299x299x3, landmarks 10x66x2" in row["ir3d"]
    assert "Enhanced Deep 3D Convolutional Neural Networks" in row["ir3d"]
    assert "ck_plus, mmi, gemep_fera, disfa" in row["ir3d"]
    assert "frame: faces 48x48" in row["tfe-plus"]
    assert f"{5_769_835 + 182_507:,}" in row["dtagn-weighted"]


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_field_is_listed_and_explained(name) -> None:
    lines = said(name).splitlines()
    rows = {line.split()[0]: line for line in lines if line}
    for field in flat(SYSTEMS[name]):
        assert field in rows
    bare = [f for f in flat(SYSTEMS[name]) if len(rows[f].split("  ")) < 2 and "plan." not in f]
    assert not bare


def test_a_number_stands_beside_its_source() -> None:
    lines = {line.split()[0]: line for line in said("dtagn").splitlines() if line}
    assert "Eq. 5: standard deviation" in lines["geometry.noise"]
    assert "I64-C(5,64)" in lines["appearance.layers"]
    assert "picks the epoch" in lines["joint.plan.choose"]


def test_an_unknown_system_is_answered_with_those_there_are() -> None:
    done = CliRunner().invoke(app, ["systems", "dtgan"])
    assert done.exit_code == 2 and "choose one of dtagn, " in done.stderr
