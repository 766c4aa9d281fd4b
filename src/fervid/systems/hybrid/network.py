"""One stream: VGG16 on face pictures or on flow pictures [4, Sec. III-B]."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fervid.learning.vgg import VGG16


class Stream(nn.Module):
    """VGG16 behind what makes its input of stored pictures.

    Departure 4: each colour channel is brought to mean 0 and standard deviation 1 over the
    training pictures; the published weights were trained on pictures so normalised.

    Args:
        classes: K.
        width: of VGG16.
        size: side in pixels of what VGG16 sees.
        dropout: of VGG16.
    """

    def __init__(self, classes: int, width: float, size: int, dropout: float) -> None:
        super().__init__()
        self.size = size
        self.vgg = VGG16(classes, width, size, dropout=dropout)
        self.mean: Tensor
        self.spread: Tensor
        self.register_buffer("mean", torch.zeros(3))
        self.register_buffer("spread", torch.ones(3))

    @torch.no_grad()
    def normalise(self, pictures: Tensor) -> None:
        """Keep the channels' mean and standard deviation over (B, h, w, 3) pictures."""
        values = pictures.flatten(0, 2).double()
        self.mean.copy_(values.mean(0))
        self.spread.copy_(values.std(0).clamp(min=1))

    def pictures(self, x: Tensor) -> Tensor:
        """(B, h, w, 3) uint8 to (B, 3, size, size) float32, pixel-major in memory as it was."""
        seen = ((x.float() - self.mean) / self.spread).permute(0, 3, 1, 2)
        if seen.shape[2:] != (self.size, self.size):
            seen = F.interpolate(seen, (self.size, self.size), mode="bilinear")
        return seen

    def fc7(self, x: Tensor) -> Tensor:
        """(B, h, w, 3) uint8 to the features (B, 4096 width)."""
        return self.vgg.fc7(self.pictures(x))

    def forward(self, x: Tensor) -> Tensor:
        """(B, h, w, 3) uint8 to logits (B, K)."""
        logits: Tensor = self.vgg(self.pictures(x))
        return logits
