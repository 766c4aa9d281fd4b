from collections import Counter

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


def test_parts_of_an_epoch_do_not_overlap_and_are_as_large(samples):
    parts = [seen(samples, part=part, parts=2) for part in (0, 1)]
    assert [len(part) for part in parts] == [5, 5]
    assert max(Counter(x for part in parts for x, _, _ in part).values()) == 1
    assert batches.count(samples, 4, 2) == 2


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
