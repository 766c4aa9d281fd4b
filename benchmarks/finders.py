"""Faces found by each finder against those visible: `finders.py [--pictures 100]`, a table.

Visible faces: one in each photograph of the London half, and one in each of LFW's (padded by half
its side, because it is tight); those of a group and of video frames were marked by eye. A face is
found if the middle of a result's landmarks lies on it; any other result is false.
"""

import argparse
import os
import time
import zipfile
from pathlib import Path

import cv2
import numpy as np

from fervid.errors import FacesError
from fervid.faces.detect import finder
from fervid.faces.settings import FaceSettings
from fervid.faces.video import frames

SHARED = Path(os.environ.get("FERVID_SHARED", Path(__file__).parents[2] / "shared")) / "data"
EVERY = 6  # frames of the videos
# Boxes of the visible faces in pixels: left, top, right, bottom, by file and frame.
ALONE = {"single_face.mp4": (190, 60, 390, 320), "face_noface.mov": (290, 90, 590, 480)}
LAST = {"face_noface.mov": 72}  # the person's last frame is the one before
GROUP = [(205, 60, 315, 185), (310, 225, 415, 370), (435, 195, 525, 315), (525, 290, 640, 445),
         (680, 270, 800, 430)]  # fmt: skip


def london():
    """Photographs of 52 people, and a box from the points placed by hand on the neutral one."""
    table = np.genfromtxt(SHARED / "london_faces" / "points189.csv", str, delimiter=",")[1:]
    for path in sorted((SHARED / "london_faces").glob("*.jpg")):
        own = np.char.startswith(table[:, 0], path.name.split("_")[0])
        points = table[own, 2:].astype(float)
        yield next(frames(path)).image, [(*points.min(axis=0), *points.max(axis=0))]


def lfw(count):
    """Photographs of LFW and the part that they fill of a padded picture."""
    with zipfile.ZipFile(SHARED / "lfw_faces.zip") as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))
        for name in np.random.default_rng(0).permutation(names)[:count]:
            face = cv2.imdecode(np.frombuffer(archive.read(name), np.uint8), 1)
            wide = cv2.copyMakeBorder(face, 64, 64, 64, 64, cv2.BORDER_REPLICATE)
            yield wide[:, :, ::-1].copy(), [(64, 64, 191, 191)]


def videos():
    """The photograph of a group, and every `EVERY`th frame of three videos."""
    yield next(frames(SHARED / "videos" / "multi_face.jpg")).image, GROUP
    for name in ("single_face.mp4", "face_noface.mov", "no_face.mp4"):
        for frame in frames(SHARED / "videos" / name):
            if frame.index % EVERY == 0:
                seen = name in ALONE and frame.index < LAST.get(name, np.inf)
                yield frame.image, [ALONE[name]] if seen else []


def counted(pictures, find):
    """Faces visible and found, false ones, and CPU seconds."""
    visible = found = false = 0
    start = time.process_time()
    for image, boxes in pictures:
        find.begin()
        left = list(boxes)
        for points in find(image, 0.0).landmarks:
            x, y = points.mean(axis=0)
            own = [box for box in left if box[0] < x < box[2] and box[1] < y < box[3]]
            false += not own
            if own:
                left.remove(own[0])
        visible += len(boxes)
        found += len(boxes) - len(left)
    find.close()
    return visible, found, false, time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=100, help="of LFW")
    parser.add_argument("--min-face", type=float, default=0.05)
    asked = parser.parse_args()
    sets = {"London": list(london()), "LFW": list(lfw(asked.pictures)), "videos": list(videos())}
    print("pictures       finder      visible  found  false  CPU s a picture")
    for title, pictures in sets.items():
        for name in ("yunet", "builtin", "mediapipe"):
            try:
                find = finder(FaceSettings(name, max_faces=50, min_size=asked.min_face))
            except FacesError as error:
                print(f"{name}: {error}")
                continue
            visible, found, false, seconds = counted(pictures, find)
            size = f"{title} ({len(pictures)})"
            each = seconds / len(pictures)
            print(
                f"{size:14} {name:10} {visible:8d} {found:6d} {false:6d} {each:16.3f}", flush=True
            )


if __name__ == "__main__":
    main()
