"""Where networks compute: on the processor, or on a GPU."""

from typing import TypeVar

from fervid.errors import InputError

Model = TypeVar("Model")


def chosen(device: str) -> str:
    """`cpu` or `cuda`, for `auto` whichever there is; only `cpu` needs no torch.

    Raises:
        InputError: there is no such device.
    """
    if device == "cpu":
        return device
    if device not in ("auto", "cuda"):
        raise InputError(f"--device {device}: use cpu, cuda or auto")
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if device == "cuda":
        raise InputError("--device cuda: torch finds no CUDA GPU here: use cpu or auto")
    return "cpu"


def moved(model: Model, device: str) -> Model:
    """A trained model on the device that was asked for; one from elsewhere may have no `to`.

    Raises:
        InputError: there is no such device.
    """
    to = getattr(model, "to", None)
    if to is None:
        return model
    to(chosen(device))
    return model
