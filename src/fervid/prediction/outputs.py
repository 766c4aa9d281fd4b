"""Output files of one input: table, plot and annotated video. Each is complete or absent."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fervid.atomic import blamed, whole
from fervid.errors import OutputError
from fervid.faces.files import is_still
from fervid.faces.overlay import Drawn, draw, fitted, write_still
from fervid.faces.sampling import Wanted
from fervid.faces.settings import Style
from fervid.faces.video import Frame, frames, probe, write_video
from fervid.figures.timeline import colours, plot_timeline, rgb
from fervid.prediction.settings import Format
from fervid.prediction.timeline import NOBODY, STATUS, Timeline
from fervid.text import cell

TEXT = {"input", "label", "label_relative"}  # columns with text from the user or the model
ROWS = 20_000  # rows of a table written at once


def write_table(
    path: Path, rows: Timeline, format: Format, landmarks: bool, movements: bool = False
) -> None:
    """Write all rows as CSV or Parquet, `ROWS` at a time."""
    parts = (
        rows.rows(slice(begin, begin + ROWS)).to_frame(landmarks, movements)
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
            for column in TEXT & {*part.columns}:  # other columns hold numbers or our own text
                part[column] = part[column].map(cell)
            header = [cell(name) for name in part.columns]
            part.to_csv(file, index=False, header=number == 0 and header, lineterminator="\n")


def _parquet(place: Path, parts: Iterator[Any]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    def table(part: Any) -> Any:
        # Without any label, a part's column would get the type null instead of text.
        text = dict.fromkeys((TEXT | {"status"}) & {*part.columns}, "string")
        return pa.Table.from_pandas(part.astype(text), preserve_index=False)

    first = table(next(parts))
    # Through an open file, because pyarrow accepts only names in UTF-8.
    with place.open("wb") as file, pq.ParquetWriter(file, first.schema) as writer:
        writer.write_table(first)
        for part in parts:
            writer.write_table(table(part).cast(first.schema))


def write_plot(path: Path, rows: Timeline) -> None:
    """Draw the timeline as a PNG."""
    with whole(path) as place:
        args = (rows.time, rows.face, rows.probabilities, rows.labels)
        plot_timeline(place, *args, title=Path(rows.input).name, relative=rows.relative)


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
    """Write the source again with its predictions drawn in, at the same times and with its sound.

    Args:
        path: .png for a still, .mp4 otherwise.
        rows: timeline of this source.
        rate: frames per second of a folder of images.
        wanted: which frames were used; None for all.
        style: as in `overlay.draw`; "anonymous" shows drawn faces on an empty backdrop, with
            neither picture nor sound of the source.
    """
    palette = {label: rgb(colour) for label, colour in colours(rows.labels).items()}
    shape = next(frame.image.shape for frame in frames(source, rate=rate) if frame.readable)
    times = rows.time[np.diff(rows.frame, prepend=-1) > 0]

    def drawn(frame: Frame) -> NDArray[np.uint8]:
        own = rows.rows(slice(*np.searchsorted(rows.frame, (frame.index, frame.index + 1))))
        note = "" if (own.face != NOBODY).any() else STATUS[own.status[0]]
        faces = _faces(own)
        if style == "anonymous":
            image = _stand_ins(frame.image.shape, faces)
        else:
            image = frame.image if frame.readable else np.zeros(shape, np.uint8)
        return fitted(draw(image, faces, rows.labels, palette, note, style), shape)

    used = frames(source, rate=rate, wanted=wanted)
    decoded = (frame for frame in used if frame.index <= rows.frame[-1])
    if is_still(source):
        picture = drawn(next(decoded))
        with whole(path) as place:
            write_still(place, picture)
        return
    images = (drawn(frame) for frame in progress(decoded))
    sound = None if style == "anonymous" else source
    write_video(path, images, probe(source, rate).rate, times, sound)


def _stand_ins(shape: tuple[int, ...], faces: Sequence[Drawn]) -> NDArray[np.uint8]:
    """Drawn faces in place of the people; only the size of the frame is used."""
    from fervid.databases.drawn import stand_in

    canvas = stand_in.backdrop(shape)
    for face in sorted(faces, key=lambda face: float(face.box[3])):  # nearest faces last
        stand_in.put(canvas, face.landmarks, face.face)
    return canvas


def _faces(rows: Timeline) -> list[Drawn]:
    relative = [None] * len(rows.face) if rows.relative is None else rows.relative
    columns = (rows.face, rows.box, rows.landmarks, rows.probabilities, rows.status, relative)
    return [
        Drawn(int(face), box, landmarks, probabilities, STATUS[status], own)
        for face, box, landmarks, probabilities, status, own in zip(*columns, strict=True)
        if face != NOBODY
    ]


def spool(path: Path, chunks: Iterator[NDArray[Any]], kind: np.dtype[Any]) -> NDArray[Any]:
    """Write rows to disk as they arrive, and return a memory map, so that long videos fit.

    Raises:
        OutputError: the file cannot be written, or lost some rows.
    """
    count = 0
    with blamed(path):
        file = path.open("r+b")
    with file:
        for chunk in chunks:  # outside `blamed`, because this reads the source
            with blamed(path):
                file.write(chunk.tobytes())
                file.flush()
            count += len(chunk)
    check_count(path, path.stat().st_size // kind.itemsize, count)
    return np.memmap(path, kind, "r")


def check_count(path: Path, count: int, expected: int) -> None:
    """Check that a file holds exactly as many rows as were decoded.

    Raises:
        OutputError: the counts differ.
    """
    if count != expected:
        raise OutputError(
            f"{path} has {count} rows instead of {expected}: another program is writing to it, or "
            "the disk is faulty; run again"
        )


def rows_on_disk(path: Path, format: Format) -> int:
    """Number of rows in a table written by `write_table`; no CSV cell contains a line feed."""
    if format == "parquet":
        import pyarrow.parquet as pq

        with path.open("rb") as file:
            return int(pq.read_metadata(file).num_rows)
    with path.open("rb") as file:
        blocks = iter(lambda: file.read(1 << 20), b"")
        return sum(block.count(b"\n") for block in blocks) - 1
