"""A trained TFE."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fervid.errors import InputError
from fervid.learning import weights
from fervid.systems.tfe import inputs

if TYPE_CHECKING:
    from fervid.systems.tfe.recipe import TFE


@dataclass
class TFERecognizer:
    """The network that answers, and those it is compared with.

    Args:
        system: the recipe it was trained by.
        labels: K names, the order of every probability vector.
        networks: by name.
    """

    system: TFE
    labels: tuple[str, ...]
    networks: dict[str, nn.Module]

    @property
    def output(self) -> str:
        """Which of `predict`'s networks is the answer."""
        return self.system.answer

    @torch.no_grad()
    def predict(
        self, arrays: Mapping[str, NDArray[Any]], size: int = 128
    ) -> dict[str, NDArray[np.float32]]:
        """Probabilities, (N, K), of every network there is.

        Those of "svm" are softmax(margins), which orders labels and is no probability.

        Args:
            arrays: as the system's `inputs` makes them, N faces; colour and other sizes are
                brought to what the networks know (see `inputs.picture`).
            size: how many at a time.

        Raises:
            InputError: what is no face (see `inputs.picture`).
        """
        faces = _checked(arrays["faces"], self.system.size)
        found: dict[str, NDArray[np.float32]] = {}
        for name, net in self.networks.items():
            net.eval()
            device = next(net.parameters()).device
            out = np.zeros((len(faces), len(self.labels)), np.float32)
            for start in range(0, len(faces), size):
                some = torch.from_numpy(np.array(faces[start : start + size])).to(device)
                logits = net(some).float()
                if self.system.mirror:
                    logits = (logits + net(some.flip(2)).float()) / 2
                out[start : start + size] = logits.softmax(1).cpu()
            found[name] = out
        return found

    def judge(self, images: list[NDArray[Any]]) -> NDArray[np.float32]:
        """Probabilities, (N, K), of cropped faces of any size, grey or RGB; a row for each.

        Raises:
            InputError: what is no face (see `inputs.picture`).
        """
        none = np.zeros((0, self.system.size, self.system.size), np.uint8)
        made = [inputs.picture(image, self.system.size) for image in images]
        return self.predict({"faces": np.stack(made) if made else none})[self.output]

    def only(self, name: str) -> TFERecognizer:
        """The same with one network, which answers: what is worth shipping."""
        from dataclasses import replace

        recipe = replace(self.system, answer=name, compare=False)
        return TFERecognizer(recipe, self.labels, {name: self.networks[name]})

    def to(self, device: str) -> TFERecognizer:
        """The same, predicting on a device."""
        for net in self.networks.values():
            net.to(device)
        return self

    def _tensors(self) -> dict[str, Tensor]:
        return dict(nn.ModuleDict(self.networks).state_dict())

    def save(self, path: Path, card: Mapping[str, Any]) -> None:
        """One safetensors file, written atomically, with labels, recipe and card in its metadata.

        Args:
            card: licence, what it was trained on, anything else JSON can hold.
        """
        people = {}
        for name, net in self.networks.items():
            body = getattr(net, "identity", None)
            people[name] = (48, True) if body is None else (body.size, body.local)
        more = {"kind": "tfe", "networks": people}
        weights.save_system(path, self._tensors(), self.system, self.labels, card, **more)

    def restore(self, tensors: Mapping[str, Tensor], path: Path) -> None:
        """Put saved weights in place.

        Raises:
            WeightsError: they are of other names or shapes.
        """
        weights.check_shapes(path, tensors, self._tensors())
        nn.ModuleDict(self.networks).load_state_dict(dict(tensors))
        for net in self.networks.values():
            net.eval()


def _checked(faces: NDArray[Any], size: int) -> NDArray[np.uint8]:
    """(N, P, P) uint8 as it came, or every face brought to it."""
    faces = np.asarray(faces)
    if faces.dtype == np.uint8 and faces.ndim == 3 and faces.shape[1:] == (size, size):
        return faces
    if faces.ndim not in (3, 4):
        raise InputError(
            f"faces of shape {faces.shape} are no pictures: give (N, {size}, {size}) grey or "
            "(N, H, W, 3) RGB"
        )
    made = [inputs.picture(face, size) for face in faces]
    return np.stack(made) if made else np.zeros((0, size, size), np.uint8)
