"""The built-in landmark network: 68 points and a presence score from a grey crop of a face.

Points follow the 68 of Multi-PIE (jaw 0-16, brows 17-26, nose 27-35, eyes 36-47, mouth 48-67). The
network was trained by `training/landmarks.py`, on rendered and drawn faces only.

Crops are squares in the *face's own frame*: rotated upright, and `CROP` Haar boxes wide. To track a
face, the crop is placed at its previous landmarks, so that no detector has to run.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors import safe_open
from torch import Tensor, nn

from fervid.errors import FacesError
from fervid.faces.versions import WEIGHTS, landmarker, metadata

INPUT = 96  # side of the network's input, pixels
CROP = 1.16  # side of the crop, in sides of the Haar-like box
DROP = 0.1  # distance of the crop's centre below the box's centre, in sides of the box

# Positions of five anchors in the Haar-like box, as fractions of its side: centres of the right and
# the left eye, base of the nose, mouth corners. Means over the rendered faces.
ANCHORS = np.array(
    [[0.321, 0.418], [0.679, 0.418], [0.5, 0.68], [0.354, 0.809], [0.646, 0.809]], np.float32
)

Array = NDArray[np.float32]


class Landmarker:
    """Finds 68 points in crops of a frame, with the probability that each crop shows a face.

    Args:
        weights: a file written by `training/landmarks.py`; by default the one in the package.
        threads: number of torch threads in this process; None leaves it unchanged.
        device: "cpu" or "cuda"; see `device.chosen`.

    Raises:
        FacesError: the weights are missing, or are not a landmark network of fervid.
    """

    version: str

    def __init__(
        self, weights: Path | None = None, threads: int | None = None, device: str = "cpu"
    ) -> None:
        if threads is not None:
            torch.set_num_threads(threads)
        path = Path(weights or WEIGHTS)
        network = load(path)
        self.version = landmarker(path)
        self._device = device
        self._network = fold(network).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def __call__(
        self, frame: NDArray[np.uint8], boxes: Array, angles: Array | None = None
    ) -> tuple[Array, Array]:
        """Find the landmarks in each box.

        Args:
            frame: (H, W) grey or (H, W, 3) RGB.
            boxes: (N, 4) left, top, width, height of a square box like the Haar cascade's, pixels.
            angles: (N,) clockwise rotation of each face in the picture, radians; 0 by default.

        Returns:
            (N, 68, 2) landmarks in pixels of the frame, (N,) presence in 0..1.
        """
        boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
        if angles is None:
            angles = np.zeros(len(boxes), np.float32)
        return self.place(frame, crops_of_boxes(boxes, np.asarray(angles)))

    def place(self, frame: NDArray[np.uint8], crops: Array) -> tuple[Array, Array]:
        """Like a call, but for crops: (N, 2, 3) maps from unit squares to pixels of the frame."""
        first, first_presence = self._predict(frame, crops)
        if not len(crops):
            return first, first_presence
        # Look again at the first result, because a detector's box is imprecise.
        second, second_presence = self.follow(frame, first)
        return second, np.minimum(first_presence, second_presence)

    def follow(self, frame: NDArray[np.uint8], landmarks: Array) -> tuple[Array, Array]:
        """Like a call, but at previous landmarks, (N, 68, 2) in pixels of the frame."""
        return self._predict(frame, crops_of_landmarks(landmarks))

    def _predict(self, frame: NDArray[np.uint8], crops: Array) -> tuple[Array, Array]:
        if not len(crops):
            return np.zeros((0, 68, 2), np.float32), np.zeros(0, np.float32)
        cut = np.stack([cut_out(frame, crop) for crop in crops])
        with torch.inference_mode():
            points, logit = self._network(torch.from_numpy(cut)[:, None].to(self._device))
        return to_frame(points.cpu().numpy(), crops), torch.sigmoid(logit).cpu().numpy()


def box_of(landmarks: Array) -> Array:
    """The Haar-like box around landmarks, upright in the picture.

    Args:
        landmarks: (N, 68, 2) pixels.

    Returns:
        (N, 4) left, top, width, height in pixels.
    """
    middle, side = middle_and_side(crops_of_landmarks(landmarks))
    corner = middle - side[:, None] / 2
    return np.concatenate([corner, side[:, None], side[:, None]], axis=1).astype(np.float32)


def middle_and_side(crops: Array) -> tuple[Array, Array]:
    """Centre (N, 2) and side (N,) of the Haar-like box in each of (N, 2, 3) crops, pixels."""
    side = np.hypot(crops[:, 0, 0], crops[:, 1, 0]) / CROP
    middle = crops[:, :, :2] @ np.array([0.5, 0.5 - DROP / CROP], np.float32) + crops[:, :, 2]
    return middle.astype(np.float32), side.astype(np.float32)


def crops_of_boxes(boxes: Array, angles: Array) -> Array:
    """(N, 2, 3) maps from the unit square of each crop to pixels, for (N, 4) boxes."""
    side = (boxes[:, 2] + boxes[:, 3]) / 2
    middle = boxes[:, :2] + boxes[:, 2:] / 2
    cos, sin = np.cos(angles), np.sin(angles)
    turn = np.stack([np.stack([cos, -sin], 1), np.stack([sin, cos], 1)], 1) * side[:, None, None]
    origin = np.array([-CROP / 2, DROP - CROP / 2], np.float32)  # from the box's centre
    shift = middle + turn @ origin
    return np.concatenate([turn * CROP, shift[:, :, None]], axis=2).astype(np.float32)


def crops_of_landmarks(landmarks: Array) -> Array:
    """(N, 2, 3) maps from the unit square of each crop to pixels, for (N, 68, 2) landmarks.

    Each is the least-squares similarity from `ANCHORS` to the anchors of the landmarks.
    """
    points = np.asarray(landmarks, np.float32).reshape(-1, 68, 2)
    eyes = points[:, 36:48].reshape(-1, 2, 6, 2).mean(axis=2)
    return crops_of_anchors(np.concatenate([eyes, points[:, [33, 48, 54]]], axis=1))


def crops_of_anchors(anchors: Array, which: Sequence[int] = range(len(ANCHORS))) -> Array:
    """(N, 2, 3) maps from the unit square of each crop to pixels.

    Args:
        anchors: (N, A, 2) positions of A of the `ANCHORS`, in pixels.
        which: their A indices in `ANCHORS`.
    """
    unit = (ANCHORS[list(which)] - [0.5, 0.5 + DROP]) / CROP + 0.5  # box -> crop
    middle, target = unit.mean(axis=0), anchors.mean(axis=1)
    u, v = unit - middle, anchors - target[:, None]
    energy = (u**2).sum()
    real = np.einsum("ai,nai->n", u, v) / energy
    imaginary = (u[:, 0] * v[:, :, 1] - u[:, 1] * v[:, :, 0]).sum(axis=1) / energy
    turn = np.stack([np.stack([real, -imaginary], 1), np.stack([imaginary, real], 1)], 1)
    return np.concatenate([turn, (target - turn @ middle)[:, :, None]], axis=2).astype(np.float32)


def cut_out(frame: NDArray[np.uint8], crop: Array) -> NDArray[np.uint8]:
    """One crop of a frame, (96, 96) grey; outside the frame, edge pixels are repeated.

    Large faces are sampled at a higher resolution and then averaged, so that no pixel is skipped.
    """
    finer = int(np.clip(np.hypot(crop[0, 0], crop[1, 0]) / INPUT, 1, 4))
    size = INPUT * finer
    # Pixel centres are whole numbers, so the unit square's left edge is at -0.5.
    matrix = np.empty((2, 3))
    matrix[:, :2] = crop[:, :2] / size
    matrix[:, 2] = crop[:, 2] + matrix[:, :2].sum(axis=1) / 2
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    cut = cv2.warpAffine(frame, matrix, (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    if cut.ndim == 3:
        cut = cv2.cvtColor(cut, cv2.COLOR_RGB2GRAY)
    if finer > 1:
        cut = cv2.resize(cut, (INPUT, INPUT), interpolation=cv2.INTER_AREA)
    return np.asarray(cut, np.uint8)


def to_frame(points: Array, crops: Array) -> Array:
    """Move (N, 68, 2) points of the crops' unit squares to pixels of the frame."""
    moved: Array = points @ crops[:, :, :2].transpose(0, 2, 1) + crops[:, None, :, 2]
    return moved.astype(np.float32)


def _conv(inside: int, outside: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inside, outside, 3, stride, 1, bias=False), nn.BatchNorm2d(outside), nn.ReLU()
    )


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = _conv(width, width), _conv(width, width)[:2]

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.second(self.first(x)))


class Network(nn.Module):
    """Grey crop -> points and presence, with two heads for the points.

    A global head sees the whole face and regresses all points together, which preserves the shape
    when parts are hidden. A local head predicts a heatmap for each point, on a grid that extends
    two cells beyond the crop, and takes its centre of mass, which is precise where the point is
    visible. The result is the mean of both heads.
    """

    def __init__(self, width: int = 32, hidden: int = 128) -> None:
        super().__init__()
        w = width
        self.stem = nn.Sequential(_conv(1, 24, 2), _conv(24, w, 2), _Residual(w))  # 24 x 24
        self.middle = nn.Sequential(_conv(w, 2 * w, 2), _Residual(2 * w), _Residual(2 * w))  # 12
        self.deep = nn.Sequential(_conv(2 * w, 4 * w, 2), _Residual(4 * w), _Residual(4 * w))  # 6
        self.whole = nn.Sequential(
            nn.Flatten(),
            nn.Linear(4 * w * 36, hidden, bias=False),
            nn.BatchNorm1d(hidden),
            nn.ReLU(),
        )
        self.points = nn.Linear(hidden, 136)
        self.presence = nn.Linear(hidden, 1)
        self.from_deep = nn.Conv2d(4 * w, 2 * w, 1)
        self.join = _conv(2 * w, w + 16)
        self.from_stem = nn.Conv2d(w, w + 16, 1)
        self.paint = nn.Sequential(
            nn.Conv2d(w + 16, w, 3, padding=3, bias=False), nn.BatchNorm2d(w), nn.ReLU(),
            nn.Conv2d(w, 68, 1),
        )  # 28 x 28  # fmt: skip
        self.register_buffer("grid", (torch.arange(28) - 1.5) / 24, persistent=False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 1, 96, 96) grey 0..255 -> (B, 68, 2) in the unit square, (B,) presence logit."""
        whole, local, logit = self.heads(x)
        return (whole + local) / 2, logit

    def heads(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Points of the global and of the local head, (B, 68, 2) each, and presence logits (B,)."""
        x = x.float()
        spread, mean = torch.std_mean(x, dim=(2, 3), keepdim=True)
        fine = self.stem((x - mean) / (spread + 4))  # (B, w, 24, 24)
        half = self.middle(fine)  # (B, 2w, 12, 12)
        deep = self.deep(half)  # (B, 4w, 6, 6)
        hidden = self.whole(deep)
        whole = self.points(hidden).unflatten(1, (68, 2))
        half = self.join(half + F.interpolate(self.from_deep(deep), scale_factor=2.0))
        maps = self.paint(F.interpolate(half, scale_factor=2.0) + self.from_stem(fine))
        mass = maps.float().flatten(2).softmax(2).unflatten(2, (28, 28))  # (B, 68, 28, 28)
        grid = self.get_buffer("grid")
        local = torch.stack([(mass.sum(2) * grid).sum(2), (mass.sum(3) * grid).sum(2)], dim=2)
        return whole, local, self.presence(hidden)[:, 0]


def load(path: Path) -> Network:
    """A trained network.

    Raises:
        FacesError: the file is missing, or does not hold one.
    """
    metadata(path)  # checks what the file is
    with safe_open(path, "pt") as file:
        state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    network = Network()
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise FacesError(
            f"{path} holds a landmark network of another shape: train it again with this version's "
            "training/landmarks.py"
        ) from error
    return network.eval()


def fold(module: nn.Module) -> nn.Module:
    """Fold each batch normalisation into the layer before it, in place; for prediction only."""
    last: Any = None
    for name, child in module.named_children():
        if isinstance(child, nn.BatchNorm1d | nn.BatchNorm2d):
            scale = child.weight / torch.sqrt(child.running_var + child.eps)  # type: ignore[operator,arg-type]
            shape = (-1, *[1] * (last.weight.dim() - 1))
            last.weight = nn.Parameter(last.weight * scale.reshape(shape))
            last.bias = nn.Parameter(child.bias - child.running_mean * scale)  # type: ignore[operator]
            setattr(module, name, nn.Identity())
        else:
            last = fold(child)
    return module
