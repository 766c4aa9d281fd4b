"""Recognise copies of a clip by the bytes of its files, or by what its frames look like."""

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fervid.clip import Clip
from fervid.databases.tree import IMAGES
from fervid.errors import InputError
from fervid.faces.files import is_still, pictures
from fervid.faces.video import frames
from fervid.parallel import spread
from fervid.progress import bar

SIDE = 32  # pixels, height and width of a small frame
FRAMES = 3  # frames per clip: the middle of each third
KEPT = 96  # small frames held while decoding a video of unknown length

Small = NDArray[np.uint8]
Floats = NDArray[np.float32]


# Bytes


def same_content(paths: Iterable[Path]) -> tuple[list[list[Path]], set[Path]]:
    """Group sources (files, or folders of images) with identical content; also list empty sources.

    Sizes are compared first, so that only sources of equal size have to be read.

    Returns:
        Groups of two or more sources with the same bytes, and the sources that are empty or
        cannot be read.
    """
    by_size: dict[tuple[int, int], list[Path]] = defaultdict(list)
    empty: set[Path] = set()
    for path in bar(list(paths), "sizes"):
        if size := _size(path):
            by_size[size].append(path)
        else:
            empty.add(path)
    suspects = [path for group in by_size.values() if len(group) > 1 for path in group]
    by_hash: dict[bytes, list[Path]] = defaultdict(list)
    for path in bar(suspects, "contents"):
        if digest := _hash(path):
            by_hash[digest].append(path)
    return [group for group in by_hash.values() if len(group) > 1], empty


def _size(path: Path) -> tuple[int, int] | None:
    """(files, bytes); None if there is nothing to compare."""
    try:
        if path.suffix:  # nearly always a file, so try that first
            status = os.stat(path)  # noqa: PTH116 - many files
            if not os.path.isdir(path):  # noqa: PTH112
                return (1, status.st_size) if status.st_size else None
        elif path.is_file():
            return 1, path.stat().st_size
        with os.scandir(path) as entries:
            sizes = [entry.stat().st_size for entry in entries if _is_frame(entry)]
    except OSError:
        return None
    return (len(sizes), sum(sizes)) if sizes else None


def _is_frame(entry: os.DirEntry[str]) -> bool:
    """Whether a folder's entry is a picture's file; nothing is read from a pipe of such a name."""
    kind = os.path.splitext(entry.name)[1].lower()  # noqa: PTH122
    return kind in IMAGES and not entry.name.startswith(".") and entry.is_file()


def _hash(path: Path) -> bytes | None:
    """Hash of a file's bytes, or of a folder's images in order of their names."""
    digest = hashlib.blake2b(digest_size=16)
    try:
        if path.is_dir():
            with os.scandir(path) as found:
                names = sorted(entry.name for entry in found if _is_frame(entry))
            for name in names:
                digest.update((path / name).read_bytes())
            return digest.digest()
        with path.open("rb") as file:
            while part := file.read(1 << 20):
                digest.update(part)
    except OSError:
        return None
    return digest.digest()


# Looks


def looks(clips: Sequence[Clip], jobs: int = 1) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """(N, 3, 32, 32) small grey frames of every clip, and (N,) whether each could be read.

    Each process decodes one clip at a time and keeps 3 KB of it.

    Args:
        jobs: number of worker processes.
    """
    small = np.zeros((len(clips), FRAMES, SIDE, SIDE), np.uint8)
    readable = np.zeros(len(clips), bool)
    done = spread(_looker, clips, jobs, crashed=_unreadable)
    for row, image in bar(done, "pictures", len(clips)):
        if image is not None:
            small[row], readable[row] = image, True
    return small, readable


def _looker() -> Callable[[Clip], Small | None]:
    return look


def _unreadable(clip: Clip) -> None:
    """Count a clip that crashes its decoder as unreadable."""


def look(clip: Clip) -> Small | None:
    """(3, 32, 32) small grey frames of one clip; None if it cannot be read."""
    try:
        if clip.path.is_dir():
            images = pictures(clip.path)[clip.start : clip.end]
            chosen = [images[place] for place in _places(len(images))] if images else []
            return np.stack([_still(path) for path in chosen]) if chosen else None
        if is_still(clip.path):
            return np.repeat(_still(clip.path)[None], FRAMES, axis=0)
        return _video(clip)
    except InputError:
        return None


def _still(path: Path) -> Small:
    return shrink(next(frames(path)).image)


def _video(clip: Clip) -> Small | None:
    """Decode a video, dropping every second small frame whenever more than KEPT are held."""
    held: list[Small] = []
    step = 1
    for number, frame in enumerate(frames(clip.path, clip.start, clip.end)):
        if number % step == 0 and frame.readable:
            held.append(shrink(frame.image))
            if len(held) > KEPT:
                held, step = held[::2], 2 * step
    return np.stack([held[place] for place in _places(len(held))]) if held else None


def _places(count: int) -> list[int]:
    return [(2 * part + 1) * count // (2 * FRAMES) for part in range(FRAMES)]


def shrink(image: NDArray[np.uint8]) -> Small:
    """(H, W, 3) -> (32, 32) grey: the mean of each cell, for any size and aspect ratio."""
    height, width = image.shape[:2]
    green = image[..., 1].astype(np.float32)  # close to brightness, and right for grey images
    if height < SIDE or width < SIDE:
        rows, columns = (np.arange(SIDE) * n // SIDE for n in (height, width))
        return green[np.ix_(rows, columns)].astype(np.uint8)
    rows, columns = (np.arange(SIDE) * n // SIDE for n in (height, width))
    sums = np.add.reduceat(np.add.reduceat(green, rows, axis=0), columns, axis=1)
    cells = np.outer(np.diff(rows, append=height), np.diff(columns, append=width))
    return np.asarray(sums / cells, np.float32).round().astype(np.uint8)


def turned(small: NDArray[np.uint8], flip: bool, degrees: float) -> NDArray[np.uint8]:
    """Mirror and rotate (..., 32, 32) frames about their centre; edge pixels are repeated."""
    if flip:
        small = small[..., ::-1]
    if not degrees:
        return small
    radians = np.radians(degrees)
    centre = (SIDE - 1) / 2
    y, x = np.mgrid[:SIDE, :SIDE] - centre
    source_y = np.clip(y * np.cos(radians) + x * np.sin(radians) + centre, 0, SIDE - 1)
    source_x = np.clip(x * np.cos(radians) - y * np.sin(radians) + centre, 0, SIDE - 1)
    top = np.minimum(source_y.astype(int), SIDE - 2)
    left = np.minimum(source_x.astype(int), SIDE - 2)
    down, right = (source_y - top).astype(np.float32), (source_x - left).astype(np.float32)
    upper = small[..., top, left] * (1 - right) + small[..., top, left + 1] * right
    lower = small[..., top + 1, left] * (1 - right) + small[..., top + 1, left + 1] * right
    mixed: NDArray[np.uint8] = np.rint(upper * (1 - down) + lower * down).astype(np.uint8)
    return mixed


def disc() -> NDArray[np.bool_]:
    """(32, 32) mask of the cells that stay within the frame under any rotation."""
    centre = (SIDE - 1) / 2
    y, x = np.mgrid[:SIDE, :SIDE] - centre
    return np.asarray(np.hypot(y, x) <= centre)
