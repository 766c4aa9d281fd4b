"""Commands killed at random end as if they had not been; benchmarks/kills.py does it at length."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "kills.py"


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for workers in /proc")
def test_killed_commands_end_the_same() -> None:
    place = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, str(SCRIPT), "--kills", "6", "--seconds", "12"]
    done = subprocess.run(
        [*command, "--only", "draw,train"], env=place, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.split("\nall ")[1].split()[0]) >= 2
