import pytest
import torch

from fervid.errors import WeightsError
from fervid.learning.seeding import seeded
from fervid.networks.vgg import VGG16, initialise

# torchvision's names, as its published state dict has them.
NAMES = [f"features.{i}" for i in (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)]
NAMES += [f"classifier.{i}" for i in (0, 3, 6)]


def test_the_published_size():
    with torch.device("meta"):
        six, thousand = VGG16(6), VGG16(1000)
    assert sum(p.numel() for p in six.parameters()) == 134_285_126
    assert sum(p.numel() for p in thousand.parameters()) == 138_357_544
    state = thousand.state_dict()
    assert list(state) == [f"{name}.{part}" for name in NAMES for part in ("weight", "bias")]
    assert state["features.28.weight"].shape == (512, 512, 3, 3)
    assert state["classifier.0.weight"].shape == (4096, 25088)
    assert six.fc7(torch.zeros(2, 3, 227, 227, device="meta")).shape == (2, 4096)
    assert six.features(torch.zeros(1, 3, 227, 227, device="meta")).shape == (1, 512, 7, 7)


def small(seed=0, **options):
    with seeded(seed):
        return VGG16(6, **{"width": 1 / 32, "size": 64, **options})


def test_a_width_and_a_size_make_it_small():
    net = small()
    assert net.hidden == 128 and net.features[0].out_channels == 2
    assert net.classifier[0].in_features == 16 * 2 * 2
    assert net(torch.rand(3, 3, 64, 64)).shape == (3, 6)
    assert small(channels=1)(torch.rand(3, 1, 64, 64)).shape == (3, 6)


def test_forward_is_fc8_of_fc7_and_activations_keep_their_scale():
    net = small(width=1 / 4).eval()
    x = torch.randn(4, 3, 64, 64)
    hidden = net.fc7(x).detach()
    assert (hidden >= 0).all() and 0.1 < float(hidden.std()) < 10
    torch.testing.assert_close(net(x).detach(), net.classifier[6](hidden).detach())


def test_only_the_top_is_new():
    first, second = small(0), small(1)
    before = second.classifier[6].weight.clone()
    initialise(second, {**first.state_dict(), "classifier.6.weight": torch.zeros(1000, 128)})
    assert torch.equal(second.features[7].weight, first.features[7].weight)
    assert torch.equal(second.classifier[3].bias, first.classifier[3].bias)
    assert torch.equal(second.classifier[6].weight, before)


def test_other_weights_are_refused():
    with pytest.raises(WeightsError, match=r"classifier\.0\.weight"):
        initialise(small(), small(width=1 / 16).state_dict())
    with pytest.raises(WeightsError, match="extra"):
        initialise(small(), {**small().state_dict(), "features.30.weight": torch.zeros(1)})
