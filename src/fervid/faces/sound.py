"""Sound copied, packet by packet, from one container into another."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fervid.errors import InputError
from fervid.faces.container import open_container, video_stream

# What an .mp4 may hold, by FFmpeg's names; other sound is left out.
CODECS = ("aac", "ac3", "alac", "eac3", "flac", "mp2", "mp3", "mp3float", "opus")


class Sound:
    """The first sound track of a file, to be copied beside a new picture track.

    Nothing is decoded: the packets go over as they are, their times counted from the picture's
    first frame.

    Args:
        source: the file; a folder of pictures, or one without sound, has none.
    """

    def __init__(self, source: Path, container: Any) -> None:
        self._target: Any = None
        self._packets = _packets(source)
        self._next = next(self._packets, None)
        if self._next is not None:
            self._target = container.add_stream_from_template(self._next[1].stream)
        self._container = container

    def copy(self, until: float) -> None:
        """Write what sounds before a time in seconds."""
        while self._next is not None and self._next[0] < until:
            packet = self._next[1]
            packet.stream = self._target
            self._container.mux(packet)
            self._next = next(self._packets, None)


def _packets(source: Path) -> Iterator[tuple[float, Any]]:
    """Seconds from the first picture, and the packet with its times moved accordingly."""
    import av

    if not source.is_file():
        return
    try:
        with open_container(source) as container:
            picture = video_stream(source, container)
            origin = float((picture.start_time or 0) * picture.time_base)
            track = next(iter(container.streams.audio), None)
            if track is None or track.codec_context.name not in CODECS:
                return
            moved, last = round(origin / track.time_base), -1
            for packet in container.demux(track):
                if packet.pts is None or packet.dts is None or packet.size == 0:
                    continue
                packet.pts -= moved
                packet.dts -= moved
                if packet.dts <= last or packet.dts < 0:  # before the picture; a clock that jumps
                    continue
                last = packet.dts
                yield float(packet.pts * track.time_base), packet
    except (av.FFmpegError, InputError):  # the sound ends where the file is damaged
        return
