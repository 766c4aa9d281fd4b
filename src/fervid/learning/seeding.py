"""Seeds by name, so that random choices in one place never depend on those in another."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch


def derive(seed: int, *names: str | int) -> int:
    """Derive a seed, 0 <= s < 2^63, from a run's seed and the names of a place in the program.

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
    """Seed torch's global generators (initial weights, dropout) by name; restore them after."""
    with torch.random.fork_rng():
        torch.manual_seed(derive(seed, *names))
        yield
