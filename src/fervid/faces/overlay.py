"""Draws a face into a frame: box, landmarks, id, label, and a bar for each probability."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fervid.faces.points68 import LINES
from fervid.faces.settings import Style

Colour = tuple[int, int, int]
Box = NDArray[np.float32]  # (4,) left, top, width, height in pixels

FONT = cv2.FONT_HERSHEY_SIMPLEX
WHITE, GREY, DARK = (255, 255, 255), (190, 190, 190), (24, 26, 30)
SMALL = 36  # height of a face in pixels, below which lines would hide it
LEAST_WITH_BARS = 54  # height of a face in pixels; smaller faces get only a title
CROWDED = 0.15  # largest share of a panel over heads; above that, only the title is drawn
TICKED = 0.03  # smallest relative probability with a tick; more of them would look like an axis
READABLE = 0.8  # smallest scale at which a title is readable


@dataclass(frozen=True)
class Drawn:
    """What to draw of one face.

    Args:
        face: id of the face.
        box: (4,) left, top, width, height in pixels.
        landmarks: (68, 2) pixels.
        probabilities: (K,) NaN if there is no label.
        note: shown in place of a missing label.
        relative: (K,) probabilities relative to the person's own neutral face; None for none.
    """

    face: int
    box: Box
    landmarks: NDArray[np.float32]
    probabilities: NDArray[np.float32]
    note: str = ""
    relative: NDArray[np.float32] | None = None


def draw(
    image: NDArray[np.uint8],
    faces: Sequence[Drawn],
    labels: Sequence[str],
    colours: Mapping[str, Colour],
    note: str = "",
    style: Style = "full",
) -> NDArray[np.uint8]:
    """Draw faces into a copy of a frame. Lines scale with the face, panels with the frame.

    Args:
        image: (H, W, 3) uint8 RGB.
        labels: K names; characters outside ASCII are drawn as "?".
        colours: RGB by label.
        note: shown in the lower left corner ("no face").
        style: "full" draws box, landmarks and bars; "box" and "points" only these and a title;
            "anonymous" box and bars, for an image in which drawn faces replace the people.
    """
    canvas = np.ascontiguousarray(image).copy()
    scale = float(np.clip(min(image.shape[:2]) / 480, 0.5, 4.0))
    for face in faces:
        if style in ("full", "points"):
            _lines(canvas, face)
        if style != "points":
            _box(canvas, face, _colour(face, labels, colours))
    heads = [_head(face.box) for face in faces]
    taken = list(heads)
    for face, head in zip(faces, heads, strict=True):  # panels last, so that no line crosses them
        smaller = float(np.clip(face.box[3] / 130, min(0.7, scale), scale))  # for small faces
        bars = style in ("full", "anonymous") and not np.isnan(face.probabilities).any()
        bars &= face.box[3] >= LEAST_WITH_BARS
        title = _title(face, labels)
        if bars:
            panel = _panel(canvas.shape, face, title, len(labels), smaller, head=head, taken=taken)
            bars = _covered(panel, heads) <= CROWDED * panel[2] * panel[3]
        if not bars:
            smaller = max(smaller, min(READABLE, scale))
            panel = _panel(canvas.shape, face, title, 0, smaller, head=head, taken=taken)
        _fill(canvas, face, labels if bars else (), colours, smaller, panel=panel, title=title)
        taken.append(panel)
    if note:
        height = round(20 * scale)
        top = max(image.shape[0] - height - round(8 * scale), 0)
        _text(canvas, note, round(8 * scale), top, height, scale=scale, colour=WHITE, back=True)
    return canvas


def write_still(path: Path, image: NDArray[np.uint8]) -> None:
    """Write an RGB picture as PNG.

    Raises:
        OSError: the file cannot be written.
    """
    _, data = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    path.write_bytes(data.tobytes())


def fitted(image: NDArray[np.uint8], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Scale a frame to the size of the video, if it differs (as in a folder of pictures)."""
    if image.shape == shape:
        return image
    scaled = cv2.resize(image, (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(scaled, np.uint8)


def _colour(face: Drawn, labels: Sequence[str], colours: Mapping[str, Colour]) -> Colour:
    if np.isnan(face.probabilities).any():
        return GREY
    return colours[labels[int(face.probabilities.argmax())]]


def _width(face: Drawn) -> int:
    """Width of a face's lines, pixels."""
    return max(1, round(float(face.box[3]) / 160))


def _lines(canvas: NDArray[np.uint8], face: Drawn) -> None:
    if face.box[3] < SMALL:
        return
    shift = 4
    fixed = np.round(face.landmarks * (1 << shift)).astype(np.int32)
    for points, closed in LINES:
        line = [fixed[list(points)]]
        cv2.polylines(canvas, line, closed, WHITE, _width(face), cv2.LINE_AA, shift)


def _box(canvas: NDArray[np.uint8], face: Drawn, colour: Colour) -> None:
    left, top, width, height = face.box
    corner = (round(float(left)), round(float(top)))
    other = (round(float(left + width)), round(float(top + height)))
    wide = _width(face) + (face.box[3] >= SMALL)
    cv2.rectangle(canvas, corner, other, DARK, wide + 2, cv2.LINE_AA)
    cv2.rectangle(canvas, corner, other, colour, wide, cv2.LINE_AA)


def _head(box: Box) -> Box:
    """The whole head, which panels must not hide; landmarks cover only brows to jaw."""
    left, top, width, height = box
    return np.array(
        [left - 0.12 * width, top - 0.45 * height, 1.24 * width, 1.55 * height], np.float32
    )


def _title(face: Drawn, labels: Sequence[str]) -> str:
    if np.isnan(face.probabilities).any():
        return f"{face.face}  {face.note}".rstrip()
    best = int(face.probabilities.argmax())
    return f"{face.face}  {labels[best]} {face.probabilities[best]:.0%}"


def _panel(
    shape: tuple[int, ...],
    face: Drawn,
    title: str,
    bars: int,
    scale: float,
    *,
    head: Box,
    taken: Sequence[Box],
) -> Box:
    """Position of the panel with a face's id, label and bars; a lone title fits its text."""
    gap = round(5 * scale)
    height = round(15 * scale) * bars + round(22 * scale) + (gap if bars else 0)
    width = round(168 * scale) if bars else _extent(title, 1.15 * scale)[0] + 2 * gap
    width, height = min(width, shape[1]), min(height, shape[0])
    places = _places(face.box, head, width, height, gap)
    if bars:
        edges = (gap, shape[1] - width - gap), (gap, shape[0] - height - gap)
        places += [(x, y) for y in reversed(edges[1]) for x in edges[0]]
    else:  # a title goes directly below or above its face
        places = [*places[4:], *places[:4]]
    left, top = _freest(shape, places, width, height, taken)
    return np.array([left, top, width, height], np.float32)


def _fill(
    canvas: NDArray[np.uint8],
    face: Drawn,
    labels: Sequence[str],
    colours: Mapping[str, Colour],
    scale: float,
    *,
    panel: Box,
    title: str,
) -> None:
    """Draw a panel: its title and a bar for each label, with a tick at the relative value."""
    left, top, width, height = (int(value) for value in panel)
    line, gap = round(15 * scale), round(5 * scale)
    part = canvas[top : top + height, left : left + width]
    part[:] = (part * 0.3 + np.array(DARK) * 0.7).astype(np.uint8)
    _text(
        canvas,
        title,
        left + gap,
        top + gap // 2,
        round(20 * scale),
        scale=scale * 1.15,
        colour=WHITE,
    )
    names = round(76 * scale)
    room = width - names - 2 * gap
    for row, label in enumerate(labels):
        y = top + round(22 * scale) + row * line
        best = row == face.probabilities.argmax()
        _text(canvas, label, left + gap, y, line, scale=scale * 0.9, colour=WHITE if best else GREY)
        start, end = (left + gap + names, y + round(3 * scale)), y + line - round(3 * scale)
        cv2.rectangle(canvas, start, (start[0] + room, end), (70, 72, 78), -1)
        full = start[0] + round(room * float(face.probabilities[row]))
        cv2.rectangle(canvas, start, (full, end), colours[label], -1)
        if face.relative is not None and face.relative[row] >= TICKED:
            x = start[0] + round(room * float(face.relative[row]))
            cv2.line(canvas, (x, start[1]), (x, end), WHITE, max(2, round(2 * scale)))


def _places(box: Box, head: Box, width: int, height: int, gap: int) -> list[tuple[float, float]]:
    """Left and top of possible panels: four beside the face, then three below and above it."""
    left, top, wide, high = (float(value) for value in box)
    level, middle = top + (high - height) / 2, left + (wide - width) / 2
    right, other = float(head[0] + head[2]) + gap, float(head[0]) - gap - width
    below, above = float(head[1] + head[3]) + gap, float(head[1]) - gap - height
    beside = [(right, top), (other, top), (right, level), (other, level)]
    return [*beside, (left, below), (left, above), (middle, below)]


def _freest(
    shape: tuple[int, ...],
    places: Sequence[tuple[float, float]],
    width: int,
    height: int,
    taken: Sequence[Box],
) -> tuple[int, int]:
    """The first place within the frame that hides nothing, or about as little as the best one.

    A panel does not jump to save a few pixels.
    """
    inside = [
        (int(np.clip(x, 0, shape[1] - width)), int(np.clip(y, 0, shape[0] - height)))
        for x, y in places
    ]
    panels = [np.array([*corner, width, height], np.float32) for corner in inside]
    covered = [_covered(panel, taken) for panel in panels]
    least = min(covered) + 0.02 * width * height
    return next(place for place, hidden in zip(inside, covered, strict=True) if hidden <= least)


def _covered(panel: Box, others: Sequence[Box]) -> float:
    """Number of pixels of other boxes that a panel hides."""
    boxes = np.asarray(others)
    low = np.maximum(boxes[:, :2], panel[:2])
    high = np.minimum(boxes[:, :2] + boxes[:, 2:], panel[:2] + panel[2:])
    return float(np.maximum(high - low, 0).prod(axis=1).sum())


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
    """Draw one line of text, vertically centred in `height`."""
    plain = text.encode("ascii", "replace").decode()
    size, thick = 0.42 * scale, max(1, round(scale))
    wide, high = _extent(plain, scale)
    if back:
        cv2.rectangle(canvas, (left - 4, top), (left + wide + 4, top + height), DARK, -1)
    place = (left, top + (height + high) // 2)
    cv2.putText(canvas, plain, place, FONT, size, colour, thick, cv2.LINE_AA)


def _extent(text: str, scale: float) -> tuple[int, int]:
    """Width and height of a line of text, pixels."""
    plain = text.encode("ascii", "replace").decode()
    (wide, high), _ = cv2.getTextSize(plain, FONT, 0.42 * scale, max(1, round(scale)))
    return int(wide), int(high)
