"""How many wrong labels does `fervid suggest` show a person first, and what does correcting win?

In a prepared database some labels are made wrong at random. The linear yardstick is evaluated on
that by subject, as `fervid evaluate linear --protocol five-fold --validation 0` does (the tracks
are read once instead of twenty times), `suggest` names clips to look at, and a person who makes no
mistake corrects those of them that are wrong. Then it is evaluated again. Accuracy is always
counted against the right labels.

    python benchmarks/corrections.py --store STORE [--share 0.1] [--n 50] [--seeds 10]

It prints a line for each seed, then means with 95 % intervals over seeds (Student's t).
"""

import argparse
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from fervid.clip import Database
from fervid.evaluation import baseline, report
from fervid.evaluation.fold import Predictions
from fervid.evaluation.tables import read, write_tables
from fervid.faces import Store
from fervid.folds import make
from fervid.progress import bar
from fervid.suggest import suggest_clips

NETWORK = "landmarks-change"  # the better of the two yardsticks
Labels = dict[str, str]
Points = dict[int, NDArray[np.float32]]


def read_points(store: Store) -> Points:
    """What the yardsticks see of each clip with a label and a face."""
    points = {}
    for row, clip in enumerate(bar(store.database.clips, "landmarks")):
        track = store.main_track(clip) if clip.label else None
        seen = None if track is None else baseline.points(track, store.database.course)
        if seen is not None:
            points[row] = seen
    return points


def planted(right: Labels, share: float, seed: int) -> Labels:
    """Another label, drawn evenly from the others, for a share of the clips."""
    rng = np.random.default_rng(seed)
    names = sorted(set(right.values()))
    chosen = rng.choice(sorted(right), round(share * len(right)), replace=False)
    return {str(clip): str(rng.choice([n for n in names if n != right[clip]])) for clip in chosen}


def evaluated(
    database: Database, points: Points, wrong: Mapping[str, str], seed: int, run: Path
) -> float:
    """Write the run of a database with these wrong labels; its accuracy on the right ones, in %."""
    noisy = tuple(replace(c, label=wrong.get(c.name, c.label)) for c in database.clips)
    target = {row: database.labels.index(str(noisy[row].label)) for row in points}
    folds, answers = make("five-fold", noisy, seed), []
    for fold in folds:
        train, test = (
            np.array([row for row in sorted(side) if row in points], np.int64)
            for side in (fold.train, fold.test)
        )
        facts = {"name": fold.name, "subjects": sorted(fold.test_subjects), "device": "cpu",
                 "output": NETWORK}  # fmt: skip
        found = baseline.predictions(points, target, train, test, len(database.labels))
        answers.append(Predictions(test, found, facts))
    made = report.make(replace(database, clips=noisy), folds, answers, (), {"system": "linear"})
    write_tables(made, run)
    calls = read(run).probabilities[NETWORK].argmax(axis=1)
    right = {clip.name: clip.label for clip in database.clips}
    named = zip(made.clip, calls, strict=True)
    hits = [database.labels[call] == right[str(clip)] for clip, call in named]
    return 100 * float(np.mean(hits))


def mean(values: list[float]) -> str:
    error = stats.sem(values)
    low, high = stats.t.interval(0.95, len(values) - 1, np.mean(values), error)
    return f"{np.mean(values):.1f} [{low:.1f}, {high:.1f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--share", type=float, default=0.1)
    parser.add_argument("--n", type=int, default=50)
    parser.add_argument("--seeds", type=int, default=10)
    asked = parser.parse_args()
    store = Store.open(asked.store)
    points, database = read_points(store), store.database
    right = {database.clips[row].name: str(database.clips[row].label) for row in points}
    hits, clean, before, after = [], [], [], []
    for seed in range(asked.seeds):
        wrong = planted(right, asked.share, seed)
        with tempfile.TemporaryDirectory() as scratch:
            run, again = Path(scratch) / "run", Path(scratch) / "again"
            before.append(evaluated(database, points, wrong, seed, run))
            first = {each.clip for each in suggest_clips([run], asked.n).suggestions}
            left = {clip: label for clip, label in wrong.items() if clip not in first}
            after.append(evaluated(database, points, left, seed, again))
            clean.append(evaluated(database, points, {}, seed, again))
        hits.append(len(wrong) - len(left))
        print(f"seed {seed}: {hits[-1]} of {len(wrong)} wrong labels among {len(first)}; accuracy "
              f"{before[-1]:.1f} %, corrected {after[-1]:.1f} %, all labels right "
              f"{clean[-1]:.1f} %", flush=True)  # fmt: skip
    gains = [late - early for early, late in zip(before, after, strict=True)]
    print(f"of {len(wrong)} wrong labels among the first {asked.n}: {mean(hits)}; "
          f"in {asked.n} clips at random: {asked.n * len(wrong) / len(right):.1f}")  # fmt: skip
    print(f"accuracy in %: {mean(before)}, corrected {mean(after)}, gain {mean(gains)}; "
          f"all labels right {mean(clean)}")  # fmt: skip


if __name__ == "__main__":
    main()
