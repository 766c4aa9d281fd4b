"""FER+: FER2013's faces with ten people's votes each [5, Sec. 4.1].

A face's label is the column with the most votes (majority voting). In a tie the first in the order
of the file wins: neutral, happiness, surprise, sadness, anger,
disgust, fear, contempt, unknown, NF (no face). Faces labelled unknown or NF are left out, which
leaves 28,385 for training and 3,555 for validation.
"""

import os
import re
import shutil
import struct
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fervid.clip import Clip, Database
from fervid.databases import archive, table
from fervid.databases.tree import folders, origin, visible
from fervid.errors import DatabaseError, OutputError
from fervid.labels import FER_PLUS

Mode = Literal["majority", "strict majority", "probability", "cross-entropy", "multi-target"]

COLUMNS = (*FER_PLUS, "unknown", "NF")
# The folder of each fixed part, and FER2013's name for it.
PARTS = {
    "train": ("FER2013Train", "Training"),
    "validation": ("FER2013Valid", "PublicTest"),
    "test": ("FER2013Test", "PrivateTest"),
}
# Faces in each part's label.csv, and how many remain by the rule above.
ROWS = {"train": 28_558, "validation": 3_579}
COUNTS = {"train": 28_385, "validation": 3_555}
SIDE = 48
MOST = 1_000  # most votes in a column, because ten people were asked
PIXELS = re.compile(rf"\d{{1,3}}( \d{{1,3}}){{{SIDE * SIDE - 1}}}", re.ASCII)
PICTURE = re.compile(r"[\w-]+\.(png|jpg|jpeg|bmp)", re.IGNORECASE)

LICENCE = "FER2013's faces are for research use; FER+'s votes are MIT licensed."


@dataclass(frozen=True, slots=True)
class _Face:
    """A row of label.csv: its part, the picture's path below the root, and its ten votes."""

    part: str
    name: str
    votes: tuple[int, ...]


def load(root: Path, *, unpacked: str = "") -> Database:
    """FER+: FER2013Train/label.csv with its pictures, FER2013Valid/, FER2013Test/ (stills).

    `Clip.groups["part"]` is train, validation or test; any part may be absent. Identities are
    unknown, so clips have no subject. fer2013.csv and fer2013new.csv hold the pictures as text;
    `unpack` turns them, or a zip archive, into picture files first.

    Args:
        root: folder with the parts; with `unpacked` also anything `unpack` accepts.
        unpacked: folder to unpack the pictures into; if it is filled already, it is used as it is.

    Raises:
        DatabaseError: no part, a bad row, or missing pictures.
        OutputError: `unpacked` cannot be written.
    """
    root = Path(root)
    if unpacked:
        place = Path(unpacked)
        ready = place.is_dir() and any(place.iterdir())
        root = place if ready else unpack(root, place)
    groups = {part: {"part": part} for part in PARTS}
    out: Counter[str] = Counter()
    clips, listed = [], 0
    there = _pictures(root)
    for face in _faces(root):
        listed += 1
        label = COLUMNS[face.votes.index(max(face.votes))]
        if face.name not in there:
            out["without a picture"] += 1
        elif label in FER_PLUS:
            path = Path(there[face.name])
            given = {name: count for name, count in zip(COLUMNS, face.votes, strict=True) if count}
            group = groups[face.part]
            clips.append(Clip(face.name, path, "fer_plus", label, groups=group, votes=given))
        else:
            out[f"voted {label}"] += 1
    if out["without a picture"]:
        raise DatabaseError(
            f"fer_plus: {root} is half copied: {out['without a picture']} of {listed} listed faces "
            "have no picture: unpack the pictures beside label.csv (fervid.databases.fer_plus."
            "unpack does, from fer2013.csv or a zip)"
        )
    return Database(
        "fer_plus", FER_PLUS, tuple(clips), "still", origin(root), LICENCE, left_out=dict(+out)
    )


def votes(root: Path) -> dict[str, tuple[int, ...]]:
    """Face name -> its ten votes in the order of COLUMNS, including faces that `load` leaves out.

    Raises:
        DatabaseError: as `load`.
    """
    return {face.name: face.votes for face in _faces(Path(root))}


def targets(
    counts: NDArray[np.integer], mode: Mode, rng: np.random.Generator | None = None
) -> NDArray[np.float64]:
    """(N, 10) votes -> (N, 8) training targets; a row of zeros is a face that the mode leaves out.

    "majority" is the rule above, one-hot. The others come from the FER+ authors (Barsoum et al.,
    ICMI 2016), who first drop columns with a single vote:

    * strict majority: one-hot where one column has more than half of the votes;
    * cross-entropy: a distribution over the most voted columns that together hold three quarters
      of the votes; at most three columns, with more than half of the votes;
    * probability: one label drawn from that distribution at each call;
    * multi-target: 1 for each column with at least 30 % of the votes, if these hold more than half.

    Args:
        counts: (N, 10) votes, as `votes` returns them.
        rng: random generator for "probability".
    """
    unique, back = np.unique(np.asarray(counts, np.int64), axis=0, return_inverse=True)
    rows = np.stack([_target(row, mode) for row in unique]) if len(unique) else np.zeros((0, 8))
    dense = rows[back.reshape(-1)]
    if mode == "probability":
        return _drawn(dense, rng or np.random.default_rng())
    return dense


def _target(row: NDArray[np.int64], mode: Mode) -> NDArray[np.float64]:
    empty = np.zeros(len(FER_PLUS))
    if mode == "majority":
        return _one_hot(int(row.argmax()))
    kept = np.where(row > 1, row, 0)
    total = kept.sum()
    if mode == "strict majority":
        return _one_hot(int(kept.argmax())) if kept.max() > 0.5 * total else empty
    if mode == "multi-target":
        chosen = np.where((kept > 0) & (kept >= 0.3 * total), kept, 0)
    else:
        chosen = _most_voted(kept)
    emotions = chosen[: len(FER_PLUS)]
    if chosen.sum() <= 0.5 * total or chosen.argmax() >= len(FER_PLUS) or not emotions.sum():
        return empty
    return (emotions > 0).astype(float) if mode == "multi-target" else emotions / emotions.sum()


def _most_voted(kept: NDArray[np.int64]) -> NDArray[np.int64]:
    """The most voted columns that together hold 75 %; zeros if that takes more than three."""
    total, left = kept.sum(), kept.copy()
    chosen, taken = np.zeros_like(kept), 0
    while chosen.sum() < 0.75 * total and taken < 3:
        most = left.max()
        for column in np.flatnonzero(left == most):
            if column >= len(FER_PLUS):  # unknown or NF
                return chosen if chosen.any() and taken <= 3 else np.zeros_like(kept)
            chosen[column], left[column] = most, 0
            taken += 1
    return chosen if taken <= 3 else np.zeros_like(kept)


def _one_hot(column: int) -> NDArray[np.float64]:
    return np.eye(len(COLUMNS))[column, : len(FER_PLUS)]


def _drawn(dense: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    column = (dense.cumsum(axis=1) < rng.random((len(dense), 1))).sum(axis=1)
    last = dense.shape[1] - 1 - (dense[:, ::-1] > 0).argmax(axis=1)  # in case rounding falls short
    hot = np.eye(dense.shape[1])[np.minimum(column, last)]
    return np.where(dense.any(axis=1, keepdims=True), hot, 0.0)


# Reading


def _parts(root: Path) -> dict[str, Path]:
    """Part -> its folder, in root or in a folder below it (data/)."""
    if not root.is_dir():
        raise DatabaseError(
            f"fer_plus: {root} is not a folder: give the one with FER2013Train/, or a zip of it "
            "with --set unpacked=FOLDER"
        )
    wanted = {name.lower(): part for part, (name, _) in PARTS.items()}
    for home in (root, *folders(root)):
        found = {
            wanted[folder.name.strip().lower()]: folder
            for folder in folders(home)
            if folder.name.strip().lower() in wanted
        }
        if found:
            return {part: found[part] for part in PARTS if part in found}
    names = [path.name for path in visible(root)]
    if {"fer2013.csv", "fer2013new.csv"} <= {name.lower() for name in names}:
        raise DatabaseError(
            f"fer_plus: {root} holds the pictures as text: write them out once with "
            "--set unpacked=FOLDER, or fervid.databases.fer_plus.unpack"
        )
    raise DatabaseError(
        f"fer_plus: expected FER2013Train/label.csv, FER2013Valid/ or FER2013Test/, or fer2013.csv "
        f"beside fer2013new.csv, in {root} and found {', '.join(names[:5]) or 'nothing'}: unpack "
        "FER+ there"
    )


def _pictures(root: Path) -> dict[str, str]:
    """Face name -> path of its picture."""
    found = {}
    for part, folder in _parts(root).items():
        with os.scandir(folder) as entries:
            found.update({f"{PARTS[part][0]}/{entry.name}": entry.path for entry in entries})
    return found


def _faces(root: Path) -> Iterator[_Face]:
    for part, folder in _parts(root).items():
        path = folder / "label.csv"
        if not path.is_file():
            raise DatabaseError(f"fer_plus: no label.csv in {folder}: copy it from FER+")
        listed: set[str] = set()
        for number, (where, cells) in enumerate(table.grid(path)):
            if number == 0 and table.whole(cells[-1]) is None:
                continue  # a header
            if len(cells) not in (11, 12) or not cells[0]:
                raise DatabaseError(
                    f"fer_plus: {where} is not a name, a box and ten votes: copy label.csv again"
                )
            if cells[0] in listed:
                raise DatabaseError(
                    f"fer_plus: {where}: {table.brief(cells[0])} stands there twice: remove one"
                )
            listed.add(cells[0])
            name = f"{PARTS[part][0]}/{cells[0]}"
            yield _Face(part, name, _votes(cells[-len(COLUMNS) :], where))


def _votes(cells: Sequence[str], where: str) -> tuple[int, ...]:
    counts = [table.whole(cell) for cell in cells]
    votes = tuple(count for count in counts if count is not None and count <= MOST)
    if len(votes) < len(COLUMNS):
        raise DatabaseError(
            f"fer_plus: {where} has no ten votes from 0 to {MOST}: copy the file again"
        )
    return votes


# Unpacking


def unpack(source: Path, folder: Path) -> Path:
    """Write FER+ as folders of pictures, from a zip or from fer2013.csv and fer2013new.csv.

    Everything is written beside `folder` first and moved into place when complete.

    Args:
        source: the zip archive, or the folder with the two CSV files.
        folder: new, or empty.

    Returns:
        The folder, for `load`.

    Raises:
        DatabaseError: no such source, or an archive that is damaged or leads out of its folder.
        OutputError: the folder is not empty or cannot be written.
    """
    source, folder = Path(source), Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError(f"{folder} is not empty: name a new folder")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        part = Path(mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise OutputError(f"{folder} cannot be made ({error.strerror}): name another") from None
    try:
        _from_texts(source, part) if source.is_dir() else archive.unpack(source, part)
        part.chmod(0o755)
        if folder.exists():
            folder.rmdir()
        part.replace(folder)
    except OSError as error:
        raise OutputError(f"{folder} cannot be written ({error.strerror}): free space") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def _from_texts(source: Path, folder: Path) -> None:
    pixels, counted = (table.beside(source, name) for name in ("fer2013.csv", "fer2013new.csv"))
    if pixels is None or counted is None:
        raise DatabaseError(f"{source} lacks fer2013.csv or fer2013new.csv: copy both there")
    columns = [column.lower() for column in COLUMNS]
    voted = table.rows(counted, ("usage", "image name", *columns))
    faces = table.rows(pixels, ("pixels", "usage"))
    if len(voted) != len(faces):
        raise DatabaseError(
            f"{pixels} holds {len(faces)} faces and {counted.name} {len(voted)}: copy both again"
        )
    lists: dict[str, list[str]] = {}
    for row, face in zip(voted, faces, strict=True):
        picture = row["image name"]
        if not picture:
            continue  # FER+ removed this picture
        votes = _votes([row[column] for column in columns], row.where)
        name = next((name for name, usage in PARTS.values() if usage == row["usage"]), None)
        if name is None or not PICTURE.fullmatch(picture):
            raise DatabaseError(
                f"fer_plus: {row.where}: no picture of a known part: copy the file again"
            )
        place = folder / name
        place.mkdir(exist_ok=True)
        (place / picture).write_bytes(_png(_grey(face)))
        marks = ",".join(map(str, votes))
        lists.setdefault(name, []).append(f'{picture},"(0, 0, 48, 48)",{marks}')
    for name, lines in lists.items():
        (folder / name / "label.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _grey(face: table.Row) -> NDArray[np.uint8]:
    """(48, 48) grey values, written as text."""
    if PIXELS.fullmatch(face["pixels"]):
        grey = np.fromstring(face["pixels"], np.int64, sep=" ")
        if grey.max() <= 255:
            return grey.astype(np.uint8).reshape(SIDE, SIDE)
    raise DatabaseError(
        f"fer_plus: {face.where} is not a face of 48 x 48 values from 0 to 255: copy the file again"
    )


def _png(grey: NDArray[np.uint8]) -> bytes:
    """An 8-bit grey PNG, encoded here because loaders import no image library."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    height, width = grey.shape
    rows = np.pad(grey, ((0, 0), (1, 0))).tobytes()  # each row begins with filter 0
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"".join(
        (b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows, 6)),
         chunk(b"IEND", b""))
    )  # fmt: skip
