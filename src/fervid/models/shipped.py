"""Trained models by name: those in the package, those in $FERVID_MODELS, or any path."""

import os
from pathlib import Path

import fervid.systems
from fervid.errors import WeightsError
from fervid.systems.interface import Recognizer

SUFFIX = ".safetensors"


def shipped_models() -> dict[str, Path]:
    """Every model that can be asked for by name; the package's own go first."""
    folders = [*Path(fervid.systems.__file__).parent.glob("*/weights")]
    if os.environ.get("FERVID_MODELS"):
        folders.append(Path(os.environ["FERVID_MODELS"]))
    found: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.glob(f"*{SUFFIX}")):
            found.setdefault(path.stem, path)
    return found


def find_model(name: str | Path) -> Path:
    """The file of a model.

    Args:
        name: a shipped model's name, or a path.

    Raises:
        WeightsError: there is none of this name, and no such file.
    """
    known = shipped_models()
    if str(name) in known:
        return known[str(name)]
    path = Path(name)
    if path.is_file():
        return path
    listed = ", ".join(sorted(known)) or "(there is none)"
    raise WeightsError(
        f"{name} is neither a file nor one of the models {listed}: "
        "correct the name, or set FERVID_MODELS to the folder that holds it"
    )


def shipped_of(system: str) -> Path:
    """The file of a shipped model of this very system.

    Raises:
        WeightsError: there is none.
    """
    from fervid.learning.weights import metadata

    others = set()
    for path in shipped_models().values():
        held = metadata(path).get("system")
        if held == system:
            return path
        others.add(str(held))
    listed = ", ".join(sorted(others)) or "(nothing)"
    raise WeightsError(f"no model of {system} is shipped, but of {listed}: name a file instead")


def open_model(name: str | Path) -> Recognizer:
    """A trained recognizer, ready to predict.

    Raises:
        WeightsError: not found, not a file of ours, or of a system that this version lacks.
    """
    from fervid.systems import SYSTEMS

    path = find_model(name)
    return SYSTEMS[system_of(path)].load(path)


def system_of(path: Path) -> str:
    """The name of the system that a model's file holds.

    Raises:
        WeightsError: not a file of ours, or of a system that this version lacks.
    """
    from fervid.learning.weights import metadata
    from fervid.systems import SYSTEMS

    about = metadata(path)
    system = about.get("system")
    if system is None:
        raise WeightsError(
            f"{path} holds {about.get('kind', 'parts')} alone, no system that answers: "
            "name a file of `fervid train` or `fervid evaluate --save-models`"
        )
    if not isinstance(system, str) or system not in SYSTEMS:
        raise WeightsError(
            f"{path} names the system {system!r}, none of {', '.join(SYSTEMS)}: "
            "use a model written by this version of fervid"
        )
    return system
