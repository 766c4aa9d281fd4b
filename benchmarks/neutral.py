"""Probabilities relative to a person's neutral: how the constants were chosen, and what they give.

    neutral.py choose [--cache FILE]   by ten subject-independent folds on the rendered stand-ins
    neutral.py london                  52 real people, neutral and smiling, with what was chosen

On the stand-ins a face is judged relative to the first frame of another clip of the same person,
so light and pose differ; neutral faces are first frames, expressions the last frame (CK layout) or
the apex (MMI layout). Of the grid, those constants count that leave 95 % of the neutral faces
neutral on both stand-ins; among them the least log loss decides (neutral and expressions, and the
two stand-ins, each weigh the same). The rule for "auto" is chosen in the same way, with each
person's clips one after the other as one video.
"""

import argparse
import itertools
import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from fervid.clip import Clip
from fervid.databases import load
from fervid.faces.detect import choose as choose_finder
from fervid.faces.settings import FaceSettings
from fervid.models.shipped import open_model
from fervid.predict import Timeline, timeline
from fervid.predict import neutral as chosen

SHARED = Path(os.environ.get("FERVID_SHARED", Path(__file__).parents[2] / "shared")) / "data"
STAND_INS = (("ck_plus", SHARED / "ck_like"), ("mmi", SHARED / "mmi_like"))
FLOORS = (1e-4, 3e-4, 1e-3, 2e-3, 3e-3, 5e-3, 0.01, 0.02, 0.03, 0.05, 0.1)
PRIORS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99)
WEIGHTS = (1.0, 0.75, 0.5)  # of the neutral face's logits
SLOPES = (1.0, 0.75, 0.5, 1.25, 1.5, 2.0)  # of the difference
LEAST = 0.95  # share of neutral faces that stay neutral
FOLDS = 10
Floats = NDArray[np.floating]
Constants = tuple[float, float, float, float]  # floor, prior, weight, slope


@dataclass(frozen=True)
class Seen:
    """One clip as predict sees it: (T, K) probabilities, and the row of its expression."""

    database: str
    subject: str
    label: str
    probabilities: Floats
    apex: int


def gather(labels: Sequence[str], model: Any) -> list[Seen]:
    settings = FaceSettings(choose_finder("auto"), min_size=0.05)
    seen = []
    for name, root in STAND_INS:
        for clip in load(name, root).clips:
            rows = timeline(clip.path, model, settings)
            mine = rows.rows((rows.face == chosen.main_face(rows)) & rows.labelled)
            if len(mine) and clip.label in labels:
                label, subject = str(clip.label), f"{name} {clip.subject}"
                apex = _apex_row(clip, mine)
                seen.append(Seen(name, subject, label, mine.probabilities, apex))
    return seen


def _apex_row(clip: Clip, rows: Timeline) -> int:
    if clip.apex is None:
        return len(rows) - 1
    return int(np.abs(rows.frame - clip.apex).argmin())


def cached(path: Path | None, labels: Sequence[str], model: Any) -> list[Seen]:
    if path is None or not path.is_file():
        seen = gather(labels, model)
        if path is not None:
            columns = [(s.database, s.subject, s.label, str(s.apex)) for s in seen]
            parts = {f"p{i}": s.probabilities for i, s in enumerate(seen)}
            np.savez(path, columns=np.array(columns), **parts)
        return seen
    with np.load(path) as file:
        rows = file["columns"].tolist()
        return [
            Seen(database, subject, label, file[f"p{i}"], int(apex))
            for i, (database, subject, label, apex) in enumerate(rows)
        ]


@dataclass(frozen=True)
class Faces:
    """N faces to judge: (N, K) of the face, of the same person's neutral, its label's number."""

    database: NDArray[np.str_]
    subject: NDArray[np.str_]
    target: NDArray[np.int64]
    face: Floats
    own: Floats

    @property
    def neutral(self) -> NDArray[np.bool_]:
        """(N,) whether it is a neutral face."""
        return self.target == 0

    @property
    def weight(self) -> Floats:
        """(N,) of each face in the log loss; they add up to 1."""
        weight = np.zeros(len(self.target))
        for database, neutral in itertools.product(np.unique(self.database), (False, True)):
            group = (self.database == database) & (self.neutral == neutral)
            weight[group] = 0.25 / group.sum()
        return weight


def faces(seen: list[Seen], labels: Sequence[str]) -> Faces:
    people = defaultdict(list)
    for each in seen:
        people[each.subject].append(each)
    rows = []
    for subject, clips in people.items():
        for clip in clips:
            others = [other.probabilities[0] for other in clips if other is not clip]
            own = others[0] if others else clip.probabilities[0]
            place = labels.index(clip.label)
            rows.append((clip.database, subject, place, clip.probabilities[clip.apex], own))
            if others:
                rows.append((clip.database, subject, 0, clip.probabilities[0], own))
    database, subject, target, face, own = map(np.array, zip(*rows, strict=True))
    return Faces(database, subject, target, face.astype(float), own.astype(float))


def log_relative(faces: Faces, constants: Constants) -> Floats:
    """(N, K) log probabilities."""
    floor, prior, weight, slope = constants
    count = faces.face.shape[1]
    shift = np.log(np.where(np.arange(count) == 0, prior, (1 - prior) / (count - 1)))
    own = weight * np.log(faces.own + floor)
    return normalised(slope * (np.log(faces.face + floor) - own) + shift)


def normalised(logits: Floats) -> Floats:
    odds: Floats = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return odds


def best(of: dict[Constants, Floats], data: Faces, rows: NDArray[np.bool_]) -> Constants:
    def loss(constants: Constants) -> float:
        weight, scores = data.weight[rows], of[constants][rows, data.target[rows]]
        return -float((weight * scores).sum() / weight.sum())

    def stay(constants: Constants) -> float:
        calm = (of[constants].argmax(axis=1) == 0) & rows & data.neutral
        counts = [(rows & data.neutral & (data.database == d)) for d, _ in STAND_INS]
        return min((calm & group).sum() / group.sum() for group in counts)

    return min((c for c in of if stay(c) >= LEAST), key=loss)


def report(name: str, logs: Floats, data: Faces) -> None:
    parts = []
    for database, _ in STAND_INS:
        mine, answers = data.database == database, logs.argmax(axis=1)
        calm, moved = mine & data.neutral, mine & ~data.neutral
        right = answers == data.target
        happy = mine & (data.target == 1)
        shares = (right[calm].mean(), right[moved].mean(), right[happy].mean())
        parts.append(" ".join(f"{100 * share:8.1f}" for share in shares))
    scores = logs[np.arange(len(logs)), data.target]
    print(f"{name:34} {'  '.join(parts)} {-(data.weight * scores).sum():9.3f}")


def choose(labels: Sequence[str], model: Any, cache: Path | None) -> None:
    seen = cached(cache, labels, model)
    data = faces(seen, labels)
    print(f"{len(data.target)} faces, {data.neutral.sum()} neutral, {len(seen)} clips; in %:")
    print(f"{'':34} {'CK layout':26}  {'MMI layout':26}")
    print(f"{'':34} {' neutral    right    happy  ' * 2}  log loss")
    report("plain", np.log(data.face), data)
    grid = {
        constants: log_relative(data, constants)
        for constants in itertools.product(FLOORS, PRIORS, WEIGHTS, SLOPES)
    }
    people = np.unique(data.subject)
    np.random.default_rng(0).shuffle(people)
    simple = {c: logs for c, logs in grid.items() if c[2:] == (1.0, 1.0)}
    for name, some in (("weight and slope 1", simple), ("weight and slope free", grid)):
        judged, taken = np.zeros_like(data.face), defaultdict(int)
        for fold in range(FOLDS):
            test = np.isin(data.subject, people[fold::FOLDS])
            constants = best(some, data, ~test)
            judged[test] = some[constants][test]
            taken[constants] += 1
        report(f"{name}, ten folds", judged, data)
        print(f"    floor, prior, weight, slope by fold: {dict(taken)}")
        print(f"    on all: {best(some, data, np.ones(len(judged), bool))}")
    in_use = (chosen.FLOOR, chosen.NEUTRAL, 1.0, 1.0)
    report(
        f"in use: floor {chosen.FLOOR}, prior {chosen.NEUTRAL}", log_relative(data, in_use), data
    )
    automatic(seen, labels)


def automatic(seen: list[Seen], labels: Sequence[str]) -> None:
    """Rules for a face's calmest frames; each person's clips one after the other are one video."""
    rules: dict[str, Callable[[Floats], NDArray[np.int64]]] = {
        "first 3 frames": lambda p: np.arange(3),
        "tenth most neutral": lambda p: _first(-p[:, 0], 0.1),
        "quarter most neutral": lambda p: _first(-p[:, 0], 0.25),
        "half most neutral": lambda p: _first(-p[:, 0], 0.5),
        "stillest tenth": lambda p: _first(_motion(p), 0.1),
        "stillest quarter": lambda p: _first(_motion(p), 0.25),
        "all frames": lambda p: np.arange(len(p)),
    }
    people = defaultdict(list)
    for each in seen:
        people[each.subject].append(each)
    for name, rule in rules.items():
        rows = []
        for subject, clips in people.items():
            video = np.concatenate([clip.probabilities for clip in clips])
            own = np.exp(chosen.rest(video[rule(video)])) - chosen.FLOOR
            for clip in clips:
                apex = clip.probabilities[clip.apex]
                rows.append((clip.database, subject, labels.index(clip.label), apex, own))
                rows.append((clip.database, subject, 0, clip.probabilities[0], own))
        data = Faces(*map(np.array, zip(*rows, strict=True)))
        report(name, log_relative(data, (chosen.FLOOR, chosen.NEUTRAL, 1, 1)), data)


def _first(order: Floats, share: float) -> NDArray[np.int64]:
    return np.argsort(order, kind="stable")[: int(np.ceil(share * len(order)))]


def _motion(probabilities: Floats) -> Floats:
    """(T,) how fast the logits change, over five frames."""
    change = np.abs(np.gradient(np.log(probabilities + chosen.FLOOR), axis=0)).sum(axis=1)
    return np.convolve(change, np.ones(5) / 5, "same")


def london(labels: Sequence[str], model: Any, scratch: Path) -> None:
    folder = SHARED / "london_faces"
    settings = FaceSettings(choose_finder("auto"), min_size=0.05)
    people = sorted({path.name.split("_")[0] for path in folder.glob("*_neutral.jpg")})

    def judged(path: Path) -> Floats:
        rows = timeline(path, model, settings)
        return rows.probabilities[(rows.face == chosen.main_face(rows)) & rows.labelled][0]

    calm = np.array([judged(folder / f"{person}_neutral.jpg") for person in people])
    smile = np.array([judged(folder / f"{person}_happiness.jpg") for person in people])
    other = np.array([judged(_worse(folder / f"{p}_neutral.jpg", scratch)) for p in people])
    own = {"": [chosen.rest(p[None]) for p in calm], " (a worse picture)": [
        chosen.rest(p[None]) for p in other]}  # fmt: skip
    print(f"{len(people)} people, {settings.finder}; 95 % intervals of Clopper and Pearson")
    _count("smiles called happiness, plain", smile, labels.index("happiness"))
    _count("neutral called neutral, plain", calm, labels.index("neutral"))
    for name, rests in own.items():
        for what, faces, label in (("smiles", smile, "happiness"), ("neutral", calm, "neutral")):
            pairs = zip(faces, rests, strict=True)
            scores = np.array([chosen.relative(p, rest, tuple(labels)) for p, rest in pairs])
            title = f"{what} called {label}, relative to the neutral picture{name}"
            _count(title, scores, labels.index(label))


def _worse(path: Path, scratch: Path) -> Path:
    """The picture a third as large, darker, coded badly: another one of the same moment."""
    image = cv2.imread(str(path))
    small = cv2.resize(image, None, fx=1 / 3, fy=1 / 3, interpolation=cv2.INTER_AREA)
    dark = (255 * (small / 255) ** 1.5).astype(np.uint8)
    cv2.imwrite(str(scratch / path.name), dark, [cv2.IMWRITE_JPEG_QUALITY, 40])
    return scratch / path.name


def _count(what: str, probabilities: Floats, place: int) -> None:
    right, count = int((probabilities.argmax(axis=1) == place).sum()), len(probabilities)
    low, high = binomtest(right, count).proportion_ci(method="exact")
    print(f"{what:72} {right} of {count}: {100 * right / count:.1f} % "
          f"[{100 * low:.1f}, {100 * high:.1f}]")  # fmt: skip


def main() -> None:
    import tempfile

    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=plain)
    parser.add_argument("what", choices=("choose", "london"))
    parser.add_argument("--cache", type=Path, help="npz file to keep the stand-ins' answers in")
    asked = parser.parse_args()
    model = open_model("tfe-plus")
    if asked.what == "choose":
        choose(model.labels, model, asked.cache)
        return
    with tempfile.TemporaryDirectory() as scratch:
        london(model.labels, model, Path(scratch))


if __name__ == "__main__":
    main()
