import numpy as np
import pytest
import torch

from fervid.learning import batches, seeding
from fervid.learning.samples import Samples


@pytest.fixture
def samples():
    n = 11
    x = np.arange(n, dtype=np.float32)[:, None]
    return Samples({"x": x}, np.arange(n), np.arange(n), np.array(["s"] * n), tuple("abcdefghijk"))


def seen(samples, **options):
    generator = seeding.generator(0, "order")
    return [
        (int(x), int(t), int(c))
        for batch in batches.shuffled(samples, 4, generator, **options)
        for x, t, c in zip(batch.arrays["x"], batch.target, batch.copy, strict=True)
    ]


def test_an_epoch_of_clips_holds_each_clip_once_as_some_copy(samples):
    found = seen(samples, copies=14)
    assert all(x == target for x, target, _ in found)
    assert sorted(x for x, _, _ in found) == list(range(11))
    assert len({copy for _, _, copy in found}) > 3


@pytest.mark.parametrize("parts", [1, 2, 3, 4])
@pytest.mark.parametrize("size", [4, 5])  # 11 samples: the last batch has three or one
def test_processes_share_each_batch(samples, parts, size):
    def epoch(**options):
        order = seeding.generator(0, "order")
        return [
            batch.target.tolist() for batch in batches.shuffled(samples, size, order, **options)
        ]

    shares = [epoch(part=part, parts=parts) for part in range(parts)]
    for step, whole in enumerate(epoch()):
        weights = [batches.weight(step, 11, size, part, parts) for part in range(parts)]
        mine = [share[step] for share in shares]
        assert sorted(x for w, some in zip(weights, mine, strict=True) if w for x in some) == (
            sorted(whole)
        )
        means = [w * np.mean(some) for w, some in zip(weights, mine, strict=True)]
        assert np.mean(means) == pytest.approx(np.mean(whole), rel=1e-9)
    assert {len(share) for share in shares} == {batches.count(samples, size)}


def test_the_order_is_the_seed_s(samples):
    assert seen(samples) == seen(samples)
    generator = seeding.generator(0, "another")
    other = [int(t) for b in batches.shuffled(samples, 4, generator) for t in b.target]
    assert other != [t for _, t, _ in seen(samples)]


def test_what_one_place_draws_changes_nothing_elsewhere():
    with seeding.seeded(0, "weights"):
        first = torch.rand(3)
    torch.rand(100)
    with seeding.seeded(0, "weights"):
        torch.testing.assert_close(torch.rand(3), first, rtol=0, atol=0)
    before = torch.get_rng_state()
    with seeding.seeded(0, "weights"):
        torch.rand(3)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("thread", [False, True])
def test_batches_made_ahead_are_the_same(samples, thread):
    device = torch.device("cpu")
    expected = list(batches.shuffled(samples, 4, seeding.generator(0, "order")))
    made = batches.shuffled(samples, 4, seeding.generator(0, "order"))
    found = list(batches.ahead(made, device, thread))
    assert len(found) == len(expected) == 3
    for one, other in zip(found, expected, strict=True):
        assert torch.equal(one.target, other.target)
        assert torch.equal(one.arrays["x"], other.arrays["x"])


def test_a_batch_that_cannot_be_made_ahead_says_so(samples):
    def broken():
        yield from batches.ordered(samples, 4)
        raise OSError("the disk is gone")

    found = batches.ahead(broken(), torch.device("cpu"), thread=True)
    assert len([next(found) for _ in range(3)]) == 3
    with pytest.raises(OSError, match="the disk is gone"):
        next(found)
