"""Copies sound from one container to another, packet by packet."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fervid.errors import InputError
from fervid.faces.container import open_container, video_stream

# Codecs that an .mp4 can hold, by FFmpeg's names; other sound is left out.
CODECS = ("aac", "ac3", "alac", "eac3", "flac", "mp2", "mp3", "mp3float", "opus")


class Sound:
    """The first sound track of a file, to be copied beside a new video track.

    Packets are copied without decoding; their times are counted from the first video frame.

    Args:
        source: the file; there is no sound in a folder of pictures or a silent file.
        container: the open container to write to.
    """

    def __init__(self, source: Path, container: Any) -> None:
        self._target: Any = None
        self._packets = _packets(source)
        self._next = next(self._packets, None)
        if self._next is not None:
            self._target = container.add_stream_from_template(self._next[1].stream)
        self._container = container

    def copy(self, until: float) -> None:
        """Copy all packets before a time in seconds."""
        while self._next is not None and self._next[0] < until:
            packet = self._next[1]
            packet.stream = self._target
            self._container.mux(packet)
            self._next = next(self._packets, None)


def _packets(source: Path) -> Iterator[tuple[float, Any]]:
    """Packets with times moved to start at the first video frame, and that time in seconds."""
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
            offset, last = round(origin / track.time_base), -1
            for packet in container.demux(track):
                if packet.pts is None or packet.dts is None or packet.size == 0:
                    continue
                packet.pts -= offset
                packet.dts -= offset
                if packet.dts <= last or packet.dts < 0:  # the clock jumped, or video starts later
                    continue
                last = packet.dts
                yield float(packet.pts * track.time_base), packet
    except (av.FFmpegError, InputError):  # the sound ends where the file is damaged
        return
