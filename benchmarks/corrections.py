"""How many wrong labels does `fervid suggest` show a person first, and what does correcting win?

In a prepared database some labels are made wrong at random, each with a file for `--corrections`.
`fervid evaluate linear` is run by subject on that, `fervid suggest` names clips to look at, and a
person who makes no mistake corrects those of them that are wrong. Then it is evaluated again.
Accuracy is always counted against the right labels.

    python benchmarks/corrections.py --store STORE [--share 0.1] [--n 50] [--seeds 10]

It prints a line for each seed, then means with 95 % intervals over seeds (Student's t).
"""

import argparse
import csv
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from scipy import stats

from fervid.evaluation.tables import read
from fervid.faces import Store

NETWORK = "landmarks-change"  # the better of the two yardsticks
Labels = dict[str, str]


def fervid(*words: object) -> None:
    run = ["from fervid.cli import main; main()", *map(str, words)]
    subprocess.run([sys.executable, "-c", *run], check=True, stdout=subprocess.DEVNULL)


def written(path: Path, labels: Labels) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("clip", "label"), *labels.items()])
    return path


def planted(right: Labels, share: float, seed: int) -> Labels:
    """Another label, drawn evenly from the others, for a share of the clips."""
    rng = np.random.default_rng(seed)
    names = sorted(set(right.values()))
    chosen = rng.choice(sorted(right), round(share * len(right)), replace=False)
    return {clip: str(rng.choice([n for n in names if n != right[clip]])) for clip in chosen}


def evaluated(store: Path, seed: int, wrong: Labels, folder: Path) -> tuple[Path, set[str]]:
    """Run with these wrong labels: its folder, and the clips that it calls rightly."""
    run = folder / "run"
    fixed = written(folder / "wrong.csv", wrong)
    fervid("evaluate", "linear", "--store", store, "--protocol", "five-fold", "--validation", 0,
           "--seed", seed, "--corrections", fixed, "--out", run)  # fmt: skip
    report = read(run)
    calls = report.probabilities[NETWORK].argmax(axis=1)
    right = {clip.name: clip.label for clip in Store.open(store).database.clips}
    named = zip(report.clip, calls, strict=True)
    return run, {str(clip) for clip, call in named if report.labels[call] == right[str(clip)]}


def suggested(run: Path, n: int, path: Path) -> list[str]:
    fervid("suggest", f"{run}:{NETWORK}", "--n", n, "--out", path)
    with path.open(newline="") as file:
        return [row["clip"] for row in csv.DictReader(file)]


def mean(values: list[float]) -> str:
    center, error = np.mean(values), stats.sem(values)
    low, high = stats.t.interval(0.95, len(values) - 1, center, error) if error else (center,) * 2
    return f"{center:.1f} [{low:.1f}, {high:.1f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--share", type=float, default=0.1)
    parser.add_argument("--n", type=int, default=50)
    parser.add_argument("--seeds", type=int, default=10)
    asked = parser.parse_args()
    clips = Store.open(asked.store).database.clips
    right = {clip.name: clip.label for clip in clips if clip.label}
    hits, before, after = [], [], []
    for seed in range(asked.seeds):
        wrong = planted(right, asked.share, seed)
        with tempfile.TemporaryDirectory() as scratch:
            noisy, fixed = Path(scratch) / "noisy", Path(scratch) / "fixed"
            noisy.mkdir()
            fixed.mkdir()
            run, good = evaluated(asked.store, seed, wrong, noisy)
            first = suggested(run, asked.n, noisy / "suggestions.csv")
            left = {clip: label for clip, label in wrong.items() if clip not in first}
            _, better = evaluated(asked.store, seed, left, fixed)
        hits.append(len(wrong) - len(left))
        before.append(100 * len(good) / len(right))
        after.append(100 * len(better) / len(right))
        print(f"seed {seed}: {hits[-1]} of {len(wrong)} wrong labels among {len(first)}; "
              f"accuracy {before[-1]:.1f} %, corrected {after[-1]:.1f} %", flush=True)  # fmt: skip
    gains = [late - early for early, late in zip(before, after, strict=True)]
    chance = asked.n * len(wrong) / len(right)
    print(f"of {len(wrong)} wrong labels among the first {asked.n}: {mean(hits)}; "
          f"in {asked.n} clips at random: {chance:.1f}")  # fmt: skip
    print(f"accuracy in %: {mean(before)}, corrected {mean(after)}, gain {mean(gains)}")


if __name__ == "__main__":
    main()
