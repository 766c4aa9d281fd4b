"""Running mean of a network's weights, used for validation and saved as the result."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    """mean <- d mean + (1 - d) weights after each step; floating-point buffers included.

    At step t, d = min(decay, (1 + t) / (10 + t)), so that the initial weights are soon forgotten.

    Args:
        network: network in training, already on its device.
        decay: below 1; with 0 there is no mean, and `held` changes nothing.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self._decay, self.steps = decay, 0
        state = network.state_dict() if decay else {}
        # These tensors share memory with the network, so they follow its weights.
        self._now = {n: t.detach() for n, t in state.items() if t.is_floating_point()}
        self._mean = {n: t.clone() for n, t in self._now.items()}

    @torch.no_grad()
    def update(self) -> None:
        """Update the mean with the current weights."""
        if not self._mean:
            return
        self.steps += 1
        weight = 1 - min(self._decay, (1 + self.steps) / (10 + self.steps))
        torch._foreach_lerp_(list(self._mean.values()), list(self._now.values()), weight)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Within the block, the network's weights are the mean."""
        self._exchange()
        try:
            yield
        finally:
            self._exchange()

    @torch.no_grad()
    def _exchange(self) -> None:
        for name, mean in self._mean.items():
            now = self._now[name].clone()
            self._now[name].copy_(mean)
            mean.copy_(now)

    @property
    def tensors(self) -> dict[str, Tensor]:
        """The mean by name, copied to the CPU."""
        return {name: mean.to("cpu", copy=True) for name, mean in self._mean.items()}

    @torch.no_grad()
    def restore(self, tensors: Mapping[str, Tensor], steps: int) -> None:
        """Continue from a saved mean and its number of steps."""
        self.steps = steps
        for name, mean in self._mean.items():
            mean.copy_(tensors[name])
