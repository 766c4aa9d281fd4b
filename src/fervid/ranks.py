"""The processes that `torchrun` starts for one training on several GPUs or machines."""

import os


def world() -> int:
    """Number of these processes; 1 without `torchrun`."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def leads() -> bool:
    """Whether this process is the first of them, which locks folders, prints and writes reports."""
    return os.environ.get("RANK", "0") == "0"
