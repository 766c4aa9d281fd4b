import csv
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from fervid.errors import FervidError, InputError, OutputError
from fervid.learning import loop, seeding, weights
from fervid.learning.losses import three_losses
from fervid.learning.plan import Plan
from fervid.learning.run import Run
from fervid.learning.samples import Samples


def samples(n=24, seed=0):
    rng = np.random.default_rng(seed)
    target = np.arange(n) % 3
    x = rng.normal(size=(n, 6)).astype(np.float32) + 2 * np.eye(6, dtype=np.float32)[target]
    return Samples({"x": x}, target, np.arange(n), np.array(["s"] * n), ("a", "b", "c"))


def network():
    with seeding.seeded(0, "weights"):
        return nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 3))


def noisy(net, batch, generator):
    x = batch.arrays["x"]
    x = x + batch.copy[:, None] * 0.1 * torch.randn(x.shape, generator=generator)
    return F.cross_entropy(net(x), batch.target)


def stage(loss=noisy, **plan):
    made = Plan(**{"epochs": 12, "learning_rate": 0.1, "batch_size": 5, **plan})
    return loop.Stage("fit", made, loss, lambda net, batch: net(batch.arrays["x"]), copies=3)


def run(folder, **options):
    return Run(folder, **{"device": "cpu", **options})


def test_training_learns_and_keeps_the_best_epoch(tmp_path):
    net = network()
    history = loop.train(
        stage(learning_rate=0.3, weight_decay=0.01), net, samples(), samples(9, 1), run(tmp_path)
    )
    assert len(history) == 12 and history[-1]["loss"] < history[0]["loss"]
    best = min(row["validation_loss"] for row in history)
    assert not net.training
    measured = loop.measure(stage(), net, samples(9, 1), torch.device("cpu"))
    assert measured["validation_loss"] == pytest.approx(best, rel=1e-5)
    with (tmp_path / "fit.csv").open() as file:
        assert [float(row["loss"]) for row in csv.DictReader(file)] == [r["loss"] for r in history]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["fit.csv", "fit.safetensors"]


def test_same_seed_same_weights_other_seed_other_weights(tmp_path):
    first, same, other = network(), network(), network()
    loop.train(stage(), first, samples(), samples(9, 1), run(tmp_path / "1"))
    torch.rand(17)
    loop.train(stage(), same, samples(), samples(9, 1), run(tmp_path / "2"))
    loop.train(stage(), other, samples(), samples(9, 1), run(tmp_path / "3", seed=1))
    assert weights.digest(first.state_dict()) == weights.digest(same.state_dict())
    assert weights.digest(first.state_dict()) != weights.digest(other.state_dict())


def test_a_finished_stage_is_loaded_and_not_trained(tmp_path):
    def never(*_):
        raise AssertionError("trained again")

    first, again = network(), network()
    history = loop.train(stage(), first, samples(), samples(9, 1), run(tmp_path))
    # A kill after the result was written and before its checkpoint was removed.
    (tmp_path / "fit.checkpoint.safetensors").write_bytes(b"")
    assert loop.train(stage(never), again, samples(), samples(9, 1), run(tmp_path)) == history
    assert not list(tmp_path.glob("*checkpoint*"))
    assert weights.digest(first.state_dict()) == weights.digest(again.state_dict())
    with pytest.raises(AssertionError, match="again"):  # other settings, other training
        loop.train(stage(never, momentum=0.5), again, samples(), samples(9, 1), run(tmp_path))


def test_without_validation_the_last_epoch_stays(tmp_path):
    net = network()
    history = loop.train(stage(), net, samples(), samples(0), run(tmp_path))
    assert "validation_loss" not in history[0] and len(history) == 12


def test_few_samples_get_more_epochs_where_steps_are_asked_for(tmp_path):
    history = loop.train(
        stage(least_steps=100), network(), samples(), samples(9, 1), run(tmp_path / "1")
    )
    assert len(history) == 20  # of 5 steps each
    history = loop.train(
        stage(least_steps=50), network(), samples(), samples(9, 1), run(tmp_path / "2")
    )
    assert len(history) == 12  # as many as without


def test_validation_counts_clips_where_the_plan_says_so():
    """A clip's answer is the mean of its samples', however many it has."""
    target = np.array([0, 0, 0, 1, 1])
    logits = torch.tensor([[9.0, 0], [0, 1], [0, 1], [0, 2], [1, 0]])
    rows = Samples({"x": logits.numpy()}, target, np.array([4, 4, 4, 7, 7]),
                   np.array(["s"] * 5), ("a", "b"))  # fmt: skip
    for judged, right in (("samples", 2 / 5), ("clips", 1.0)):
        made = loop.Stage("fit", Plan(1, 0.1, judged=judged), noisy, lambda _, b: b.arrays["x"])
        found = loop.measure(made, network(), rows, torch.device("cpu"))
        assert found["validation_accuracy"] == pytest.approx(right, rel=1e-5)
        p = logits.softmax(1)
        if judged == "clips":
            p, target = torch.stack([p[:3].mean(0), p[3:].mean(0)]), np.array([0, 1])
        each = -np.log(p.numpy()[np.arange(len(target)), target])
        assert found["validation_loss"] == pytest.approx(each.mean(), rel=1e-5)


def test_patience_ends_a_stage(tmp_path):
    plan = {"patience": 2, "epochs": 400, "decay": "none", "learning_rate": 0.3}
    history = loop.train(stage(**plan), network(), samples(), samples(9, 1), run(tmp_path))
    losses = [row["validation_loss"] for row in history]
    assert len(losses) < 400 and losses.index(min(losses)) == len(losses) - 3


def test_frozen_weights_stay(tmp_path):
    net = network()
    net[0].requires_grad_(False)
    before = net[0].weight.clone(), net[3].weight.clone()
    loop.train(stage(weight_decay=0.1), net, samples(), samples(9, 1), run(tmp_path))
    assert torch.equal(net[0].weight, before[0]) and not torch.equal(net[3].weight, before[1])
    assert "0.weight" not in weights.load(tmp_path / "fit.safetensors")[0]


def test_a_diverged_training_says_so(tmp_path):
    with pytest.raises(FervidError, match="lower learning rate"):
        loop.train(stage(learning_rate=1e30), network(), samples(), samples(0), run(tmp_path))


def test_a_gradient_that_is_no_number_is_one_sentence(tmp_path):
    """A finite loss with such a gradient, which shortening the step cannot mend."""

    def spoilt(net, batch, generator):
        logits = net(batch.arrays["x"])
        logits.register_hook(lambda gradient: gradient * torch.nan)
        return F.cross_entropy(logits, batch.target)

    with pytest.raises(FervidError, match="lower learning rate"):
        loop.train(
            stage(spoilt, gradient_clip=1.0), network(), samples(), samples(9, 1), run(tmp_path)
        )


def test_a_run_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        loop.train(stage(), network(), samples(), samples(0), run(tmp_path / "file" / "run"))


@pytest.mark.parametrize("wrong", [{"device": "gpu7"}, {"device": "cuda:9"}, {"precision": "8"}])
def test_a_device_that_is_not_there_says_so(tmp_path, wrong):
    with pytest.raises(InputError, match="cannot be used here"):
        loop.fabric_of(run(tmp_path, **wrong))


def test_interrupted_by_an_error_it_resumes_equal(tmp_path):
    """Stopped in the middle of every epoch once, training still ends where it would have."""
    whole, broken = network(), network()
    kept = loop.train(
        stage(), whole, samples(), samples(9, 1), run(tmp_path / "1", checkpoint_seconds=0)
    )
    steps = 0

    def failing(net, batch, generator):
        nonlocal steps
        steps += 1
        if steps % 23 == 0:
            raise KeyboardInterrupt
        return noisy(net, batch, generator)

    for _ in range(30):
        try:
            broken = network()
            made, folder = stage(failing), run(tmp_path / "2", checkpoint_seconds=0)
            history = loop.train(made, broken, samples(), samples(9, 1), folder)
            break
        except KeyboardInterrupt:
            continue
    assert history == kept
    assert weights.digest(whole.state_dict()) == weights.digest(broken.state_dict())


KILLED = """
import sys, time
from pathlib import Path
sys.path.insert(0, {here!r})
import torch
torch.set_num_threads(1)
import test_loop as t
from fervid.learning import loop
def slow(net, batch, generator):
    time.sleep(float(sys.argv[2]))
    return t.noisy(net, batch, generator)
stage = t.stage(slow, epochs=30)
run = t.run(Path(sys.argv[1]), checkpoint_seconds=0)
loop.train(stage, t.network(), t.samples(), t.samples(9, 1), run)
"""


def test_killed_in_the_middle_it_resumes_equal(tmp_path):
    script = tmp_path / "train.py"
    script.write_text(KILLED.format(here=os.path.dirname(__file__)))  # noqa: PTH120

    def command(folder, pause):
        return [sys.executable, str(script), str(tmp_path / folder), str(pause)]

    subprocess.run(command("whole", 0), check=True, timeout=120)
    job = subprocess.Popen(command("killed", 0.02))
    checkpoint = tmp_path / "killed" / "fit.checkpoint.safetensors"
    begun = time.monotonic()
    while not checkpoint.exists() and time.monotonic() - begun < 60:
        time.sleep(0.02)
    time.sleep(0.5)
    job.send_signal(signal.SIGKILL)
    job.wait()
    assert checkpoint.exists() and not (tmp_path / "killed" / "fit.safetensors").exists()
    subprocess.run(command("killed", 0), check=True, timeout=120)
    whole, resumed = (weights.load(tmp_path / f / "fit.safetensors") for f in ("whole", "killed"))
    assert whole[1] == resumed[1]
    # A part file of the killed process may be there; whoever owns the folder sweeps it.
    assert not list((tmp_path / "killed").glob("[!.]*checkpoint*"))


def test_three_losses_by_hand():
    first, second = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 2.0]])
    target = torch.tensor([0])
    one = float(torch.log(torch.exp(torch.tensor(1.0)) + 1) - 1)
    two = float(torch.log(torch.exp(torch.tensor(2.0)) + 1))
    three = float(torch.log(torch.exp(torch.tensor(1.0)) + torch.exp(torch.tensor(2.0))) - 1)
    found = three_losses(first, second, target, (1.0, 1.0, 0.1))
    assert float(found) == pytest.approx(one + two + 0.1 * three, abs=1e-5)
    assert float(three_losses(first, second, target, (0, 0, 1.0))) == pytest.approx(three, abs=1e-5)


def test_adam_by_hand_and_resumed(tmp_path):
    """One step of Adam moves every weight by the rate, against the sign of its gradient."""
    net, plan = network(), {"optimiser": "adam", "decay": "none", "learning_rate": 0.01}
    before = {name: t.clone() for name, t in net.state_dict().items()}
    quiet = loop.Stage(
        "fit",
        Plan(1, **plan, batch_size=24),
        lambda net, batch, _: F.cross_entropy(net.eval()(batch.arrays["x"]), batch.target),
        lambda net, batch: net(batch.arrays["x"]),
    )
    loop.train(quiet, net, samples(), samples(0), run(tmp_path))
    for name, tensor in net.state_dict().items():
        moved = (tensor - before[name]).abs()
        assert moved[moved > 0].tolist() == pytest.approx([0.01] * int((moved > 0).sum()), rel=1e-3)
    whole, broken, steps = network(), network(), 0

    def failing(net, batch, generator):
        nonlocal steps
        steps += 1
        if steps == 27:
            raise KeyboardInterrupt
        return noisy(net, batch, generator)

    made, folder = stage(failing, **plan), run(tmp_path / "1", checkpoint_seconds=0)
    with pytest.raises(KeyboardInterrupt):
        loop.train(made, broken, samples(), samples(9, 1), folder)
    broken = network()
    loop.train(made, broken, samples(), samples(9, 1), folder)
    loop.train(stage(**plan), whole, samples(), samples(9, 1), run(tmp_path / "2"))
    assert weights.digest(whole.state_dict()) == weights.digest(broken.state_dict())
