"""From where on a face is small, dark or turned: the curves behind the summary's flags.

    flags.py [--faces 800]

Accuracy of `tfe-plus` on FER+'s validation faces made smaller or darker (as most people called
them; seed 0), and how far the nose of rendered faces lies from between the eyes by how far they
turn.
"""

import argparse
import csv
import io
import os
import zipfile
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from fervid.models.shipped import open_model
from fervid.predict.flags import turn
from fervid.systems.tfe import judge

SHARED = Path(os.environ.get("FERVID_SHARED", Path(__file__).parents[2] / "shared")) / "data"
SIDE = 48  # of FER+'s pictures, pixels
# A FER+ picture shows the box around a face's landmarks and this much of it besides (`tfe/inputs`).
WHOLE = 1.27
SIDES = (48, 32, 24, 20, 16, 12, 10, 8)
LIGHTS = (128, 64, 40, 24, 16, 8, 4)
COLUMNS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
Images = list[NDArray[np.uint8]]


def some_faces(count: int) -> tuple[Images, list[str]]:
    with zipfile.ZipFile(SHARED / "ferplus_train_valid.zip") as archive:
        text = archive.read("FER2013Valid/label.csv").decode()
        rows = [
            (row[0], [int(vote) for vote in row[2:12]]) for row in csv.reader(io.StringIO(text))
        ]
        known = [(name, int(np.argmax(votes))) for name, votes in rows]
        known = [(name, place) for name, place in known if place < len(COLUMNS)]
        order = np.random.default_rng(0).permutation(len(known))[:count]
        images = [
            cv2.imdecode(np.frombuffer(archive.read(f"FER2013Valid/{known[i][0]}"), np.uint8), 0)
            for i in order
        ]
    return images, [COLUMNS[known[i][1]] for i in order]


def smaller(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)


def darker(image: NDArray[np.uint8], mean: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Less light on the same camera: scaled down, with two grey values of noise."""
    scaled = image * (mean / max(float(image.mean()), 1.0)) + rng.normal(0, 2, image.shape)
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=int, default=800)
    images, labels = some_faces(parser.parse_args().faces)
    model = open_model("tfe-plus")

    def line(what: str, changed: Images) -> None:
        answers = [model.labels[k] for k in judge(model, changed).argmax(axis=1)]
        right = sum(a == b for a, b in zip(answers, labels, strict=True))
        low, high = binomtest(right, len(labels)).proportion_ci(method="wilson")
        print(f"{what:34} {100 * right / len(labels):5.1f} % [{100 * low:.1f}, {100 * high:.1f}]",
              flush=True)  # fmt: skip

    print(f"{len(images)} faces")
    for side in SIDES:
        line(f"picture {side}, landmarks {side / WHOLE:.0f} pixels", [
            smaller(image, side) for image in images])  # fmt: skip
    rng = np.random.default_rng(0)
    for mean in LIGHTS:
        line(f"mean grey {mean}", [darker(image, mean, rng) for image in images])
    with zipfile.ZipFile(SHARED / "rendered_faces_68.zip") as archive:
        arrays = np.load(io.BytesIO(archive.read("landmarks.npz")))
    shift, yaw = turn(arrays["landmarks"]), np.abs(arrays["yaw"])
    print("degrees   faces  nose's shift in distances between the eyes: tenth, half, nine tenths")
    for begin in range(0, 40, 5):
        inside = (yaw >= begin) & (yaw < begin + 5)
        tenth, half, most = np.percentile(shift[inside], (10, 50, 90))
        print(f"{begin:2}-{begin + 5:2} {inside.sum():9} {tenth:13.2f} {half:.2f} {most:.2f}")


if __name__ == "__main__":
    main()
