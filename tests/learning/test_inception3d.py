import pytest
import torch
from torch import nn

from fervid.networks.inception3d import (
    ModuleA,
    ModuleB,
    ModuleC,
    ReductionA,
    ReductionB,
    Stem,
    Style,
    chain,
    pooling,
)

# Convolution weights of each module and its output, T x H x W x C, as printed in [3, Fig. 2].
PRINTED = {
    Stem: (2_402_784, (10, 38, 38, 192)),
    ModuleA: (195_072, (10, 38, 38, 192)),
    ReductionA: (3_452_928, (8, 18, 18, 576)),
    ModuleB: (692_224, (8, 18, 18, 576)),
    ReductionB: (6_741_504, (6, 8, 8, 1072)),
    ModuleC: (1_192_960, (6, 8, 8, 1072)),
}


def modules(style):
    made = [Stem(style)]
    for kind in (ModuleA, ReductionA, ModuleB, ReductionB, ModuleC):
        made.append(kind(made[-1].outside, style))
    return made


def convolutions(module):
    return [m for m in module.modules() if isinstance(m, nn.Conv3d)]


def weights(module):
    return sum(m.weight.numel() for m in convolutions(module))


@pytest.fixture(scope="module")
def printed():
    with torch.device("meta"):
        return modules(Style())


def test_weights_and_sizes_of_every_module_are_the_printed_ones(printed):
    x = torch.zeros(2, 3, 10, 299, 299, device="meta")
    for module, (kind, (count, size)) in zip(printed, PRINTED.items(), strict=True):
        x = module(x)
        assert type(module) is kind and weights(module) == count
        assert tuple(x.permute(0, 2, 3, 4, 1).shape) == (2, *size)
        assert module.outside == size[-1]
    assert sum(map(weights, printed)) == 14_677_472


def test_the_stem_s_layers_have_the_printed_sizes(printed):
    x, sizes = torch.zeros(1, 3, 10, 299, 299, device="meta"), []
    for layer in printed[0]:
        x = layer(x)
        sizes.append((x.shape[3], x.shape[1]))
    assert sizes == [(150, 96), (75, 96), (38, 192), (38, 192)]


def test_every_convolution_but_the_joins_of_a_and_b_is_followed_by_norm_and_relu(printed):
    for module in printed:
        linear = [m for m in convolutions(module) if m.bias is not None]
        assert len(linear) == (1 if isinstance(module, ModuleA | ModuleB) else 0)
        norms = sum(isinstance(m, nn.BatchNorm3d) for m in module.modules())
        assert norms == len(convolutions(module)) - len(linear)
    assert len(printed[1].join) == 1 and len(printed[5].join) == 3


def test_without_time_every_frame_is_seen_alone():
    style = Style(width=1 / 16, time=False)
    made = nn.Sequential(*modules(style)).eval()
    assert all(m.kernel_size[0] == 1 for m in convolutions(made))
    film = torch.rand(1, 3, 10, 64, 64)
    with torch.no_grad():
        whole = made(film)
        alone = torch.cat([made(film[:, :, t : t + 1]) for t in range(10)], dim=2)
    assert whole.shape[2] == 10
    torch.testing.assert_close(whole, alone, atol=1e-5, rtol=1e-4)


def test_width_scales_every_filter():
    made = modules(Style(width=0.25))
    assert [m.outside for m in made] == [48, 48, 144, 144, 268, 268]
    assert {m.out_channels for m in convolutions(made[1])} == {8, 12, 16, 48}


@pytest.mark.parametrize("kind", [ModuleA, ModuleB])
def test_eq_3_weights_stand_in_for_the_shortcut(kind):
    torch.manual_seed(0)
    module = kind(6, Style(width=1 / 16)).eval()
    x, w = torch.randn(2, 6, 4, 5, 5), torch.rand(2, 4, 5, 5)
    with torch.no_grad():
        entry = x.clamp(min=0)
        residual = module.join(torch.cat([b(entry) for b in module.branches], dim=1))
        found, plain = module(x, w), module(x)
    torch.testing.assert_close(plain, entry + residual)
    for b in range(2):
        for c in range(6):  # one map for all channels
            torch.testing.assert_close(found[b, c], w[b] * entry[b, c] + residual[b, c])


def test_gradients_reach_every_weight():
    x = torch.rand(2, 3, 10, 64, 64)
    made = modules(Style(width=1 / 16))
    nn.Sequential(*made)(x).square().sum().backward()
    assert all(p.grad is not None for module in made for p in module.parameters())


def test_a_chain_keeps_the_order_of_its_layers():
    made = chain(3, Style(), (4, (1, 1, 1)), (5, (1, 1, 7)), (6, (1, 7, 1)))
    assert [m.kernel_size for m in convolutions(made)] == [(1, 1, 1), (1, 1, 7), (1, 7, 1)]
    assert [(m.in_channels, m.out_channels) for m in convolutions(made)] == [
        (3, 4),
        (4, 5),
        (5, 6),
    ]
    assert made(torch.zeros(1, 3, 2, 9, 8)).shape == (1, 6, 2, 9, 8)


def test_a_maximum_at_the_border_is_of_the_picture():
    ones = torch.ones(1, 1, 2, 5, 5)
    torch.testing.assert_close(pooling(1)(-ones), -ones)
