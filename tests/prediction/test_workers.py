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


def workers_of(leader: int) -> set[int]:
    """Worker processes that `leader` has started."""
    found = set()
    for stat in PROC.glob("[0-9]*/stat"):
        try:
            parent = stat.read_text(errors="replace").rpartition(")")[2].split()[1]
            spawned = b"spawn_main" in (stat.parent / "cmdline").read_bytes()
        except OSError:  # it has just ended
            continue
        if int(parent) == leader and spawned:
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
        end = time.monotonic() + 240
        while len(workers := workers_of(leader.pid)) < 2 or not list(out.glob(".*.claim.json")):
            assert time.monotonic() < end and leader.poll() is None
            time.sleep(0.05)
        finished = list(out.glob("*.done.json"))
        leader.kill()
    end = time.monotonic() + 10  # two on a machine that nobody else uses
    while any(map(alive, workers)):
        assert time.monotonic() < end, "a worker outlived its leader"
        time.sleep(0.02)
    assert list(out.glob("*.done.json")) == finished  # nor did one finish its input first
