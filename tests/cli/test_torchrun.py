"""`fervid evaluate` by two processes of `torchrun`: one run folder, one report, printed once."""

import csv
import json
import os
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="no gloo by torchrun")]
TWO = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")


def test_an_evaluation_by_two_processes(stores, tmp_path) -> None:
    command = tmp_path / "command.py"
    command.write_text("from fervid.cli import main\nmain()\n")
    place = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    said = {}
    for name, by in (("one", ()), ("two", TWO)):
        words = ["evaluate", "dtgn", "--store", stores["alpha"], "--out", tmp_path / name,
                 "--protocol", "hold-out", "--device", "cpu",
                 "--set", "geometry.plan.epochs=2"]  # fmt: skip
        done = subprocess.run(
            [sys.executable, *by, command, *map(str, words)],
            env=place, capture_output=True, text=True, timeout=500, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-4000:]
        said[name] = done.stdout
    assert said["two"].count("report: ") == 1 == said["one"].count("report: ")
    rows = [
        list(csv.reader((tmp_path / name / "predictions.csv").read_text().splitlines()))
        for name in ("one", "two")
    ]
    assert [row[:3] for row in rows[0]] == [row[:3] for row in rows[1]]
    about = json.loads((tmp_path / "two" / "report.json").read_text())
    assert about["scores"] and not list((tmp_path / "two").rglob(".*"))
