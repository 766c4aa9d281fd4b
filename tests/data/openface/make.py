"""Forge OpenFace's tables with the columns of FeatureExtraction 2.2, FaceLandmarkImg and 3.0."""

import csv
import json
from pathlib import Path

import numpy as np

AUS_R = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45)
AUS_C = (*AUS_R[:-1], 28, 45)
GAZE = (
    *(f"gaze_{eye}_{axis}" for eye in (0, 1) for axis in "xyz"), "gaze_angle_x", "gaze_angle_y",
    *(f"eye_lmk_{axis}_{n}" for axis in "xy" for n in range(56)),
    *(f"eye_lmk_{axis}_{n}" for axis in "XYZ" for n in range(56)),
    *(f"pose_{kind}{axis}" for kind in "TR" for axis in "xyz"),
)  # fmt: skip
POINTS = tuple(f"{axis}_{n}" for axis in "xy" for n in range(68))
REST = (
    *(f"{axis}_{n}" for axis in "XYZ" for n in range(68)),
    "p_scale", "p_rx", "p_ry", "p_rz", "p_tx", "p_ty", *(f"p_{n}" for n in range(34)),
    *(f"AU{n:02d}_r" for n in AUS_R), *(f"AU{n:02d}_c" for n in AUS_C),
)  # fmt: skip
COLUMNS = ("frame", "face_id", "timestamp", "confidence", "success", *GAZE, *POINTS, *REST)
RATE = 30.0


def face(seed: int, frames: int = 8, left: float = 40) -> np.ndarray:
    """(frames, 68, 2) an upright face that drifts, with a tenth of a pixel as OpenFace writes."""
    rng = np.random.default_rng(seed)
    points = np.random.default_rng(7).uniform(0, 60, (68, 2))
    points[36:42] = rng.uniform((11, 17), (17, 23), (6, 2))
    points[42:48] = rng.uniform((41, 17), (47, 23), (6, 2))
    points[27:31] = [(29, 22), (29, 27), (29, 32), (29, 37)]
    drift = np.arange(frames)[:, None, None] * [1.0, 0.5] + [left, 30.0]
    return np.round(points + drift + rng.normal(0, 0.4, (frames, 68, 2)), 1)


def write(
    path: Path,
    faces: dict[int, np.ndarray],
    lost: tuple[int, ...] = (),
    space: str = " ",
    mark: str = ",",
) -> Path:
    """A table: faces (T, 68, 2) by id, in all frames but those lost, where a row says so."""
    lines = [mark.join(name if n == 0 else space + name for n, name in enumerate(COLUMNS))]
    for frame in range(max(map(len, faces.values()))):
        seen = [number for number in faces if frame not in lost]
        for number in seen or [next(iter(faces))]:
            points = faces[number][frame] if seen else np.zeros((68, 2))
            sure = ("0.98", "1") if seen else ("0.02", "0")
            cells = [
                str(frame + 1),
                str(number),
                f"{frame / RATE:.3f}",
                *sure,
                *["0.000"] * len(GAZE),
            ]
            cells += [f"{value:.1f}" for value in points.T.ravel()] + ["0.000"] * len(REST)
            lines.append(
                mark.join(cell if n == 0 else space + cell for n, cell in enumerate(cells))
            )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\r\n".join(lines) + "\r\n", encoding="utf-8")
    return path


def write_image(path: Path, faces: dict[int, np.ndarray]) -> Path:
    """FaceLandmarkImg's: no frame, no time, no success."""
    names = ("face", "confidence", *GAZE, *POINTS, *REST)
    lines = [", ".join(names)]
    for number, points in faces.items():
        cells = [
            str(number),
            "0.90",
            *["0"] * len(GAZE),
            *map(str, points.T.ravel()),
            *["0"] * len(REST),
        ]
        lines.append(", ".join(cells))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_3(path: Path, points: np.ndarray, lost: tuple[int, ...] = ()) -> Path:
    """OpenFace 3's TSV: (T, 98, 2) points as lists; frames without a face have no row."""
    names = ("timestamp", "image_path", "face_id", "face_detection", "landmarks", "emotion",
             "gaze_yaw", "gaze_pitch", "action_units")  # fmt: skip
    lines = ["\t".join(names)]
    for frame, row in enumerate(points):
        if frame in lost:
            continue
        box = [10.0, 10.0, 90.0, 90.0, 0.75, *[0.0] * 10]
        cells = [1.7e9 + frame, f"film.mp4_frame_{frame:05d}.jpg", 0, json.dumps(box),
                 json.dumps(row.tolist()), 3, 0.1, -0.1, json.dumps([[0.0] * 8])]  # fmt: skip
        lines.append("\t".join(map(str, cells)))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_3_video(path: Path, faces: list[list[np.ndarray]]) -> Path:
    """OpenFace 3's CSV of a video: faces (98, 2) by frame, in no order; none is an empty row."""
    names = ("timestamp", "video_path", "frame_index", "face_id", "face_detection", "landmarks",
             "emotion", "gaze_yaw", "gaze_pitch", "action_units")  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(names)
        for frame, points in enumerate(faces):
            place = ("2026-11-26 12:00:00", "film.mp4", frame)
            for number, each in enumerate(points):
                box = [*each.min(0), *each.max(0), 0.75, *[0.0] * 10]
                values = (3.0, 0.1, -0.1, [[0.0] * 8])
                table.writerow(
                    [*place, float(number), [float(v) for v in box], each.tolist(), *values]
                )
            if not points:
                table.writerow([*place, *[""] * 7])
    return path


def make(root: Path) -> Path:
    """Four tables of three people in one folder per label, as `<label>/<subject>/<clip>.csv`."""
    for seed, name in enumerate(("Happy/S1/a", "Happy/S2/b", "anger/S1/c", "anger/S3/d")):
        write(root / f"{name}.csv", {0: face(seed)}, lost=(2,))
    (root / "Happy/S1/a_of_details.txt").write_text("Input:a.mp4\nOutput video:a.avi\n")
    return root


def make_manifest(root: Path) -> Path:
    """The same with a manifest that says who is who."""
    make(root)
    rows = ("Happy/S1/a", "Happy/S2/b", "anger/S1/c", "anger/S3/d")
    lines = [f"{row}.csv,{row.split('/')[0]},{row.split('/')[1]}" for row in rows]
    (root / "manifest.csv").write_text("\n".join(["path,label,subject", *lines]) + "\n")
    return root
