"""Weights made elsewhere: converted once to our format, and found again by name."""

import os
from pathlib import Path
from pickle import UnpicklingError  # what torch's loader of plain tensors raises

import torch
from torch import Tensor

from fervid.atomic import digest_of
from fervid.errors import WeightsError
from fervid.learning import weights
from fervid.networks.vgg import VGG16, initialise

SUFFIX = ".safetensors"
# torchvision's ImageNet weights; a name ends with the first digits of the file's sha256.
VGG16_IMAGENET = "vgg16-397923af"


def import_vgg16(source: Path, out: Path | None = None, sha256: str = "397923af") -> Path:
    """Convert a state dict with torchvision's names for VGG16 to safetensors.

    Args:
        source: `vgg16-397923af.pth`, or another file that torch saved.
        out: the file to write; by default `source` with the ending .safetensors, in
            $FERVID_MODELS where that is set, else beside `source`.
        sha256: how the file's must begin; give another one for other weights.

    Returns:
        what was written.

    Raises:
        WeightsError: not there, other bytes, no plain state dict, not of VGG16.
    """
    try:
        found = digest_of(source)
    except OSError as error:
        raise WeightsError(f"{source} cannot be read ({error}): name the file to import") from None
    if not sha256 or not found.startswith(sha256.lower()):
        raise WeightsError(
            f"the sha256 of {source} is {found}, which does not begin with {sha256 or 'anything'}: "
            "fetch the file again, or give the sha256 of the weights meant"
        )
    tensors = _state_dict(source)
    classes = tensors.get("classifier.6.bias")
    with torch.device("meta"):
        network = VGG16(1 if classes is None else classes.numel())
    wanted = {name: t.shape for name, t in network.state_dict().items()}
    if wanted != {name: t.shape for name, t in tensors.items()}:
        raise WeightsError(
            f"{source} does not hold VGG16 by torchvision's names: name the file "
            f"{VGG16_IMAGENET}.pth"
        )
    home = Path(os.environ.get("FERVID_MODELS") or source.parent)
    path = out or home / source.with_suffix(SUFFIX).name
    told = {"weights": "vgg16", "source": source.name, "source_sha256": found}
    weights.save(path, tensors, told)
    return path


def _state_dict(path: Path) -> dict[str, Tensor]:
    """Tensors by name, read by torch's loader that runs no code of the file."""
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, UnpicklingError) as error:
        short = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightsError(
            f"{path} is no plain state dict ({short}): name a file that holds tensors alone"
        ) from None
    if not isinstance(found, dict) or not all(isinstance(t, Tensor) for t in found.values()):
        raise WeightsError(f"{path} holds no tensors by name: name a file with a state dict")
    return {str(name): tensor for name, tensor in found.items()}


def find(name: str) -> Path | None:
    """The file of imported weights: a path, or a name in $FERVID_MODELS; None if there is none."""
    homes = [Path(home) for home in (os.environ.get("FERVID_MODELS"),) if home]
    places = [Path(name), *(home / f"{name}{SUFFIX}" for home in homes)]
    return next((place for place in places if place.is_file()), None)


def begin_vgg16(network: VGG16, path: Path, prefix: str = "") -> str:
    """Begin from the weights of a file of ours; returns what to say of them.

    Args:
        path: imported weights, or a trained recogniser that holds such a VGG16.
        prefix: of its names there, for a file that holds more than one network.

    Raises:
        WeightsError: the file is not ours, or holds none that fits.
    """
    tensors, card = weights.load(path)
    inside = {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
    initialise(network, inside if prefix and inside else tensors)
    told: str = card["sha256"]
    return f"{path.name}, sha256 of its tensors {told[:8]}"
