"""Forge a CK+ tree: the real names and their quirks, pictures of one grey each."""

import struct
import zlib
from pathlib import Path


def png(grey: int = 128) -> bytes:
    """A grey PNG of 1 x 1, written by hand: the forgers need no library."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes([0, grey]))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


# subject -> sequence -> the number in its emotion file; None: an empty folder; "": no folder.
SEQUENCES = {
    "S005": {"001": 3},
    "S010": {"001": None, "002": 7, "003": "", "004": 1, "006": 5},
    "S011": {"001": 7, "002": 0, "003": 4, "005": 2},
    "S132": {"001": "", "002": 6, "008": 3},
    "S999": {"001": 1, "003": 5},
}


def make(root: Path, frames: int = 4) -> Path:
    """Write the tree under `root`."""
    for subject, sequences in SEQUENCES.items():
        for number, code in sequences.items():
            _frames(root / "cohn-kanade-images" / subject / number, frames)
            if code != "":
                _emotion(root / "Emotion" / subject / number, frames, code)
    (root / "cohn-kanade-images" / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    (root / "__MACOSX").mkdir()
    return root


def _frames(folder: Path, count: int) -> None:
    folder.mkdir(parents=True)
    stem = f"{folder.parent.name}_{folder.name}"
    for number in range(1, count + 1):
        # Mixed case extensions and the companions that macOS leaves on foreign disks.
        (folder / f"{stem}_{number:08d}.{'PNG' if number == 2 else 'png'}").write_bytes(png())
        (folder / f"._{stem}_{number:08d}.png").write_bytes(b"\0\5\x16\7")


def _emotion(folder: Path, count: int, code: int | str | None) -> None:
    folder.mkdir(parents=True)
    stem = f"{folder.parent.name}_{folder.name}_{count:08d}_emotion.txt"
    if code is not None:
        (folder / stem).write_text(f"   {float(code):.7e}\n")
        (folder / f"._{stem}").write_bytes(b"\0\5\x16\7")
