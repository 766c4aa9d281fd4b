"""Compute the figures of a model's card from its evaluation: by label, and without copies.

    fervid evaluate tfe-plus --weights shipped --store STORE --out RUN
    python training/card.py RUN --store STORE

A copy is a test clip with the same bytes as a clip of the store that is not in the test.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fervid.evaluation import Report, read
from fervid.evaluation import statistics as st
from fervid.evaluation.calibration import calibration
from fervid.evaluation.report import percent
from fervid.faces import Store


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--store", type=Path, required=True)
    arguments = parser.parse_args()
    report = read(arguments.run)
    print(card(report, copied(report, Store.open(arguments.store))))


def copied(report: Report, store: Store) -> NDArray[np.bool_]:
    """(N,): whether a test clip has the same bytes as a clip that is not in the test."""
    tested = set(report.clip.tolist())
    others = {row.key for name, row in store.rows.items() if name not in tested}
    return np.array([store.rows[name].key in others for name in report.clip.tolist()])


def card(report: Report, copy: NDArray[np.bool_]) -> str:
    """Lines of Markdown about the system's predictions.

    Args:
        report: report of the evaluation, N clips.
        copy: (N,) which clips are copies, from `copied`.
    """
    probabilities = report.probabilities[report.output]
    predicted = probabilities.argmax(1)
    reliability = calibration(probabilities, report.target, report.subject)
    lines = [
        f"all: {_accuracy(report, predicted, np.ones(len(copy), bool))} of {len(copy)} clips",
        f"without {copy.sum()} copies: {_accuracy(report, predicted, ~copy)} of {(~copy).sum()}",
        f"confidence: {percent(float(probabilities.max(1).mean()))} on average, expected error "
        f"{percent(reliability.error)} ({percent(reliability.by_chance)} by chance)",
        "| label | clips | recall, % | precision, % |",
        "|---|---|---|---|",
    ]
    for index, label in enumerate(report.labels):
        actual, positive = report.target == index, predicted == index
        precision = float(actual[positive].mean()) if positive.any() else float("nan")
        recall = _accuracy(report, predicted, actual)
        lines.append(f"| {label} | {actual.sum():,} | {recall} | {percent(precision)} |")
    return "\n".join(lines)


def _accuracy(report: Report, predicted: NDArray[Any], rows: NDArray[np.bool_]) -> str:
    """Accuracy on some clips in percent, with its 95 % interval over people."""
    sides = report.target[rows], predicted[rows], report.subject[rows]
    counts = st.by_subject(*sides, len(report.labels))
    accuracy = st.estimate(counts, st.accuracy)
    return f"{percent(accuracy.value)} [{percent(accuracy.low)}, {percent(accuracy.high)}]"


if __name__ == "__main__":
    main()
