"""What is written of one input: the table, the plot, the annotated video; each whole or not."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fervid.atomic import blamed, whole
from fervid.errors import OutputError
from fervid.faces.overlay import Drawn, Style, draw, fitted, write_still
from fervid.faces.sampling import Wanted
from fervid.faces.video import Frame, frames, is_still, probe, write_video
from fervid.figures.timeline import colours, plot_timeline, rgb
from fervid.predict.timeline import NOBODY, STATUS, Timeline
from fervid.text import cell

Format = Literal["csv", "parquet"]
TEXT = {"input", "label", "label_relative"}  # columns with words of the user or the model
ROWS = 20_000  # of a table written at once


def write_table(path: Path, rows: Timeline, format: Format, landmarks: bool) -> None:
    """All rows, some thousand at a time, as CSV or Parquet."""
    parts = (
        rows.rows(slice(begin, begin + ROWS)).to_frame(landmarks)
        for begin in range(0, len(rows), ROWS)
    )
    with whole(path) as place:
        if format == "parquet":
            _parquet(place, parts)
        else:
            _csv(place, parts)
        check_count(path, rows_on_disk(place, format), len(rows))


def _csv(place: Path, parts: Iterator[Any]) -> None:
    with place.open("w", encoding="utf-8", newline="") as file:
        for number, part in enumerate(parts):
            for column in TEXT & {*part.columns}:  # all else is numbers, or ours
                part[column] = part[column].map(cell)
            header = [cell(name) for name in part.columns]
            part.to_csv(file, index=False, header=number == 0 and header, lineterminator="\n")


def _parquet(place: Path, parts: Iterator[Any]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    def table(part: Any) -> Any:
        # A part without one label would make a column of nothing instead of a column of text.
        text = dict.fromkeys((TEXT | {"status"}) & {*part.columns}, "string")
        return pa.Table.from_pandas(part.astype(text), preserve_index=False)

    first = table(next(parts))
    # By an open file: pyarrow takes names in UTF-8 alone.
    with place.open("wb") as file, pq.ParquetWriter(file, first.schema) as writer:
        writer.write_table(first)
        for part in parts:
            writer.write_table(table(part).cast(first.schema))


def write_plot(path: Path, rows: Timeline) -> None:
    """The timeline as a PNG."""
    with whole(path) as place:
        args = (rows.time, rows.face, rows.probabilities, rows.labels)
        plot_timeline(place, *args, title=Path(rows.input).name)


def write_overlay(
    path: Path,
    source: Path,
    rows: Timeline,
    rate: float,
    progress: Callable[[Iterator[Frame]], Any] = iter,
    *,
    wanted: Wanted | None = None,
    style: Style = "full",
) -> None:
    """The source's frames once more, with what was found drawn in, at their times, with its sound.

    Args:
        path: .png for a still, .mp4 otherwise.
        rows: of this source.
        rate: frames per second of a folder of images.
        wanted: which frames were looked at; None: all.
        style: as in `overlay.draw`; "anonymous" holds drawn faces before an empty backdrop, and
            neither picture nor sound of the source.
    """
    palette = {label: rgb(colour) for label, colour in colours(rows.labels).items()}
    shape = next(frame.image.shape for frame in frames(source, rate=rate) if frame.readable)
    times = rows.time[np.diff(rows.frame, prepend=-1) > 0]

    def drawn(frame: Frame) -> NDArray[np.uint8]:
        mine = rows.rows(slice(*np.searchsorted(rows.frame, (frame.index, frame.index + 1))))
        note = "" if (mine.face != NOBODY).any() else STATUS[mine.status[0]]
        faces = _faces(mine)
        if style == "anonymous":
            image = _stood_in(frame.image.shape, faces)
        else:
            image = frame.image if frame.readable else np.zeros(shape, np.uint8)
        return fitted(draw(image, faces, rows.labels, palette, note, style), shape)

    looked_at = frames(source, rate=rate, wanted=wanted)
    decoded = (frame for frame in looked_at if frame.index <= rows.frame[-1])
    if is_still(source):
        picture = drawn(next(decoded))
        with whole(path) as place:
            write_still(place, picture)
        return
    images = (drawn(frame) for frame in progress(decoded))
    sound = None if style == "anonymous" else source
    write_video(path, images, probe(source, rate).rate, times, sound)


def _stood_in(shape: tuple[int, ...], faces: Sequence[Drawn]) -> NDArray[np.uint8]:
    """Drawn faces where the people are; of the frame nothing but its size is used."""
    from fervid.databases.drawn import stand_in

    canvas = stand_in.backdrop(shape)
    for face in sorted(faces, key=lambda face: float(face.box[3])):  # the nearest last
        stand_in.put(canvas, face.landmarks, face.face)
    return canvas


def _faces(rows: Timeline) -> list[Drawn]:
    columns = (rows.face, rows.box, rows.landmarks, rows.probabilities, rows.status)
    return [
        Drawn(int(face), box, landmarks, probabilities, STATUS[status])
        for face, box, landmarks, probabilities, status in zip(*columns, strict=True)
        if face != NOBODY
    ]


def spool(path: Path, chunks: Iterator[NDArray[Any]], kind: np.dtype[Any]) -> NDArray[Any]:
    """Rows to disk as they come, and back as a memory map: an hour of video needs no memory.

    Raises:
        OutputError: the place cannot be written to, or lost some of it.
    """
    count = 0
    with blamed(path):
        file = path.open("r+b")
    with file:
        for chunk in chunks:  # not blamed on the output: here the source is read
            with blamed(path):
                file.write(chunk.tobytes())
                file.flush()
            count += len(chunk)
    check_count(path, path.stat().st_size // kind.itemsize, count)
    return np.memmap(path, kind, "r")


def check_count(path: Path, count: int, expected: int) -> None:
    """Stop rather than call a file done that holds less, or more, than was decoded.

    Raises:
        OutputError: the counts differ.
    """
    if count != expected:
        raise OutputError(
            f"{path} holds {count} rows where there should be {expected}: another program writes "
            "there, or the disk is at fault; run again"
        )


def rows_on_disk(path: Path, format: Format) -> int:
    """Rows of a table that `write_table` wrote; no cell of its CSV holds a line feed."""
    if format == "parquet":
        import pyarrow.parquet as pq

        with path.open("rb") as file:
            return int(pq.read_metadata(file).num_rows)
    with path.open("rb") as file:
        blocks = iter(lambda: file.read(1 << 20), b"")
        return sum(block.count(b"\n") for block in blocks) - 1
