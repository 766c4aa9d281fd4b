"""Restricted Boltzmann machines, and the deep belief network that stacks them [4, Sec. III-C]."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class RBM(nn.Module):
    """Visible units v and binary hidden units h, joined by the weights W alone.

    E(v, h) = -b v - c h - v W h, and real v in 0..1 count as probabilities.

    Args:
        visible, hidden: how many units.
        sampled: a chain's last visible units are drawn too; else their means are taken, which
            have less noise (Hinton, A practical guide to training RBMs, 2010, Sec. 3).
    """

    def __init__(self, visible: int, hidden: int, sampled: bool = False) -> None:
        super().__init__()
        self.sampled = sampled
        # (V, H): so laid out, the update of a minibatch is the fastest product.
        self.weight = nn.Parameter(torch.randn(visible, hidden) * 0.01)
        self.visible_bias = nn.Parameter(torch.zeros(visible))
        self.hidden_bias = nn.Parameter(torch.zeros(hidden))

    def hidden(self, v: Tensor) -> Tensor:
        """P(h = 1 | v), (B, V) to (B, H)."""
        return torch.sigmoid(torch.addmm(self.hidden_bias, v, self.weight))

    def visible(self, h: Tensor) -> Tensor:
        """The mean of v given h, (B, H) to (B, V)."""
        # Sixteen narrow products take three quarters of the time of the one they are.
        parts = 1 if torch.is_grad_enabled() else 16
        total = torch.cat([h @ w.t() for w in self.weight.chunk(parts)], dim=1) + self.visible_bias
        return torch.sigmoid(total)

    def free_energy(self, v: Tensor) -> Tensor:
        """-log sum_h exp(-E(v, h)), (B, V) to (B,)."""
        hidden = F.softplus(torch.addmm(self.hidden_bias, v, self.weight)).sum(1)
        return -(v @ self.visible_bias) - hidden

    @torch.no_grad()
    def begin(self, v: Tensor) -> None:
        """Visible biases by which v is the mean of the data (B, V) where no hidden unit is on."""
        self.visible_bias.copy_(v.mean(0).clamp(0.01, 0.99).logit())

    def draw(self, p: Tensor, generator: torch.Generator) -> Tensor:
        """States of units by their probabilities, drawn on the CPU so that every device agrees."""
        return (torch.rand(p.shape, generator=generator).to(p.device) < p).to(p.dtype)

    @torch.no_grad()
    def chain(
        self, h: Tensor, steps: int, generator: torch.Generator
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Gibbs sampling from hidden states: the last v, the P(h = 1 | v) of it, a draw of h.

        Args:
            h: (B, H) of 0 and 1.
            steps: k >= 1.
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
        """One ascent of the likelihood: w += rate (<v h>_data - <v h>_model) [4, Eq. 4].

        Departure 14: both means are of v times the probability of h, not of drawn states.

        Args:
            data, model: v (B, V) and P(h = 1 | v) (B, H) of either side; means over the batch.
        """
        (v, h), (w, k) = data, model
        both = torch.cat([h * (rate / len(h)), k * (-rate / len(k))])
        # In place: a gradient of its own would be written and read again, at twice the time.
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
            steps: k of CD-k.
            chain: hidden states (B', H) to go on from, for persistent contrastive divergence;
                None begins at the data.

        Returns:
            hidden states (., H), the chain for the next minibatch.
        """
        h = self.hidden(v)
        begin = self.draw(h, generator) if chain is None else chain
        w, k, after = self.chain(begin, steps, generator)
        self.update((v, h), (w, k), rate)
        return after


@torch.no_grad()
def by_parts(layer: Callable[[Tensor], Tensor], x: Tensor, rows: int = 4096) -> Tensor:
    """A layer of x (N, V), a few rows at a time."""
    return torch.cat([layer(x[start : start + rows]) for start in range(0, max(len(x), 1), rows)])


class Scale(nn.Module):
    """Features fc7 brought to 0..1, as Bernoulli units are; measured once.

    Departure 6: over each feature's largest training value, cut to 0..1.

    Args:
        size: V, how many features.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.most: Tensor
        self.register_buffer("most", torch.ones(size))

    @torch.no_grad()
    def measure(self, x: Tensor) -> None:
        """From training features (N, V); those that never change become 0."""
        most = x.amax(0)
        self.most.copy_(torch.where(most > 0, most, torch.finfo(x.dtype).max))

    def forward(self, x: Tensor) -> Tensor:
        """(B, V) to the same."""
        return (x / self.most).clamp(0, 1)


class DBN(nn.Module):
    """Stacked machines with a softmax layer on top [4, Fig. 1], and their way back down.

    The way down shares the weights: a machine gives its visible units' means.

    Args:
        machines: trained in turn, each on the hidden probabilities of the one below.
        classes: K.
    """

    def __init__(self, machines: Sequence[RBM], classes: int) -> None:
        super().__init__()
        self.machines = nn.ModuleList(machines)
        self.top = nn.Linear(machines[-1].hidden_bias.numel(), classes)

    @property
    def size(self) -> int:
        """How many units the last hidden layer has."""
        return self.top.in_features

    def hidden(self, x: Tensor) -> Tensor:
        """Scaled features (B, V) to the last hidden layer (B, H)."""
        for machine in self.machines:
            x = machine.hidden(x)  # type: ignore[operator]
        return x

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Scaled features (B, V) to logits (B, K) and the reconstruction (B, V)."""
        hidden = back = self.hidden(x)
        for machine in reversed(self.machines):
            back = machine.visible(back)  # type: ignore[operator]
        return self.top(hidden), back


def tuning_loss(logits: Tensor, back: Tensor, x: Tensor, target: Tensor, balance: float) -> Tensor:
    """What supervised fine-tuning lowers.

    Departure 7: the text prints Eq. 5, |x - x'|^2, alone, which knows no label; Fig. 1 ends in a
    softmax layer. Here they are added.

    Args:
        x: (B, V) scaled features; `back` is x'.
        target: (B,) int64.
        balance: weight of Eq. 5 over the number of features V, so that it holds at any width.
    """
    missed = (x - back).square().sum(1).mean()  # Eq. 5
    return F.cross_entropy(logits, target) + balance * missed / x.shape[1]
