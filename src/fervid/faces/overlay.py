"""Drawn into a frame: a face's box and landmarks, its id, its label, a bar for each probability."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fervid.faces.points68 import LINES

Colour = tuple[int, int, int]
Box = NDArray[np.float32]  # (4,) left, top, width, height in pixels

FONT = cv2.FONT_HERSHEY_SIMPLEX
WHITE, GREY, DARK = (255, 255, 255), (190, 190, 190), (24, 26, 30)


@dataclass(frozen=True)
class Drawn:
    """What to draw of one face.

    Args:
        face: its id.
        box: (4,) left, top, width, height in pixels.
        landmarks: (68, 2) pixels.
        probabilities: (K,) NaN where there is no label.
        note: said in the label's place where there is none.
    """

    face: int
    box: Box
    landmarks: NDArray[np.float32]
    probabilities: NDArray[np.float32]
    note: str = ""


def draw(
    image: NDArray[np.uint8],
    faces: Sequence[Drawn],
    labels: Sequence[str],
    colours: Mapping[str, Colour],
    note: str = "",
) -> NDArray[np.uint8]:
    """A copy of a frame with its faces drawn in; sizes follow the frame's.

    Args:
        image: (H, W, 3) uint8 RGB.
        labels: K names; letters beyond ASCII are drawn as "?".
        colours: RGB by label.
        note: said in the lower left corner ("no face").
    """
    canvas = np.ascontiguousarray(image).copy()
    scale = float(np.clip(min(image.shape[:2]) / 480, 0.5, 4.0))
    for face in faces:
        _outline(canvas, face, _colour(face, labels, colours), scale)
    taken = [face.box for face in faces]
    for face in faces:  # panels last, so that no other face's lines run over them
        smaller = float(np.clip(face.box[3] / 130, min(0.7, scale), scale))  # as small faces are
        taken.append(_panel(canvas, face, labels, colours, smaller, taken))
    if note:
        height = round(20 * scale)
        top = max(image.shape[0] - height - round(8 * scale), 0)
        _text(canvas, note, round(8 * scale), top, height, scale=scale, colour=WHITE, back=True)
    return canvas


def write_still(path: Path, image: NDArray[np.uint8]) -> None:
    """Write an RGB picture as PNG.

    Raises:
        OSError: the place cannot be written to.
    """
    _, data = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    path.write_bytes(data.tobytes())


def fitted(image: NDArray[np.uint8], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """A frame in a video's one size: the few that differ (a folder of pictures) are scaled."""
    if image.shape == shape:
        return image
    scaled = cv2.resize(image, (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(scaled, np.uint8)


def _colour(face: Drawn, labels: Sequence[str], colours: Mapping[str, Colour]) -> Colour:
    if np.isnan(face.probabilities).any():
        return GREY
    return colours[labels[int(face.probabilities.argmax())]]


def _outline(canvas: NDArray[np.uint8], face: Drawn, colour: Colour, scale: float) -> None:
    thin, shift = max(1, round(scale)), 4
    fixed = np.round(face.landmarks * (1 << shift)).astype(np.int32)
    for points, closed in LINES:
        line = [fixed[list(points)]]
        cv2.polylines(canvas, line, closed, WHITE, thin, cv2.LINE_AA, shift)
    left, top, width, height = face.box
    corner = (round(float(left)), round(float(top)))
    other = (round(float(left + width)), round(float(top + height)))
    cv2.rectangle(canvas, corner, other, DARK, thin + 3, cv2.LINE_AA)
    cv2.rectangle(canvas, corner, other, colour, thin + 1, cv2.LINE_AA)


def _panel(
    canvas: NDArray[np.uint8],
    face: Drawn,
    labels: Sequence[str],
    colours: Mapping[str, Colour],
    scale: float,
    taken: Sequence[Box],
) -> Box:
    """Id, label and bars beside the box, where they hide least; returns where that is."""
    told = not np.isnan(face.probabilities).any()
    line, width = round(15 * scale), round(168 * scale)
    gap = round(5 * scale)
    height = line * (len(labels) if told else 0) + round(22 * scale) + gap
    left, top = _place(canvas.shape, face.box, width, height, gap, taken)
    part = canvas[top : top + height, left : left + width]
    part[:] = (part * 0.3 + np.array(DARK) * 0.7).astype(np.uint8)
    if told:
        best = int(face.probabilities.argmax())
        title = f"{face.face}  {labels[best]} {face.probabilities[best]:.0%}"
    else:
        title = f"{face.face}  {face.note}".rstrip()
    _text(
        canvas,
        title,
        left + gap,
        top + gap // 2,
        round(20 * scale),
        scale=scale * 1.15,
        colour=WHITE,
    )
    place = np.array([left, top, width, height], np.float32)
    if not told:
        return place
    names = round(76 * scale)
    room = width - names - 2 * gap
    for row, (label, probability) in enumerate(zip(labels, face.probabilities, strict=True)):
        y = top + round(22 * scale) + row * line
        colour = WHITE if row == best else GREY
        _text(canvas, label, left + gap, y, line, scale=scale * 0.9, colour=colour)
        start, end = (left + gap + names, y + round(3 * scale)), y + line - round(3 * scale)
        cv2.rectangle(canvas, start, (start[0] + room, end), (70, 72, 78), -1)
        full = start[0] + round(room * float(probability))
        cv2.rectangle(canvas, start, (full, end), colours[label], -1)
    return place


def _place(
    shape: tuple[int, ...], box: Box, width: int, height: int, gap: int, taken: Sequence[Box]
) -> tuple[int, int]:
    """Left and top of a panel within the frame: beside, below or above its box.

    Of these, where it covers least of what is taken; the first of equals.
    """
    left, top, wide, high = (float(value) for value in box)
    level, middle = top + (high - height) / 2, left + (wide - width) / 2
    right, below = left + wide + gap, top + high + gap
    beside = [(right, top), (left - gap - width, top), (right, level), (left - gap - width, level)]
    stacked = [(left, below), (left, top - gap - height), (middle, below)]
    inside = [
        (
            int(np.clip(x, 0, max(shape[1] - width, 0))),
            int(np.clip(y, 0, max(shape[0] - height, 0))),
        )
        for x, y in [*beside, *stacked]
    ]

    def covered(corner: tuple[int, int]) -> float:
        low = np.maximum([other[:2] for other in taken], corner)
        high = np.minimum(
            [other[:2] + other[2:] for other in taken], np.add(corner, (width, height))
        )
        return float(np.maximum(high - low, 0).prod(axis=1).sum())

    return min(inside, key=covered)


def _text(
    canvas: NDArray[np.uint8],
    text: str,
    left: int,
    top: int,
    height: int,
    *,
    scale: float,
    colour: Colour,
    back: bool = False,
) -> None:
    """One line of text, centred upright in `height`."""
    plain = text.encode("ascii", "replace").decode()
    size = 0.42 * scale
    thick = max(1, round(scale))
    (wide, high), _ = cv2.getTextSize(plain, FONT, size, thick)
    if back:
        cv2.rectangle(canvas, (left - 4, top), (left + wide + 4, top + height), DARK, -1)
    place = (left, top + (height + high) // 2)
    cv2.putText(canvas, plain, place, FONT, size, colour, thick, cv2.LINE_AA)
