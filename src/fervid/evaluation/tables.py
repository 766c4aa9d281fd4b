"""Write a report's tables, and read a report from them."""

import csv
from dataclasses import asdict
from pathlib import Path

import numpy as np

from fervid.atomic import write
from fervid.errors import OutputError
from fervid.evaluation import groups
from fervid.evaluation.report import Missing, Report, assemble
from fervid.text import csv_text, digits, json_text, parse_json


def write_tables(report: Report, folder: Path) -> None:
    """Write report.json, predictions.csv, folds.csv, subjects.csv and, with groups, groups.csv.

    Raises:
        OutputError: the folder cannot be written to.
    """
    write(folder / "predictions.csv", _predictions(report))
    write(folder / "folds.csv", _folds(report))
    write(folder / "subjects.csv", _subjects(report))
    if report.facts.get("groups"):
        write(folder / "groups.csv", groups.table(report.facts["groups"]))
    everything_else = {
        "facts": report.facts,
        "labels": report.labels,
        "origin": report.origin,
        "output": report.output,
        "scores": {name: asdict(score) for name, score in report.scores.items()},
        "differences": [asdict(each) for each in report.differences],
        "folds": report.folds,
        "missing": [asdict(each) for each in report.missing],
    }
    write(folder / "report.json", json_text(everything_else))


def read(folder: Path) -> Report:
    """Read a report; its results are computed again from the predictions.

    Raises:
        OutputError: the report is missing or damaged.
    """
    folder = Path(folder)
    try:
        about = parse_json((folder / "report.json").read_text(encoding="utf-8"))
        with (folder / "predictions.csv").open(encoding="utf-8", newline="") as file:
            _, *rows = csv.reader(file)
        labels = tuple(about["labels"])
        networks = list(about["scores"])
        values = np.array([[float(cell) for cell in row[7:]] for row in rows], np.float32)
        shaped = values.reshape(len(networks), -1, len(labels))
        first = rows[: shaped.shape[1]]
        return assemble(
            about["facts"],
            labels,
            about["origin"],
            about["output"],
            tuple(about["folds"]),
            missing=tuple(Missing(**each) for each in about["missing"]),
            names=(np.array([row[1] for row in first]), np.array([row[2] for row in first])),
            fold=np.array([row[0] for row in first]),
            target=np.array([labels.index(row[3]) for row in first]),
            probabilities=dict(zip(networks, shaped, strict=True)),
        )
    except FileNotFoundError as error:
        raise OutputError(
            f"{folder} holds no complete report (there is no {Path(error.filename).name}): give a "
            "run folder of `fervid evaluate`, or run that again"
        ) from None
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise OutputError(
            f"{folder} holds no complete report ({error}): run `fervid evaluate` again"
        ) from None


def _predictions(report: Report) -> str:
    header = ["fold", "clip", "subject", "label", "network", "predicted", "right", *report.labels]
    rows = []
    for network, values in report.probabilities.items():
        correct = report.right(network)
        for row, line in enumerate(values):
            truth, predicted = report.labels[report.target[row]], report.labels[line.argmax()]
            about = (report.fold[row], report.clip[row], report.subject[row], truth, network)
            rows.append([*about, predicted, int(correct[row]), *(str(value) for value in line)])
    return csv_text([header, *rows])


def _folds(report: Report) -> str:
    keys = ("name", "train", "validation", "test", "tested", "seconds")
    header = [*keys, "subjects", *(f"accuracy {name}" for name in report.scores)]
    rows = [
        [each.get(key, "") for key in keys]
        + [" ".join(each["subjects"])]
        + [digits(score.folds[number]) for score in report.scores.values()]
        for number, each in enumerate(report.folds)
    ]
    return csv_text([header, *rows])


def by_subject(report: Report) -> list[tuple[str, str, int, tuple[float, ...]]]:
    """(subject, fold, number of clips, accuracy by network), subjects ascending."""
    correct = {name: report.right(name) for name in report.scores}
    rows = []
    for name in np.unique(report.subject):
        own = report.subject == name
        values = tuple(float(each[own].mean()) for each in correct.values())
        rows.append((str(name), str(report.fold[own][0]), int(own.sum()), values))
    return rows


def _subjects(report: Report) -> str:
    header = ["subject", "fold", "clips", *(f"accuracy {name}" for name in report.scores)]
    rows = [[s, f, n, *map(digits, values)] for s, f, n, values in by_subject(report)]
    return csv_text([header, *rows])
