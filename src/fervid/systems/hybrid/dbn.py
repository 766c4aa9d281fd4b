"""Restricted Boltzmann machines, and the deep belief network that stacks them [4, Sec. III-C]."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class RBM(nn.Module):
    """Restricted Boltzmann machine with visible units v, binary hidden units h and weights W.

    E(v, h) = -b v - c h - v W h; real v in 0..1 are treated as probabilities.

    Args:
        visible, hidden: number of units.
        sampled: draw a chain's last visible units too. Otherwise their means are used, which are
            less noisy (Hinton, A practical guide to training RBMs, 2010, Sec. 3).
    """

    def __init__(self, visible: int, hidden: int, sampled: bool = False) -> None:
        super().__init__()
        self.sampled = sampled
        # The layout (V, H) makes a minibatch update fastest.
        self.weight = nn.Parameter(torch.randn(visible, hidden) * 0.01)
        self.visible_bias = nn.Parameter(torch.zeros(visible))
        self.hidden_bias = nn.Parameter(torch.zeros(hidden))

    def hidden(self, v: Tensor) -> Tensor:
        """P(h = 1 | v), (B, V) to (B, H)."""
        return torch.sigmoid(torch.addmm(self.hidden_bias, v, self.weight))

    def visible(self, h: Tensor) -> Tensor:
        """The mean of v given h, (B, H) to (B, V)."""
        # Sixteen narrow products take three quarters of the time of one wide product.
        parts = 1 if torch.is_grad_enabled() else 16
        total = torch.cat([h @ w.t() for w in self.weight.chunk(parts)], dim=1) + self.visible_bias
        return torch.sigmoid(total)

    def free_energy(self, v: Tensor) -> Tensor:
        """-log sum_h exp(-E(v, h)), (B, V) to (B,)."""
        hidden = F.softplus(torch.addmm(self.hidden_bias, v, self.weight)).sum(1)
        return -(v @ self.visible_bias) - hidden

    @torch.no_grad()
    def begin(self, v: Tensor) -> None:
        """Set the visible biases so that, with all hidden units off, v is the mean of (B, V)."""
        self.visible_bias.copy_(v.mean(0).clamp(0.01, 0.99).logit())

    def draw(self, p: Tensor, generator: torch.Generator) -> Tensor:
        """Draw unit states from probabilities, on the CPU so that every device draws the same."""
        return (torch.rand(p.shape, generator=generator).to(p.device) < p).to(p.dtype)

    @torch.no_grad()
    def chain(
        self, h: Tensor, steps: int, generator: torch.Generator
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Gibbs sampling from hidden states.

        Args:
            h: (B, H) of 0 and 1.
            steps: k >= 1.

        Returns:
            The last v (B, V), P(h = 1 | v) for it, and h drawn from that, (B, H) each.
        """
        for left in reversed(range(steps)):
            v = self.visible(h)
            if left or self.sampled:
                v = self.draw(v, generator)
            p = self.hidden(v)
            h = self.draw(p, generator)
        return v, p, h

    @torch.no_grad()
    def update(
        self, data: tuple[Tensor, Tensor], model: tuple[Tensor, Tensor], rate: float
    ) -> None:
        """One gradient step up the likelihood: w += rate (<v h>_data - <v h>_model) [4, Eq. 4].

        Departure 14: both means use v times the probability of h instead of drawn states.

        Args:
            data, model: v (B, V) and P(h = 1 | v) (B, H) of the data and of the model; the means
                are over the batch.
        """
        (v, h), (w, k) = data, model
        both = torch.cat([h * (rate / len(h)), k * (-rate / len(k))])
        # In place, because writing and rereading a separate gradient would take twice the time.
        self.weight.addmm_(torch.cat([v, w]).t(), both)
        self.hidden_bias.add_(both.sum(0))
        self.visible_bias.add_(v.mean(0) - w.mean(0), alpha=rate)

    @torch.no_grad()
    def learn(
        self,
        v: Tensor,
        rate: float,
        generator: torch.Generator,
        steps: int = 1,
        chain: Tensor | None = None,
    ) -> Tensor:
        """Contrastive divergence on a minibatch (B, V).

        Args:
            v: (B, V) data.
            rate: learning rate.
            generator: on the CPU, see `draw`.
            steps: k of CD-k.
            chain: hidden states (B', H) to continue from, for persistent contrastive divergence;
                None starts at the data.

        Returns:
            Hidden states (., H), the chain for the next minibatch.
        """
        h = self.hidden(v)
        begin = self.draw(h, generator) if chain is None else chain
        w, k, after = self.chain(begin, steps, generator)
        self.update((v, h), (w, k), rate)
        return after


@torch.no_grad()
def by_parts(layer: Callable[[Tensor], Tensor], x: Tensor, rows: int = 4096) -> Tensor:
    """Apply a layer to x (N, V), a few rows at a time to save memory."""
    return torch.cat([layer(x[start : start + rows]) for start in range(0, max(len(x), 1), rows)])


class Scale(nn.Module):
    """Scales fc7 features to 0..1, the range of Bernoulli units.

    Departure 6: each feature is divided by its largest training value and clipped to 0..1.

    Args:
        size: V, the number of features.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.most: Tensor
        self.register_buffer("most", torch.ones(size))

    @torch.no_grad()
    def measure(self, x: Tensor) -> None:
        """Take the scale from training features (N, V); never-positive features become 0."""
        most = x.amax(0)
        self.most.copy_(torch.where(most > 0, most, torch.finfo(x.dtype).max))

    def forward(self, x: Tensor) -> Tensor:
        """(B, V) to the same shape."""
        return (x / self.most).clamp(0, 1)


class DBN(nn.Module):
    """Stacked RBMs with a softmax layer on top [4, Fig. 1], and a reconstruction back down.

    The reconstruction uses the same weights: each RBM returns the means of its visible units.

    Args:
        machines: RBMs trained one after the other, each on the hidden probabilities of the last.
        classes: K.
    """

    def __init__(self, machines: Sequence[RBM], classes: int) -> None:
        super().__init__()
        self.machines = nn.ModuleList(machines)
        self.top = nn.Linear(machines[-1].hidden_bias.numel(), classes)

    @property
    def size(self) -> int:
        """Number of units in the last hidden layer."""
        return self.top.in_features

    def hidden(self, x: Tensor) -> Tensor:
        """Scaled features (B, V) to the last hidden layer (B, H)."""
        for machine in self.machines:
            x = machine.hidden(x)  # type: ignore[operator]
        return x

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Scaled features (B, V) to logits (B, K) and the reconstruction (B, V)."""
        hidden = reconstruction = self.hidden(x)
        for machine in reversed(self.machines):
            reconstruction = machine.visible(reconstruction)  # type: ignore[operator]
        return self.top(hidden), reconstruction


def tuning_loss(
    logits: Tensor, reconstruction: Tensor, x: Tensor, target: Tensor, balance: float
) -> Tensor:
    """The loss of supervised fine-tuning.

    Departure 7: the text gives only Eq. 5, |x - x'|^2, which does not depend on the label, but
    Fig. 1 ends in a softmax layer. Here cross entropy and Eq. 5 are added.

    Args:
        logits: (B, K).
        reconstruction: x', (B, V).
        x: (B, V) scaled features.
        target: (B,) int64.
        balance: weight of Eq. 5 divided by the number of features V, so that it suits any width.
    """
    error = (x - reconstruction).square().sum(1).mean()  # Eq. 5
    return F.cross_entropy(logits, target) + balance * error / x.shape[1]
