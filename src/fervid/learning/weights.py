"""Weights on disk: one safetensors file with everything that it takes to use it, never a pickle.

Its metadata hold `format` = "fervid" and, as JSON under `fervid`, what `save` was given: system,
recipe, labels, licence and so on, besides fervid's version and a sha256 of the tensors.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

import fervid
from fervid.atomic import blamed, whole
from fervid.errors import InputError, WeightsError
from fervid.learning.recipes import changed, flat

FORMAT = "fervid"
Recipe = TypeVar("Recipe")


def save(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> None:
    """Write a file atomically: at `path` lies the old one or the whole new one.

    Args:
        tensors: by name, on any device.
        metadata: anything that JSON can hold.

    Raises:
        OutputError: the place cannot be written to.
    """
    stored = {name: _contiguous(tensor) for name, tensor in sorted(tensors.items())}
    text = json.dumps({**metadata, "version": fervid.__version__, "sha256": digest(stored)})
    with blamed(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with whole(path) as part:
                save_file(stored, part, {"format": FORMAT, FORMAT: text})
        except SafetensorError as error:  # what safetensors says of a full or read-only place
            raise OSError(error) from error


def load(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors, on the CPU, and metadata of a file that `save` wrote.

    Raises:
        WeightsError: it is not there, not ours, cut short or changed.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise WeightsError(
                    f"{path} is a safetensors file but not one of fervid's: "
                    "name a file that fervid's training wrote"
                )
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise WeightsError(
            f"{path} cannot be read as weights ({error}): name a file that fervid's training wrote"
        ) from error
    card = _card(metadata.get(FORMAT, ""))
    if card.get("sha256") != digest(tensors):
        raise WeightsError(f"{path} is not what was saved (its sha256 differs): get it again")
    return tensors, card


def save_system(
    path: Path,
    tensors: Mapping[str, Tensor],
    system: Any,
    labels: Sequence[str],
    card: Mapping[str, Any],
    **more: Any,
) -> None:
    """A trained system as one file, written atomically.

    Args:
        system: its recipe, which has a `name`.
        labels: K names, the order of every probability vector.
        card: licence, what it was trained on, anything else JSON can hold.
        more: what else `load` needs to build the networks.

    Raises:
        OutputError: the place cannot be written to.
    """
    recipe = flat(system)
    told = {"system": recipe["name"], "recipe": recipe, "labels": list(labels)}
    save(path, tensors, {**told, **more, "card": dict(card)})


def check_shapes(path: Path, tensors: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> None:
    """See that a file's tensors have the names and shapes of the networks to load them into.

    Raises:
        WeightsError: they have others.
    """
    if {k: t.shape for k, t in tensors.items()} != {k: t.shape for k, t in wanted.items()}:
        raise WeightsError(f"{path} does not hold the networks its recipe describes: get it again")


def load_system(path: Path, system: Recipe) -> tuple[dict[str, Tensor], dict[str, Any], Recipe]:
    """Tensors and metadata of a trained system, and the recipe that it was trained by.

    Args:
        system: a recipe with a `name`; fields that the file does not tell stay as they are here.

    Raises:
        WeightsError: not ours, of another system, or with settings that this version lacks.
    """
    tensors, card = load(path)
    known = flat(system)
    if card.get("system") != known["name"]:
        raise WeightsError(
            f"{path} holds {card.get('system', 'no system')}, not {known['name']}: "
            "load it with the system it names"
        )
    stored = card.get("recipe", {})
    if unknown := set(stored) - set(known):
        raise WeightsError(
            f"{path} was written by fervid {card['version']} with settings this one does not "
            f"know ({', '.join(sorted(unknown))}): install that version"
        )
    values = {  # JSON knows no tuples
        name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()
    }
    try:
        return tensors, card, changed(system, values)
    except InputError as error:
        raise WeightsError(f"{path} holds a recipe that cannot be used: {error}") from error


def _card(text: str) -> dict[str, Any]:
    """Metadata from their JSON; nothing where that is not ours."""
    with suppress(ValueError):
        card = json.loads(text)
        if isinstance(card, dict):
            return card
    return {}


def digest(tensors: Mapping[str, Tensor]) -> str:
    """The sha256 of tensors: names, shapes, types and bytes, in the order of the names."""
    total = hashlib.sha256()
    for name in sorted(tensors):
        tensor = _contiguous(tensors[name])
        total.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        total.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return total.hexdigest()


def _contiguous(tensor: Tensor) -> Tensor:
    return tensor.detach().to("cpu", memory_format=torch.contiguous_format).contiguous()
