"""The identity network of paper 5: trained on a prepared database of people, judged on LFW.

    fervid prepare lfw FOLDER --store STORE --faces cropped
    python training/identity.py train --store STORE --out deepid.safetensors
    python training/identity.py verify --store STORE --pairs FOLDER/pairs.txt --out results

`train` learns from everybody; the file goes into the package (fervid/systems/tfe/people/) or is
named to the system (--set identity.place=FILE). `verify` trains ten more networks, each without the
people of one of LFW's ten folds, and judges every pair by the one that does not know its people;
a fold's threshold is chosen on the other folds' pairs, so judged. Every field of
`DeepIDTraining` is an option. Run again, both resume where they stopped.
"""

import argparse
import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from fervid.atomic import whole
from fervid.databases import lfw
from fervid.faces import Store, Track
from fervid.learning.run import Run
from fervid.learning.samples import Samples, build
from fervid.models.card import trained_on
from fervid.progress import bar
from fervid.systems.tfe import identity, inputs
from fervid.systems.tfe.identity import DeepIDTraining, Verification


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", choices=("train", "verify"))
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pairs", type=Path, help="LFW's pairs.txt")
    parser.add_argument("--run", type=Path, default=Path("runs/identity"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="32-true")
    recipe = DeepIDTraining()
    for field in fields(recipe):
        value = getattr(recipe, field.name)
        kind: Any = json.loads if isinstance(value, bool) else type(value)
        parser.add_argument(f"--{field.name}", type=kind, default=value)
    asked = parser.parse_args()
    recipe = replace(recipe, **{f.name: getattr(asked, f.name) for f in fields(recipe)})
    store = Store.open(asked.store)
    samples = gathered(store, recipe, asked.run / f"samples-{recipe.size}")
    if asked.what == "train":
        run = Run(asked.run / "all", asked.seed, asked.device, asked.precision, "everybody")
        net = recipe.fit(samples, run)
        seen = trained_on(store.database, store.database.clips)
        details = {"trained_on": seen, "pictures": len(samples), "seed": asked.seed}
        identity.save(net, asked.out, recipe, details)
        print(f"written: {asked.out}")
        return
    run = Run(asked.run, asked.seed, asked.device, asked.precision)
    every = lfw.pairs(asked.pairs)
    folds = lfw.covered(every, store.database)
    found = verified(samples, store, folds, recipe, run)
    write(found, [len(fold) for fold in every], [len(fold) for fold in folds], recipe, asked.out)


def gathered(store: Store, recipe: DeepIDTraining, folder: Path) -> Samples:
    """Every face of a store, with who it is."""

    def tracks() -> Iterator[tuple[int, None, str, Track]]:
        for row, clip in enumerate(bar(store.database.clips, "faces")):
            found = store.main_track(clip)
            if found is not None:
                yield row, None, clip.subject or "", found

    cut = partial(inputs.faces, size=recipe.size)
    return build(lambda seen: {"faces": cut(seen)}, tracks(), (), folder, store.digest)


def verified(
    samples: Samples,
    store: Store,
    folds: Sequence[Sequence[lfw.Pair]],
    recipe: DeepIDTraining,
    run: Run,
) -> Verification:
    """Ten networks, each for the fold whose people it has not seen."""
    clips = {clip.name: row for row, clip in enumerate(store.database.clips)}
    place = {int(clip): row for row, clip in enumerate(samples.clip)}
    scores, same, fold = [], [], []
    for number, pairs in enumerate(folds, 1):
        rows = np.array([[place[clips[p.first]], place[clips[p.second]]] for p in pairs])
        people = sorted(set(samples.subject[rows.ravel()].tolist()))
        here = replace(run, folder=run.folder / f"fold-{number:02d}", name=f"fold {number}/10")
        net = recipe.fit(samples, here, without=people)
        seen, back = np.unique(rows, return_inverse=True)
        found = identity.features(net, np.asarray(samples.arrays["faces"][seen]))
        first, second = back.reshape(rows.shape).T
        scores.append(identity.cosine(found[first], found[second]))
        same.append(np.array([pair.same for pair in pairs]))
        fold.append(np.full(len(pairs), number))
    return identity.verify(np.concatenate(scores), np.concatenate(same), np.concatenate(fold))


def write(
    found: Verification, listed: list[int], covered: list[int], recipe: DeepIDTraining, out: Path
) -> None:
    """`tfe_lfw.csv` by fold, `tfe_lfw_roc.csv`, and a line to read."""
    rows = [
        {"fold": n + 1, "pairs": listed[n], "covered": covered[n],
         "accuracy": round(100 * found.accuracy[n], 2), "threshold": round(found.thresholds[n], 4)}
        for n in range(len(covered))
    ]  # fmt: skip
    mean = {"fold": "mean", "pairs": sum(listed), "covered": found.pairs,
            "accuracy": round(100 * found.mean, 2), "threshold": "",
            "standard_error": round(100 * found.error, 2), "area": round(found.area, 4),
            "published": 91, "recipe": json.dumps(asdict(recipe))}  # fmt: skip
    roc = [
        {"false": f"{x:.5f}", "true": f"{y:.5f}"}
        for x, y in zip(found.false, found.true, strict=True)
    ]
    out.mkdir(parents=True, exist_ok=True)
    for name, lines in (("tfe_lfw", [*rows, mean]), ("tfe_lfw_roc", roc)):
        with whole(out / f"{name}.csv") as part, part.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(lines[-1]), restval="")
            writer.writeheader()
            writer.writerows(lines)
    print(f"{found.pairs} pairs: {100 * found.mean:.2f} ± {100 * found.error:.2f} %, "
          f"area {found.area:.3f} (the paper: 91 %)")  # fmt: skip


if __name__ == "__main__":
    main()
