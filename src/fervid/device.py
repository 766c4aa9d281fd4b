"""Where networks compute: on the processor, or on a GPU."""

from fervid.errors import InputError


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
