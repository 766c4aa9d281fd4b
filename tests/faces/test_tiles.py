"""HEIC pictures kept as tiles, as telephones write large ones: one sentence, never one tile."""

import io
import struct
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from fervid.errors import InputError
from fervid.faces.video import frames

SIDE = 128


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", len(body) + 8, kind) + body


def full(kind: bytes, *parts: bytes, version: int = 0) -> bytes:
    return box(kind, struct.pack(">I", version << 24), *parts)


def encoded(image: NDArray[np.uint8]) -> tuple[bytes, bytes]:
    """A decoder's settings (the box hvcC) and one picture in HEVC."""
    memory = io.BytesIO()
    with av.open(memory, "w", format="mp4") as container:
        options = {"x265-params": "log-level=none:keyint=1"}
        stream = container.add_stream("libx265", rate=25, options=options)
        stream.height, stream.width = image.shape[:2]
        stream.pix_fmt, stream.codec_context.codec_tag = "yuv420p", "hvc1"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))
    data = memory.getvalue()
    at = data.index(b"hvcC") - 4
    memory.seek(0)
    with av.open(memory) as container:
        packet = bytes(next(container.demux(video=0)))
    return data[at : at + int.from_bytes(data[at : at + 4], "big")], packet


def write_tiled(path: Path, tiles: list[NDArray[np.uint8]]) -> None:
    """A HEIF file whose picture is a grid of two tiles [ISO 23008-12, Sec. 6.6.2.3]."""
    both = [encoded(tile) for tile in tiles]
    parts = [struct.pack(">BBBBHH", 0, 0, 0, 1, 2 * SIDE, SIDE), *(packet for _, packet in both)]

    def item(number: int, kind: bytes) -> bytes:
        return full(b"infe", struct.pack(">HH4s", number, 0, kind), b"\0", version=2)

    def meta(start: int) -> bytes:
        begins = [start + sum(map(len, parts[:n])) for n in range(3)]
        places = [
            struct.pack(">HHHII", n, 0, 1, begin, len(part))
            for n, (begin, part) in enumerate(zip(begins, parts, strict=True), 1)
        ]
        sizes = [full(b"ispe", struct.pack(">II", width, SIDE)) for width in (2 * SIDE, SIDE)]
        of_items = b"\0\1\1\x81" + b"\0\2\2\x82\x83" + b"\0\3\2\x82\x84"
        return full(
            b"meta",
            full(b"hdlr", b"\0\0\0\0pict", b"\0" * 13),
            full(b"pitm", struct.pack(">H", 1)),
            full(b"iinf", b"\0\3", item(1, b"grid"), item(2, b"hvc1"), item(3, b"hvc1")),
            full(b"iref", box(b"dimg", struct.pack(">HHHH", 1, 2, 2, 3))),
            box(b"iprp", box(b"ipco", *sizes, *(settings for settings, _ in both)),
                full(b"ipma", struct.pack(">I", 3), of_items)),
            full(b"iloc", struct.pack(">HH", 0x4400, 3), *places),
        )  # fmt: skip

    kind = box(b"ftyp", b"heic\0\0\0\0mif1heic")
    start = len(kind) + len(meta(0)) + 8
    path.write_bytes(kind + meta(start) + box(b"mdat", *parts))


@pytest.mark.parametrize("name", ["a.heic", "a.HEIF"])
def test_a_tiled_picture_is_one_sentence(tmp_path: Path, name: str) -> None:
    rng = np.random.default_rng(0)
    tiles = [rng.integers(0, 256, (SIDE, SIDE, 3), np.uint8) for _ in range(2)]
    try:
        write_tiled(tmp_path / name, tiles)
    except av.codec.codec.UnknownCodecError:
        pytest.skip("this PyAV has no encoder for HEVC")
    with pytest.raises(InputError, match=f"{name} is stored as tiles, .*: convert"):
        next(frames(tmp_path / name))
