"""How well do episodes meet the courses they should? Onsets, apexes, false alarms.

    fervid predict mmi_like --no-timeline --out mmi
    fervid draw faces --course full --subjects 8 --seed 7
    fervid predict faces --no-timeline --out drawn
    python benchmarks/episodes.py mmi_like mmi --drawn faces drawn [--choose]

mmi_like is in the layout of MMI: neutral, apex, neutral; its session XML names the apex. Its onsets
and offsets are written down nowhere: they are taken where the picture of the face, held in place,
has changed by a tenth of its change at the apex. On drawn faces they are exact: a tenth of the
action units' sum at the apex (blinks left out); there the pictures' onsets are checked, too.

An expression is found where an episode of its label overlaps its course. A false episode has its
apex outside of the course, on neutral frames. Settings are chosen with --choose on one half of
mmi_like's people and reported on the other half, and on all drawn people. Intervals are 95 %
bootstrap intervals over people.
"""

import argparse
import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd

from fervid.clip import Clip
from fervid.databases import load
from fervid.faces.video import frames
from fervid.prediction.episodes import NEUTRAL, EpisodeSettings, episodes
from fervid.prediction.timeline import STATUS, Timeline, record_type
from fervid.prediction.writers import read_table

TENTH = 0.1
FALSE = 3.0


@dataclass(frozen=True)
class Course:
    """One clip: who shows what from when to when (frames), and what predict says of it."""

    subject: str
    label: str
    onset: int
    apex: int
    offset: int
    rows: Timeline


def timeline(table: Path) -> Timeline:
    """The rows of the face seen longest."""
    read = read_table(table)
    found = read.rows
    main = found["face_id"].mode().iloc[0]
    found = found[found["face_id"].isna() | (found["face_id"] == main)]
    rows = np.zeros(len(found), record_type(len(read.labels)))
    rows["frame"], rows["time"] = found["frame"], found["timestamp"]
    rows["face"], rows["score"] = found["face_id"].fillna(-1), found["score"]
    rows["status"] = [STATUS.index(status) for status in found["status"]]
    rows["box"] = found[["left", "top", "width", "height"]]
    rows["probabilities"] = found[[f"p_{label}" for label in read.labels]]
    return Timeline.of(rows, str(table), read.labels)


def change(path: Path, box: Any) -> Any:
    """(T,) mean difference of the face's picture from the first three, shifts taken out."""
    grey = [cv2.cvtColor(frame.image, cv2.COLOR_RGB2GRAY) for frame in frames(path)]
    left, top, width, height = (int(value) for value in box)
    part = np.s_[max(top - height // 5, 0) : top + height, max(left, 0) : left + width]
    cut = [cv2.GaussianBlur(image[part], (0, 0), 1.5).astype(np.float32) for image in grey]
    rest = np.mean(cut[:3], axis=0)
    window = cv2.createHanningWindow(rest.shape[::-1], cv2.CV_32F)
    differences = []
    for image in cut:
        (x, y), _ = cv2.phaseCorrelate(rest, image, window)
        held = cv2.warpAffine(image, np.float32([[1, 0, -x], [0, 1, -y]]), rest.shape[::-1],
                              borderMode=cv2.BORDER_REPLICATE)  # fmt: skip
        differences.append(np.abs(held - rest)[4:-4, 4:-4].mean())
    return np.array(differences)


def ends(curve: Any, apex: int) -> tuple[int, int]:
    """First and last frame at which a curve is a tenth of the way up to its apex."""
    before, after = curve[: apex + 1], curve[apex:]
    low = before < before[:3].mean() + TENTH * (curve[apex] - before[:3].mean())
    end = after < after.min() + TENTH * (curve[apex] - after.min())
    onset = int(np.flatnonzero(low)[-1]) + 1 if low.any() else 0
    return min(onset, apex), apex + (
        int(np.flatnonzero(end)[0]) - 1 if end.any() else len(after) - 1
    )


def of_pictures(clip: Clip, rows: Timeline) -> tuple[int, int]:
    box = np.nanmean(rows.box, axis=0)
    return ends(change(Path(clip.path), box), clip.apex)


def of_units(root: Path, clip: Clip, _: Timeline) -> tuple[int, int]:
    with np.load(root / "truth" / f"{clip.name}.npz") as truth:
        units = truth["units"][:, truth["unit_names"] != 45].sum(axis=(1, 2))
    return ends(units, clip.apex)


def courses(
    clips: Sequence[Clip], tables: Path, course: Callable[[Clip, Timeline], tuple[int, int]]
) -> list[Course]:
    markers = sorted(tables.glob("*.done.json"))
    names = [json.loads(marker.read_text())["terms"]["name"] for marker in markers]
    by_place = {Path(name).parts[-2:]: m for name, m in zip(names, markers, strict=True)}
    found = []
    for clip in clips:
        marker = by_place.get(Path(clip.path).parts[-2:])
        rows = timeline(Path(str(marker).replace(".done.json", ".csv"))) if marker else None
        if rows is not None and rows.faces:
            onset, offset = course(clip, rows)
            found.append(Course(clip.subject, clip.label, onset, clip.apex, offset, rows))
    return found


def outcome(course: Course, settings: EpisodeSettings) -> dict[str, Any]:
    """Errors in frames (None: not found), false episodes and frames of neutral, other labels."""
    found = episodes(course.rows, settings)
    inside = [e for e in found if course.onset <= e.apex_frame <= course.offset]
    right = [
        e for e in found
        if e.label == course.label
        and e.onset_frame <= course.offset and e.offset_frame >= course.onset
    ]  # fmt: skip
    best = min(right, key=lambda e: abs(e.apex_frame - course.apex), default=None)
    length = int(course.rows.frame[-1]) + 1
    return {
        "subject": course.subject,
        "found": best is not None,
        "onset": best and best.onset_frame - course.onset,
        "apex": best and best.apex_frame - course.apex,
        "offset": best and best.offset_frame - course.offset,
        "false": len(found) - len(inside),
        "neutral": length - (course.offset - course.onset + 1),
        "other": sum(e.label != course.label for e in inside),
    }


def figures(results: dict[str, Any], rate: float = 25) -> dict[str, float]:
    """The figures of some clips, of which `judge` gives one array for each outcome."""
    found = results["found"]
    hits, wrong = found.sum(), results["other"].sum() + results["false"].sum()
    errors = {}
    for name in ("onset", "apex", "offset"):
        values = results[name][found] if found.any() else np.array([np.nan])
        errors[f"{name} error, frames, median"] = float(np.median(np.abs(values)))
        errors[f"{name} shift, frames, median"] = float(np.median(values))
    return {
        "F1": 2 * hits / (len(found) + hits + wrong),
        "found, share": hits / len(found),
        **errors,
        "false episodes per neutral minute": results["false"].sum()
        / (results["neutral"].sum() / rate / 60),
        "episodes of another label per clip": results["other"].mean(),
    }


def intervals(results: dict[str, Any], resamples: int = 1000) -> dict[str, Any]:
    """95 % bootstrap intervals over people."""
    rng = np.random.default_rng(0)
    people = [np.flatnonzero(results["subject"] == name) for name in np.unique(results["subject"])]
    drawn = []
    for _ in range(resamples):
        rows = np.concatenate([people[k] for k in rng.integers(0, len(people), len(people))])
        drawn.append(figures({name: values[rows] for name, values in results.items()}))
    return {
        name: np.nanpercentile([each[name] for each in drawn], [2.5, 97.5]) for name in drawn[0]
    }


def judge(some: Sequence[Course], settings: EpisodeSettings) -> dict[str, Any]:
    table = pd.DataFrame([outcome(course, settings) for course in some])
    for name in ("onset", "apex", "offset"):
        table[name] = table[name].astype(float)  # NaN where nothing was found
    return {name: table[name].to_numpy() for name in table}


def choose(some: Sequence[Course]) -> EpisodeSettings:
    """F1 decides on calm level and high threshold, errors on the other settings.

    Only settings with at most `FALSE` false episodes per neutral minute are considered.
    """
    tried: dict[EpisodeSettings, dict[str, float]] = {}

    def score(settings: EpisodeSettings) -> dict[str, float]:
        if settings not in tried:
            tried[settings] = figures(judge(some, settings))
            numbers = "  ".join(f"{value:.2f}" for value in tried[settings].values())
            print(f"  {numbers}  {settings}", flush=True)
        return tried[settings]

    def error(settings: EpisodeSettings) -> float:
        numbers = score(settings)
        loss = sum(numbers[f"{name} error, frames, median"] for name in ("onset", "apex", "offset"))
        return loss if f1(settings) >= most - 0.01 else np.inf

    def f1(settings: EpisodeSettings) -> float:
        numbers = score(settings)
        quiet = numbers["false episodes per neutral minute"] <= FALSE
        return numbers["F1"] if quiet else -1.0

    first = [
        replace(EpisodeSettings(), calm=calm, high=high, low=high / 2)
        for calm, high in itertools.product((0, 0.03, 0.06), (0.2, 0.3, 0.4, 0.5, 0.6))
    ]
    best = max(first, key=f1)
    most = f1(best)
    for name, values in (
        ("low", (0.1, 0.12, 0.15, 0.2, 0.25, 0.3)),
        ("smooth", (0, 0.05, 0.1, 0.2)),
        ("near", (0.9, 0.95, 0.98, 1.0)),
    ):
        allowed = [v for v in values if name != "low" or 1.5 * best.calm <= v <= best.high]
        best = min((replace(best, **{name: value}) for value in allowed), key=error)
    return best


def report(title: str, some: Sequence[Course], settings: EpisodeSettings) -> None:
    results = judge(some, settings)
    spread = intervals(results)
    people, minutes = len(np.unique(results["subject"])), results["neutral"].sum() / 25 / 60
    print(f"{title}: {len(some)} clips, {people} people, {minutes:.2f} neutral minutes")
    for name, value in figures(results).items():
        print(f"  {name}: {value:.2f} [{spread[name][0]:.2f}, {spread[name][1]:.2f}]")
    shares = pd.Series(results["found"]).groupby([course.label for course in some]).mean()
    print("  found by label: " + ", ".join(f"{k} {v:.2f}" for k, v in shares.items()), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("predictions", type=Path)
    parser.add_argument("--drawn", type=Path, nargs=2, metavar=("FACES", "PREDICTIONS"))
    parser.add_argument("--choose", action="store_true", help="search settings on one half")
    parser.add_argument("--seed", type=int, default=0, help="of the halves")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    clips = load("mmi", options.data).clips
    everything = courses(clips, options.predictions, of_pictures)
    people = sorted({clip.subject for clip in clips})
    order = np.random.default_rng(options.seed).permutation(len(people))
    first = {people[k] for k in order[: len(people) // 2]}
    settings = EpisodeSettings()
    if options.choose:
        settings = choose([course for course in everything if course.subject in first])
    print(settings)
    report("half to choose on", [c for c in everything if c.subject in first], settings)
    rest = [c for c in everything if c.subject not in first]
    report("other half", rest, settings)
    report("other half, probabilities as they are", rest, replace(settings, calm=0))
    if options.drawn:
        faces, tables = options.drawn
        clips = [c for c in load("drawn", faces).clips if c.label != NEUTRAL]
        exact = courses(clips, tables, partial(of_units, faces))
        report("drawn", exact, settings)
        report("drawn, probabilities as they are", exact, replace(settings, calm=0))
        seen = courses(clips, tables, of_pictures)
        errors = [abs(a.onset - b.onset) for a, b in zip(exact, seen, strict=True)]
        print(
            f"  onsets of the pictures against exact ones: {np.median(errors):.1f} frames, median"
        )


if __name__ == "__main__":
    main()
