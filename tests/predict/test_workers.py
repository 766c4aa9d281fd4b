"""The processes of `predict --jobs` end with the one that started them."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import scenes

from fervid.faces.video import write_video

PROC = Path("/proc")


def children(process: int) -> set[int]:
    """Processes that run and were started by `process`."""
    found = set()
    for stat in PROC.glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        if fields[0] != "Z" and int(fields[1]) == process:
            found.add(int(stat.parent.name))
    return found


def alive(process: int) -> bool:
    try:
        return (PROC / str(process) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not (PROC / "self" / "stat").exists(), reason="looks for workers in /proc")
def test_workers_of_a_killed_predict_end_at_once(tmp_path: Path) -> None:
    write_video(tmp_path / "0.mp4", scenes.scene(0, frames=300, size=96), 25)
    for number in range(1, 4):
        shutil.copy(tmp_path / "0.mp4", tmp_path / f"{number}.mp4")
    out = tmp_path / "out"
    words = ["predict", str(tmp_path), "--out", str(out), "--jobs", "2", "--faces", "builtin"]
    command = [sys.executable, "-c", "from fervid.cli import main; main()", *words]
    place = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, env=place, stderr=subprocess.DEVNULL) as leader:
        end = time.monotonic() + 120
        while len(list(out.glob(".*.claim.json"))) < 2:  # both are at work
            assert time.monotonic() < end and leader.poll() is None
            time.sleep(0.01)
        workers = children(leader.pid)
        leader.kill()
    assert len(workers) >= 2
    end = time.monotonic() + 10  # two on a machine that nobody else uses
    while any(map(alive, workers)):
        assert time.monotonic() < end, "a worker outlived its leader"
        time.sleep(0.02)
    assert not list(out.glob("*.done.json"))  # nor did one finish its input first
