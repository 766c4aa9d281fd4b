"""Media containers: opened for reading, whatever their names and metadata are."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from fervid.errors import InputError

# Pixels of a picture or a frame above which it is not decoded: Pillow's limit for a decompression
# bomb, 0.5 GB as RGB. The largest cameras give about 150 million.
PIXELS = 178_956_970
TEXT = ("tty", "subviewer", "bin")  # FFmpeg "plays" a text file as a terminal


@contextmanager
def open_container(path: Path) -> Iterator[Any]:
    """An open PyAV container.

    Raises:
        InputError: it is not one that FFmpeg can read.
    """
    import av

    with ExitStack() as stack:
        try:
            # PyAV takes names as UTF-8 alone.
            file = f"file:{path}" if _is_utf8(path) else stack.enter_context(path.open("rb"))
            # A file may name others (playlists): only files are followed, never the network.
            options = {"protocol_whitelist": "file"}
            container = av.open(file, options=options, metadata_errors="replace")
        except (av.FFmpegError, OSError) as error:
            raise InputError(
                f"{path} is not a video that can be read (truncated, or another kind of file): "
                "check or copy it again"
            ) from error
        yield stack.enter_context(container)


def video_stream(path: Path, container: Any) -> Any:
    """The first stream of moving pictures, ready to be decoded.

    Raises:
        InputError: there is none, or its frames are too large.
    """
    import av

    cover = av.stream.Disposition.attached_pic
    streams = [s for s in container.streams.video if not s.disposition & cover]
    if not streams or container.format.name in TEXT:
        raise InputError(
            f"{path} holds no video: name a video file, an image or a folder of images"
        )
    stream = streams[0]
    check_size(path, stream.width or 0, stream.height or 0)
    stream.codec_context.options = {"max_pixels": str(PIXELS)}  # frames may grow on the way
    return stream


def check_size(path: Path, width: int, height: int) -> None:
    """Refuse what would fill the memory once decoded.

    Raises:
        InputError: more than `PIXELS`.
    """
    if width * height > PIXELS:
        raise InputError(
            f"{path} is {width} x {height} pixels large, above the limit of {PIXELS:,}: "
            "scale it down"
        )


def _is_utf8(path: Path) -> bool:
    try:
        os.fsdecode(path).encode()
    except UnicodeEncodeError:
        return False
    return True
