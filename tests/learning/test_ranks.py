"""Two processes of `torchrun` that train together: one result, made and printed once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from fervid.learning import weights

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="no gloo by torchrun")]
TWO = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")

FIT = """
import sys
from pathlib import Path
import torch
import torch.nn.functional as F
from test_loop import network, run, samples
from fervid.learning import loop
from fervid.learning.plan import Plan

def loss(net, batch, generator):
    return F.cross_entropy(net(batch.arrays["x"]), batch.target)

if __name__ == "__main__":
    net = network()
    net[2].p = 0.0  # without dropout, whose numbers each process draws for itself
    plan = Plan(epochs=12, learning_rate=0.1, batch_size=5)
    stage = loop.Stage("fit", plan, loss, lambda net, batch: net(batch.arrays["x"]))
    loop.train(stage, net, samples(26), samples(9, 1), run(Path(sys.argv[1])))
"""


def start(words: list[str], together: bool) -> subprocess.CompletedProcess[str]:
    folders = [*sys.path, str(Path(__file__).parent)]
    place = {**os.environ, "PYTHONPATH": os.pathsep.join(folders), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, *(TWO if together else ()), *words]
    done = subprocess.run(command, env=place, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr[-4000:]
    return done


def test_two_processes_learn_what_one_learns(tmp_path: Path) -> None:
    script = tmp_path / "fit.py"
    script.write_text(FIT)
    found = []
    for name, together in (("one", False), ("two", True)):
        start([str(script), str(tmp_path / name)], together)
        tensors, card = weights.load(tmp_path / name / "fit.safetensors")
        found.append((tensors, card["history"]))
        assert not list((tmp_path / name).glob("*checkpoint*"))
    (one, history), (two, again) = found
    for name, tensor in one.items():
        torch.testing.assert_close(two[name], tensor, rtol=1e-4, atol=1e-6)
    for before, after in zip(history, again, strict=True):
        assert after == pytest.approx(before, rel=1e-4)
