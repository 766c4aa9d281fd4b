"""What a training of the built-in networks keeps on disk: checkpoints and finished weights."""

from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn


def write(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """Save under another name first: a kill leaves the old file or the new one."""
    part = path.with_name(path.name + ".part")
    save_file(tensors, part, metadata)
    part.chmod(0o644)
    part.replace(path)


def save(
    path: Path, network: nn.Module, optimiser: torch.optim.Optimizer, schedule: Any, epoch: int
) -> None:
    """Write everything that an epoch changes."""
    tensors = {f"network.{n}": v for n, v in network.state_dict().items()}
    for key, state in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{key}.{n}": torch.as_tensor(v) for n, v in state.items()}
    tensors = {name: value.clone().contiguous() for name, value in tensors.items()}
    write(path, tensors, {"epoch": str(epoch), "step": str(schedule.last_epoch)})


def resume(path: Path, network: nn.Module, optimiser: torch.optim.Optimizer, schedule: Any) -> int:
    """Go back to what `save` wrote; returns the epoch."""
    tensors = load_file(path)
    with safe_open(path, "pt") as file:
        metadata = file.metadata()

    def part(name: str) -> dict[str, Tensor]:
        return {key.removeprefix(name): v for key, v in tensors.items() if key.startswith(name)}

    network.load_state_dict(part("network."))
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in part("optimiser.").items():
        index, name = key.split(".")
        state.setdefault(int(index), {})[name] = value
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": state, "param_groups": groups})
    with torch.no_grad():  # the schedule is a function of the step alone
        for _ in range(int(metadata["step"]) - schedule.last_epoch):
            schedule.step()
    return int(metadata["epoch"])


def plain(word: str) -> str:
    """A word of a command for a card, without the folders of this machine."""
    return Path(word).name if "/" in word else word
