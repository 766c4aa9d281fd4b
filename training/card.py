"""The figures of a model's card, from the run that judged it: by label, and without copies.

    fervid evaluate tfe-plus --weights shipped --store STORE --out RUN
    python training/card.py RUN --store STORE

A copy is a tested clip whose bytes another clip of the store has, which was not tested.
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
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--store", type=Path, required=True)
    asked = parser.parse_args()
    report = read(asked.run)
    print(card(report, copied(report, Store.open(asked.store))))


def copied(report: Report, store: Store) -> NDArray[np.bool_]:
    """(N,) whether a tested clip's bytes are those of a clip that was not tested."""
    tested = set(report.clip.tolist())
    others = {row.key for name, row in store.rows.items() if name not in tested}
    return np.array([store.rows[name].key in others for name in report.clip.tolist()])


def card(report: Report, copy: NDArray[np.bool_]) -> str:
    """Lines of Markdown about the system's answer.

    Args:
        copy: (N,) as `copied` tells.
    """
    chances = report.probabilities[report.output]
    called = chances.argmax(1)
    sure = calibration(chances, report.target, report.subject)
    lines = [
        f"all: {_share(report, called, np.ones(len(copy), bool))} of {len(copy)} clips",
        f"without {copy.sum()} copies: {_share(report, called, ~copy)} of {(~copy).sum()}",
        f"sure: {percent(float(chances.max(1).mean()))} on average, expected error "
        f"{percent(sure.error)} ({percent(sure.by_chance)} by chance)",
        "| label | clips | called right, % | right when called, % |",
        "|---|---|---|---|",
    ]
    for place, label in enumerate(report.labels):
        mine, said = report.target == place, called == place
        right = float((report.target[said] == place).mean()) if said.any() else float("nan")
        found = _share(report, called, mine)
        lines.append(f"| {label} | {mine.sum():,} | {found} | {percent(right)} |")
    return "\n".join(lines)


def _share(report: Report, called: NDArray[Any], rows: NDArray[np.bool_]) -> str:
    """Called right of some clips, per cent, with 95 % over people."""
    sides = report.target[rows], called[rows], report.subject[rows]
    counts = st.by_subject(*sides, len(report.labels))
    right = st.estimate(counts, st.accuracy)
    return f"{percent(right.value)} [{percent(right.low)}, {percent(right.high)}]"


if __name__ == "__main__":
    main()
