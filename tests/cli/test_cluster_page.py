"""The scripts of docs/cluster.md: commands that exist, and job arrays that do what they should."""

import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from fervid.cli import app
from fervid.evaluation import read
from fervid.faces import Store

PAGE = Path(__file__).parents[2] / "docs" / "cluster.md"
SCRIPTS = re.findall(r"^```bash\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
BASH = shutil.which("bash")
pytestmark = pytest.mark.skipif(BASH is None, reason="scripts for bash")
# Notes the words of each fervid command, also of those that another program starts.
NOTE = """
fervid() { printf '%s\\0' "$@"; printf '\\n'; }
torchrun() { while [ "$1" != --no-python ]; do shift; done; shift; "$@"; }
hostname() { echo node1; }
srun() { :; }
sleep() { :; }
"""
SLURM = {"SLURM_ARRAY_TASK_ID": "2", "SLURM_ARRAY_TASK_COUNT": "8", "SLURM_CPUS_PER_TASK": "1"}


def test_the_page_has_scripts() -> None:
    assert len(SCRIPTS) == 6 and all(script.startswith("#!/bin/bash\n") for script in SCRIPTS)


@pytest.mark.parametrize("script", SCRIPTS)
def test_commands_and_options_exist(script) -> None:
    done = subprocess.run(
        [BASH, "--norc", "-euc", NOTE + script],
        env=SLURM, capture_output=True, text=True, check=True, timeout=20,
    )  # fmt: skip
    commands = [line.split("\0")[:-1] for line in done.stdout.splitlines()]
    assert commands
    for name, *words in commands:
        command = typer.main.get_command(app).commands[name]
        command.make_context(name, words)  # raises if a word is wrong


@pytest.mark.slow
def test_the_job_arrays_run(stores, tmp_path) -> None:
    """As Slurm would run them, with a quick system in place of the page's."""
    prepare, evaluate, collect = SCRIPTS[:3]
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    program = bin_ / "fervid"
    program.write_text(
        f"#!{sys.executable}\nimport sys\nfrom fervid.cli import main\n"
        "sys.argv = ['fervid', *(w.replace('dtagn-laptop', 'linear') for w in sys.argv[1:])]\n"
        "main()\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    place = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **SLURM}
    place["PATH"] = f"{bin_}{os.pathsep}{os.environ['PATH']}"

    def submit(script: str, array: int = 1, count: int = 1) -> subprocess.CompletedProcess[str]:
        task = {"SLURM_ARRAY_TASK_ID": str(array), "SLURM_ARRAY_TASK_COUNT": str(count)}
        return subprocess.run(
            [BASH, "-euc", script], env={**place, **task}, cwd=tmp_path, capture_output=True,
            text=True, timeout=300, check=False,
        )  # fmt: skip

    words = ("draw", "data", "--subjects", "2", "--size", "96")
    subprocess.run([str(program), *words], env=place, cwd=tmp_path, check=True, timeout=300)
    for number in (2, 1):
        done = submit(prepare, number, 2)
        assert done.returncode == 0, done.stderr
    assert len(Store.open(tmp_path / "store").database.clips) == 14
    shutil.rmtree(tmp_path / "store")
    shutil.copytree(stores["alpha"], tmp_path / "store")
    for number in (4, 1, 3, 5):
        assert submit(evaluate, number).returncode == 0
    done = submit(collect)
    assert done.returncode == 2 and "1 of 5 folds are not there yet" in done.stderr
    assert submit(evaluate, 2).returncode == 0
    done = submit(collect)
    assert done.returncode == 0, done.stderr
    assert len(read(tmp_path / "run").folds) == 5
