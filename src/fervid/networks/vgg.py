"""VGG16 (Simonyan and Zisserman, ICLR 2015) with the parameter names of torchvision's.

Defined here so that its published ImageNet weights can be used without torchvision; `imported.py`
converts them.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from fervid.errors import WeightsError

# Maps of each 3 x 3 convolution, "M" for a pooling over 2 x 2 (configuration D of the paper).
CONVOLUTIONS = (64, 64, "M", 128, 128, "M", *(256,) * 3, "M", *(512,) * 3, "M", *(512,) * 3, "M")
HIDDEN = 4096
# The output layer, replaced for every new set of labels.
TOP = "classifier.6"


class VGG16(nn.Module):
    """Thirteen convolutions, five poolings, fc6, fc7 and fc8; 134,285,126 parameters for K = 6.

    Args:
        classes: K, the number of outputs.
        width: factor for the number of maps and hidden units; 1 is the published network.
        size: height and width of the pictures in pixels; fc6 gets a grid of size // 32 squared, at
            most 7 x 7.
        channels: channels of the pictures.
        dropout: probability of dropping a unit of fc6 and fc7.
    """

    def __init__(
        self,
        classes: int,
        width: float = 1.0,
        size: int = 227,
        channels: int = 3,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        maps = channels
        for step in CONVOLUTIONS:
            if isinstance(step, str):
                layers.append(nn.MaxPool2d(2))
            else:
                wide = scaled(step, width)
                layers += [nn.Conv2d(maps, wide, 3, padding=1), nn.ReLU(inplace=True)]
                maps = wide
        grid, hidden = min(7, max(1, size // 32)), scaled(HIDDEN, width)
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(grid)  # as in torchvision; no effect at this size
        self.classifier = nn.Sequential(
            nn.Linear(maps * grid * grid, hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(hidden, hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(hidden, classes),
        )
        self._initialise()

    def _initialise(self) -> None:
        """He's normal initialisation, small weights in the last layer, biases 0."""
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
        nn.init.normal_(self.classifier[-1].weight, std=0.01)  # type: ignore[arg-type]

    @property
    def hidden(self) -> int:
        """Number of units of fc7, 4096 at width 1."""
        top = self.classifier[-1]
        assert isinstance(top, nn.Linear)
        return top.in_features

    def fc7(self, x: Tensor) -> Tensor:
        """Pictures (B, C, H, W) to the activations of fc7 after its ReLU, (B, 4096 width)."""
        maps = torch.flatten(self.avgpool(self.features(x)), 1)
        out: Tensor = self.classifier[:5](maps)
        return out

    def forward(self, x: Tensor) -> Tensor:
        """Pictures (B, C, H, W) to logits (B, K)."""
        logits: Tensor = self.classifier[5:](self.fc7(x))
        return logits


def scaled(units: int, width: float) -> int:
    """Number of units of a layer at a width, at least 1."""
    return max(1, round(units * width))


def initialise(network: VGG16, tensors: Mapping[str, Tensor]) -> None:
    """Load trained weights except fc8, whose classes differ [4, Sec. III-B].

    Args:
        tensors: tensors under torchvision's names; fc8's are ignored.

    Raises:
        WeightsError: names or shapes differ from this network's.
    """
    expected = {n: t.shape for n, t in network.state_dict().items() if not n.startswith(TOP)}
    loaded = {n: t for n, t in tensors.items() if not n.startswith(TOP)}
    if expected != {n: t.shape for n, t in loaded.items()}:
        wrong = sorted(n for n in expected if n not in loaded or loaded[n].shape != expected[n])
        raise WeightsError(
            f"these weights do not fit this VGG16 ({', '.join(wrong[:3]) or 'extra tensors'}): "
            "keep width=1 and size=227 for the published weights"
        )
    network.load_state_dict(loaded, strict=False)
