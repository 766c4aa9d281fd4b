import math

import numpy as np
import pytest
import torch

from fervid.networks.layers import Centre, LocalContrast


def slow(x, size):
    """Local contrast normalisation of one sample, C x H x W, pixel by pixel."""
    maps, height, width = x.shape
    half = size // 2
    axis = [math.exp(-((i - half) ** 2) / (2 * (size / 4) ** 2)) for i in range(size)]

    def local(values, y, x0):
        total = weight = 0.0
        for dy in range(-half, half + 1):
            for dx in range(-half, half + 1):
                if 0 <= y + dy < height and 0 <= x0 + dx < width:
                    w = axis[dy + half] * axis[dx + half]
                    total += w * values[y + dy, x0 + dx]
                    weight += w
        return total / weight

    def mean(values):
        """C x H x W to the weighted mean in each window, over the maps too."""
        source = [values.mean(0)] * maps
        return np.array([[[local(m, y, c) for c in range(width)] for y in range(height)]
                         for m in source])  # fmt: skip

    centred = x - mean(x)
    spread = np.sqrt(mean(centred**2))
    floor = spread.mean(axis=(1, 2), keepdims=True)
    return centred / np.maximum(spread, floor)


@pytest.mark.parametrize("size", [3, 5])
def test_local_contrast_is_its_definition(size):
    x = np.random.default_rng(0).random((3, 8, 9))
    expected = slow(x, size)
    found = LocalContrast(size)(torch.from_numpy(x[None]).float())[0]
    np.testing.assert_allclose(found.numpy(), expected, rtol=2e-4, atol=2e-4)


def test_local_contrast_ignores_brightness_and_contrast():
    torch.manual_seed(0)
    layer, x = LocalContrast(5), torch.rand(2, 4, 12, 12)
    torch.testing.assert_close(layer(3 * x + 7), layer(x), rtol=1e-2, atol=1e-2)


def test_local_contrast_of_a_flat_picture_is_nothing_and_has_a_gradient():
    x = torch.full((1, 2, 6, 6), 0.5, requires_grad=True)
    out = LocalContrast(5)(x)
    out.sum().backward()
    assert out.abs().max() < 1e-2
    assert torch.isfinite(x.grad).all()


def test_the_short_gradient_is_that_of_autograd():
    torch.manual_seed(0)
    layer, x = LocalContrast(5), torch.rand(2, 6, 9, 9).requires_grad_()
    weights = torch.randn(2, 6, 9, 9)
    (short,) = torch.autograd.grad((layer(x) * weights).sum(), x)

    mean, square = x.mean(1, keepdim=True), x.square().mean(1, keepdim=True)
    scale, shift = layer._scale_and_shift(mean, square)
    (plain,) = torch.autograd.grad(((x * scale + shift) * weights).sum(), x)
    torch.testing.assert_close(short, plain, rtol=1e-4, atol=1e-4)


def test_centre_keeps_its_mean_with_the_weights():
    layer = Centre((3,))
    layer.mean.copy_(torch.tensor([1.0, 2.0, 3.0]))
    other = Centre((3,))
    other.load_state_dict(layer.state_dict())
    assert other(torch.tensor([[1.0, 2.0, 4.0]])).tolist() == [[0, 0, 1]]
