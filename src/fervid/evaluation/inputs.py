"""Inputs of an evaluation's folds: the system's samples, and the landmarks of the yardsticks."""

import io
import shutil
import zlib
from collections.abc import Iterator
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from fervid.atomic import write
from fervid.errors import ProtocolError
from fervid.evaluation import baseline
from fervid.faces.track import Track
from fervid.learning.samples import Samples, build, with_votes
from fervid.progress import bar
from fervid.systems.interface import Store, System, check_pictures

POINTS = "landmarks.npz"
Points = dict[int, NDArray[np.float32]]


def gather(system: System, store: Store, run_dir: Path) -> tuple[Samples, Points]:
    """Read every track once; a run's folder that has the inputs keeps them.

    Raises:
        ProtocolError: no clip has a face.
        OutputError: `run_dir` cannot be written to.
    """
    database, path = store.database, run_dir / POINTS

    def tracks() -> Iterator[tuple[int, str | None, str, Track]]:
        points = Points()
        for row, clip in enumerate(bar(database.clips, "samples")):
            track = None if clip.label is None else store.main_track(clip)
            shapes = None if track is None else baseline.points(track, database.course)
            if track is not None and shapes is not None:
                check_pictures(system, track, clip)
                points[row] = shapes
                yield row, clip.label, clip.subject or "", track
        # `build` finishes after this, so complete samples always come with points.
        _save_points(path, points)

    if _read_points(path) is None:  # missing or damaged: build both again
        shutil.rmtree(run_dir / "samples", ignore_errors=True)
    samples = build(system.inputs, tracks(), database.labels, run_dir / "samples", store.digest)
    if not len(samples):
        raise ProtocolError(
            "no clip has a face to learn from: check the output of `fervid prepare`"
        )
    points = _read_points(path)
    assert points is not None
    return with_votes(samples, database.clips), points


def _read_points(path: Path) -> Points | None:
    try:
        with np.load(path, allow_pickle=False) as file:
            return dict(zip(file["clip"].tolist(), file["points"], strict=True))
    except (OSError, EOFError, ValueError, KeyError, BadZipFile, zlib.error):
        return None


def _save_points(path: Path, points: Points) -> None:
    shapes = np.stack(list(points.values())) if points else np.zeros((0, 2, 136), np.float32)
    out = io.BytesIO()
    np.savez(out, clip=np.array(list(points), np.int64), points=shapes)
    write(path, out.getvalue())
