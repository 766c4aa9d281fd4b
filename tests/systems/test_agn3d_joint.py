"""Top-2, the scatter of network 2's logits and the three losses [2, Sec. 3.3]."""

import numpy as np
import pytest
import torch

from fervid.systems.agn3d import joint


def test_the_scatter_by_hand():
    """Two samples of five labels: the pairs (1, 3) and (0, 4)."""
    first = torch.tensor([[0.1, 2.0, -1.0, 3.0, 0.5], [4.0, 1.0, 0.0, -2.0, 3.5]])
    pair = joint.top_two(first)
    assert joint.members(pair, 5).tolist() == [[1, 3], [0, 4]]
    second = torch.tensor([[1.5, -0.5], [-1.0, 0.25]])
    spread = torch.tensor([[0.0, 1.5, 0.0, -0.5, 0.0], [-1.0, 0.0, 0.0, 0.0, 0.25]])
    assert torch.equal(joint.scatter(second, pair, 5), spread)
    fused = joint.fused(first, second, pair)
    expected = torch.tensor([[0.1, 3.5, -1.0, 2.5, 0.5], [3.0, 1.0, 0.0, -2.0, 3.75]])
    torch.testing.assert_close(fused, expected)
    # Network 3 answers the other label of each pair, and softmax(l1 + l2) by hand.
    assert fused.argmax(1).tolist() == [1, 4]
    powers = [np.exp(v) for v in (0.1, 3.5, -1.0, 2.5, 0.5)]
    np.testing.assert_allclose(fused.softmax(1)[0], np.array(powers) / sum(powers), rtol=1e-5)


def test_a_third_label_keeps_its_logit_and_may_win():
    first = torch.tensor([[2.0, 1.9, 1.8]])
    fused = joint.fused(first, torch.tensor([[-1.0, -1.0]]), joint.top_two(first))
    assert fused[0, 2] == first[0, 2] and fused.argmax(1).tolist() == [2]


@pytest.mark.parametrize("labels", [2, 3, 6, 7])
def test_pairs_are_numbered_in_order(labels):
    pairs = joint.pairs(labels)
    assert len(pairs) == labels * (labels - 1) // 2 and len(set(pairs)) == len(pairs)
    logits = torch.randn(200, labels, generator=torch.Generator().manual_seed(0))
    for row, number in zip(logits, joint.top_two(logits).tolist(), strict=True):
        best = sorted(sorted(range(labels), key=lambda k: -row[k])[:2])
        assert pairs[number] == tuple(best)


def slow_losses(first, second, pair, target):
    """[2, Eqs. 2-4] sample by sample, each loss a mean; of L2 over those it has a truth for."""
    l1, l2, l3 = [], [], []
    pairs = joint.pairs(first.shape[1])
    for a, b, p, y in zip(first, second, pair, target, strict=True):
        both = pairs[p]
        l1.append(-(a[y] - np.log(np.exp(a).sum())))
        if y in both:
            l2.append(-(b[both.index(y)] - np.log(np.exp(b).sum())))
        c = a.copy()
        c[both[0]] += b[0]
        c[both[1]] += b[1]
        l3.append(-(c[y] - np.log(np.exp(c).sum())))
    return [np.mean(each) if each else 0.0 for each in (l1, l2, l3)]


def test_three_losses_sample_by_sample():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(40, 6)), rng.normal(size=(40, 2))
    target = rng.integers(0, 6, 40)
    pair = joint.top_two(torch.from_numpy(first))
    known = [t in joint.pairs(6)[p] for t, p in zip(target, pair.tolist(), strict=True)]
    assert 3 < sum(known) < 37
    expected = slow_losses(first, second, pair.tolist(), target)
    made = torch.from_numpy(first), torch.from_numpy(second), pair, torch.from_numpy(target)
    for weights in ((1, 1, 1), (1, 0, 0), (0, 1, 0), (0, 0, 0.1)):
        found = joint.three_losses(*made, weights)
        assert float(found) == pytest.approx(np.dot(weights, expected), abs=1e-6)


def test_without_a_label_among_its_two_network_2_has_no_loss_of_its_own():
    first = torch.tensor([[3.0, 2.0, 0.0]], requires_grad=True)
    second = torch.tensor([[0.5, 0.0]], requires_grad=True)
    made = first, second, joint.top_two(first), torch.tensor([2])
    loss = joint.three_losses(*made, (0, 1, 0))
    loss.backward()
    assert float(loss.detach()) == 0 and second.grad.abs().max() == 0
    # Network 3's loss still tells it to give both less.
    second.grad = None
    joint.three_losses(*made, (0, 0, 1)).backward()
    assert (second.grad > 0).all()


def test_the_shared_trunk_s_loss_pair_by_pair():
    rng = np.random.default_rng(1)
    second, target = rng.normal(size=(9, 10, 2)), rng.integers(0, 5, 9)
    losses = []
    for row, y in zip(second, target, strict=True):
        for number, both in enumerate(joint.pairs(5)):
            if y in both:
                logits = row[number]
                losses.append(np.log(np.exp(logits).sum()) - logits[both.index(y)])
    assert len(losses) == 9 * 4
    found = joint.pairs_loss(torch.from_numpy(second), torch.from_numpy(target))
    assert float(found) == pytest.approx(np.mean(losses), rel=1e-5)


def test_votes_are_sums_of_log_probabilities():
    second = np.random.default_rng(2).normal(size=(4, 6, 2))
    expected = np.zeros((4, 4))
    for row, logits in enumerate(second):
        for number, both in enumerate(joint.pairs(4)):
            for place, label in enumerate(both):
                p = np.exp(logits[number]) / np.exp(logits[number]).sum()
                expected[row, label] += np.log(p[place])
    np.testing.assert_allclose(joint.votes(torch.from_numpy(second)), expected, rtol=1e-5)
