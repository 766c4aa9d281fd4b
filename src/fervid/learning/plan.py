"""How one stage is trained: the part of a recipe that every network has."""

from dataclasses import dataclass
from typing import Literal

from fervid.learning.recipes import Amount, Below1, Count, Natural


@dataclass(frozen=True)
class Plan:
    """Gradient descent, stochastic with momentum, or Adam; weight decay."""

    epochs: Natural  # at most; but see `least_steps`
    learning_rate: Amount  # at the start
    momentum: Below1 = 0.9  # of steps before; Adam's first decay rate
    weight_decay: Amount = 0.0  # of all weights, in the gradient
    gradient_clip: Amount = 0.0  # the largest norm of a step's gradient; 0 for any
    batch_size: Count = 32  # samples of a step
    decay: Literal["cosine", "none"] = "cosine"  # "cosine" brings the learning rate to 0
    choose: Literal["loss", "accuracy", "last"] = "loss"  # which epoch is kept, by validation
    patience: Natural = 0  # epochs without a better validation before training stops; 0: never
    optimiser: Literal["sgd", "adam"] = "sgd"  # stochastic gradient descent, or Adam
    warmup: Natural = 0  # epochs in which the learning rate rises from 0 to where it starts
    average: Below1 = 0.0  # decay of a running mean of the weights, which is kept; 0: none
    least_steps: Natural = 0  # where `epochs` are fewer steps of the optimiser, they are raised
    judged: Literal["samples", "clips"] = "samples"  # what validation counts; a clip by its mean

    def epochs_of(self, steps: int) -> int:
        """How many epochs of so many steps there are.

        >>> Plan(epochs=60, learning_rate=0.01, least_steps=2000).epochs_of(6)
        334
        """
        return max(self.epochs, -(-self.least_steps // max(steps, 1)))
