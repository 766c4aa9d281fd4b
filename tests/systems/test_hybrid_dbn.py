"""Machines against scikit-learn's and against sums over every state; networks against numpy."""

import itertools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.neural_network import BernoulliRBM

from fervid.errors import FervidError
from fervid.learning import weights
from fervid.learning.run import Run
from fervid.learning.seeding import generator, seeded
from fervid.systems.hybrid import Hybrid, network
from fervid.systems.hybrid.dbn import DBN, RBM, Scale, by_parts, tuning_loss
from fervid.systems.hybrid.pretrain import pretrain
from fervid.systems.hybrid.recipe import Pretraining


def machine(visible=6, hidden=4, spread=0.7, seed=0, **options):
    with seeded(seed, "machine"):
        made = RBM(visible, hidden, **options)
        for name, p in made.named_parameters():
            p.requires_grad_(False)
            p.copy_(torch.randn(p.shape) * (spread if name == "weight" else 0.4))
    return made.double()


def states(n):
    return torch.tensor(list(itertools.product((0.0, 1.0), repeat=n)), dtype=torch.float64)


def log_z(rbm):
    """The logarithm of the partition function, by a sum over every visible state."""
    return torch.logsumexp(-rbm.free_energy(states(len(rbm.visible_bias))), 0)


def likelihood(rbm, v):
    return (-rbm.free_energy(v) - log_z(rbm)).mean()


def patterns(n=60, seed=0):
    """Noisy copies of three patterns."""
    rng = np.random.default_rng(seed)
    some = np.array([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1], [1, 0, 1, 0, 1, 0]])
    v = some[rng.integers(0, 3, n)]
    return torch.from_numpy(np.where(rng.random(v.shape) < 0.05, 1 - v, v)).float()


def theirs(rbm):
    made = BernoulliRBM(len(rbm.hidden_bias), learning_rate=0.1)
    made.components_ = rbm.weight.t().numpy().copy()
    made.intercept_hidden_ = rbm.hidden_bias.numpy().copy()
    made.intercept_visible_ = rbm.visible_bias.numpy().copy()
    return made


# Against scikit-learn


def test_means_and_free_energy_are_scikit_learns():
    rbm = machine()
    v = torch.from_numpy(np.random.default_rng(0).random((9, 6)))
    np.testing.assert_allclose(rbm.hidden(v), theirs(rbm).transform(v.numpy()), rtol=1e-5)
    energy = theirs(rbm)._free_energy(v.numpy())
    np.testing.assert_allclose(rbm.free_energy(v), energy, rtol=1e-5)


class Uniform:
    """As numpy's random state, from the very numbers that torch draws."""

    def __init__(self):
        self.generator = generator(0, "draws")

    def uniform(self, size):
        return torch.rand(size, generator=self.generator).numpy()


def test_three_minibatches_move_the_weights_as_scikit_learns_do():
    """Persistent contrastive divergence with sampled visible units is what it implements."""
    ours, other = machine(sampled=True), theirs(machine())
    chain = (torch.rand(10, 4, generator=generator(1)) < 0.5).double()
    other.h_samples_ = chain.numpy().copy()
    draws, same = Uniform(), generator(0, "draws")
    for number in range(3):
        v = patterns(10, number).double()
        other._fit(v.numpy(), draws)
        chain = ours.learn(v, 0.1, same, chain=chain)
        np.testing.assert_array_equal(chain, other.h_samples_)
    np.testing.assert_allclose(ours.weight.t(), other.components_, rtol=1e-5)
    np.testing.assert_allclose(ours.hidden_bias, other.intercept_hidden_, rtol=1e-5)
    np.testing.assert_allclose(ours.visible_bias, other.intercept_visible_, rtol=1e-5)


# Against every state


def test_free_energy_is_a_sum_over_hidden_states():
    rbm = machine()
    v = torch.randn(5, 6, dtype=torch.float64)
    for row, found in zip(v, rbm.free_energy(v), strict=True):
        total = 0.0
        for h in states(4):
            energy = -(rbm.hidden_bias @ h) - row @ rbm.weight @ h
            energy -= rbm.visible_bias @ row
            total += float(torch.exp(-energy))
        assert float(found) == pytest.approx(-np.log(total), rel=1e-5)


def test_long_chains_give_the_exact_gradient():
    """Eq. 4 with the model's own distribution is the slope of the log-likelihood."""
    rbm = machine(spread=0.5, sampled=True)
    v = patterns().double()
    exact = machine(spread=0.5)
    for p in exact.parameters():
        p.requires_grad_(True)
    likelihood(exact, v).backward()
    before = {name: p.clone() for name, p in rbm.named_parameters()}
    many = v.repeat(100, 1)
    rbm.learn(many, 1.0, generator(0), steps=50)
    for name, p in rbm.named_parameters():
        found, slope = p - before[name], exact.get_parameter(name).grad
        assert float((found - slope).abs().max()) < 0.04, name


def test_pretraining_raises_the_exact_likelihood(tmp_path):
    v, levels = patterns(120), []
    for epochs in (1, 30, 100):
        with seeded(0):
            rbm = RBM(6, 4).requires_grad_(False)
        plan = Pretraining(epochs, 0.1, 10)
        pretrain("rbm", rbm, v, plan, (), Run(tmp_path / str(epochs), device="cpu"))
        levels.append(float(likelihood(rbm.double(), v.double())))
    assert min(levels[1:]) > levels[0] + 1


def test_a_machine_reconstructs_what_it_has_learned(tmp_path):
    with seeded(0):
        rbm = RBM(6, 8)
    history = pretrain("rbm", rbm, patterns(), Pretraining(60, 0.1, 5), (), Run(tmp_path))
    assert history[-1]["loss"] < 0.5 * history[0]["loss"]
    assert (tmp_path / "rbm.csv").read_text().count("\n") == 61


def test_a_machine_that_blows_up_says_so(tmp_path):
    with pytest.raises(FervidError, match=r"lower dbn\.pretraining\.learning_rate"):
        rbm = RBM(6, 4)
        pretrain("rbm", rbm, patterns() * 1e3, Pretraining(30, 1e38, 5), (), Run(tmp_path))


# Kill and resume


def test_a_finished_machine_is_loaded_and_another_data_or_plan_is_not(tmp_path, monkeypatch):
    def fit(given=(), **plan):
        with seeded(0):
            rbm = RBM(6, 4)
        pretrain("rbm", rbm, patterns(), Pretraining(5, 0.1, 10, **plan), given, there)
        return weights.digest(rbm.state_dict())

    there = Run(tmp_path, device="cpu")
    first = fit()
    with monkeypatch.context() as patch:
        patch.setattr(RBM, "learn", None)
        assert fit() == first
    assert fit(gibbs=2) != first
    assert fit(("other streams",)) == first  # trained again, to the same weights


KILLED = """
import sys, time
from pathlib import Path
sys.path.insert(0, {here!r})
import torch
torch.set_num_threads(1)
import test_hybrid_dbn as t
learn = t.RBM.learn
def slow(*args):
    time.sleep(float(sys.argv[2]))
    return learn(*args)
t.RBM.learn = slow
with t.seeded(0):
    rbm = t.RBM(6, 4)
plan = t.Pretraining(40, 0.1, 10)
run = t.Run(Path(sys.argv[1]), device="cpu", checkpoint_seconds=0)
t.pretrain("rbm", rbm, t.patterns(), plan, (), run)
"""


@pytest.mark.slow
def test_killed_in_the_middle_it_resumes_equal(tmp_path):
    script = tmp_path / "train.py"
    script.write_text(KILLED.format(here=str(Path(__file__).parent)))

    def command(folder, pause):
        return [sys.executable, str(script), str(tmp_path / folder), str(pause)]

    subprocess.run(command("whole", 0), check=True, timeout=120)
    job = subprocess.Popen(command("killed", 0.02))
    checkpoint = tmp_path / "killed" / "rbm.checkpoint.safetensors"
    begun = time.monotonic()
    while not checkpoint.exists() and time.monotonic() - begun < 60:
        time.sleep(0.02)
    time.sleep(0.3)
    os.kill(job.pid, signal.SIGKILL)
    job.wait()
    assert checkpoint.exists() and not (tmp_path / "killed" / "rbm.safetensors").exists()
    subprocess.run(command("killed", 0), check=True, timeout=120)
    whole, resumed = (weights.load(tmp_path / f / "rbm.safetensors") for f in ("whole", "killed"))
    assert whole[1] == resumed[1] and not checkpoint.exists()


# Networks


def test_the_printed_sizes():
    with torch.device("meta"):
        machines = network.machines(Hybrid())
        counts = [
            sum(p.numel() for n, p in DBN(machines[:d], 6).named_parameters() if "visible" not in n)
            for d in (1, 2, 3)
        ]
    assert [tuple(m.weight.shape) for m in machines] == [(8192, 4096), (4096, 2048), (2048, 1024)]
    first, second, third = 8193 * 4096, 4097 * 2048, 2049 * 1024
    assert counts == [
        first + 4097 * 6,
        first + second + 2049 * 6,
        first + second + third + 1025 * 6,
    ]


def test_a_dbn_is_two_sigmoid_layers_and_their_transposes():
    machines = [machine(6, 5), machine(5, 3, seed=1)]
    dbn = DBN(machines, 4).double()
    x = np.random.default_rng(0).random((7, 6))

    def sigmoid(a):
        return 1 / (1 + np.exp(-a))

    w, u = (m.weight.numpy() for m in machines)
    (b, c), (d, e) = ((m.visible_bias.numpy(), m.hidden_bias.numpy()) for m in machines)
    first = sigmoid(x @ w + c)
    second = sigmoid(first @ u + e)
    back = sigmoid(sigmoid(second @ u.T + d) @ w.T + b)
    logits, found = dbn(torch.from_numpy(x))
    np.testing.assert_allclose(dbn.hidden(torch.from_numpy(x)), second, rtol=1e-5)
    np.testing.assert_allclose(found.detach(), back, rtol=1e-5)
    top = dbn.top.weight.detach().numpy(), dbn.top.bias.detach().numpy()
    np.testing.assert_allclose(logits.detach(), second @ top[0].T + top[1], rtol=1e-5)


def test_eq_5_and_how_it_joins_the_softmax():
    x, back = torch.tensor([[1.0, 2.0], [0.0, 0.0]]), torch.tensor([[0.0, 0.0], [3.0, 0.0]])
    logits, target = torch.tensor([[1.0, 0.0], [0.0, 0.0]]), torch.tensor([0, 1])
    missed = ((1 + 4) + 9) / 2
    told = (-np.log(np.e / (np.e + 1)) + np.log(2)) / 2

    for balance in (0.0, 0.3):
        found = float(tuning_loss(logits, back, x, target, balance))
        assert found == pytest.approx(told + balance * missed / 2, rel=1e-5)


def test_features_are_scaled_by_training_ones():
    x = torch.rand(50, 4) * torch.tensor([1.0, 20.0, 0.0, 3.0])
    unit = Scale(4)
    unit.measure(x)
    assert unit(x).amax(0).tolist() == [1, 1, 0, 1] and unit(10 * x).max() == 1


def test_by_parts_is_the_whole():
    x = torch.rand(10, 6)
    rbm = RBM(6, 4)
    # A matrix product of fewer rows may add its terms in another order.
    torch.testing.assert_close(by_parts(rbm.hidden, x, 3), by_parts(rbm.hidden, x, 100))
    assert by_parts(rbm.hidden, x[:0]).shape == (0, 4)
