"""Weights on disk: one safetensors file with everything that it takes to use it, never a pickle.

Its metadata hold `format` = "fervid" and, as JSON under `fervid`, what `save` was given: system,
recipe, labels, licence and so on, besides fervid's version and a sha256 of the tensors.
"""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

import fervid
from fervid.atomic import blamed, whole
from fervid.errors import FervidError, WeightsError
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
    with _opened(path) as (file, card):
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    if card.get("sha256") != digest(tensors):
        raise WeightsError(f"{path} is damaged (sha256 mismatch): download or export it again")
    for name, tensor in tensors.items():
        if not _sound(name, tensor):
            raise WeightsError(
                f"{path} holds numbers that are not finite in {name}: train it again, or get "
                "another file"
            )
    return tensors, card


def metadata(path: Path) -> dict[str, Any]:
    """Metadata of a file that `save` wrote; its tensors are neither read nor checked.

    Raises:
        WeightsError: it is not there, or not ours.
    """
    with _opened(path) as (_, card):
        return card


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, dict[str, Any]]]:
    """A file of ours and its metadata."""
    try:
        with safe_open(path, framework="pt") as file:
            about = file.metadata() or {}
            if about.get("format") != FORMAT:
                raise WeightsError(
                    f"{path} is a safetensors file but not one of fervid's: "
                    "name a file that fervid's training wrote"
                )
            yield file, _card(about.get(FORMAT, ""))
    except (OSError, SafetensorError) as error:
        raise WeightsError(
            f"{path} cannot be read as weights ({error}): name a file that fervid's training wrote"
        ) from error


def _sound(name: str, tensor: Tensor) -> bool:
    """Whether a network can work with these numbers."""
    if not tensor.is_floating_point():
        return True
    # A feature that never varies is divided by an infinite spread, which makes it 0.
    divides = name.rpartition(".")[2] == "spread"
    bad = tensor.isnan() | tensor.isneginf() if divides else ~tensor.isfinite()
    return not bool(bad.any())


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


@contextmanager
def restoring(path: Path) -> Iterator[None]:
    """What goes wrong within is the fault of a model file whose metadata are not as `save` wrote.

    Raises:
        WeightsError: for whatever was raised.
    """
    try:
        yield
    except WeightsError:
        raise
    except KeyError as error:
        raise WeightsError(
            f"{path} lacks {error} in its metadata, or names an unknown one: get it again"
        ) from error
    except (FervidError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError,
            RuntimeError, MemoryError) as error:  # fmt: skip
        short = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightsError(
            f"{path} describes a system that cannot be built ({short}): get it again"
        ) from error


def field_of(path: Path, card: Mapping[str, Any], name: str, kind: type) -> Any:
    """A field of a model file's metadata.

    Raises:
        WeightsError: it is missing or of another kind.
    """
    value = card.get(name)
    if not isinstance(value, kind):
        there = f"is {str(value)[:60]!r}" if name in card else "is missing"
        raise WeightsError(
            f"{path}: {name} {there} in its metadata, it should be a {kind.__name__}: get it again"
        )
    return value


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
    recipe = field_of(path, card, "recipe", dict)
    labels = field_of(path, card, "labels", list)
    if len(labels) < 2 or len({str(label) for label in labels}) < len(labels) or not all(
        isinstance(label, str) and label.isprintable() and label for label in labels
    ):  # fmt: skip
        raise WeightsError(
            f"{path}: labels in its metadata are {str(labels)[:60]!r}, they should be two or more "
            "different names: get it again"
        )
    if unknown := set(recipe) - set(known):
        raise WeightsError(
            f"{path} was written by fervid {card.get('version')} with settings this one does not "
            f"know ({', '.join(sorted(unknown))}): install that version"
        )
    values = {name: _value(path, name, value, known[name]) for name, value in recipe.items()}
    with restoring(path):
        return tensors, card, changed(system, values)


def _value(path: Path, name: str, value: Any, default: Any) -> Any:
    """A recipe's field from JSON, of the kind of its default; JSON knows no tuples."""
    kind = type(default)
    if kind is tuple and isinstance(value, list):
        return tuple(_value(path, name, v, default[0]) if default else v for v in value)
    if kind is float and type(value) is int:
        value = float(value)
    right = default is None or type(value) is kind
    if not right or (isinstance(value, float) and not math.isfinite(value)):
        raise WeightsError(
            f"{path}: {name} of its recipe is {str(value)[:60]!r}, the default is {default!r}: "
            "get it again"
        )
    return value


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
