"""Track files: all faces of one clip as safetensors, encoded and written as a stream.

Each face N has the arrays of its Track, named N.landmarks and so on. Its crops are concatenated
JPEG (or PNG) bytes in N.pictures, and N.ends gives the offset at which each row's crop ends. The
first eight digits of the header are the CRC-32 of the whole file with zeros in their place.
"""

import json
import os
import shutil
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray

from fervid.atomic import blamed, whole
from fervid.errors import InputError
from fervid.faces.cutting import cutter
from fervid.faces.settings import FaceSettings
from fervid.faces.track import STATUS, Track
from fervid.faces.tracking import FrameFaces
from fervid.text import parse_json

FORMAT = "fervid tracks"
VERSION = 2
UNCHECKED = 1  # the previous version, without a checksum, can still be read
HEAD = b'{"__metadata__":{"crc32":"'  # start of the header, eight bytes into the file
BLANK = b"00000000"
QUALITY = 95  # JPEG quality
SPOOL = 4 << 20  # bytes of crops held in memory; the rest goes to a temporary file
FACE, NO_FACE, UNREADABLE = range(len(STATUS))
DTYPES = {"float32": "F32", "float64": "F64", "int64": "I64", "uint8": "U8"}


@dataclass(frozen=True)
class Summary:
    """Summary of one clip's tracks in the index.

    Args:
        frames: number of rows of the span.
        faces: number of tracks.
        seen: number of rows that show the main face.
        main: id of the face seen longest and largest; -1 if there is none.
    """

    frames: int = 0
    faces: int = 0
    seen: int = 0
    main: int = -1


def write_tracks(
    path: Path,
    stream: Iterable[FrameFaces],
    settings: FaceSettings,
    found_by: Mapping[str, str],
    pictures: bool = True,
) -> Summary:
    """Crop, encode and write every face of a stream; memory does not grow with its length.

    Args:
        found_by: finder and version; the settings are added.
        pictures: whether the frames have pictures; if not, crops have 0 pixels.

    Raises:
        OutputError: the folder cannot be written to, or the disk is full.
    """
    cropped = settings.finder == "cropped"
    cut = cutter(settings, pictures)
    side = settings.size
    rows: list[tuple[float, int, bool]] = []
    with ExitStack() as spools:
        tracks: dict[int, _FaceRows] = {}
        for row, seen in enumerate(stream):
            frame = seen.frame
            rows.append((frame.time, frame.index, frame.readable))
            for face in seen.faces:
                picture, points, to_frame = cut(frame.image, face.landmarks, face.face)
                encoded = _encode(picture, settings.lossless or cropped) if pictures else b""
                side = len(picture)
                with blamed(path):
                    if face.face not in tracks:
                        tracks[face.face] = _FaceRows(path.parent, spools)
                    tracks[face.face].add(row, points, face.score, to_frame, encoded)
        summary = _summary(len(rows), tracks)
        metadata = {
            "crc32": BLANK.decode(), "format": FORMAT, "version": str(VERSION), "size": str(side),
            "summary": json.dumps(asdict(summary)),
            "found_by": json.dumps({**found_by, "settings": settings.text}),
        }  # fmt: skip
        with blamed(path):
            _write_safetensors(path, _arrays(rows, tracks), metadata)
    return summary


def _arrays(
    rows: list[tuple[float, int, bool]], tracks: Mapping[int, "_FaceRows"]
) -> dict[str, Any]:
    """All arrays of a file by name; crops as an open temporary file."""
    times, frames, readable = (np.array(column) for column in zip(*rows, strict=True))
    arrays: dict[str, Any] = {"times": times, "frames": frames.astype(np.int64)}
    for number, track in sorted(tracks.items()):
        arrays |= {f"{number}.{name}": v for name, v in track.arrays(readable).items()}
    return arrays


class _FaceRows:
    """Rows of one face, collected while a clip is read; its crops are in a temporary file."""

    def __init__(self, folder: Path, spools: ExitStack) -> None:
        self.rows: list[int] = []
        self._columns: list[tuple[Any, ...]] = []
        self._pictures = spools.enter_context(
            tempfile.SpooledTemporaryFile(SPOOL, dir=str(folder))  # noqa: SIM115
        )
        self.extent = 0.0  # sum over rows of the face's width in frame pixels

    def add(self, row: int, points: Any, score: float, to_frame: Any, picture: bytes) -> None:
        self._pictures.write(picture)
        self.rows.append(row)
        self._columns.append((points, score, to_frame, self._pictures.tell()))
        scale = float(np.hypot(to_frame[0, 0], to_frame[1, 0]))
        self.extent += scale * float(np.ptp(points[:, 0]))

    def arrays(self, readable: NDArray[np.bool_]) -> dict[str, Any]:
        """Columns of T rows; a row without this face holds NaN and ends where the last one did."""
        count, rows = len(readable), np.array(self.rows)
        points, scores, transforms, ends = zip(*self._columns, strict=True)
        landmarks = np.full((count, 68, 2), np.nan, np.float32)
        to_frame = np.full((count, 2, 3), np.nan, np.float32)
        score, end = np.zeros(count, np.float32), np.zeros(count, np.int64)
        landmarks[rows], to_frame[rows] = points, transforms
        score[rows], end[rows] = scores, ends
        status = np.where(readable, NO_FACE, UNREADABLE).astype(np.uint8)
        status[rows] = FACE
        columns = {"landmarks": landmarks, "to_frame": to_frame, "score": score, "status": status}
        return {**columns, "ends": np.maximum.accumulate(end), "pictures": self._pictures}


def _summary(frames: int, tracks: Mapping[int, _FaceRows]) -> Summary:
    if not tracks:
        return Summary(frames)
    main = max(tracks, key=lambda number: (tracks[number].extent, -number))
    return Summary(frames, len(tracks), len(tracks[main].rows), main)


def _encode(picture: NDArray[np.uint8], lossless: bool) -> bytes:
    kind, options = (".png", []) if lossless else (".jpg", [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return cv2.imencode(kind, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), options)[1].tobytes()


def _write_safetensors(path: Path, arrays: Mapping[str, Any], metadata: Mapping[str, str]) -> None:
    """Write the safetensors layout as a stream; its own writer needs all bytes in memory."""

    # Widest types first, so that every array is aligned.
    order = sorted(arrays, key=lambda n: (-getattr(arrays[n], "itemsize", 1), n))
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    offset = 0
    for name in order:
        part = arrays[name]
        if isinstance(part, np.ndarray):
            kind, shape, size = DTYPES[part.dtype.name], list(part.shape), part.nbytes
        else:
            size = part.seek(0, os.SEEK_END)
            kind, shape = "U8", [size]
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with whole(path) as part_path, part_path.open("wb") as file:
        checked = _Checked(file)
        checked.write(len(text).to_bytes(8, "little") + text)
        for name in order:
            part = arrays[name]
            if isinstance(part, np.ndarray):
                checked.write(np.ascontiguousarray(part).tobytes())
            else:
                part.seek(0)
                shutil.copyfileobj(part, checked, 1 << 20)
        file.seek(8 + len(HEAD))
        file.write(b"%08x" % checked.sum)


class _Checked:
    """A file that computes the CRC-32 of what is written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.sum = file, 0

    def write(self, content: bytes) -> int:
        self.sum = zlib.crc32(content, self.sum)
        return self._file.write(content)


def _is_whole(path: Path) -> bool:
    """Whether a file's checksum is correct; a file of the previous version has none."""
    with path.open("rb") as file:
        begin = file.read(8 + len(HEAD) + len(BLANK))
        if begin[8 : 8 + len(HEAD)] != HEAD:
            return True
        total = zlib.crc32(begin[: -len(BLANK)] + BLANK)
        while block := file.read(1 << 20):
            total = zlib.crc32(block, total)
    return begin[-len(BLANK) :] == b"%08x" % total


def read_tracks(path: Path, only: int | None = None) -> Iterator[Track]:
    """All faces of a track file, by id, or only one of them.

    Raises:
        InputError: the file is missing, damaged or of another version.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "np") as file:
            metadata = _metadata(path, file.metadata())
            summary = parse_json(metadata["summary"])
            for face in range(summary["faces"]) if only is None else [only]:
                part = {k: file.get_tensor(f"{face}.{k}") for k in ("landmarks", "to_frame")}
                part |= {k: file.get_tensor(f"{face}.{k}") for k in ("score", "status")}
                pictures, ends = (file.get_tensor(f"{face}.{k}") for k in ("pictures", "ends"))
                yield Track(
                    faces=_decoded(pictures, ends, int(metadata["size"])),
                    times=file.get_tensor("times"),
                    frames=file.get_tensor("frames"),
                    face=face,
                    found_by=parse_json(metadata["found_by"]),
                    **part,
                )
    except (SafetensorError, OSError, KeyError, ValueError, TypeError, cv2.error) as error:
        raise InputError(f"{path} is damaged or missing: run `fervid prepare` again") from error


def read_summary(path: Path) -> Summary | None:
    """The summary in a track file; None if the file is missing, damaged or of another version."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "np") as file:
            return Summary(**parse_json(_metadata(path, file.metadata())["summary"]))
    except (SafetensorError, OSError, KeyError, ValueError, TypeError, InputError):
        return None


def _metadata(path: Path, metadata: dict[str, str] | None) -> dict[str, str]:
    metadata = metadata or {}
    version = VERSION if "crc32" in metadata else UNCHECKED
    if (metadata.get("format"), metadata.get("version")) != (FORMAT, str(version)):
        raise InputError(f"{path} is not a track file of this version: run `fervid prepare` again")
    if not _is_whole(path):
        raise InputError(f"{path} is damaged (checksum mismatch): run `fervid prepare` again")
    return metadata


def _decoded(pictures: NDArray[np.uint8], ends: NDArray[np.int64], side: int) -> NDArray[np.uint8]:
    """(T, S, S, 3) RGB; black for rows without a crop."""
    faces = np.zeros((len(ends), side, side, 3), np.uint8)
    starts = np.concatenate([[0], ends[:-1]])
    for row in np.flatnonzero(ends > starts):
        picture: Any = cv2.imdecode(pictures[starts[row] : ends[row]], cv2.IMREAD_COLOR)
        cv2.cvtColor(picture, cv2.COLOR_BGR2RGB, dst=faces[row])
    return faces
