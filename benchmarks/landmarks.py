"""How good and how fast is the built-in landmark network? Against exact points, MediaPipe, a clock.

    python benchmarks/landmarks.py DATA [--weights FILE] [--faces 600] [--sheet FOLDER]

DATA holds lfw_faces.zip, rendered_faces_68.zip, ck_like/, videos/ and models/face_landmarker.task.
Errors are in % of the distance between the outer eye corners; intervals are 95 % bootstrap
intervals over faces. The LFW crops are tight, so each is padded by half its side with its own
border pixels (replicated) before either finder sees it; MediaPipe runs in IMAGE mode; our box is
the Haar cascade's on the padded picture and one `follow` comes after, as in tracking.
"""

import argparse
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from fervid.faces.landmarks import Landmarker, box_of
from fervid.faces.points68 import MESH

sys.path.insert(0, str(Path(__file__).parents[1] / "development"))
from renders import HELD_OUT, renders

PARTS = {
    "no jaw": range(17, 68),
    "jaw": range(17),
    "brows": range(17, 27),
    "nose": range(27, 36),
    "eyes": range(36, 48),
    "mouth": range(48, 68),
}
PAD = 64


def errors(found: Any, reference: Any) -> Any:
    """(N, 68) distances in % of the reference's interocular distance."""
    size = np.linalg.norm(reference[:, 36] - reference[:, 45], axis=1)
    return np.linalg.norm(found - reference, axis=2) / size[:, None] * 100


def table(title: str, found: Any, reference: Any) -> None:
    error = errors(found, reference)
    rng = np.random.default_rng(0)
    picks = rng.integers(0, len(error), (1000, len(error)))
    print(f"\n{title}: {len(error)} faces")
    for name, points in PARTS.items():
        one = error[:, list(points)].mean(axis=1)
        low, high = np.percentile(one[picks].mean(axis=1), [2.5, 97.5])
        print(
            f"  {name:7s} mean {one.mean():5.2f} % [{low:.2f}, {high:.2f}]  "
            f"median {np.median(one):5.2f} %  above 10 %: {(one > 10).mean() * 100:.1f} %"
        )


def without_offset(found: Any, reference: Any, offset: Any) -> Any:
    """Move found points by an offset (68, 2) given in the face's own eye-line frame."""
    eye = found[:, 45] - found[:, 36]
    turn = np.stack([np.stack([eye[:, 0], -eye[:, 1]], 1), np.stack([eye[:, 1], eye[:, 0]], 1)], 1)
    return found + np.einsum("nij,lj->nli", turn, offset)


def offset_of(found: Any, reference: Any) -> Any:
    """(68, 2) median of reference - found in the face's own eye-line frame."""
    eye = found[:, 45] - found[:, 36]
    z = (reference - found) @ [1, 1j] / (eye @ [1, 1j])[:, None]
    return np.stack([np.median(z.real, 0), np.median(z.imag, 0)], axis=1)


# Distances that an expression changes: between the means of two groups of points.
SPANS = {
    "mouth open": ([61, 62, 63], [65, 66, 67]),
    "mouth wide": ([48], [54]),
    "eyes open": ([37, 38, 43, 44], [40, 41, 46, 47]),
    "brows up": ([*range(17, 27)], [*range(36, 48)]),
    "corners up": ([48, 54], [33]),
}


def followed(title: str, found: Any, reference: Any) -> None:
    """From face to face: the part of each span's change that is found (1 is all), correlation."""
    gains = []
    for name, (first, second) in SPANS.items():
        x, y = (span(points, first, second) for points in (reference, found))
        x, y = x - x.mean(), y - y.mean()
        gains.append(
            f"{name} {(x * y).sum() / (x * x).sum():.2f} (r {np.corrcoef(x, y)[0, 1]:.2f})"
        )
    print(f"  {title}: " + ", ".join(gains))


def span(points: Any, first: list[int], second: list[int]) -> Any:
    """(N,) distance in units of the interocular distance."""
    size = np.linalg.norm(points[:, 36] - points[:, 45], axis=1)
    return np.linalg.norm(points[:, first].mean(1) - points[:, second].mean(1), axis=1) / size


class MediaPipe:
    """The reference: 68 points of one picture, or None."""

    def __init__(self, model: Path) -> None:
        import mediapipe as mp

        self.mp = mp
        vision = mp.tasks.vision
        base = mp.tasks.BaseOptions(model_asset_path=str(model))
        self.finder = vision.FaceLandmarker.create_from_options(
            vision.FaceLandmarkerOptions(base_options=base)
        )

    def __call__(self, picture: Any) -> Any:
        """(68, 2) pixels, or None."""
        colour = picture if picture.ndim == 3 else np.repeat(picture[:, :, None], 3, axis=2)
        image = self.mp.Image(self.mp.ImageFormat.SRGB, np.ascontiguousarray(colour))
        faces = self.finder.detect(image).face_landmarks
        if not faces:
            return None
        h, w = picture.shape[:2]
        return np.array(
            [(faces[0][k].x * w - 0.5, faces[0][k].y * h - 0.5) for k in MESH], np.float32
        )


class Haar:
    """OpenCV's frontal face boxes."""

    def __init__(self) -> None:
        folder = Path(cv2.data.haarcascades)  # type: ignore[attr-defined]
        self.cascade = cv2.CascadeClassifier(str(folder / "haarcascade_frontalface_default.xml"))

    def __call__(self, picture: Any) -> Any:
        """(N, 4) left, top, width, height."""
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) if picture.ndim == 3 else picture
        boxes = self.cascade.detectMultiScale(grey, 1.1, 4, minSize=(40, 40))
        return np.array(boxes, np.float32).reshape(-1, 4)


def lfw(data: Path, count: int, ours: Landmarker, theirs: MediaPipe) -> tuple[Any, Any, list[Any]]:
    """Our points and MediaPipe's on padded LFW crops, and the pictures."""
    haar, found, reference, pictures = Haar(), [], [], []
    no_box = no_face = unseen = 0
    with zipfile.ZipFile(data / "lfw_faces.zip") as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))
        for name in np.random.default_rng(0).permutation(names)[:count]:
            grey = cv2.imdecode(np.frombuffer(archive.read(name), np.uint8), 0)
            wide = cv2.copyMakeBorder(grey, *[PAD] * 4, cv2.BORDER_REPLICATE)
            points, boxes = theirs(wide), haar(wide)
            no_face += points is None
            no_box += len(boxes) == 0
            if points is None or not len(boxes):
                continue
            middle = boxes[:, :2] + boxes[:, 2:] / 2 - np.array(wide.shape) / 2
            box = boxes[[np.linalg.norm(middle, axis=1).argmin()]]
            first, _ = ours(wide, box)
            again, presence = ours.follow(wide, first)
            unseen += presence[0] < 0.5
            found.append(again[0])
            reference.append(points)
            pictures.append(wide)
    print(
        f"LFW: {count} faces, {no_box} without a Haar box, {no_face} unseen by MediaPipe, "
        f"{unseen} of {len(found)} with presence below 0.5 (kept in the errors)"
    )
    return np.stack(found), np.stack(reference), pictures


def rendered(data: Path, ours: Landmarker, theirs: MediaPipe) -> tuple[Any, Any, Any]:
    """Our, exact and MediaPipe's points on the renders that training left out."""
    pictures, exact = renders(data / "rendered_faces_68.zip")
    found, truth, other = [], [], []
    rng = np.random.default_rng(0)
    for picture, points in zip(pictures[-HELD_OUT:], exact[-HELD_OUT:], strict=True):
        wide = cv2.copyMakeBorder(picture, *[PAD] * 4, cv2.BORDER_REPLICATE)
        box = box_of(points[None] + PAD)
        box[:, :2] += rng.normal(0, 0.04, 2) * box[:, 2]
        seen = theirs(wide)
        if seen is not None:
            found.append(ours.follow(wide, ours(wide, box)[0])[0][0] - PAD)
            truth.append(points)
            other.append(seen - PAD)
    return np.stack(found), np.stack(truth), np.stack(other)


def ck_like(data: Path, ours: Landmarker, theirs: MediaPipe) -> tuple[Any, Any, Any]:
    haar, found, truth, other = Haar(), [], [], []
    for file in sorted((data / "ck_like" / "Landmarks").glob("*/*/*.txt"))[::12]:
        sequence = file.relative_to(data / "ck_like" / "Landmarks").parent
        name = file.name.replace("_landmarks.txt", ".png")
        grey = cv2.imread(str(data / "ck_like" / "cohn-kanade-images" / sequence / name), 0)
        boxes, seen = haar(grey), theirs(grey)
        if len(boxes) and seen is not None:
            box = boxes[[boxes[:, 2].argmax()]]
            found.append(ours.follow(grey, ours(grey, box)[0])[0][0])
            truth.append(np.loadtxt(file))
            other.append(seen)
    return np.stack(found), np.stack(truth), np.stack(other)


def frames_of(path: Path, every: int = 1) -> list[Any]:
    capture, frames, k = cv2.VideoCapture(str(path)), [], 0
    while True:
        ok, frame = capture.read()
        if not ok:
            return frames
        if k % every == 0:
            frames.append(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))
        k += 1


def false_faces(data: Path, ours: Landmarker) -> None:
    """Presence in a video without a face: Haar boxes and windows that slide over it."""
    haar, boxes_seen, windows, worst, hits = Haar(), 0, 0, 0.0, 0
    for frame in frames_of(data / "videos" / "no_face.mp4", 2):
        h, w = frame.shape[:2]
        found = haar(frame)
        boxes_seen += len(found)
        grid = [
            (x, y, side, side)
            for side in (h // 5, h // 3, h // 2)
            for y in range(0, h - side + 1, side // 2)
            for x in range(0, w - side + 1, side // 2)
        ]
        boxes = np.concatenate([found, np.array(grid, np.float32)])
        windows += len(grid)
        presence = ours(frame, boxes)[1]
        worst, hits = max(worst, float(presence.max())), hits + int((presence > 0.5).sum())
    print(
        f"\nno_face.mp4: {boxes_seen} Haar boxes, {windows} windows: {hits} presences above 0.5, "
        f"highest {worst:.3f}"
    )


def follow_video(path: Path, ours: Landmarker) -> None:
    """Find with Haar, follow until presence falls under 0.5, look again: what a tracker does."""
    haar, line, last = Haar(), "", None
    for frame in frames_of(path):
        if last is None:
            boxes = haar(frame)
            if len(boxes):
                last, presence = ours(frame, boxes)
                keep = presence > 0.5
                last = last[keep][:1] if keep.any() else None
        else:
            last, presence = ours.follow(frame, last)
            last = last if presence[0] > 0.5 else None
        line += "#" if last is not None else "."
    print(
        f"\n{path.name}, # face, . none:\n  "
        + "\n  ".join(line[k : k + 90] for k in range(0, len(line), 90))
    )


def jitter(pictures: list[Any], ours: Landmarker, theirs: MediaPipe) -> None:
    """A still face, 12 times with sensor noise and JPEG: spread of each point, both finders."""
    rng, haar, own, other = np.random.default_rng(0), Haar(), [], []
    for picture in pictures[:40]:
        boxes = haar(picture)
        last = ours(picture, boxes[:1])[0]
        a, b = [], []
        for _ in range(12):
            noisy = np.clip(picture + rng.normal(0, 2, picture.shape), 0, 255).astype(np.uint8)
            noisy = cv2.imdecode(cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, 85])[1], 0)
            last, _ = ours.follow(noisy, last)
            a.append(last[0])
            b.append(theirs(noisy))
        if any(points is None for points in b):
            continue
        for points, spreads in ((np.stack(a), own), (np.stack(b), other)):
            size = np.linalg.norm(points[:, 36] - points[:, 45], axis=1).mean()
            spreads.append(np.sqrt(points.var(axis=0).sum(axis=1)).mean() / size * 100)
    print(
        f"\njitter on {len(own)} still faces (noise of 2 grey values, JPEG 85): "
        f"ours {np.mean(own):.2f} %, MediaPipe {np.mean(other):.2f} % of the interocular distance"
    )


def speed(picture: Any, ours: Landmarker, theirs: MediaPipe) -> None:
    torch.set_num_threads(1)
    large = cv2.resize(np.repeat(picture[:, :, None], 3, axis=2), (640, 640))
    last = ours(large, Haar()(large)[:1])[0]
    times: dict[str, list[float]] = {"ours": [], "MediaPipe": []}
    for _ in range(60):
        for name, work in (
            ("ours", lambda: ours.follow(large, last)),
            ("MediaPipe", lambda: theirs(large)),
        ):
            begun = time.process_time()  # of all threads: the machine may be shared
            work()
            ended = time.process_time()
            times[name].append(ended - begun)
    for name, all_times in times.items():
        rate = 1 / np.median(all_times)
        print(f"{name}: {rate:.0f} faces per second of processor time (640 x 640 RGB)")


def sheet(pictures: list[Any], found: Any, reference: Any, file: Path) -> None:
    """The worst and some other faces: ours green, MediaPipe red."""
    error = errors(found, reference)[:, 17:].mean(axis=1)
    order = np.argsort(-error)
    picks = np.concatenate([order[:24], order[24 :: max(1, len(order) // 24)][:24]])
    tiles = []
    for k in picks:
        tile = cv2.cvtColor(cv2.resize(pictures[k], None, fx=1.5, fy=1.5), cv2.COLOR_GRAY2BGR)
        for points, colour in ((reference[k], (0, 0, 255)), (found[k], (0, 255, 0))):
            for x, y in points * 1.5:
                cv2.circle(tile, (int(x), int(y)), 1, colour, -1)
        tile = tile[48:336, 48:336]
        cv2.putText(tile, f"{error[k]:.1f}", (4, 14), 0, 0.5, (255, 255, 0), 1)
        tiles.append(tile)
    rows = [np.hstack(tiles[k : k + 8]) for k in range(0, len(tiles) - 7, 8)]
    cv2.imwrite(str(file), np.vstack(rows))


def picture(data: Path, ours: Landmarker, file: Path) -> None:
    """Held-out renders (two rows) and drawn faces (one row) with our points, for the docs."""
    from fervid.databases.drawn import crops

    pictures, exact = renders(data / "rendered_faces_68.zip")
    faces, points = crops(96, 2024)
    some = slice(-HELD_OUT, None, 63)
    pictures = np.concatenate([pictures[some], faces[::12]])
    exact = np.concatenate([exact[some], points[::12] * 128 - 0.5])
    tiles = []
    for grey, truth in zip(pictures, exact, strict=True):
        found, _ = ours.follow(grey, ours(grey, box_of(truth[None]))[0])
        tile = cv2.cvtColor(cv2.resize(grey, (144, 144)), cv2.COLOR_GRAY2BGR)
        for x, y in (found[0] + 0.5) * 1.125 - 0.5:
            centre = (round(x * 16), round(y * 16))
            cv2.circle(tile, centre, 15, (80, 255, 80), -1, cv2.LINE_AA, shift=4)
        tiles.append(tile)
    rows = [np.hstack(tiles[k : k + 8]) for k in range(0, len(tiles), 8)]
    cv2.imwrite(str(file), np.vstack(rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--faces", type=int, default=600)
    parser.add_argument("--sheet", type=Path, help="a folder for pictures to look at")
    parser.add_argument("--only", choices=["lfw", "picture"], help="a part, for a quick look")
    parser.add_argument("--picture", type=Path, help="where the docs' picture goes")
    options = parser.parse_args()
    torch.set_num_threads(1)
    ours = Landmarker(options.weights)
    theirs = MediaPipe(options.data / "models" / "face_landmarker.task")
    print(ours.version)
    if options.picture:
        picture(options.data, ours, options.picture)
    if options.only == "picture":
        return
    found, reference, pictures = lfw(options.data, options.faces, ours, theirs)
    table("LFW, raw against MediaPipe", found, reference)
    if options.sheet:
        sheet(pictures, found, reference, options.sheet / "lfw.png")
    if options.only:
        return
    r_found, r_exact, r_other = rendered(options.data, ours, theirs)
    offset = offset_of(r_found, r_other)
    table("LFW, less the constant offset to MediaPipe measured on renders",
          without_offset(found, reference, offset), reference)  # fmt: skip
    table("held-out renders against MediaPipe", r_found, r_other)
    table("held-out renders against exact points", r_found, r_exact)
    exact = offset_of(r_found, r_exact)
    table("  less the constant offset", without_offset(r_found, r_exact, exact), r_exact)
    table("  MediaPipe against exact points", r_other, r_exact)
    print("\nhow much of a change from face to face is found, held-out renders")
    followed("ours", r_found, r_exact)
    followed("MediaPipe", r_other, r_exact)
    c_found, c_exact, c_other = ck_like(options.data, ours, theirs)
    table("ck_like (rendered) against exact points", c_found, c_exact)
    table("  less the offset measured on renders", without_offset(c_found, c_exact, exact), c_exact)
    table("  MediaPipe against exact points", c_other, c_exact)
    print("\nhow much of a change from face to face is found, ck_like")
    followed("ours", c_found, c_exact)
    followed("MediaPipe", c_other, c_exact)
    false_faces(options.data, ours)
    follow_video(options.data / "videos" / "face_noface.mov", ours)
    follow_video(options.data / "videos" / "single_face.mp4", ours)
    jitter(pictures, ours, theirs)
    speed(pictures[0], ours, theirs)
    theirs.finder.close()


if __name__ == "__main__":
    main()
