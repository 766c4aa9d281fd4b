"""Faces found in pictures by each finder, and the CPU time: `finders.py PICTURES` (files, folders).

How many faces there are is for an eye to say; boxes are drawn with `fervid predict --overlay`.
"""

import argparse
import os
import time
from pathlib import Path

import numpy as np

from fervid.errors import FacesError
from fervid.faces.detect import finder
from fervid.faces.files import STILLS
from fervid.faces.settings import FaceSettings
from fervid.faces.tracking import follow
from fervid.faces.video import frames

SHARED = Path(os.environ.get("FERVID_SHARED", Path(__file__).parents[2] / "shared")) / "data"
PICTURES = [SHARED / "london_faces", SHARED / "videos" / "multi_face.jpg"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", nargs="*", type=Path, default=PICTURES)
    parser.add_argument("--min-face", type=float, default=0.05)
    asked = parser.parse_args()
    paths = [
        path
        for given in asked.pictures
        for path in (sorted(given.rglob("*")) if given.is_dir() else [given])
        if path.suffix.lower() in STILLS
    ]
    print(f"{len(paths)} pictures, smallest face {asked.min_face:.0%} of the shorter side")
    print("finder      faces  pictures without  lowest score  CPU s")
    for name in ("yunet", "builtin", "mediapipe"):
        settings = FaceSettings(name, max_faces=50, min_size=asked.min_face)
        try:
            found_by = finder(settings)
        except FacesError as error:
            print(f"{name:10}  {error}")
            continue
        start = time.process_time()
        rows = [row for path in paths for row in follow(frames(path), settings, found_by)]
        spent = time.process_time() - start
        scores = [face.score for row in rows for face in row.faces]
        empty = sum(not row.faces for row in rows)
        lowest = np.min(scores, initial=1.0)
        print(f"{name:10} {len(scores):6d} {empty:17d} {lowest:13.2f} {spent:6.1f}")


if __name__ == "__main__":
    main()
