"""How much of what a face does do the landmarks follow? Against exact points of moving renders.

    python benchmarks/landmark_gain.py DATA [--weights FILE] [--alone] [--mediapipe]

DATA holds ck_like/ (no finder here was trained on it). Each sequence is followed from its neutral
first to its last frame as `fervid` does it. Places are taken in the face's own frame: origin midway
between the outer eye corners, their line as the axis and their distance as the unit, so that the
head's own motion is gone. The gain of a part is the slope, through the origin, of found on exact
displacement, over its points, both axes and all sequences: 1 follows everything, 0 answers with a
still face. Intervals are 95 % bootstrap intervals over people.
"""

import argparse
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from fervid.errors import FacesError
from fervid.faces.detect import finder
from fervid.faces.detections import Finder
from fervid.faces.points68 import MOVING
from fervid.faces.settings import FaceSettings

RATE = 25  # frames per second


def sequences(folder: Path) -> list[tuple[str, list[Path], Any]]:
    """Person, pictures and the exact points (2, 68, 2) of the first and the last of them."""
    found = []
    for sequence in sorted(path for path in (folder / "Landmarks").glob("*/*") if path.is_dir()):
        files = sorted(sequence.glob("*_landmarks.txt"))
        place = folder / "cohn-kanade-images" / sequence.relative_to(folder / "Landmarks")
        pictures = [place / file.name.replace("_landmarks.txt", ".png") for file in files]
        exact = np.stack([np.loadtxt(files[0]), np.loadtxt(files[-1])]).astype(np.float32)
        found.append((sequence.parent.name, pictures, exact))
    if not found:
        raise FacesError(f"{folder}: no Landmarks/<person>/<sequence>/ in it; name another folder.")
    return found


def first_and_last(pictures: list[Path], find: Finder, alone: bool) -> Any:
    """(2, 68, 2) found points, or None where the first or the last frame shows no face.

    Args:
        alone: detect the face in the last frame, instead of following it there.
    """
    find.begin()
    points = []
    for k, path in enumerate(pictures):
        if alone and 0 < k < len(pictures) - 1:
            continue
        if alone:
            find.begin()
        frame = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        landmarks, score = find(frame, k / RATE)
        points.append(landmarks[0] if len(score) else None)
    ends = (points[0], points[-1])
    return None if any(end is None for end in ends) else np.stack(ends)


def in_face(points: Any) -> Any:
    """(N, 68, 2) motion from first to last of (N, 2, 68, 2) pixels."""
    z = points[..., 0] + 1j * points[..., 1]
    right, left = z[..., 36:37], z[..., 45:46]
    own = (z - (left + right) / 2) / (left - right)
    moved = own[:, 1] - own[:, 0]
    return np.stack([moved.real, moved.imag], axis=-1)


def report(found: Any, exact: Any, people: Any) -> None:
    """Gain and error of each part with intervals over people."""
    rng = np.random.default_rng(0)
    names = np.unique(people)
    rows = [np.flatnonzero(people == name) for name in names]
    picks = rng.integers(0, len(names), (2000, len(names)))
    for part, ids in MOVING.items():
        x, y = exact[:, list(ids)], found[:, list(ids)]
        shared = np.array([(x[row] * y[row]).sum() for row in rows])
        power = np.array([(x[row] ** 2).sum() for row in rows])
        slopes = shared[picks].sum(axis=1) / power[picks].sum(axis=1)
        low, high = np.percentile(slopes, [2.5, 97.5])
        cosine = (x * y).sum() / np.sqrt((x**2).sum() * (y**2).sum())
        error = np.linalg.norm(x - y, axis=2).mean() * 100
        size = np.linalg.norm(x, axis=2).mean() * 100
        print(
            f"  {part:5s} gain {shared.sum() / power.sum():.2f} [{low:.2f}, {high:.2f}]  "
            f"cosine {cosine:.2f}  error {error:.2f} % of a motion of {size:.2f} %"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path, help="another file of training/landmarks.py")
    parser.add_argument("--alone", action="store_true", help="detect the last frame's face")
    parser.add_argument("--mediapipe", action="store_true", help="the other finder, in its place")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    model = options.data / "models" / "face_landmarker.task" if options.mediapipe else None
    name = "mediapipe" if options.mediapipe else "builtin"
    find = finder(FaceSettings(finder=name, max_faces=1, model=options.weights or model))
    everything = sequences(options.data / "ck_like")
    ends = [first_and_last(pictures, find, options.alone) for _, pictures, _ in everything]
    find.close()
    kept = [k for k, pair in enumerate(ends) if pair is not None]
    people = np.array([everything[k][0] for k in kept])
    print(
        f"{find.version}: {len(kept)} of {len(everything)} sequences with a face in the first and "
        f"the last frame, {len(np.unique(people))} people"
    )
    found = in_face(np.stack([ends[k] for k in kept]))
    report(found, in_face(np.stack([everything[k][2] for k in kept])), people)


if __name__ == "__main__":
    main()
