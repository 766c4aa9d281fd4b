"""Run: where one fit works and under which seed."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Run:
    """Everything a fit needs besides data and recipe.

    Args:
        folder: its checkpoints and curves; a fit started again here goes on where it stopped.
        seed: of everything random in it.
        device: "cpu", "cuda", "auto".
        precision: Fabric's name of it ("32-true", "bf16-mixed").
        name: said in the progress line ("fold 3/10").
        checkpoint_seconds: write a checkpoint at the first epoch's end after so long.
    """

    folder: Path
    seed: int = 0
    device: str = "auto"
    precision: str = "32-true"
    name: str = ""
    checkpoint_seconds: float = 30.0
