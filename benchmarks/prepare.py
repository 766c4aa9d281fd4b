"""Is `prepare` as fast as the plainest loop anybody would write?

The plain loop decodes with PyAV and runs MediaPipe's Face Landmarker in its video mode: no
crop, no landmarks kept, nothing written. `prepare` finds, follows, aligns, cuts out, encodes and
writes. All times are taken in turn within one run, so that ratios hold on a busy machine:

    python benchmarks/prepare.py VIDEO [VIDEO ...] [--rounds 5] [--copies 24]

Needs mediapipe and its model ($FERVID_MODELS).
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np

from fervid.clip import Clip, Database
from fervid.faces import FaceSettings, outside, prepare


def plain(path: Path, model: Path) -> None:
    """PyAV and MediaPipe, frame by frame."""
    import mediapipe as mp
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(model)),
        running_mode=vision.RunningMode.VIDEO,
    )
    with vision.FaceLandmarker.create_from_options(options) as landmarker, av.open(path) as file:
        for frame in file.decode(video=0):
            picture = mp.Image(mp.ImageFormat.SRGB, frame.to_ndarray(format="rgb24"))
            landmarker.detect_for_video(picture, round(frame.time * 1000))


def clips(paths: list[Path], copies: int) -> Database:
    """Spans that differ by one frame at the end, so that none is found in the store already."""
    made = [
        Clip(f"{path.name} {i}", path, "folder", end=10_000 + i)
        for i in range(copies)
        for path in paths
    ]
    return Database("folder", (), tuple(made))


def timed(work: Callable[[], object]) -> np.ndarray:
    """Seconds on the clock, and seconds of all cores."""
    clock, cores = time.perf_counter(), time.process_time()
    work()
    return np.array([time.perf_counter() - clock, time.process_time() - cores])


def prepared(database: Database, settings: FaceSettings, jobs: int = 1) -> None:
    """One `prepare` into a new store."""
    with tempfile.TemporaryDirectory() as folder:
        done = prepare(database, Path(folder) / "store", settings, jobs)
        assert done.done == len(database.clips), done.failed


def one_process(path: Path, rounds: int, model: Path) -> None:
    """Ratios on one video, medians over interleaved rounds; the first warms up."""
    ratios: dict[str, list[np.ndarray]] = {"builtin": [], "mediapipe": []}
    for number in range(rounds + 1):
        loop = timed(lambda: plain(path, model))
        for name, found in ratios.items():
            settings = FaceSettings(finder=name)
            ours = timed(lambda s=settings: prepared(clips([path], 1), s))
            if number:
                found.append(loop / ours)
    print(f"{path.name}: plain loop {loop[0]:.2f} s, {loop[1]:.2f} s of all cores")
    for name, found in ratios.items():
        clock, cores = np.median(found, axis=0)
        low, high = np.min(found, axis=0)[0], np.max(found, axis=0)[0]
        print(
            f"  {name:9} {clock:.2f} x the plain loop's speed ({low:.2f} to {high:.2f}), "
            f"{cores:.2f} x for the same work of the cores"
        )


def two_processes(paths: list[Path], copies: int) -> None:
    """One process against two, start of the processes included."""
    database = clips(paths, copies)
    for name in ("builtin", "mediapipe"):
        settings = FaceSettings(finder=name)
        one = timed(lambda s=settings: prepared(database, s))[0]
        two = timed(lambda s=settings: prepared(database, s, jobs=2))[0]
        print(
            f"{len(database.clips)} clips, {name}: two processes {one / two:.2f} x one "
            f"({one:.1f} s, {two:.1f} s)"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("videos", nargs="+", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--copies", type=int, default=24, help="of each video, for two processes")
    asked = parser.parse_args()
    for path in asked.videos:
        one_process(path, asked.rounds, outside.get("mediapipe"))
    if asked.copies:
        two_processes(asked.videos, asked.copies)


if __name__ == "__main__":
    main()
