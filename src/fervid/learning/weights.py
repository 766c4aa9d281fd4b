"""Model files: one safetensors file with everything needed to use the model, never a pickle.

Its metadata hold `format` = "fervid" and, as JSON under `fervid`, the metadata passed to `save`
(system, recipe, labels, licence, ...), fervid's version and a SHA-256 of the tensors.
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
from safetensors.torch import save as serialised
from torch import Tensor

import fervid
from fervid.atomic import blamed, whole
from fervid.errors import FervidError, WeightsError
from fervid.learning.recipes import changed, flat
from fervid.text import parse_json

FORMAT = "fervid"
Recipe = TypeVar("Recipe")


def save(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> None:
    """Write a file atomically: `path` is either the old file or the complete new one.

    Args:
        tensors: tensors by name, on any device.
        metadata: anything that JSON can hold.

    Raises:
        OutputError: the file cannot be written.
    """
    stored = {name: _contiguous(tensor) for name, tensor in sorted(tensors.items())}
    text = json.dumps({**metadata, "version": fervid.__version__, "sha256": digest(stored)})
    with blamed(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole(path) as part:
            # safetensors' own writer would leave a file of its own when killed.
            part.write_bytes(serialised(stored, {"format": FORMAT, FORMAT: text}))


def load(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Load a file that `save` wrote: its tensors, on the CPU, and its metadata.

    Raises:
        WeightsError: the file is missing, truncated, altered or not written by fervid.
    """
    with _opened(path) as (file, card):
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    if card.get("sha256") != digest(tensors):
        raise WeightsError(f"{path} is damaged (sha256 mismatch): download or export it again")
    for name, tensor in tensors.items():
        if not _finite(name, tensor):
            raise WeightsError(
                f"{path} holds values that are not finite in {name}: train the model again, or "
                "use another file"
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
                    f"{path} is a safetensors file but was not written by fervid: "
                    "give a model file that fervid wrote"
                )
            yield file, _card(about.get(FORMAT, ""))
    except (OSError, SafetensorError) as error:
        raise WeightsError(
            f"{path} cannot be read as weights ({error}): give a model file that fervid wrote"
        ) from error


def _finite(name: str, tensor: Tensor) -> bool:
    """Whether all values are finite; a divisor called `spread` may be infinite."""
    if not tensor.is_floating_point():
        return True
    # A constant feature is divided by an infinite spread, which makes it 0.
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
    """Write a trained system to one file, atomically.

    Args:
        system: the recipe, a dataclass with a `name`.
        labels: K names, in the order of every probability vector.
        card: licence, training data and anything else JSON can hold.
        more: further metadata that `load` needs to build the networks.

    Raises:
        OutputError: the file cannot be written.
    """
    recipe = flat(system)
    metadata = {"system": recipe["name"], "recipe": recipe, "labels": list(labels)}
    save(path, tensors, {**metadata, **more, "card": dict(card)})


def check_shapes(path: Path, tensors: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    """Check that a file's tensors have the names and shapes of the networks to load them into.

    Raises:
        WeightsError: names or shapes differ.
    """
    if {k: t.shape for k, t in tensors.items()} != {k: t.shape for k, t in expected.items()}:
        raise WeightsError(
            f"{path} does not hold the networks its recipe describes: download or export it again"
        )


@contextmanager
def restoring(path: Path) -> Iterator[None]:
    """Report any error within as a fault of the model file, whose metadata must be wrong.

    Raises:
        WeightsError: in place of whatever was raised.
    """
    try:
        yield
    except WeightsError:
        raise
    except KeyError as error:
        raise WeightsError(
            f"{path} lacks {error} in its metadata, or has an unknown value there: "
            "download or export it again"
        ) from error
    except (FervidError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError,
            RuntimeError, MemoryError) as error:  # fmt: skip
        short = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightsError(
            f"{path} describes a system that cannot be built ({short}): download or export it again"
        ) from error


def field_of(path: Path, card: Mapping[str, Any], name: str, kind: type) -> Any:
    """A field of a model file's metadata.

    Raises:
        WeightsError: the field is missing or of another type.
    """
    value = card.get(name)
    if not isinstance(value, kind):
        state = f"is {str(value)[:60]!r}" if name in card else "is missing"
        raise WeightsError(
            f"{path}: {name} {state} in its metadata but should be a {kind.__name__}: "
            "download or export it again"
        )
    return value


def load_system(path: Path, system: Recipe) -> tuple[dict[str, Tensor], dict[str, Any], Recipe]:
    """Load a trained system: its tensors, its metadata and the recipe it was trained with.

    Args:
        system: a recipe with a `name`; its values are used for fields that the file lacks.

    Raises:
        WeightsError: the file is not from fervid, is for another system, or has settings that
            this version lacks.
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
            f"{path}: labels in its metadata are {str(labels)[:60]!r} but should be two or more "
            "different names: download or export it again"
        )
    if unknown := set(recipe) - set(known):
        raise WeightsError(
            f"{path} was written by fervid {card.get('version')} with settings unknown to this "
            f"version ({', '.join(sorted(unknown))}): install that version"
        )
    values = {name: _value(path, name, value, known[name]) for name, value in recipe.items()}
    with restoring(path):
        return tensors, card, changed(system, values)


def _value(path: Path, name: str, value: Any, default: Any) -> Any:
    """Convert a recipe's field from JSON, which has no tuples, to the type of its default."""
    kind = type(default)
    if kind is tuple and isinstance(value, list):
        return tuple(_value(path, name, v, default[0]) if default else v for v in value)
    if kind is float and type(value) is int:
        value = float(value)
    valid = default is None or type(value) is kind
    if not valid or (isinstance(value, float) and not math.isfinite(value)):
        raise WeightsError(
            f"{path}: {name} of its recipe is {str(value)[:60]!r}, the default is {default!r}: "
            "download or export it again"
        )
    return value


def _card(text: str) -> dict[str, Any]:
    """Parse metadata from JSON; empty if they are not a JSON object."""
    with suppress(ValueError):
        card = parse_json(text)
        if isinstance(card, dict):
            return card
    return {}


def digest(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 of tensors: names, shapes, types and bytes, in the order of the names."""
    total = hashlib.sha256()
    for name in sorted(tensors):
        tensor = _contiguous(tensors[name])
        total.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        total.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return total.hexdigest()


def _contiguous(tensor: Tensor) -> Tensor:
    return tensor.detach().to("cpu", memory_format=torch.contiguous_format).contiguous()
