"""Samples: the network inputs of many clips, in memory or on disk as memory maps."""

import json
import os
import shutil
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from fervid.clip import Clip
from fervid.errors import OutputError
from fervid.faces.track import Track
from fervid.labels import index
from fervid.text import parse_json

ROWS = 64  # rows read at a time to verify a checksum


@dataclass(frozen=True)
class Samples:
    """N samples of a database's clips; a clip may give several (windows, segments, frames).

    Args:
        arrays: (N, ...) each, under the names that the system's `inputs` returns.
        target: (N,) int64, index into `labels`; -1 for a clip without a label.
        clip: (N,) int64, index of the sample's clip in the database.
        subject: (N,) str, subject of each sample.
        labels: K names.
    """

    arrays: Mapping[str, NDArray[Any]]
    target: NDArray[np.int64]
    clip: NDArray[np.int64]
    subject: NDArray[np.str_]
    labels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.target)

    def take(self, rows: NDArray[np.int64]) -> "Samples":
        """The samples at `rows`, in that order; rows of memory maps are copied."""
        arrays = {name: np.asarray(array[rows]) for name, array in self.arrays.items()}
        columns = (self.target[rows], self.clip[rows], self.subject[rows])
        return Samples(arrays, *columns, self.labels)


def build(
    inputs: Callable[[Track], Mapping[str, NDArray[Any]]],
    tracks: Iterable[tuple[int, str | None, str, Track]],
    labels: tuple[str, ...],
    folder: Path,
    digest: str = "",
) -> Samples:
    """Build the samples of many tracks on disk, holding one track in memory at a time.

    Intact samples of an earlier call are reused; damaged ones are built again. Only one process
    may build in a folder at a time.

    Args:
        inputs: the system's function from a track to named arrays (N, ...).
        tracks: (index of the clip in its database, label, subject, track) each; not iterated if
            `folder` already holds the samples.
        folder: folder for the arrays; its parent is created if needed.
        digest: hash of everything the samples depend on; samples with another one are built again.

    Raises:
        LabelError: a label is not in `labels`.
        OutputError: the folder cannot be written to.
    """
    if (existing := _read(folder, digest)) is not None:
        return existing
    part = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    try:
        _sweep(folder)
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        _write(inputs, tracks, labels, part, digest)
        shutil.rmtree(folder, ignore_errors=True)
        part.replace(folder)
    except OSError as error:
        raise OutputError(
            f"cannot write {folder} ({error}): choose a folder to write to"
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    samples = _read(folder, digest)
    assert samples is not None
    return samples


def _sweep(folder: Path) -> None:
    """Remove leftovers of killed builds of this folder, but nothing that is being written."""
    for part in folder.parent.glob(f".{folder.name}.*.part"):
        owner = part.name.split(".")[-2]
        try:
            os.kill(int(owner), 0)
        except ProcessLookupError:
            shutil.rmtree(part, ignore_errors=True)
        except (OSError, ValueError):  # another user's process, or not one of our names
            continue


def _write(
    inputs: Callable[[Track], Mapping[str, NDArray[Any]]],
    tracks: Iterable[tuple[int, str | None, str, Track]],
    labels: tuple[str, ...],
    folder: Path,
    digest: str,
) -> None:
    files: dict[str, _Growing] = {}
    target: list[int] = []
    clips: list[int] = []
    subjects: list[str] = []
    try:
        for clip, label, subject, track in tracks:
            n = 0
            for name, array in inputs(track).items():
                if name not in files:
                    files[name] = _Growing(folder / f"{name}.npy", array)
                n = files[name].append(array)
            target += [-1 if label is None else index(label, labels)] * n
            clips += [clip] * n
            subjects += [subject] * n
    finally:
        for file in files.values():
            file.close()
    columns = {
        "target": np.array(target, np.int64),
        "clip": np.array(clips, np.int64),
        "subject": np.array(subjects, np.str_),
    }
    sums = {name: file.sum for name, file in files.items()}
    for name, column in columns.items():
        np.save(folder / f"{name}.npy", column)
        sums[name] = zlib.crc32(column.tobytes())
    about = {"digest": digest, "labels": labels, "arrays": list(files), "crc32": sums}
    (folder / "samples.json").write_text(json.dumps(about))


class _Growing:
    """A .npy file to append rows to; its header gets their number when it is closed."""

    def __init__(self, path: Path, like: NDArray[Any]) -> None:
        self.type, self.shape, self.rows, self.sum = like.dtype, like.shape[1:], 0, 0
        self.file: BinaryIO = path.open("wb")
        self._header()

    def _header(self) -> None:
        shape = (self.rows, *self.shape)
        header = {
            "descr": np.lib.format.dtype_to_descr(self.type), "fortran_order": False, "shape": shape
        }  # fmt: skip
        # numpy pads the header so that the first axis can grow without moving the data.
        np.lib.format.write_array_header_1_0(self.file, header)

    def append(self, array: NDArray[Any]) -> int:
        if array.dtype != self.type or array.shape[1:] != self.shape:
            raise ValueError(f"{array.dtype} {array.shape[1:]} after {self.type} {self.shape}")
        content = np.ascontiguousarray(array).data
        self.file.write(content)
        self.sum = zlib.crc32(content, self.sum)
        self.rows += len(array)
        return len(array)

    def close(self) -> None:
        begins = self.file.seek(0)
        assert begins == 0
        self._header()
        self.file.close()


def _read(folder: Path, digest: str) -> Samples | None:
    """Samples of an earlier `build` as memory maps; None if missing, outdated or damaged."""
    try:
        about = parse_json((folder / "samples.json").read_text())
        if about["digest"] != digest:
            return None
        sums = about["crc32"]
        arrays = {name: _mapped(folder / f"{name}.npy", sums[name]) for name in about["arrays"]}
        target, clip, subject = (
            np.array(_mapped(folder / f"{name}.npy", sums[name]))
            for name in ("target", "clip", "subject")
        )
        labels = tuple(about["labels"])
    except (OSError, EOFError, ValueError, KeyError, TypeError):
        return None
    return Samples(arrays, target, clip, subject, labels)


def _mapped(path: Path, crc32: int) -> NDArray[Any]:
    array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    total = 0
    for start in range(0, len(array), ROWS):
        total = zlib.crc32(np.ascontiguousarray(array[start : start + ROWS]).data, total)
    if total != crc32:
        raise ValueError(f"{path} is damaged")
    return array


def with_votes(samples: Samples, clips: Sequence[Clip]) -> Samples:
    """Add the array `votes`, (N, K) float32 counts in the order of the labels.

    Votes for other names ("unknown") are left out; a clip without votes gets one for its label.
    If no clip has votes, the samples are returned unchanged.

    Args:
        clips: the clips that `samples.clip` indexes.
    """
    known = np.unique(samples.clip)
    if not any(clips[row].votes for row in known):
        return samples
    counts = np.zeros((len(clips), len(samples.labels)), np.float32)
    for row in known:
        clip = clips[row]
        votes = clip.votes or {clip.label or "": 1}
        counts[row] = [votes.get(label, 0) for label in samples.labels]
    return replace(samples, arrays={**samples.arrays, "votes": counts[samples.clip]})
