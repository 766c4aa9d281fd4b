"""Forge py-feat's tables with the columns of Fex."""

from pathlib import Path

import numpy as np

AUS = (1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15, 17, 20, 23, 24, 25, 26, 28, 43)
EMOTIONS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
COLUMNS = (
    "FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight", "FaceScore",
    *(f"{axis}_{n}" for axis in "xy" for n in range(68)),
    "Pitch", "Roll", "Yaw", "X", "Y", "Z", *(f"AU{n:02d}" for n in AUS), *EMOTIONS,
    *(f"Identity_{n}" for n in range(1, 4)), "input", "frame", "approx_time", "Identity",
    "FrameHeight", "FrameWidth",
)  # fmt: skip


def face(seed: int, frames: int = 8, left: float = 40) -> np.ndarray:
    """(frames, 68, 2) an upright face that drifts."""
    rng = np.random.default_rng(seed)
    points = np.random.default_rng(7).uniform(0, 60, (68, 2))
    points[36:42] = rng.uniform((11, 17), (17, 23), (6, 2))
    points[42:48] = rng.uniform((41, 17), (47, 23), (6, 2))
    points[27:31] = [(29, 22), (29, 27), (29, 32), (29, 37)]
    drift = np.arange(frames)[:, None, None] * [1.0, 0.5] + [left, 30.0]
    return points + drift + rng.normal(0, 0.4, (frames, 68, 2))


def write(
    path: Path,
    faces: dict[str, np.ndarray],
    lost: tuple[int, ...] = (),
    every: int = 1,
    without: tuple[str, ...] = (),
) -> Path:
    """A table: faces (T, 68, 2) by identity; a row of NaN for a frame that is lost."""
    names = [name for name in COLUMNS if name not in without]
    lines = [",".join(names)]
    for frame in range(0, max(map(len, faces.values())), every):
        clock = {"input": "film.mp4", "frame": frame, "approx_time": "00:00",
                 "FrameHeight": "240.0", "FrameWidth": "320.0"}  # fmt: skip
        for identity, points in faces.items():
            cells = {}
            if frame not in lost:
                cells = dict.fromkeys(COLUMNS, "0.1")
                cells |= {"FaceScore": "0.9", "Identity": identity}
                for place, axis in enumerate("xy"):
                    cells |= {
                        f"{axis}_{n}": repr(float(points[frame, n, place])) for n in range(68)
                    }
            cells |= clock
            lines.append(",".join(str(cells.get(name, "")) for name in names))
            if frame in lost:
                break
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def make(root: Path) -> Path:
    """Four tables of three people in one folder per label, as `<label>/<subject>/<clip>.csv`."""
    for seed, name in enumerate(("happy/S1/a", "happy/S2/b", "Anger/S1/c", "Anger/S3/d")):
        write(root / f"{name}.csv", {"Person_0": face(seed)}, lost=(2,))
    return root


def make_manifest(root: Path) -> Path:
    """The same with a manifest that says who is who."""
    make(root)
    rows = ("happy/S1/a", "happy/S2/b", "Anger/S1/c", "Anger/S3/d")
    lines = [f"{row}.csv,{row.split('/')[0]},{row.split('/')[1]}" for row in rows]
    (root / "manifest.csv").write_text("\n".join(["path,label,subject", *lines]) + "\n")
    return root
