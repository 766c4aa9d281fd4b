import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from fervid.errors import InputError
from fervid.systems import SYSTEMS
from fervid.systems.tfe.network import (
    Alone,
    Block,
    DeepID,
    Emotion,
    LocalConv,
    Standardise,
    Tandem,
    build,
)
from fervid.systems.tfe.notation import RESNET18, parse

RESNET12 = "C16-I16-P16-P16-P32-P64"  # [5, Sec. 4.2]


def parameters(net):
    return sum(p.numel() for p in net.parameters())


def conv(before, filters, side=3):
    """Weights without bias, and the two numbers of batch normalisation for each filter."""
    return before * filters * side**2 + 2 * filters


def identity_block(n):
    return 2 * conv(n, n)


def projection_block(before, n):
    return conv(before, n) + conv(n, n) + conv(before, n, 1)


def weighted(net):
    """Convolutions and linear layers, shortcuts left out: what "18" counts."""
    shortcuts = {id(m) for b in net.modules() if isinstance(b, Block) for m in b.shortcut}
    kinds = (nn.Conv2d, nn.Linear)
    return sum(isinstance(m, kinds) and id(m) not in shortcuts for m in net.modules())


def test_resnet18_has_18_layers_8_blocks_and_184_472_parameters():
    net = Alone(Emotion(RESNET18, 48), 8)
    assert weighted(net) == 18
    blocks = [m for m in net.modules() if isinstance(m, Block)]
    assert [len(b.shortcut) > 0 for b in blocks] == [False, False, *[True, False] * 3]
    expected = conv(1, 16) + 2 * identity_block(16) + projection_block(16, 16)
    expected += identity_block(16) + projection_block(16, 32) + identity_block(32)
    expected += projection_block(32, 64) + identity_block(64) + 65 * 8
    assert parameters(net) == expected == 184_472


def test_resnet12_has_one_identity_block_less_per_width_and_one_projection_more():
    net = Alone(Emotion(RESNET12, 96), 8)
    assert weighted(net) == 12
    long, short = ([k for k, _, _ in parse(text)] for text in (RESNET18, RESNET12))
    assert long.count("I") - short.count("I") == 4 and short.count("P") - long.count("P") == 1
    expected = conv(1, 16) + identity_block(16) + 2 * projection_block(16, 16)
    expected += projection_block(16, 32) + projection_block(32, 64) + 65 * 8
    assert parameters(net) == expected == 87_544
    # Twice the picture, once more halved: the same 6 x 6 at the end.
    assert net.body.layers(torch.zeros(1, 1, 96, 96)).shape == (1, 64, 6, 6)
    assert Emotion(RESNET18, 48).layers(torch.zeros(1, 1, 48, 48)).shape == (1, 64, 6, 6)


def test_there_is_no_max_pooling_in_the_residual_network():
    assert not any(isinstance(m, nn.MaxPool2d) for m in Emotion(RESNET18, 48).modules())


@pytest.mark.parametrize(("before", "stride"), [(5, 1), (3, 2)])
def test_a_block_is_two_normalised_convolutions_and_a_shortcut(before, stride):
    torch.manual_seed(0)
    block = Block(before, 5, stride).eval()
    for m in block.modules():
        if isinstance(m, nn.BatchNorm2d):
            nn.init.uniform_(m.weight, 0.5, 2)
            nn.init.normal_(m.bias)
            m.running_mean.normal_()
            m.running_var.uniform_(0.5, 2)

    def normal(x, bn):
        scale = bn.weight / torch.sqrt(bn.running_var + bn.eps)
        shift = bn.bias - bn.running_mean * scale
        return x * scale[:, None, None] + shift[:, None, None]

    x = torch.randn(2, before, 8, 8)
    a = normal(F.conv2d(x, block.first[0].weight, None, stride, 1), block.first[1]).clamp(min=0)
    b = normal(F.conv2d(a, block.second[0].weight, None, 1, 1), block.second[1])
    short = x
    if stride == 2:
        short = normal(F.conv2d(x, block.shortcut[0].weight, None, 2), block.shortcut[1])
    with torch.no_grad():
        torch.testing.assert_close(block(x), (b + short).clamp(min=0), rtol=1e-4, atol=1e-5)


def test_the_identity_feature_comes_from_the_third_and_fourth_convolution():
    net = DeepID(48, local=False).eval()
    # 48 -> 45 -> 22 -> 20 -> 10 -> 8 -> 4 -> 3.
    assert net.top.in_features == 60 * 4 * 4 + 80 * 3 * 3 and net.top.out_features == 160
    expected = 20 * 17 + 40 * (20 * 9 + 1) + 60 * (40 * 9 + 1) + 80 * (60 * 4 + 1)
    assert parameters(net) == expected + 1681 * 160 == 317_480
    faces = torch.rand(2, 48, 48) * 255
    third = net.third(net.low(net.standardise(faces)))
    both = torch.cat([third.flatten(1), net.fourth(third).flatten(1)], 1)
    with torch.no_grad():
        torch.testing.assert_close(net(faces), F.relu(net.top(both)), rtol=1e-5, atol=1e-6)


def test_local_convolutions_have_weights_for_each_region():
    net = DeepID(48)
    third, fourth = net.third[0], net.fourth[0]
    assert third.weight.shape == (16, 40 * 9, 60)  # an 8 x 8 map in regions of 2 x 2
    assert fourth.weight.shape == (9, 60 * 4, 80)  # a 3 x 3 map, nothing shared
    assert parameters(net) == 317_480 + 15 * 60 * 361 + 8 * 80 * 241
    layer = LocalConv(2, 3, 3, side=4, region=2)
    x = torch.randn(2, 2, 6, 6)
    with torch.no_grad():
        found = layer(x)
        for row in range(4):
            for column in range(4):
                here = (row // 2) * 2 + column // 2
                patch = x[:, :, row : row + 3, column : column + 3].reshape(2, -1)
                expected = patch @ layer.weight[here] + layer.bias[here]
                torch.testing.assert_close(found[:, :, row, column], expected, rtol=0, atol=1e-5)
    with pytest.raises(InputError, match="whole number of regions"):
        LocalConv(2, 3, 3, side=5, region=2)


def test_a_local_convolution_of_equal_weights_is_a_convolution():
    layer = LocalConv(2, 3, 2, side=3, region=1)
    with torch.no_grad():
        layer.weight.copy_(layer.weight[:1].expand_as(layer.weight))
        x = torch.randn(4, 2, 4, 4)
        plain = F.conv2d(x, layer.weight[0].T.reshape(3, 2, 2, 2))
        torch.testing.assert_close(layer(x), plain, rtol=0, atol=1e-5)


def test_the_tandem_feature_has_224_numbers_normalised_each():
    net = Tandem(DeepID(48), Emotion(RESNET18, 48), 8, dropout=0.4)
    faces = torch.randint(0, 256, (64, 48, 48), dtype=torch.uint8)
    net.eval()
    assert net.feature(faces).shape == (64, 224) and net.top[-1].in_features == 224
    net.train()
    net.dropout.eval()
    with torch.no_grad():
        found = net.feature(faces)
    torch.testing.assert_close(found.mean(0), torch.zeros(224), rtol=0, atol=1e-4)
    alive = found.std(0) > 0.1
    torch.testing.assert_close(found.std(0)[alive], torch.ones(int(alive.sum())), rtol=0, atol=0.1)


def test_dropout_acts_on_the_identity_feature_alone():
    torch.manual_seed(0)
    net = Tandem(DeepID(48), Emotion("C4-P8", 48), 8, dropout=0.4).train()
    with torch.no_grad():
        found = net.feature(torch.rand(256, 48, 48) * 255)
        alive = net.identity(torch.rand(256, 48, 48) * 255).std(0) > 1e-3
    dropped = (found[:, :160] == 0).float().mean(0)[alive]
    assert dropped.mean() == pytest.approx(0.4, abs=0.03)
    assert (found[:, 160:] == 0).float().mean() < 0.01


def test_standardise_knows_every_pixel():
    rng = np.random.default_rng(0)
    faces = rng.integers(0, 256, (2500, 6, 6)).astype(np.uint8)
    faces[:, 0, 0] = 7  # never changes
    layer = Standardise(6)
    layer.learn(faces)
    np.testing.assert_allclose(layer.mean, faces.mean(0), rtol=1e-5)
    expected = np.maximum(faces.std(0), 1)
    np.testing.assert_allclose(layer.deviation, expected, rtol=1e-4)
    made = layer(torch.from_numpy(faces))
    assert made.shape == (2500, 1, 6, 6)
    assert made[:, 0, 1:].mean(0).abs().max() < 1e-4


def test_larger_faces_reach_the_identity_network_made_smaller():
    net = DeepID(48).eval()
    small = torch.rand(2, 48, 48) * 255
    large = small.repeat_interleave(2, 1).repeat_interleave(2, 2)
    with torch.no_grad():
        torch.testing.assert_close(net(large), net(small), rtol=0, atol=1e-3)


@pytest.mark.parametrize("text", ["", "I16", "C16-X3", "C16-I32", "C16-C16", "C16-M2"])
def test_a_notation_that_is_none_says_so(text):
    with pytest.raises(InputError, match="write"):
        parse(text)


def test_the_named_variants_have_their_sizes():
    plus = SYSTEMS["tfe-plus"]
    assert parameters(build(plus, "joint", 8)) <= 1_500_000
    assert parameters(build(SYSTEMS["tfe"], "joint", 8)) == 982_820
    assert SYSTEMS["tfe-ck"].emotion.layers == RESNET12
