"""Forge FER+: the FERPlus folders, or the two CSV files; pictures of one grey each."""

import struct
import zipfile
import zlib
from pathlib import Path

# Votes: neutral happiness surprise sadness anger disgust fear contempt unknown NF.
TRAIN = (
    (4, 0, 0, 1, 3, 2, 0, 0, 0, 0),  # neutral
    (0, 5, 5, 0, 0, 0, 0, 0, 0, 0),  # a tie: the first column, happiness
    (0, 0, 0, 0, 0, 0, 2, 0, 8, 0),  # unknown
    (0, 0, 0, 0, 0, 0, 0, 0, 0, 10),  # no face
    (0, 0, 0, 0, 4, 0, 0, 0, 4, 2),  # a tie with unknown: anger
    (1, 1, 1, 1, 1, 1, 1, 1, 1, 1),  # nothing but single votes: neutral
)
VALID = ((0, 0, 0, 7, 0, 0, 0, 3, 0, 0), (0, 0, 0, 0, 0, 6, 4, 0, 0, 0))
TEST = ((0, 0, 9, 0, 0, 0, 1, 0, 0, 0),)
PARTS = {"FER2013Train": TRAIN, "FER2013Valid": VALID, "FER2013Test": TEST}
USAGE = {"FER2013Train": "Training", "FER2013Valid": "PublicTest", "FER2013Test": "PrivateTest"}


def png(grey: int = 128, side: int = 48) -> bytes:
    """A grey PNG."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + bytes([grey]) * side) * side)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def make(root: Path, parts: tuple[str, ...] = tuple(PARTS)) -> Path:
    """Write the folders under `root`."""
    number = 0
    for part, faces in PARTS.items():
        lines = []
        for votes in faces:
            name = f"fer{number:07d}.png"
            lines.append(f'{name},"(0, 0, 48, 48)",{",".join(map(str, votes))}')
            if part in parts:
                (root / part).mkdir(parents=True, exist_ok=True)
                (root / part / name).write_bytes(png(number * 20))
                (root / part / f"._{name}").write_bytes(b"\0\5\x16\7")
            number += 1
        if part in parts:
            (root / part / "label.csv").write_text("\n".join(lines) + "\n")
    return root


def make_texts(root: Path) -> Path:
    """Write fer2013.csv and fer2013new.csv under `root`; the second face was struck out."""
    pixels = ["emotion,pixels,Usage"]
    votes = ["Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,"
             "unknown,NF"]  # fmt: skip
    number = 0
    for part, faces in PARTS.items():
        for marks in faces:
            name = "" if number == 1 else f"fer{number:07d}.png"
            pixels.append(f"0,{' '.join([str(number * 20)] * 48 * 48)},{USAGE[part]}")
            votes.append(f"{USAGE[part]},{name},{','.join(map(str, marks))}")
            number += 1
    root.mkdir(parents=True, exist_ok=True)
    (root / "fer2013.csv").write_text("\n".join(pixels) + "\n")
    (root / "fer2013new.csv").write_text("\n".join(votes) + "\n")
    return root


def make_zip(path: Path, folder: Path) -> Path:
    """Pack a forged folder."""
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder))
    return path
