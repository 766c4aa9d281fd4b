"""By how much do common mistakes of evaluation lift a published number?

Trains one of dtagn-mmi's two networks and the linear baseline on one prepared database, with the
same recipe and seeds each time, and judges them once properly and once by each mistake:

- *by person*: folds by subject, the epoch chosen on subjects set aside from training;
- *best epoch on the test*: those very trainings, but of every epoch's answers the best on the test;
- *random folds*: clips dealt out at random, so that people stand on both sides;
- *random folds, best epoch on the test*: both;
- *copies dealt out*: every clip's fourteen augmented copies made first [1, Sec. 3.4], then dealt
  out at random, so that copies of a clip stand on both sides;
- *copies tested*: folds by subject, and the copies of the test clips counted as test clips: not the
  accuracy grows but n, and with it what the number seems to be worth.

With --stills the database is what many CK+ studies use, the last three frames and the first
(neutral) of every clip as single pictures, and random folds part pictures of one clip.

    python benchmarks/inflation.py --store STORE [--network appearance] [--stills]

Without a store the built-in database is drawn (hard, every emotion twice) and prepared first.
"""

import argparse
import math
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fervid.clip import Clip, Database
from fervid.evaluation import baseline
from fervid.evaluation import statistics as st
from fervid.faces import Store
from fervid.faces.track import Track
from fervid.folds import inner_split, k_fold
from fervid.learning import augment as turning
from fervid.learning import batches, loop, seeding
from fervid.learning.batches import Batch
from fervid.learning.recipes import changed
from fervid.learning.run import Run
from fervid.learning.samples import Samples, build
from fervid.progress import bar
from fervid.systems import SYSTEMS
from fervid.systems.dtagn import DTAGN, augment, inputs, network, training
from fervid.systems.dtagn.network import Stream

NETWORKS = {"geometry": "dtgn", "appearance": "dtan"}
PERSON, BEST = "by person", "best epoch on the test"
RANDOM, BOTH = "random folds", "random folds, best epoch on the test"
DEALT, TESTED = "copies dealt out", "copies tested"
Rows = np.ndarray[Any, np.dtype[np.int64]]
Sides = tuple[Rows, Rows, Rows]  # to train on, to validate on, to test on


@dataclass
class Data:
    """Samples, one of each clip, and what the linear model sees of them."""

    samples: Samples
    clips: tuple[Clip, ...]
    points: np.ndarray[Any, np.dtype[np.float32]]


@dataclass
class Answers:
    """What was answered to whom, over all folds and repeats; `names` tell who may be drawn."""

    target: list[Any] = field(default_factory=list)
    called: list[Any] = field(default_factory=list)
    names: list[Any] = field(default_factory=list)

    def add(self, samples: Samples, called: Any) -> None:
        """One fold's."""
        self.target.append(samples.target)
        self.called.append(np.asarray(called))
        self.names.append(samples.subject)

    def counts(self, labels: int) -> st.Counts:
        """(S, K, K) by subject."""
        target, called, names = map(np.concatenate, (self.target, self.called, self.names))
        return st.by_subject(target, called, names, labels)


# Data


def gather(store: Store, recipe: DTAGN, stills: bool, folder: Path) -> Data:
    labels = (*store.database.labels, *(["neutral"] if stills else []))
    clips: list[Clip] = []
    points: list[Any] = []

    def tracks() -> Iterator[tuple[int, str | None, str, Track]]:
        for clip in bar(store.database.clips, "samples"):
            found = store.main_track(clip)
            if found is None or not found.seen.any():
                continue
            for number, (part, label) in enumerate(parts(found, clip.label, stills)):
                seen = baseline.points(part, "still" if stills else store.database.course)
                seen = None if seen is None else seen[0]
                if seen is None or not len(recipe.inputs(part)["faces"]):
                    continue
                points.append(seen)
                clips.append(replace(clip, name=f"{clip.name}#{number}", label=label))
                yield len(clips) - 1, label, clip.subject or "", part

    samples = build(recipe.inputs, tracks(), labels, folder / "samples")
    return Data(samples, tuple(clips), np.stack(points))


def parts(found: Track, label: str | None, stills: bool) -> list[tuple[Track, str | None]]:
    """A whole clip, or its last three faces and its first one [5, Sec. 4.1]."""
    if not stills:
        return [(found, label)]
    seen = np.flatnonzero(found.seen)
    return [(found.rows(seen[:1]), "neutral")] + [(found.rows([row]), label) for row in seen[-3:]]


def copied(recipe: DTAGN, samples: Samples, seed: int) -> Samples:
    """Every sample's fourteen copies as samples of their own: row = copy * N + sample."""
    generator = seeding.generator(seed, "copies")
    faces, points = (torch.tensor(np.asarray(samples.arrays[n])) for n in ("faces", "landmarks"))
    made: dict[str, list[Any]] = {"faces": [], "landmarks": []}
    for copy in range(augment.COPIES):
        every = torch.full((len(samples),), copy)
        angle = torch.full((len(samples),), math.radians(augment.ANGLES[copy // 2]))
        seen = turning.turned(faces, angle, every % 2 == 1, faces.shape[-1])
        made["faces"].append(seen.round().to(torch.uint8).numpy())
        noise = (generator, recipe.geometry.noise, recipe.geometry.turn)
        made["landmarks"].append(augment.trajectories(points, every, *noise).numpy())
    taken = samples.take(np.tile(np.arange(len(samples)), augment.COPIES))
    return replace(taken, arrays={name: np.concatenate(part) for name, part in made.items()})


# Folds


def by_person(data: Data, folds: int, seed: int) -> list[Sides]:
    found = []
    for fold in k_fold(data.clips, folds, seed):
        inner, validation = inner_split(data.clips, fold.train, seed=seed)
        found.append(tuple(np.array(side) for side in (inner, validation, fold.test)))
    return found  # type: ignore[return-value]


def at_random(count: int, folds: int, seed: int) -> list[Sides]:
    """The mistake: `Fold` cannot be built so, hence bare rows."""
    rng = np.random.default_rng(seed)
    dealt = np.array_split(rng.permutation(count), folds)
    found = []
    for number, test in enumerate(dealt):
        rest = np.concatenate([part for other, part in enumerate(dealt) if other != number])
        cut = len(rest) // 5
        found.append((rest[cut:], rest[:cut], test))
    return found


# Training


def fit(
    recipe: DTAGN, which: str, data: Samples, sides: Sides, run: Run, copies: int
) -> tuple[Stream, list[Any]]:
    """One network trained as the recipe says, and what it answered to the test after each epoch.

    Args:
        copies: 14 where an epoch draws one of each sample's copies, 1 where the copies are there.
    """
    name = NETWORKS[which]
    stage = training.stage(recipe, name)
    # As many steps either way.
    epochs = max(1, round(stage.plan.epochs * copies / augment.COPIES))
    train, validation, test = (data.take(np.sort(side)) for side in sides)
    with seeding.seeded(run.seed, name, "weights"):
        net = network.stream(recipe, name, len(data.labels))
    centre(net, view(recipe, which, run.seed), train, copies)
    answers: list[Any] = []
    asked, each = [0], -(-len(validation) // 64)

    def logits(network: Any, batch: Batch) -> Tensor:
        if asked[0] % each == 0:  # an epoch's first
            parts = [stage.logits(network, b) for b in batches.ordered(test, 256)]
            answers.append(torch.cat(parts).argmax(1).numpy())
        asked[0] += 1
        return stage.logits(network, batch)

    plan = replace(stage.plan, epochs=epochs)
    watched = replace(stage, plan=plan, logits=logits, copies=copies)
    loop.train(watched, net, train, validation, run)
    with torch.no_grad():
        chosen = [stage.logits(net, b) for b in batches.ordered(test, 256)]
    return net, [torch.cat(chosen).argmax(1).numpy(), *answers]


def view(recipe: DTAGN, which: str, seed: int) -> Callable[[Batch], Tensor]:
    generator = seeding.generator(seed, "centre")
    if which == "appearance":
        return partial(inputs.pictures, recipe)
    return lambda batch: inputs.vectors(recipe, batch, generator)


@torch.no_grad()
def centre(net: Stream, see: Callable[[Batch], Tensor], train: Samples, copies: int) -> None:
    total = torch.zeros_like(net.centre.mean)
    for copy in range(copies):
        for batch in batches.ordered(train, 64):
            total += see(replace(batch, copy=torch.full_like(batch.copy, copy))).sum(0)
    net.centre.mean.copy_(total / (len(train) * copies))


# Judging


def repeat(
    recipe: DTAGN, which: str, data: Data, options: Any, seed: int, folder: Path
) -> Iterator[tuple[str, str, Samples, Any]]:
    """Way, network, what was tested, what was answered."""
    folds = (by_person(data, options.folds, seed), at_random(len(data.clips), options.folds, seed))
    copies = copied(recipe, data.samples, seed)
    rows = np.arange(len(data.samples))
    for way, best, sides in zip((PERSON, RANDOM), (BEST, BOTH), folds, strict=True):
        for number, side in enumerate(bar(sides, f"repeat {seed + 1}, {way}")):
            run = Run(folder / f"{way}-{number}", seed, "cpu")
            net, answers = fit(recipe, which, data.samples, side, run, augment.COPIES)
            tested = data.samples.take(np.sort(side[2]))
            yield way, which, tested, answers[0]
            right = [(answer == tested.target).mean() for answer in answers[1:]]
            yield best, which, tested, answers[1 + int(np.argmax(right))]
            yield way, "linear", tested, linear(data, side)
            if way == PERSON:
                mine = copies.take(np.flatnonzero(np.isin(np.tile(rows, augment.COPIES), side[2])))
                yield TESTED, which, mine, answer_copies(recipe, which, net, mine)
    for number, side in enumerate(
        bar(at_random(len(copies), options.folds, seed), f"repeat {seed + 1}, {DEALT}")
    ):
        run = Run(folder / f"{DEALT}-{number}", seed, "cpu")
        answers = fit(recipe, which, copies, side, run, 1)[1]
        yield DEALT, which, copies.take(np.sort(side[2])), answers[0]


@torch.no_grad()
def answer_copies(recipe: DTAGN, which: str, net: Stream, copies: Samples) -> Any:
    stage = training.stage(recipe, NETWORKS[which])
    return torch.cat([stage.logits(net, b) for b in batches.ordered(copies, 256)]).argmax(1).numpy()


def linear(data: Data, sides: Sides) -> Any:
    train, test = np.sort(np.concatenate(sides[:2])), np.sort(sides[2])
    target = data.samples.target[train]
    labels = len(data.samples.labels)
    return baseline.predict(data.points[train], target, data.points[test], labels).argmax(1)


def table(found: dict[tuple[str, str], Answers], labels: int, repeats: int) -> str:
    """A Markdown table: accuracy, difference to the proper way, and what n pretends."""
    lines = [
        "| network | way | accuracy | more than by person, over people | tested | "
        "interval if all were independent | over people |",
        "|---|---|---|---|---|---|---|",
    ]
    for (which, way), answers in sorted(found.items(), key=lambda item: order(*item[0])):
        counts = answers.counts(labels)
        share, n = float(st.accuracy(counts.sum(0))), int(counts.sum()) // repeats
        more = "" if way == PERSON else _more(counts, found[which, PERSON].counts(labels))
        half = 1.96 * math.sqrt(share * (1 - share) / n)
        over = st.estimate(counts)
        lines.append(
            f"| {which} | {way} | {100 * share:.1f} | {more} | {n} | ± {100 * half:.1f} | "
            f"{100 * over.low:.1f} to {100 * over.high:.1f} |"
        )
    return "\n".join(lines)


def order(which: str, way: str) -> tuple[bool, int]:
    return which == "linear", (PERSON, BEST, RANDOM, BOTH, DEALT, TESTED).index(way)


def _more(counts: st.Counts, proper: st.Counts) -> str:
    more, low, high = (100 * v for v in astuple(st.difference(counts, proper)))
    return f"{more:+.1f} ({low:+.1f} to {high:+.1f})"


def drawn(folder: Path, people: int) -> Store:
    """The built-in database, when no store is named."""
    from fervid.databases import load
    from fervid.databases.drawn import draw
    from fervid.faces import FaceSettings, prepare

    draw(folder / "drawn", people, 2, "apex", "hard")
    prepare(load("drawn", folder / "drawn"), folder / "store", FaceSettings(), jobs=1)
    return Store.open(folder / "store")


def said_of(database: Database, data: Data, options: Any) -> str:
    kind = "pictures" if options.stills else "clips"
    origin = f" [{database.origin}]" if database.origin else ""
    return (
        f"{database.name}{origin}: {len(data.clips)} {kind} of {len(database.subjects)} people, "
        f"{len(data.samples.labels)} labels; {options.folds} folds, {options.repeats} repeats, "
        f"seed {options.seed}, dtagn-mmi's {options.network} network"
    )


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--store", type=Path)
    parser.add_argument("--people", type=int, default=20, help="to draw, without a store")
    parser.add_argument("--network", choices=NETWORKS, default="geometry")
    parser.add_argument("--stills", action="store_true")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=0, help="instead of the recipe's")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(words)
    torch.set_num_threads(1)
    recipe: Any = SYSTEMS["dtagn-mmi"]
    if options.stills:
        layers = recipe.geometry.layers.replace("D1176", "D98")
        one = {"geometry.frames": 1, "appearance.frames": 1, "geometry.layers": layers}
        recipe = changed(recipe, one)
    if options.epochs:
        names = ("geometry.plan.epochs", "appearance.plan.epochs")
        recipe = changed(recipe, dict.fromkeys(names, options.epochs))
    with tempfile.TemporaryDirectory() as home:
        store = Store.open(options.store) if options.store else drawn(Path(home), options.people)
        data = gather(store, recipe, options.stills, Path(home))
        found: dict[tuple[str, str], Answers] = {}
        for number in range(options.seed, options.seed + options.repeats):
            ways = repeat(recipe, options.network, data, options, number, Path(home) / str(number))
            for way, which, tested, called in ways:
                found.setdefault((which, way), Answers()).add(tested, called)
        print(said_of(store.database, data, options))
        print(table(found, len(data.samples.labels), options.repeats))


if __name__ == "__main__":
    main()
