"""`fervid systems`, `databases` and `protocols` are the catalogues, explained."""

import pytest
from typer.testing import CliRunner

from fervid.cli import app
from fervid.databases import DATABASES
from fervid.databases.about import ABOUT
from fervid.folds import NAMED
from fervid.learning.recipes import flat
from fervid.systems import SYSTEMS


def said(*words: str, command: str = "systems") -> str:
    done = CliRunner().invoke(app, [command, *words])
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


@pytest.mark.parametrize(("command", "catalogue"), [("databases", DATABASES), ("protocols", NAMED)])
def test_lists_have_a_line_for_each(command, catalogue) -> None:
    lines = said(command=command).splitlines()[1:]
    assert [line.split()[0] for line in lines] == list(catalogue)
    assert all(len(line.split()) > 5 for line in lines)


@pytest.mark.parametrize("name", DATABASES)
def test_a_database_is_described(name) -> None:
    text = said(name, command="databases")
    assert f"fervid prepare {name} FOLDER --store STORE" in text
    assert name in ABOUT or name in ("folder", "lists", "openface", "fex")
    if name in ABOUT:
        assert ABOUT[name].licence in text and ", ".join(ABOUT[name].labels) in text


def test_a_database_has_its_layout_options_people_and_citation() -> None:
    text = said("oulu_casia", command="databases")
    assert "VL/Strong/P001/Anger/000.jpeg" in text and "light: strong, weak or dark" in text
    assert "people   80" in text and "@article{zhao2011facial," in text
    assert "[--set light=...]" in text and "Raises" not in text


@pytest.mark.parametrize("name", NAMED)
def test_a_protocol_is_described(name) -> None:
    text = said(name, command="protocols")
    assert f"--protocol {name}" in text
    assert name == "leave-one-database-out" or "\n[" in text


def test_a_protocol_has_its_folds_and_papers() -> None:
    text = said("ten-fold", command="protocols")
    assert "folds: 10" in text and "--seed shuffles" in text
    assert "[5] Facial Expression Recognition with Identity and Emotion Joint Learning" in text
    assert "do not depend on --seed" in said("paper", command="protocols")


@pytest.mark.parametrize("command", ["databases", "protocols"])
def test_an_unknown_name_is_answered_with_those_there_are(command) -> None:
    done = CliRunner().invoke(app, [command, "nothing"])
    assert done.exit_code == 2 and "choose one of " in done.stderr
