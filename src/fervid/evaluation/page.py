"""A report's pictures and its one HTML page, which needs no other file and no network."""

import base64
import csv
from collections.abc import Mapping
from dataclasses import astuple
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from fervid.atomic import write
from fervid.evaluation import baseline, calibration
from fervid.evaluation.report import Report, percent, title
from fervid.evaluation.statistics import accuracy, confusion
from fervid.evaluation.tables import by_subject
from fervid.figures import bars, curves
from fervid.figures import confusion as confusions
from fervid.figures.reliability import reliability
from fervid.folds import STRANGER

# [1, Eq. 7 and Fig. 11]: the first network's weight is alpha.
SWEPT = ("dtan", "dtgn")


def write_page(report: Report, folder: Path) -> None:
    """Write every picture as PNG and `report.html`.

    Raises:
        OutputError: the folder cannot be written to.
    """
    pictures, measured = draw(report, folder), calibrations(report)
    write(folder / "calibration.csv", calibration.table(measured))
    for name, data in pictures.items():
        write(folder / f"{name}.png", data)
    write(folder / "report.html", page(report, pictures))


# Pictures


def draw(report: Report, folder: Path) -> dict[str, bytes]:
    """PNGs by name.

    Args:
        folder: the run's, for the folds' training curves.
    """
    scores, names = report.scores, {name: title(name) for name in report.scores}
    clips = [sum(row) for row in scores[report.output].confusion]
    told: dict[str, Any] = {
        "origin": report.origin,
        "baselines": list(baseline.YARDSTICKS.values()),
    }
    rows = {names[n]: astuple(s.accuracy) for n, s in scores.items()}
    made = {
        "networks": bars.intervals(
            rows, "Accuracy by network", output=names[report.output], **told
        ),
        "labels": bars.by_label(
            {names[n]: s.recall for n, s in scores.items()}, report.labels, clips,
            "Accuracy by emotion", **told,
        ),
    }  # fmt: skip
    for name, score in scores.items():
        made[f"confusion-{name}"] = confusions.confusion(
            np.array(score.confusion), report.labels, f"Confusion, {names[name]}", report.origin
        )
    sure = calibrations(report)[report.output]
    made["calibration"] = reliability(
        sure.edges, sure.count, sure.sure, sure.right, "Calibration", report.origin,
        f"error {percent(sure.error)} %, by chance {percent(sure.by_chance)} %",
    )  # fmt: skip
    stages = training_curves(folder)
    if stages:
        order = sorted(stages, key=lambda name: (name not in scores, [*scores, name].index(name)))
        shown = {title(name): stages[name] for name in order}
        made["training"] = curves.training(shown, "Training, one line per fold", report.origin)
    if set(SWEPT) <= set(scores):
        alpha, values = sweep(report)
        made["alpha"] = curves.sweep(
            alpha, values, (title(SWEPT[0]), title(SWEPT[1])), "Weighted sum by its weight",
            report.origin, report.facts.get("recipe", {}).get("alpha"),
        )  # fmt: skip
    return made


def calibrations(report: Report) -> dict[str, calibration.Calibration]:
    """By network, how far its probabilities mean what they say."""
    return {
        name: calibration.calibration(values, report.target, report.subject)
        for name, values in report.probabilities.items()
    }


def sweep(report: Report) -> tuple[Any, Any]:
    """(A,) weights 0, 0.01, ... 1 and the accuracy that each would have had [1, Fig. 11]."""
    first, second = (report.probabilities[name].astype(np.float64) for name in SWEPT)
    alpha = np.arange(101) / 100
    called = [(a * first + (1 - a) * second).argmax(axis=1) for a in alpha]
    size = len(report.labels)
    return alpha, np.array([float(accuracy(confusion(report.target, c, size))) for c in called])


def training_curves(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Every stage's curve in every fold, as `fervid.learning.loop` writes them."""
    stages: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(folder.glob("fold-*/[!.]*.csv")):  # no part file of a killed run
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        if not rows or "epoch" not in rows[0] or "loss" not in rows[0]:
            continue
        columns = [name for name in rows[0] if all(row[name] not in ("", None) for row in rows)]
        curve = {name: np.array([float(row[name]) for row in rows]) for name in columns}
        stages.setdefault(path.stem, []).append(curve)
    return stages


# The page


def page(report: Report, pictures: Mapping[str, bytes]) -> str:
    """The HTML text, with the pictures inside it."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"percent": percent, "title": title, "points": _points, "p": _p}
    text = files("fervid.evaluation").joinpath("report.html").read_text(encoding="utf-8")
    people = by_subject(report)
    answer = list(report.scores).index(report.output)
    return environment.from_string(text).render(
        r=report,
        facts=report.facts,
        best=report.scores[report.output],
        yardsticks=[name for name in baseline.YARDSTICKS if name in report.scores],
        chance=report.chance,
        warnings=report.facts.get("warnings", []),
        calibrations=calibrations(report),
        people=len(people),
        strangers=sum(who.startswith(STRANGER) for who in report.subject.tolist()),
        worst=sorted(people, key=lambda row: (row[3][answer], -row[2]))[:10],
        answer=answer,
        mistakes=_mistakes(report),
        images={name: _data_uri(data) for name, data in pictures.items()},
        recipe=report.facts.get("recipe", {}),
    )


def _mistakes(report: Report) -> list[tuple[str, str, str, float]]:
    """The ten surest wrong answers of the system: clip, label, answer, its probability."""
    values = report.probabilities[report.output]
    wrong = np.flatnonzero(~report.right(report.output))
    sure = wrong[np.argsort(-values[wrong].max(axis=1), kind="stable")][:10]
    return [
        (
            str(report.clip[row]),
            report.labels[report.target[row]],
            report.labels[values[row].argmax()],
            float(values[row].max()),
        )
        for row in sure
    ]


def _data_uri(data: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(data).decode()


def _points(value: float | None) -> str:
    """A difference in percentage points, with its sign.

    >>> _points(0.0123), _points(-0.2)
    ('+1.2', '−20.0')
    """
    if value is None or np.isnan(value):
        return percent(None)
    return f"{'−' if value < 0 else '+'}" + percent(abs(value))


def _p(value: float) -> str:
    """A p value as papers print it."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
