"""Do drawn faces look like faces to those who never saw our code, and how fast are they drawn?

Run: FERVID_MODELS=... python benchmarks/draw.py [--subjects 20] [--seed 0]
Needs mediapipe and its face_landmarker.task. Draws videos into a temporary folder, reads them back
as anybody would, and asks MediaPipe and OpenCV's Haar cascade; then asks a linear model how much
of the emotions lies in the exact landmarks of the last frame.
"""

import argparse
import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # one core is measured

import tempfile
import time
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np

from fervid.databases.drawn import crops, draw
from fervid.databases.drawn.camera import View
from fervid.databases.drawn.drawing import Recipe, Take, frames, plan, takes
from fervid.databases.drawn.face import deform, move, person
from fervid.databases.drawn.render import landmarks
from fervid.faces.points68 import MESH
from fervid.faces.video import frames as read
from fervid.labels import CK_PLUS

# Emotion -> blendshapes that should rise (1) or fall (-1) from the first frame to the apex.
EXPECTED = {
    "happiness": {"mouthSmileLeft": 1, "mouthSmileRight": 1},
    "surprise": {"jawOpen": 1, "browInnerUp": 1, "browOuterUpLeft": 1, "browOuterUpRight": 1},
    "fear": {"jawOpen": 1, "browInnerUp": 1, "browOuterUpLeft": 1},
    "anger": {"browInnerUp": -1, "browDownLeft": 1},
    "disgust": {"mouthUpperUpLeft": 1, "mouthUpperUpRight": 1, "noseSneerLeft": 1},
    "sadness": {"browInnerUp": 1, "mouthFrownLeft": 1},
    "contempt": {"mouthDimpleLeft": 1, "mouthDimpleRight": 1},
}


def _mediapipe():
    import mediapipe as mp
    from mediapipe.tasks.python import BaseOptions, vision

    model = Path(os.environ["FERVID_MODELS"]) / "face_landmarker.task"
    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(model)), output_face_blendshapes=True
    )
    finder = vision.FaceLandmarker.create_from_options(options)

    def find(picture):
        height, width = picture.shape[:2]
        seen = finder.detect(mp.Image(image_format=mp.ImageFormat.SRGB, data=picture))
        if not seen.face_landmarks:
            return None
        points = np.array([(p.x * width - 0.5, p.y * height - 0.5) for p in seen.face_landmarks[0]])
        return points[list(MESH)], {b.category_name: b.score for b in seen.face_blendshapes[0]}

    return finder, find


def judge(subjects, seed, difficulty, course, every):
    finder, find = _mediapipe()
    cascade = cv2.CascadeClassifier(
        str(Path(cv2.data.haarcascades) / "haarcascade_frontalface_default.xml")
    )
    seen, haar, away, change, whole = 0, 0, [], defaultdict(list), 0
    with tempfile.TemporaryDirectory() as folder:
        root = draw(Path(folder) / "d", subjects, 1, course, difficulty, seed)
        for take in takes(Recipe(subjects, 1, course, difficulty, seed, "video", 256, CK_PLUS)):
            truth = np.load(root / "truth" / f"{take.name}.npz")
            last, first = int(truth["apex"]), None
            for t, frame in enumerate(read(root / take.path)):
                if t not in (0, last) and t % every:
                    continue
                picture = np.ascontiguousarray(frame.image)
                whole += 1
                haar += len(cascade.detectMultiScale(picture[..., 1], 1.1, 4, minSize=(60, 60))) > 0
                found = find(picture)
                if found is None:
                    continue
                seen += 1
                points, scores = found
                exact = truth["landmarks"][t]
                away.append((points - exact) / np.linalg.norm(exact[45] - exact[36]))
                first = scores if t == 0 else first
                if t == last and first is not None:
                    for name in scores:
                        change[take.emotion, name].append(scores[name] - first[name])
    finder.close()
    away = np.array(away)
    far, free = np.linalg.norm(away, axis=2), np.linalg.norm(away - away.mean(0), axis=2)
    print(f"{difficulty}, {course}: {whole} frames of {subjects} subjects, decoded from H.264")
    print(
        f"  MediaPipe finds {100 * seen / whole:.1f} %, the Haar cascade {100 * haar / whole:.1f} %"
    )
    print(f"  MediaPipe's points, % of interocular: {100 * far.mean():.2f} "
          f"(without jaw {100 * far[:, 17:].mean():.2f}; less the constant difference "
          f"{100 * free.mean():.2f}, {100 * free[:, 17:].mean():.2f})")  # fmt: skip
    parts = {
        "jaw": (0, 17),
        "brows": (17, 27),
        "nose": (27, 36),
        "eyes": (36, 48),
        "mouth": (48, 68),
    }
    print("  " + ", ".join(f"{n} {100 * far[:, a:b].mean():.2f}" for n, (a, b) in parts.items()))
    for emotion, names in EXPECTED.items():
        for name, sign in names.items():
            rise = np.array(change[emotion, name])
            right, way = 100 * (sign * rise > 0).mean(), "up" if sign > 0 else "down"
            print(f"  {emotion:10} {name:18} {rise.mean():+.3f}, {way} as wanted in {right:.0f} %")


def shapes(take):
    """Exact landmarks of the first and the apex frame, without drawing them."""
    played, view, _ = plan(take)
    face = person(take.face_seed)
    found = []
    for t in (0, played.apex):
        now = move(face, played.units[t])
        radius, _ = deform(face, played.units[t], now)
        dx, dy = played.drift[t] * view.scale
        at = View(*played.pose[t], view.scale, view.x + dx, view.y + dy)
        found.append(landmarks(face, radius, now, at))
    return found


def upright(points):
    """(68, 2) without place, size and roll."""
    centre = points[36:48].mean(0)
    along = points[42:48].mean(0) - points[36:42].mean(0)
    size = np.linalg.norm(along)
    turn = np.array([[along[0], along[1]], [-along[1], along[0]]]) / size
    return ((points - centre) @ turn.T / size).ravel()


def linear(subjects, seed, difficulty):
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    shown = takes(Recipe(subjects, 1, "apex", difficulty, seed, "video", 256, CK_PLUS))
    pairs = [[upright(p) for p in shapes(take)] for take in shown]
    labels = np.array([take.emotion for take in shown])
    groups = np.array([take.subject for take in shown])
    first, last = (np.array([pair[k] for pair in pairs]) for k in (0, 1))
    for name, x in (("last frame", last), ("last - first", last - first)):
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=500))
        right = cross_val_score(model, x, labels, groups=groups, cv=GroupKFold(10)).mean()
        print(f"  {difficulty}: linear model on the {name}'s exact landmarks {100 * right:.1f} %")


def speed(seed):
    recipe = Recipe(1, 1, "full", "normal", seed, "video", 256, CK_PLUS)
    shown = [Take(recipe, 1, emotion, 0) for emotion in CK_PLUS]
    person(shown[0].face_seed)
    begun, drawn = time.process_time(), sum(1 for take in shown for _ in frames(take))
    spent = time.process_time() - begun
    begun = time.process_time()
    crops(240, seed)
    cut = 240 / (time.process_time() - begun)
    print(f"one core, 256 x 256: {drawn / spent:.0f} frames/s, room and camera included")
    print(f"one core, crops of 128 x 128: {cut:.0f} per second, people included")


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--subjects", type=int, default=20)
    options.add_argument("--linear-subjects", type=int, default=100)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--every", type=int, default=3, help="look at every n-th frame")
    options.add_argument("--only-judge", action="store_true", help="no speed, no linear model")
    options.add_argument("--difficulty", default="normal")
    options.add_argument("--course", default="apex")
    given = options.parse_args()
    cv2.setNumThreads(1)
    if not given.only_judge:
        speed(given.seed)
        for level in ("easy", "normal", "hard"):
            linear(given.linear_subjects, given.seed, level)
    judge(given.subjects, given.seed, given.difficulty, given.course, given.every)
