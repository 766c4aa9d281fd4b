"""Figures of a report and its HTML page, which is self-contained."""

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
    """Write every figure as PNG, `calibration.csv` and `report.html`.

    Raises:
        OutputError: the folder cannot be written to.
    """
    pictures, measured = draw(report, folder), calibrations(report)
    write(folder / "calibration.csv", calibration.table(measured))
    for name, data in pictures.items():
        write(folder / f"{name}.png", data)
    write(folder / "report.html", page(report, pictures))


# Figures


def draw(report: Report, folder: Path) -> dict[str, bytes]:
    """Draw all figures; returns PNGs by name.

    Args:
        folder: folder of the run, from which the folds' training curves are read.
    """
    scores, names = report.scores, {name: title(name) for name in report.scores}
    clips = [sum(row) for row in scores[report.output].confusion]
    style: dict[str, Any] = {
        "origin": report.origin,
        "baselines": list(baseline.YARDSTICKS.values()),
    }
    rows = {names[n]: astuple(s.accuracy) for n, s in scores.items()}
    figures = {
        "networks": bars.intervals(
            rows, "Accuracy by network", output=names[report.output], **style
        ),
        "labels": bars.by_label(
            {names[n]: s.recall for n, s in scores.items()}, report.labels, clips,
            "Accuracy by expression", **style,
        ),
    }  # fmt: skip
    for name, score in scores.items():
        figures[f"confusion-{name}"] = confusions.confusion(
            np.array(score.confusion), report.labels, f"Confusion, {names[name]}", report.origin
        )
    measured = calibrations(report)[report.output]
    figures["calibration"] = reliability(
        measured.edges, measured.count, measured.sure, measured.right, "Calibration",
        origin=report.origin,
        legend_title=(
            f"error {percent(measured.error)} %, by chance {percent(measured.by_chance)} %"
        ),
    )  # fmt: skip
    stages = training_curves(folder)
    if stages:
        order = sorted(stages, key=lambda name: (name not in scores, [*scores, name].index(name)))
        shown = {title(name): stages[name] for name in order}
        figures["training"] = curves.training(shown, "Training, one line per fold", report.origin)
    if set(SWEPT) <= set(scores):
        alpha, values = sweep(report)
        figures["alpha"] = curves.sweep(
            alpha, values, (title(SWEPT[0]), title(SWEPT[1])), "Weighted sum by its weight",
            report.origin, report.facts.get("recipe", {}).get("alpha"),
        )  # fmt: skip
    return figures


def calibrations(report: Report) -> dict[str, calibration.Calibration]:
    """Calibration of each network."""
    return {
        name: calibration.calibration(values, report.target, report.subject)
        for name, values in report.probabilities.items()
    }


def sweep(report: Report) -> tuple[Any, Any]:
    """(A,) weights 0, 0.01, ... 1 and (A,) accuracy with each of them [1, Fig. 11]."""
    first, second = (report.probabilities[name].astype(np.float64) for name in SWEPT)
    alpha = np.arange(101) / 100
    predicted = [(a * first + (1 - a) * second).argmax(axis=1) for a in alpha]
    size = len(report.labels)
    return alpha, np.array([float(accuracy(confusion(report.target, p, size))) for p in predicted])


def training_curves(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Training curves by stage, one per fold, as written by `fervid.learning.loop`."""
    stages: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(folder.glob("fold-*/[!.]*.csv")):  # skips part files of killed runs
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
    """HTML text with the figures embedded."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"percent": percent, "title": title, "points": _points, "p": _p}
    text = files("fervid.evaluation").joinpath("report.html").read_text(encoding="utf-8")
    subjects = by_subject(report)
    output = list(report.scores).index(report.output)
    return environment.from_string(text).render(
        r=report,
        facts=report.facts,
        best=report.scores[report.output],
        yardsticks=[name for name in baseline.YARDSTICKS if name in report.scores],
        chance=report.chance,
        warnings=report.facts.get("warnings", []),
        calibrations=calibrations(report),
        subjects=len(subjects),
        strangers=sum(subject.startswith(STRANGER) for subject in report.subject.tolist()),
        worst=sorted(subjects, key=lambda row: (row[3][output], -row[2]))[:10],
        mistakes=_mistakes(report),
        images={name: _data_uri(data) for name, data in pictures.items()},
        recipe=report.facts.get("recipe", {}),
    )


def _mistakes(report: Report) -> list[tuple[str, str, str, float]]:
    """The ten most confident errors: clip, label, prediction and its probability."""
    values = report.probabilities[report.output]
    wrong = np.flatnonzero(~report.right(report.output))
    confident = wrong[np.argsort(-values[wrong].max(axis=1), kind="stable")][:10]
    return [
        (
            str(report.clip[row]),
            report.labels[report.target[row]],
            report.labels[values[row].argmax()],
            float(values[row].max()),
        )
        for row in confident
    ]


def _data_uri(data: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(data).decode()


def _points(value: float | None) -> str:
    """Format a difference in percentage points, with its sign.

    >>> _points(0.0123), _points(-0.2)
    ('+1.2', '−20.0')
    """
    if value is None or np.isnan(value):
        return percent(None)
    return f"{'−' if value < 0 else '+'}" + percent(abs(value))


def _p(value: float) -> str:
    """Format a p value as in papers."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
