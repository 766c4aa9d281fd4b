"""Speed of `fervid predict` against a plain loop of PyAV and MediaPipe: `predict.py [VIDEO]`.

The plain loop decodes every frame and asks MediaPipe's Face Landmarker, in video mode, for
landmarks and blendshapes; it writes nothing. Ours finds and follows faces, places 68 landmarks,
predicts labels with tfe-plus and writes the table and the episodes. Both run in this process, on
one core, in turns; start-up is measured apart, in processes of their own. Ratios of CPU seconds.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import av
import cv2
import numpy as np
import torch

from fervid.faces import FaceSettings, outside
from fervid.faces.detect import choose
from fervid.prediction import predict

SHARED = Path(os.environ.get("FERVID_SHARED", Path(__file__).parents[2] / "shared")) / "data"
COMMAND = (sys.executable, "-c", "from fervid.cli import main; main()", "predict")


def plain(path):
    """PyAV and MediaPipe with blendshapes, frame by frame."""
    import mediapipe as mp
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(outside.get("mediapipe"))),
        running_mode=vision.RunningMode.VIDEO,
        output_face_blendshapes=True,
    )
    with vision.FaceLandmarker.create_from_options(options) as landmarker, av.open(path) as file:
        for frame in file.decode(video=0):
            picture = mp.Image(mp.ImageFormat.SRGB, frame.to_ndarray(format="rgb24"))
            landmarker.detect_for_video(picture, round(frame.time * 1000))


def ours(path):
    """Everything that `fervid predict` does, except for the plot."""
    with tempfile.TemporaryDirectory() as out:
        settings = FaceSettings(choose("auto"), min_size=0.05)
        predict([path], out, settings=settings, timeline=False)


def seconds(work, path):
    """CPU seconds of this process."""
    start = time.process_time()
    work(path)
    return time.process_time() - start


def command(*arguments):
    """CPU seconds and seconds on the clock of a `fervid predict` in its own process."""
    before, clock = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([*COMMAND, *map(str, arguments)], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return used, time.perf_counter() - clock


def start_up(rounds):
    """CPU seconds for one small picture without a face, and for the same again."""
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "grey.png"
        cv2.imwrite(str(picture), np.full((64, 64, 3), 128, np.uint8))
        first, again = [], []
        for number in range(rounds):
            arguments = (picture, "--no-timeline", "--out", Path(folder) / str(number))
            first.append(command(*arguments)[0])
            again.append(command(*arguments)[0])
    print(f"start-up: {np.median(first):.2f} CPU s; all done: {np.median(again):.2f} CPU s")


def processes(path, copies):
    """One process against two on copies of the video, start of the processes included."""
    with tempfile.TemporaryDirectory() as folder:
        videos = Path(folder) / "videos"
        videos.mkdir()
        for number in range(copies):
            shutil.copy(path, videos / f"{number}{path.suffix}")  # a link would be one input
        clock = [
            command(videos, "--no-timeline", "--jobs", jobs, "--out", Path(folder) / str(jobs))[1]
            for jobs in (1, 2)
        ]
    print(f"{copies} videos: two processes {clock[0] / clock[1]:.2f} x one")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "video", nargs="?", type=Path, default=SHARED / "videos" / "single_face.mp4"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--copies", type=int, default=0, help="of the video, for two processes")
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    ratios = []
    for number in range(options.rounds + 1):
        loop, own = seconds(plain, options.video), seconds(ours, options.video)
        if number:  # the first warms up
            ratios.append(loop / own)
    low, middle, high = np.percentile(ratios, [0, 50, 100])
    print(f"{options.video.name}: {middle:.2f} x the plain loop ({low:.2f} to {high:.2f})")
    start_up(options.rounds)
    if options.copies:
        processes(options.video, options.copies)


if __name__ == "__main__":
    main()
