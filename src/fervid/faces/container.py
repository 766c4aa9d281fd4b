"""Opens media containers for reading, whatever their names and metadata contain."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from fervid.errors import InputError

# Pictures and frames with more pixels are not decoded. This is Pillow's limit for a decompression
# bomb, 0.5 GB as RGB; the largest cameras produce about 150 million pixels.
PIXELS = 178_956_970
TEXT = ("tty", "subviewer", "bin")  # formats by which FFmpeg "plays" a text file as a terminal


@contextmanager
def open_container(path: Path) -> Iterator[Any]:
    """An open PyAV container.

    Raises:
        InputError: FFmpeg cannot read the file.
    """
    import av

    with ExitStack() as stack:
        try:
            # PyAV accepts only names in UTF-8.
            file = f"file:{path}" if _is_utf8(path) else stack.enter_context(path.open("rb"))
            # A playlist may name other sources: allow files, but never the network.
            options = {"protocol_whitelist": "file"}
            container = av.open(file, options=options, metadata_errors="replace")
        except (av.FFmpegError, OSError) as error:
            raise InputError(
                f"{path} is not a video that can be read (truncated, or another kind of file): "
                "check it or copy it again"
            ) from error
        yield stack.enter_context(container)


def video_stream(path: Path, container: Any) -> Any:
    """The first video stream, ready to be decoded.

    Raises:
        InputError: there is no video stream, or its frames are too large.
    """
    import av

    cover = av.stream.Disposition.attached_pic
    streams = [s for s in container.streams.video if not s.disposition & cover]
    if not streams or container.format.name in TEXT:
        raise InputError(
            f"{path} contains no video: give a video file, an image or a folder of images"
        )
    stream = streams[0]
    check_size(path, stream.width or 0, stream.height or 0)
    stream.codec_context.options = {"max_pixels": str(PIXELS)}  # frame size may change later
    return stream


def check_size(path: Path, width: int, height: int) -> None:
    """Reject a picture that would fill the memory once decoded.

    Raises:
        InputError: it has more than `PIXELS` pixels.
    """
    if width * height > PIXELS:
        raise InputError(
            f"{path} has {width} x {height} pixels, above the limit of {PIXELS:,}: scale it down"
        )


def _is_utf8(path: Path) -> bool:
    try:
        os.fsdecode(path).encode()
    except UnicodeEncodeError:
        return False
    return True
