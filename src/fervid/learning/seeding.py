"""Seeds by name: what is random in one place never depends on what was drawn in another."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch


def derive(seed: int, *names: str | int) -> int:
    """A seed of 0 <= s < 2^63 for a place named by `names`, under a run's seed.

    >>> derive(0, "fold 3", "dtan") == derive(0, "fold 3", "dtan")
    True
    >>> derive(0, "fold 3", "dtan") == derive(1, "fold 3", "dtan")
    False
    """
    text = "\n".join(str(name) for name in (seed, *names))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def generator(seed: int, *names: str | int) -> torch.Generator:
    """A CPU generator seeded by name."""
    return torch.Generator().manual_seed(derive(seed, *names))


@contextmanager
def seeded(seed: int, *names: str | int) -> Iterator[None]:
    """Torch's own generators (initial weights, dropout) seeded by name, and put back after."""
    with torch.random.fork_rng():
        torch.manual_seed(derive(seed, *names))
        yield
