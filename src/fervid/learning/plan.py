"""Settings for training one stage, which every recipe has for each of its networks."""

from dataclasses import dataclass
from typing import Literal

from fervid.learning.recipes import Amount, Below1, Count, Natural


@dataclass(frozen=True)
class Plan:
    """Stochastic gradient descent with momentum, or Adam; with weight decay."""

    epochs: Natural  # maximum; but see `least_steps`
    learning_rate: Amount  # initial value
    momentum: Below1 = 0.9  # with Adam: decay rate of the first moment
    weight_decay: Amount = 0.0  # L2 penalty on all weights, added to the gradient
    gradient_clip: Amount = 0.0  # maximum gradient norm; 0: no limit
    batch_size: Count = 32  # samples per step
    decay: Literal["cosine", "none"] = "cosine"  # "cosine" lowers the learning rate to 0
    choose: Literal["loss", "accuracy", "last"] = "loss"  # validation measure that picks the epoch
    patience: Natural = 0  # stop after this many epochs without improvement; 0: never
    optimiser: Literal["sgd", "adam"] = "sgd"  # stochastic gradient descent, or Adam
    warmup: Natural = 0  # epochs over which the learning rate rises from 0 to its initial value
    average: Below1 = 0.0  # decay of the running mean of weights that is saved; 0: no mean
    least_steps: Natural = 0  # lowest number of steps: `epochs` is raised on small stores
    judged: Literal["samples", "clips"] = "samples"  # unit of validation; a clip by its mean

    def epochs_of(self, steps: int) -> int:
        """Number of epochs, each of so many steps.

        >>> Plan(epochs=60, learning_rate=0.01, least_steps=2000).epochs_of(6)
        334
        """
        return max(self.epochs, -(-self.least_steps // max(steps, 1)))
