"""Import published weights: convert them once to fervid's format, then find them by name."""

import os
from pathlib import Path
from pickle import UnpicklingError  # raised by torch's loader of plain tensors

import torch
from torch import Tensor

from fervid.atomic import digest_of
from fervid.errors import WeightsError
from fervid.learning import weights
from fervid.networks.vgg import VGG16, initialise

SUFFIX = ".safetensors"
# torchvision's ImageNet weights; the name ends with the first digits of the file's SHA-256.
VGG16_IMAGENET = "vgg16-397923af"


def import_vgg16(source: Path, out: Path | None = None, sha256: str = "397923af") -> Path:
    """Convert a state dict with torchvision's names for VGG16 to safetensors.

    Args:
        source: `vgg16-397923af.pth`, or another file saved by torch.
        out: file to write; by default `source` with the suffix .safetensors, in $FERVID_MODELS if
            that is set, otherwise in the folder of `source`.
        sha256: first digits of the SHA-256 of `source`; change it to import other weights.

    Returns:
        Path of the file written.

    Raises:
        WeightsError: the file is missing, has another SHA-256, is not a plain state dict, or does
            not hold VGG16.
    """
    try:
        actual = digest_of(source)
    except OSError as error:
        raise WeightsError(f"{source} cannot be read ({error}): give the file to import") from None
    if not sha256:
        raise WeightsError(
            f"no SHA-256 to check {source} against: give the first digits of its SHA-256"
        )
    if not actual.startswith(sha256.lower()):
        raise WeightsError(
            f"the SHA-256 of {source} is {actual}, which does not begin with {sha256}: "
            "download the file again, or give the SHA-256 of the weights you want"
        )
    tensors = _state_dict(source)
    classes = tensors.get("classifier.6.bias")
    with torch.device("meta"):
        network = VGG16(1 if classes is None else classes.numel())
    expected = {name: t.shape for name, t in network.state_dict().items()}
    if expected != {name: t.shape for name, t in tensors.items()}:
        raise WeightsError(
            f"{source} does not hold VGG16 with torchvision's parameter names: give the file "
            f"{VGG16_IMAGENET}.pth"
        )
    folder = Path(os.environ.get("FERVID_MODELS") or source.parent)
    path = out or folder / source.with_suffix(SUFFIX).name
    metadata = {"weights": "vgg16", "source": source.name, "source_sha256": actual}
    weights.save(path, tensors, metadata)
    return path


def _state_dict(path: Path) -> dict[str, Tensor]:
    """Load tensors by name with torch's safe loader, which runs no code from the file."""
    try:
        tensors = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, UnpicklingError) as error:
        short = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightsError(
            f"{path} is not a plain state dict ({short}): give a file that holds only tensors"
        ) from None
    if not isinstance(tensors, dict) or not all(isinstance(t, Tensor) for t in tensors.values()):
        raise WeightsError(f"{path} is not a plain state dict: give a file that holds one")
    return {str(name): tensor for name, tensor in tensors.items()}


def find(name: str) -> Path | None:
    """Find a file of imported weights by its path or by its name in $FERVID_MODELS, or None."""
    folders = [Path(folder) for folder in (os.environ.get("FERVID_MODELS"),) if folder]
    candidates = [Path(name), *(folder / f"{name}{SUFFIX}" for folder in folders)]
    return next((path for path in candidates if path.is_file()), None)


def begin_vgg16(network: VGG16, path: Path, prefix: str = "") -> str:
    """Initialise a network from a file of weights; return a description of the file.

    Args:
        path: imported weights, or a trained recogniser with such a VGG16.
        prefix: prefix of the VGG16's tensor names, for a file with several networks.

    Raises:
        WeightsError: fervid did not write the file, or it holds no weights that fit.
    """
    tensors, card = weights.load(path)
    own = {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
    initialise(network, own if prefix and own else tensors)
    sha256: str = card["sha256"]
    return f"{path.name}, sha256 of its tensors {sha256[:8]}"
