"""How good and how fast is the built-in movement network? On held-out renders and real pictures.

    python benchmarks/movements.py DATA [--weights FILE] [--faces 500] [--out FOLDER]

DATA holds movement_pairs.zip, lfw_faces.zip, london_faces/ and models/face_landmarker.task. The
renders are of people 600 to 699, whom the network was not trained on. Intervals are 95 % bootstrap
intervals over people (on LFW: over faces). With --out, a sheet of faces by unit is drawn.
"""

import argparse
import csv
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from fervid.faces.action_units import ACTION_UNITS, COLUMNS, units
from fervid.faces.landmarks import Landmarker
from fervid.faces.movements import Movements

sys.path.insert(0, str(Path(__file__).parents[1] / "development"))
from moving_people import CHOOSE, Moving, moving

DRAWS = 1000
PAD = 64  # LFW crops are tight: as many of their border pixels are repeated around them


def sums(x: Any, y: Any) -> Any:
    """(..., 6) count and sums for correlation and ICC, over the last axis."""
    parts = (np.ones_like(x), x, y, x * x, y * y, x * y)
    return np.stack([part.sum(axis=-1) for part in parts], axis=-1)


def correlation(s: Any) -> Any:
    """Pearson's r from `sums`."""
    n, x, y, xx, yy, xy = np.moveaxis(s, -1, 0)
    return (n * xy - x * y) / np.sqrt((n * xx - x * x) * (n * yy - y * y))


def icc(s: Any) -> Any:
    """ICC(3,1) of two raters: for two, it is 2 cov / (var + var) (Shrout and Fleiss 1979)."""
    n, x, y, xx, yy, xy = np.moveaxis(s, -1, 0)
    return 2 * (n * xy - x * y) / (n * xx - x * x + n * yy - y * y)


def interval(people: Any, statistic: Callable[[Any], Any]) -> str:
    """A statistic of (P, 6) sums by person, with its interval."""
    rng = np.random.default_rng(0)
    picks = rng.integers(0, len(people), (DRAWS, len(people)))
    drawn = statistic(people[picks].sum(axis=1))
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return f"{statistic(people.sum(axis=0)):.2f} [{low:.2f}, {high:.2f}]"


def by_unit(values: Any, exact: Any) -> list[Any]:
    """For each unit, (P, 6) `sums` over a person's pictures and sides; (P, N, 35) each."""
    result = []
    for unit in ACTION_UNITS:
        places = [COLUMNS.index(column) for column in unit.columns]
        x, y = (one[..., places].reshape(len(one), -1).astype(float) for one in (values, exact))
        result.append(sums(x, y))
    return result


def estimate(pictures: Any, landmarks: Any, network: Movements) -> Any:
    """(P, 12, 35) units of renders."""
    both = zip(pictures, landmarks, strict=True)
    return units(np.stack([network(some, points) for some, points in both]))


def held_out(people: Moving, network: Movements) -> Any:
    """Print the table of units on renders; returns the estimates."""
    found, exact = estimate(people.pictures, people.landmarks, network), units(people.shapes)
    change = [one[:, 1:] - one[:, :1] for one in (found, exact)]
    turned = np.abs(people.pose[:, :, 0]) > 15
    bright = people.pictures[:, 0, 32:112, 32:96].astype(float)
    left, right = bright[..., :32].mean(axis=(1, 2)), bright[..., 32:].mean(axis=(1, 2))
    uneven = np.abs(np.log(left / right))
    lit = uneven > np.median(uneven)
    print(
        f"\n{len(found)} people not trained on, {found.shape[1]} pictures each; turned: |yaw| > 15 "
        f"degrees ({turned.mean():.0%} of pictures); uneven light: the half with the larger ratio "
        "of one side of the face to the other. r of the face alone in the last four.\n"
        "| unit | change: r | change: ICC(3,1) | face: r | face: ICC(3,1) "
        "| facing | turned | even light | uneven light |\n|---|---|---|---|---|---|---|---|---|"
    )
    parts = [~turned, turned, np.repeat(~lit[:, None], 12, 1), np.repeat(lit[:, None], 12, 1)]
    means = []
    for place, unit in enumerate(ACTION_UNITS):
        one, other = by_unit(*change)[place], by_unit(found, exact)[place]
        cells = [interval(s, stat) for s in (one, other) for stat in (correlation, icc)]
        columns = [COLUMNS.index(column) for column in unit.columns]
        some = [
            float(correlation(sums(found[p][:, columns].ravel(), exact[p][:, columns].ravel())))
            for p in parts
        ]
        means.append([f(s.sum(axis=0)) for s in (one, other) for f in (correlation, icc)] + some)
        row = [f"{name(unit)} {unit.name}", *cells, *(f"{each:.2f}" for each in some)]
        print(f"| {' | '.join(row)} |")
    print(f"| mean | {' | '.join(f'{each:.2f}' for each in np.mean(means, axis=0))} |")
    return found


def name(unit: Any) -> str:
    """AU25/26 and the like."""
    return "AU" + "/".join(f"{code}" for code in sorted(unit.codes))


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


class Blendshapes:
    """MediaPipe's blendshapes of one picture, as our 35 columns (NaN where it has none)."""

    def __init__(self, model: Path) -> None:
        import mediapipe as mp

        self.mp = mp
        vision = mp.tasks.vision
        base = mp.tasks.BaseOptions(model_asset_path=str(model))
        self.finder = vision.FaceLandmarker.create_from_options(
            vision.FaceLandmarkerOptions(base_options=base, output_face_blendshapes=True)
        )

    def __call__(self, picture: Any) -> Any:
        """(35,), or None without a face."""
        colour = picture if picture.ndim == 3 else np.repeat(picture[:, :, None], 3, axis=2)
        image = self.mp.Image(self.mp.ImageFormat.SRGB, np.ascontiguousarray(colour))
        faces = self.finder.detect(image).face_blendshapes
        if not faces:
            return None
        known = {one.category_name: one.score for one in faces[0]}
        return np.array([self._column(column, known) for column in COLUMNS])

    def _column(self, column: str, known: dict[str, float]) -> float:
        unit = next(each for each in ACTION_UNITS if column in each.columns)
        side = {"_L": "Left", "_R": "Right"}.get(column[4:], "")
        for shape in unit.shapes:
            for candidate in (shape + side, shape):
                if candidate in known:
                    return known[candidate]
        return float("nan")


def seen(picture: Any, haar: Haar, find: Landmarker, network: Movements) -> Any:
    """(35,) of the face nearest the middle of a picture, or None."""
    boxes = haar(picture)
    if not len(boxes):
        return None
    middle = boxes[:, :2] + boxes[:, 2:] / 2 - np.array(picture.shape[1::-1]) / 2
    box = boxes[[np.linalg.norm(middle, axis=1).argmin()]]
    points = find.follow(picture, find(picture, box)[0])[0]
    return units(network(picture[None], points))[0]


def lfw(data: Path, count: int, look: Callable[[Any], Any], theirs: Blendshapes) -> Any:
    """(N, 2, 35) ours and MediaPipe's on real faces."""
    rows = []
    with zipfile.ZipFile(data / "lfw_faces.zip") as archive:
        names = sorted(each for each in archive.namelist() if each.endswith(".jpg"))
        for each in np.random.default_rng(0).permutation(names)[:count]:
            grey = cv2.imdecode(np.frombuffer(archive.read(each), np.uint8), 0)
            wide = cv2.copyMakeBorder(grey, *[PAD] * 4, cv2.BORDER_REPLICATE)
            both = look(wide), theirs(wide)
            if both[0] is not None and both[1] is not None:
                rows.append(both)
    return np.array(rows)


def london(data: Path, look: Callable[[Any], Any], theirs: Blendshapes) -> Any:
    """(N, 2, 35) smile less neutral of each person, ours and MediaPipe's."""
    folder, people = data / "london_faces", {}
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            people.setdefault(row["subject"], {})[row["label"]] = folder / row["path"]
    rows = []
    for pair in people.values():
        if {"neutral", "happiness"} <= set(pair):
            pictures = [cv2.imread(str(pair[each])) for each in ("happiness", "neutral")]
            both = [(look(one), theirs(one)) for one in (p[:, :, ::-1].copy() for p in pictures)]
            if all(each is not None for one in both for each in one):
                rows.append(np.array(both[0]) - np.array(both[1]))
    return np.array(rows)


def beside_mediapipe(faces: Any, smiles: Any) -> None:
    """Print correlations with MediaPipe's blendshapes, the mean of both sides."""
    print(
        f"\nReal pictures: r with MediaPipe's blendshape on {len(faces)} LFW faces; smile less "
        f"neutral of {len(smiles)} London people, mean change of ours and MediaPipe's, and r\n"
        "| unit | LFW: r | London: ours | London: MediaPipe | London: r |\n|---|---|---|---|---|"
    )
    for unit in ACTION_UNITS:
        places = [COLUMNS.index(column) for column in unit.columns]
        (x, y), (a, b) = (one[:, :, places].mean(axis=2).T for one in (faces, smiles))
        cells = [
            interval(sums(x[:, None], y[:, None]), correlation),
            f"{a.mean():+.2f}", f"{b.mean():+.2f}",
            interval(sums(a[:, None], b[:, None]), correlation),
        ]  # fmt: skip
        print(f"| {name(unit)} {unit.name} | {' | '.join(cells)} |")


def speed(find: Landmarker, network: Movements) -> None:
    """Print faces per second of processor time on one core."""
    frame = np.random.default_rng(0).integers(0, 256, (640, 640, 3), dtype=np.uint8)
    points = find(frame, np.array([[200, 200, 240, 240]], np.float32))[0]
    steps = {
        "landmarks": lambda: find.follow(frame, points),
        "movements": lambda: network(frame[None], points),
    }
    spent = dict.fromkeys(steps, 0.0)
    for turn in range(110):
        for what, step in steps.items():
            begun = time.process_time()
            step()
            spent[what] += (time.process_time() - begun) * (turn >= 10) / 100
    both = " and ".join(f"{what} {1 / cost:.0f}" for what, cost in spent.items())
    together = 1 / sum(spent.values())
    print(f"\nFaces per second of one core, one at a time: {both}, together {together:.0f}")


def sheet(people: Moving, found: Any, place: Path) -> None:
    """Draw, for each unit, a person at rest and with most of it; the other units are not still."""
    change = found[:, 1:] - found[:, :1]
    cells = []
    for unit in ACTION_UNITS:
        columns = [COLUMNS.index(column) for column in unit.columns]
        rest = np.delete(np.abs(change), columns, axis=2).sum(axis=2)
        own = change[..., columns].mean(axis=2)
        score = own - rest / 12  # much of it, little else
        who = np.argsort(-score.max(axis=1))[:3]
        pairs = []
        for person in who:
            moved = int(score[person].argmax()) + 1
            pairs.append(np.hstack([people.pictures[person, number] for number in (0, moved)]))
        strip = np.hstack(pairs)
        label = np.full((18, strip.shape[1]), 255, np.uint8)
        text = f"{name(unit)} {unit.name}"
        cv2.putText(label, text, (2, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.42, 0, 1, cv2.LINE_AA)
        cells.append(np.vstack([label, strip]))
    cells += [np.full_like(cells[0], 255)] * (-len(cells) % 2)
    half = len(cells) // 2
    gap = np.full((cells[0].shape[0] * half, 12), 255, np.uint8)
    whole = np.hstack([np.vstack(cells[:half]), gap, np.vstack(cells[half:])])
    cv2.imwrite(str(place), whole)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--faces", type=int, default=500, help="of LFW")
    parser.add_argument("--out", type=Path, help="folder for the sheet")
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    find, network, haar = Landmarker(), Movements(options.weights), Haar()
    people = moving(options.data / "movement_pairs.zip", CHOOSE, find)
    found = held_out(people, network)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        sheet(people, found, options.out / "movements.png")
    theirs = Blendshapes(options.data / "models" / "face_landmarker.task")

    def look(picture: Any) -> Any:
        return seen(picture, haar, find, network)

    faces = lfw(options.data, options.faces, look, theirs)
    beside_mediapipe(faces, london(options.data, look, theirs))
    theirs.finder.close()
    speed(find, network)


if __name__ == "__main__":
    main()
