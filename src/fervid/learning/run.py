"""Run: where one fit works and under which seed; and whose a run's folder is."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fervid.atomic import held, sweep, write
from fervid.errors import OutputError

IDENTITY = "run.json"


@dataclass(frozen=True)
class Run:
    """Everything a fit needs besides data and recipe.

    Args:
        folder: its checkpoints and curves; a fit started again here resumes where it stopped.
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


@contextmanager
def owned(run_dir: Path, what: str, identity: dict[str, Any]) -> Iterator[None]:
    """Hold a run's folder, claim it, and sweep what killed runs left there.

    Of the processes that `torchrun` started together, the first holds it for all.
    """
    first = os.environ.get("RANK", "0") == "0"
    with held(run_dir, what) if first else nullcontext():
        claim(run_dir, identity)
        for folder in (run_dir, *run_dir.glob("fold-*/")):
            sweep(folder)
        yield


def claim(run_dir: Path, identity: dict[str, Any]) -> None:
    """Make the folder this run's, or see that it is already."""
    path = run_dir / IDENTITY
    identity = json.loads(json.dumps(identity))
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
        if not path.is_file():
            strangers = [p.name for p in run_dir.iterdir() if not p.name.startswith(".")]
            if strangers:
                raise OutputError(
                    f"{run_dir} is no run's folder but holds {strangers[0]}: choose an empty folder"
                )
            write(path, json.dumps(identity, indent=1))
        there = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise OutputError(
            f"{run_dir} cannot hold this run ({error}): choose another folder"
        ) from None
    if not isinstance(there, dict):
        raise OutputError(f"{path} is none of ours: choose another folder")
    other = [key for key in {**identity, **there} if there.get(key) != identity.get(key)]
    if other:
        named = ", ".join(_difference(other[0], there, identity))
        raise OutputError(
            f"{run_dir} holds a run with another {named}: choose another folder or delete it"
        )


def _difference(key: str, there: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """The key that differs; of a recipe, its fields."""
    if key == "recipe" and isinstance(there.get(key), dict):
        named = {**here[key], **there[key]}
        return [f"{k} in its recipe" for k in named if there[key].get(k) != here[key].get(k)][:3]
    if key == "learns_from":
        return ["content of a file that its system learns from"]
    short = key in ("seed", "system", "database", "protocol", "precision", "validation", "fervid")
    return [f"{key} ({there.get(key)}, not {here.get(key)})" if short else key]
