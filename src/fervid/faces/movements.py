"""The built-in movement network: from a face to how far each of 51 shapes has moved.

What it estimates are coefficients of the ICT face model (`action_units.py`), about 0 in a face at
rest and 1 at the end of a movement. It was trained by `training/movements.py` on rendered faces
only. These are *estimates from rendered faces, not FACS coding*.

The network sees the two halves of a face, the left one mirrored, with the same weights, and answers
for each half with its own and the other's features. So a mirrored face gets exactly the mirrored
answer, and one half's training serves the other.
"""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from torch import Tensor, nn

from fervid.atomic import digest_of
from fervid.errors import FacesError
from fervid.faces.action_units import CENTRAL, RIGHT, SHAPES
from fervid.faces.landmarks import INPUT, Network, crops_of_landmarks, cut_out, fold
from fervid.faces.versions import MOVEMENTS as WEIGHTS
from fervid.faces.versions import metadata

TIGHT = 0.85  # side of its crop, in sides of the landmark network's
HALF = 56  # columns of the crop that belong to a half: up to a little beyond the middle
BATCH = 64

Array = NDArray[np.float32]


class MovementNetwork(nn.Module):
    """Grey crop -> shapes. The first layers are those of the landmark network (`Network`)."""

    def __init__(self, hidden: int = 128) -> None:
        super().__init__()
        trunk = Network()
        self.stem, self.middle = trunk.stem, trunk.middle
        self.deep = nn.Sequential(
            nn.Conv2d(64, 96, 3, 2, 1, bias=False), nn.BatchNorm2d(96), nn.ReLU()
        )
        self.side = nn.Sequential(
            nn.Flatten(), nn.Linear(96 * 6 * 4, hidden, bias=False), nn.BatchNorm1d(hidden),
            nn.ReLU(),
        )  # fmt: skip
        self.both = nn.Sequential(
            nn.Linear(2 * hidden, hidden, bias=False), nn.BatchNorm1d(hidden), nn.ReLU()
        )
        self.answer = nn.Linear(hidden, len(RIGHT) + len(CENTRAL))

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1, 96, 96) grey 0..255 -> (B, 51) in the order of `SHAPES`."""
        x = x.double()  # whole numbers: their sums do not depend on the order
        spread, mean = torch.std_mean(x, dim=(2, 3), keepdim=True)
        x = ((x - mean) / (spread + 4)).float()
        halves = torch.cat([x[..., :HALF], x.flip(3)[..., :HALF]])  # the right one comes first
        halves = halves.contiguous(memory_format=torch.channels_last)
        own = self.side(self.deep(self.middle(self.stem(halves))))
        other = own.roll(len(x), 0)
        answer = self.answer(self.both(torch.cat([own, other], 1)))
        right, left = answer[: len(x)], answer[len(x) :]
        sided = len(RIGHT)
        centre = (right[:, sided:] + left[:, sided:]) / 2
        return torch.cat([right[:, :sided], left[:, :sided], centre], 1)


class Movements:
    """Estimates the shapes of faces whose 68 landmarks are known.

    Args:
        weights: a file written by `training/movements.py`; by default the one in the package.
        threads: number of torch threads in this process; None leaves it unchanged.

    Raises:
        FacesError: the weights are missing, or are not a movement network of fervid.
    """

    version: str

    def __init__(self, weights: Path | None = None, threads: int | None = None) -> None:
        if threads is not None:
            torch.set_num_threads(threads)
        path = Path(weights or WEIGHTS)
        network, about = load(path)
        self.version = f"{about['version']} {digest_of(path)[:8]}"
        self._network = fold(network).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def __call__(self, faces: NDArray[np.uint8], landmarks: Array) -> Array:
        """Estimate the shapes of one face in each picture.

        Args:
            faces: (N, H, W, 3) RGB or (N, H, W) grey.
            landmarks: (N, 68, 2) of either finder, in pixels of `faces`.

        Returns:
            (N, 51) in the order of `SHAPES`: about 0 at rest and 1 at the end of a movement, and
            not clipped. NaN where a landmark is.
        """
        shapes = np.full((len(faces), len(SHAPES)), np.nan, np.float32)
        rows = np.flatnonzero(np.isfinite(landmarks).all(axis=(1, 2)))
        for begin in range(0, len(rows), BATCH):
            some = rows[begin : begin + BATCH]
            maps = crops(landmarks[some])
            cut = [cut_out(faces[row], place) for row, place in zip(some, maps, strict=True)]
            shapes[some] = self.shapes(np.stack(cut))
        return shapes

    def shapes(self, cut: NDArray[np.uint8]) -> Array:
        """(N, 51) of (N, 96, 96) grey pictures, cut out at `crops`."""
        with torch.inference_mode():
            answer: Array = self._network(torch.from_numpy(cut)[:, None]).numpy()
        return answer


def crops(landmarks: Array) -> Array:
    """(N, 2, 3) maps from the unit square of each crop to pixels, for (N, 68, 2) landmarks."""
    maps = crops_of_landmarks(landmarks)
    middle = maps[:, :, :2].sum(axis=2, keepdims=True) / 2 + maps[:, :, 2:]
    linear = maps[:, :, :2] * TIGHT
    shift = middle - linear.sum(axis=2, keepdims=True) / 2
    return np.concatenate([linear, shift], axis=2).astype(np.float32)


def load(path: Path) -> tuple[MovementNetwork, dict[str, str]]:
    """A trained network and its file's metadata.

    Raises:
        FacesError: the file is missing, or is not a movement network of fervid.
    """
    about = metadata(path, "movements")
    with safe_open(path, "pt") as file:
        state = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
    network = MovementNetwork()
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise FacesError(
            f"{path} holds a movement network of another shape: train it again with this version's "
            "training/movements.py"
        ) from error
    return network.eval(), about


assert INPUT == 96  # the head's size follows from it
