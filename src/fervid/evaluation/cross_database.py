"""Trained on some databases, tested on another [3, Sec. 4.2.2].

Several stores are joined into one that `evaluate` takes as any other: labels by an explicit table,
subjects kept apart by their database, and what is dropped on the way counted in the report.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from fervid.clip import Clip, Database
from fervid.errors import LeakError, ProtocolError
from fervid.evaluation.evaluate import evaluate
from fervid.evaluation.report import Report
from fervid.faces.track import Track
from fervid.folds import (
    Fold,
    cross_database,
    fixed_parts,
    leave_one_database_out,
    make,
    strangers,
    unseen,
)
from fervid.labels import MAPS, common
from fervid.models.card import check_unseen
from fervid.models.pretrained import Pretrained
from fervid.systems.interface import Store, System

# Counted among what was left out: clips that their database gives no label.
UNLABELLED = "no label"


@dataclass(frozen=True)
class Joined:
    """Several stores as one.

    Args:
        database: their clips under the labels they share; `left_out` counts the dropped ones.
        digest: of every store and of the labels.
        failed: why a clip (by its new name) has no track.
        home: new name of a clip -> its store and the clip as that knows it.
        dropped: labels left out of each database.
    """

    database: Database
    digest: str
    failed: Mapping[str, str] = field(repr=False)
    home: Mapping[str, tuple[Store, Clip]] = field(repr=False)
    dropped: Mapping[str, tuple[str, ...]]

    def main_track(self, clip: Clip) -> Track | None:
        """The face that the clip is about; None where none was found."""
        store, known = self.home[clip.name]
        return store.main_track(known)

    def key(self, clip: Clip) -> str:
        """As the clip's own store has it."""
        store, known = self.home[clip.name]
        return store.key(known)


def join(stores: Sequence[Store], table: str = "basic") -> Joined:
    """Several stores as one, under the labels that at least two of them hold.

    A clip becomes "database/name", a subject "database:subject": people of one name in two
    databases are two people, in two stores of one database the same.

    Args:
        table: a key of `fervid.labels.MAPS`.

    Raises:
        ProtocolError: fewer than two stores.
        LabelError: no such table, or too few shared labels.
    """
    if len(stores) < 2:
        raise ProtocolError("one store cannot be crossed: name a store for every database")
    keys = _keys(stores)
    named = dict(zip(keys, stores, strict=True))
    labels, dropped = common({key: store.database.labels for key, store in named.items()}, table)
    to = {name: label for name, label in MAPS[table].items() if label in labels}
    left_out: Counter[str] = Counter()
    clips: list[Clip] = []
    home: dict[str, tuple[Store, Clip]] = {}
    failed: dict[str, str] = {}
    for key, store in named.items():
        for clip in store.database.clips:
            if clip.label not in to:
                left_out[f"{key}: {clip.label or UNLABELLED}"] += 1
                continue
            clips.append(_renamed(clip, key, store.database.name, to[clip.label]))
            home[clips[-1].name] = (store, clip)
            if clip.name in store.failed:
                failed[clips[-1].name] = store.failed[clip.name]
    digests = [f"{key} {store.digest}" for key, store in named.items()]
    digest = sha256("\n".join([table, *labels, *digests]).encode()).hexdigest()
    database = _database(named, labels, tuple(clips), left_out)
    return Joined(database, digest, failed, home, dropped)


def _keys(stores: Sequence[Store]) -> list[str]:
    """The databases' names; a second store of one database is told by its number ("drawn 2")."""
    keys: list[str] = []
    seen: Counter[str] = Counter()
    for store in stores:
        name = store.database.name
        seen[name] += 1
        keys.append(name if seen[name] == 1 else f"{name} {seen[name]}")
    return keys


def _renamed(clip: Clip, key: str, database: str, label: str) -> Clip:
    subject = f"{database}:{clip.subject}" if clip.subject else None
    return replace(clip, name=f"{key}/{clip.name}", database=key, label=label, subject=subject)


def _database(
    named: Mapping[str, Store],
    labels: tuple[str, ...],
    clips: tuple[Clip, ...],
    left_out: Mapping[str, int],
) -> Database:
    all_of = [store.database for store in named.values()]
    courses = {each.course for each in all_of}
    origins = {key: store.database.origin for key, store in named.items()}
    if len(set(origins.values())) == 1:
        origin = all_of[0].origin
    else:
        origin = "; ".join(f"{key}: {said}" for key, said in origins.items() if said)
    return Database(
        name=" + ".join(named),
        labels=labels,
        clips=clips,
        course=courses.pop() if len(courses) == 1 else "unknown",
        origin=origin,
        licence=" ".join(dict.fromkeys(each.licence for each in all_of if each.licence)),
        left_out=dict(left_out),
    )


def evaluate_across(
    system: System,
    train: Sequence[Store],
    test: Store,
    run_dir: Path,
    *,
    table: str = "basic",
    **options: Any,
) -> Report:
    """Train on some databases, test once on another.

    A label that the trained ones hold and the tested one does not can still be answered, and is
    then wrong. What was dropped is in the report (`facts["left_out"]`).

    Args:
        table: which labels answer which, a key of `fervid.labels.MAPS`.
        options: as `evaluate` takes them.

    Raises:
        LeakError: both sides hold the same subjects of one database.
        ProtocolError, LabelError, OutputError: as `join` and `evaluate`.
    """
    joined = join([*train, test], table)
    _apart(train, test)
    clips = joined.database.clips
    key = _keys([*train, test])[-1]
    return evaluate(system, joined, cross_database(clips, key), run_dir, **options)


def evaluate_each_database(
    system: System,
    stores: Sequence[Store],
    run_dir: Path,
    *,
    table: str = "basic",
    **options: Any,
) -> Report:
    """Leave one database out: each is tested once, by a system trained on all the others.

    One run; a fold of its report is a database, and `scores[network].folds` are their accuracies.
    """
    joined = join(stores, table)
    for number, store in enumerate(stores):
        _apart([*stores[:number], *stores[number + 1 :]], store)
    folds = leave_one_database_out(joined.database.clips)
    return evaluate(system, joined, folds, run_dir, **options)


def split(store: Store, protocol: str, seed: int = 0) -> tuple[Store, list[Fold]]:
    """A store and its folds by a protocol of one database (`fervid.folds.make`).

    Clips of unknown people are refused, but by the parts that a database is delivered in: there
    they are taken for people of their own, which the report's protocol says. The parts may then
    share people, and intervals are too narrow where one person has several clips.

    Args:
        seed: as `make` takes it.

    Raises:
        ProtocolError, LeakError: folds that cannot be built.
    """
    if protocol == "parts":
        return _each_its_own(store, fixed_parts)
    return store, make(protocol, store.database.clips, seed)


def evaluate_model(system: Pretrained, store: Store, run_dir: Path, **options: Any) -> Report:
    """Judge a model that is there already (see `fervid.folds.unseen`); nothing is trained.

    Args:
        options: as `evaluate` takes them.

    Raises:
        LeakError: its card says that it was trained on these clips.
        ProtocolError, OutputError: as `unseen` and `evaluate`.
    """
    named, folds = _each_its_own(store, unseen)
    check_unseen(system.path, store.database, folds)
    return evaluate(system, named, folds, run_dir, **options)


def _each_its_own(
    store: Store, split: Callable[[tuple[Clip, ...]], list[Fold]]
) -> tuple[Joined, list[Fold]]:
    """A store whose unknown people are one each, and its folds."""
    database = store.database
    clips = strangers(database.clips)
    unknown = sum(clip.subject is None for clip in database.clips)
    said = f", {unknown} clips of unknown people taken for one person each" if unknown else ""
    folds = [replace(fold, protocol=fold.protocol + said) for fold in split(clips)]
    home = {clip.name: (store, clip) for clip in database.clips}
    return Joined(replace(database, clips=clips), store.digest, store.failed, home, {}), folds


def _apart(train: Sequence[Store], test: Store) -> None:
    """Two stores of one database (two illuminations, two drawings) may hold the same people."""
    name = test.database.name
    for store in train:
        if store.database.name != name:
            continue
        both = sorted(set(store.database.subjects) & set(test.database.subjects))
        if both:
            raise LeakError(
                f"two stores of {name} share subjects ({', '.join(both[:10])}), so one cannot be "
                "tested by what learnt from the other: name one store for each database"
            )


def dropped_text(report: Report) -> str:
    """What a run over several databases left out; empty where nothing was."""
    left: Mapping[str, int] = report.facts.get("left_out", {})
    return "left out: " + ", ".join(f"{n} of {what}" for what, n in left.items()) if left else ""
