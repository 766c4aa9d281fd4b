import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from fervid.learning import loop, seeding, weights
from fervid.learning.averaging import Average
from fervid.learning.run import Run
from fervid.learning.samples import Samples


def network():
    with seeding.seeded(0, "weights"):
        return nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3))


def samples(n=24, seed=0):
    rng = np.random.default_rng(seed)
    target = np.arange(n) % 3
    x = rng.normal(size=(n, 6)).astype(np.float32) + np.eye(6, dtype=np.float32)[target]
    return Samples({"x": x}, target, np.arange(n), np.array(["s"] * n), ("a", "b", "c"))


def stage(**plan):
    made = loop.Plan(**{"epochs": 6, "learning_rate": 0.1, "batch_size": 5, **plan})

    def loss(net, batch, _):
        return F.cross_entropy(net(batch.arrays["x"]), batch.target)

    return loop.Stage("fit", made, loss, lambda net, batch: net(batch.arrays["x"]))


def run(folder, **options):
    return Run(folder, device="cpu", **options)


def test_the_mean_is_what_the_formula_says():
    net = network()
    average = Average(net, 0.9)
    expected = {name: t.clone() for name, t in net.state_dict().items()}
    for step in range(1, 30):
        with torch.no_grad():
            for p in net.parameters():
                p += torch.randn_like(p)
        average.update()
        decay = min(0.9, (1 + step) / (10 + step))
        for name, now in net.state_dict().items():
            if now.is_floating_point():
                expected[name] = decay * expected[name] + (1 - decay) * now
    assert "1.num_batches_tracked" not in average.tensors
    for name, tensor in average.tensors.items():
        torch.testing.assert_close(tensor, expected[name])


def test_held_weights_come_and_go():
    net = network()
    average = Average(net, 0.5)
    with torch.no_grad():
        net[0].weight += 1
    average.update()
    before, mean = net[0].weight.clone(), average.tensors["0.weight"]
    with average.held():
        assert torch.equal(net[0].weight, mean)
    assert torch.equal(net[0].weight, before)
    none = Average(net, 0.0)
    none.update()
    with none.held():
        assert torch.equal(net[0].weight, before)
    assert none.tensors == {}


def test_a_killed_training_goes_on_with_its_mean(tmp_path):
    whole, cut = network(), network()
    told = stage(average=0.9, warmup=2)
    loop.train(told, whole, samples(), samples(9, 1), run(tmp_path / "1"))
    left = told.loss

    class KilledError(Exception):
        pass

    calls = iter(range(10**6))

    def dies(net, batch, generator):
        if next(calls) > 17:
            raise KilledError
        return left(net, batch, generator)

    broken = loop.Stage("fit", told.plan, dies, told.logits)
    with pytest.raises(KilledError):
        loop.train(broken, cut, samples(), samples(9, 1), run(tmp_path / "2", checkpoint_seconds=0))
    assert (tmp_path / "2" / "fit.checkpoint.safetensors").is_file()
    again = network()
    loop.train(told, again, samples(), samples(9, 1), run(tmp_path / "2"))
    assert weights.digest(again.state_dict()) == weights.digest(whole.state_dict())


def test_averaging_changes_what_is_kept_and_not_how_it_is_trained(tmp_path):
    plain, mean = network(), network()
    first = loop.train(stage(choose="last"), plain, samples(), samples(9, 1), run(tmp_path / "1"))
    second = loop.train(
        stage(choose="last", average=0.9), mean, samples(), samples(9, 1), run(tmp_path / "2")
    )
    assert [row["loss"] for row in first] == [row["loss"] for row in second]
    assert not torch.equal(plain[0].weight, mean[0].weight)


@pytest.mark.parametrize("choose", ["loss", "accuracy", "last"])
def test_the_epoch_that_is_kept(choose, tmp_path):
    net, told = network(), stage(choose=choose, learning_rate=0.5, epochs=9)
    history = loop.train(told, net, samples(), samples(9, 1), run(tmp_path))
    kept = loop.measure(told, net, samples(9, 1), torch.device("cpu"))
    wanted = {
        "loss": min(history, key=lambda row: row["validation_loss"]),
        "accuracy": max(history, key=lambda row: (row["validation_accuracy"], row["epoch"])),
        "last": history[-1],
    }[choose]
    assert kept["validation_loss"] == pytest.approx(wanted["validation_loss"], rel=1e-5)


def test_the_learning_rate_rises_and_falls():
    plan = loop.Plan(10, 0.2, warmup=2)
    assert loop._rate(plan, 0) == 0 and loop._rate(plan, 10) == pytest.approx(0, abs=1e-9)
    assert loop._rate(plan, 1) == pytest.approx(0.1 * (1 + np.cos(np.pi / 10)) / 2)
    assert max(loop._rate(plan, e) for e in np.linspace(0, 10, 99)) < 0.2
    assert loop._rate(loop.Plan(10, 0.2, decay="none", warmup=4), 1) == pytest.approx(0.05)
