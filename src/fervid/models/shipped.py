"""Find trained models by name, in the package or in $FERVID_MODELS, or by path."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import fervid
from fervid.device import moved
from fervid.errors import WeightsError

if TYPE_CHECKING:
    from fervid.systems.interface import Recognizer

SUFFIX = ".safetensors"
HOME = Path(fervid.__file__).parent / "systems"


def shipped_models() -> dict[str, Path]:
    """Path of every model that has a name; the package's own take precedence."""
    folders = [*HOME.glob("*/weights")]
    if os.environ.get("FERVID_MODELS"):
        folders.append(Path(os.environ["FERVID_MODELS"]))
    models: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.glob(f"*{SUFFIX}")):
            models.setdefault(path.stem, path)
    return models


def find_model(name: str | Path) -> Path:
    """Find a model's file.

    Args:
        name: name of a shipped model, or a path.

    Raises:
        WeightsError: there is no model of this name and no such file.
    """
    known = shipped_models()
    if str(name) in known:
        return known[str(name)]
    path = Path(name)
    if path.is_file():
        return path
    names = ", ".join(sorted(known)) or "(none)"
    raise WeightsError(
        f"{name} is neither a file nor one of the models {names}: "
        "correct the name, or set FERVID_MODELS to the folder that holds it"
    )


def shipped_of(system: str) -> Path:
    """Find the file of a system's shipped model.

    Raises:
        WeightsError: no model of this system is shipped.
    """
    from fervid.learning.weights import metadata

    others = set()
    for path in shipped_models().values():
        name = metadata(path).get("system")
        if name == system:
            return path
        others.add(str(name))
    names = ", ".join(sorted(others)) or "none"
    raise WeightsError(
        f"no model of {system} is shipped (shipped: {names}): give a model file instead"
    )


def open_model(name: str | Path, device: str = "cpu") -> "Recognizer":
    """Open a trained recognizer, ready to predict.

    Args:
        name: name of a shipped model, or a path.
        device: "cpu", "cuda" or "auto".

    Raises:
        WeightsError: the model does not exist, fervid did not write it, or this version lacks its
            system.
        InputError: there is no such device.
    """
    from fervid.systems import SYSTEMS

    path = find_model(name)
    return moved(SYSTEMS[system_of(path)].load(path), device)


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
            f"{path} holds only {about.get('kind', 'parts')}, not a complete system: "
            "give a file written by `fervid train` or `fervid evaluate --save-models`"
        )
    if not isinstance(system, str) or system not in SYSTEMS:
        raise WeightsError(
            f"{path} is for the system {system!r}, which is not one of {', '.join(SYSTEMS)}: "
            "use a model written by this version of fervid"
        )
    return system
