"""Help and the shell name the choices, without loading what is behind them."""

import os
import subprocess
import sys

import pytest
from typer.main import get_command

from fervid.cli import app, names
from fervid.databases import DATABASES
from fervid.folds import NAMED
from fervid.models.shipped import shipped_models
from fervid.systems import CATALOGUE


def test_names_are_those_of_the_catalogues(monkeypatch) -> None:
    monkeypatch.delenv("FERVID_MODELS", raising=False)
    assert tuple(CATALOGUE) == names.SYSTEMS
    assert tuple(NAMED) == names.PROTOCOLS
    assert set(shipped_models()) == set(names.MODELS)


@pytest.mark.parametrize(
    ("command", "choices"),
    [("evaluate", (*names.SYSTEMS, *names.PROTOCOLS)), ("predict", names.MODELS),
     ("train", names.SYSTEMS)],
)  # fmt: skip
def test_help_names_the_choices(command, choices) -> None:
    parameters = get_command(app).commands[command].params
    text = " ".join(str(getattr(each, "help", "")) for each in parameters)
    assert not [name for name in choices if name not in text]


def shell(**environment: str) -> str:
    code = "from fervid.cli import main; main(prog_name='fervid')"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("words", "answers"),
    [
        ("evaluate agn3d-", ["agn3d-shared-trunk", "agn3d-laptop", "agn3d-experiment"]),
        ("evaluate dtagn --protocol los", ["loso", "losgo"]),
        ("prepare ck", ["ck_plus", "ck_plus_stills"]),
        ("databases drawn", ["drawn"]),
        ("evalu", ["evaluate"]),
    ],
)
def test_the_shell_completes_a_word(words, answers) -> None:
    number = str(len(words.split()))
    said = shell(_FERVID_COMPLETE="complete_bash", COMP_WORDS=f"fervid {words}", COMP_CWORD=number)
    assert said.split() == answers


def test_the_shell_gets_its_script() -> None:
    assert "_FERVID_COMPLETE=complete_bash" in shell(_FERVID_COMPLETE="source_bash")


def test_other_packages_add_names(monkeypatch) -> None:
    points = type("Points", (), {"names": {"nearest-mean"}})()
    monkeypatch.setattr(names, "entry_points", lambda group: points)
    assert names.complete(("dtagn",), "fervid.systems")("n") == ["nearest-mean"]
    assert names.databases("ou") == [name for name in DATABASES if name.startswith("ou")]
