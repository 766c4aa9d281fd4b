"""Run: folder, seed and device of one fit; and which run a folder belongs to."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fervid.atomic import held, sweep, write
from fervid.errors import OutputError
from fervid.ranks import leads
from fervid.text import parse_json

IDENTITY = "run.json"


@dataclass(frozen=True)
class Run:
    """Everything a fit needs besides data and recipe.

    Args:
        folder: folder for checkpoints and curves; a fit restarted here resumes where it stopped.
        seed: seed for every random choice.
        device: "cpu", "cuda" or "auto".
        precision: Fabric's name for the precision ("32-true", "bf16-mixed").
        name: shown in the progress line ("fold 3/10").
        checkpoint_seconds: least number of seconds between checkpoints, which are written at the
            end of an epoch.
    """

    folder: Path
    seed: int = 0
    device: str = "auto"
    precision: str = "32-true"
    name: str = ""
    checkpoint_seconds: float = 30.0


@contextmanager
def owned(run_dir: Path, what: str, identity: dict[str, Any]) -> Iterator[None]:
    """Lock a run's folder, claim it, and remove leftovers of killed runs.

    Among processes started by `torchrun`, the first holds the lock for all of them.
    """
    with held(run_dir, what) if leads() else nullcontext():
        claim(run_dir, identity)
        for folder in (run_dir, *run_dir.glob("fold-*/")):
            sweep(folder)
        yield


def claim(run_dir: Path, identity: dict[str, Any]) -> None:
    """Mark the folder as this run's, or check that it is already.

    Raises:
        OutputError: the folder holds other files or another run, or cannot be written to.
    """
    path = run_dir / IDENTITY
    identity = json.loads(json.dumps(identity))
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
        if not path.is_file():
            others = [p.name for p in run_dir.iterdir() if not p.name.startswith(".")]
            if others:
                raise OutputError(
                    f"{run_dir} is not a run's folder and holds {others[0]}: choose an empty folder"
                )
            write(path, json.dumps(identity, indent=1))
        earlier = parse_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise OutputError(
            f"{run_dir} cannot be used for this run ({error}): choose another folder"
        ) from None
    if not isinstance(earlier, dict):
        raise OutputError(f"{path} was not written by fervid: choose another folder")
    differing = [key for key in {**identity, **earlier} if earlier.get(key) != identity.get(key)]
    if differing:
        details = ", ".join(_difference(differing[0], earlier, identity))
        raise OutputError(
            f"{run_dir} holds a run with another {details}: choose another folder or delete it"
        )


def _difference(key: str, earlier: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Describe the key that differs; for a recipe, up to three of its fields."""
    if key == "recipe" and isinstance(earlier.get(key), dict):
        names = {**now[key], **earlier[key]}
        differing = [name for name in names if earlier[key].get(name) != now[key].get(name)]
        return [f"{name} in its recipe" for name in differing[:3]]
    if key == "learns_from":
        return ["content of a file that its system learns from"]
    short = key in ("seed", "system", "database", "protocol", "precision", "validation", "fervid")
    return [f"{key} ({earlier.get(key)}, not {now.get(key)})" if short else key]
