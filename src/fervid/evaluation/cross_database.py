"""Train on some databases and test on another [3, Sec. 4.2.2].

Several stores are joined into one, which `evaluate` treats like any other. Labels are mapped by an
explicit table, subjects of different databases stay distinct, and the report counts dropped clips.
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
from fervid.labels import TRAINED, common, label_map
from fervid.models.card import check_unseen
from fervid.models.pretrained import Pretrained
from fervid.systems.interface import Store, System

# Name in the counts of dropped clips for those without a label in their database.
UNLABELLED = "no label"


@dataclass(frozen=True)
class Joined:
    """Several stores joined into one.

    Args:
        database: the clips of all stores under the shared labels; `left_out` counts dropped clips.
        digest: hash of every store and of the labels.
        failed: new name of a clip -> why it has no track.
        source: new name of a clip -> its store and the original clip.
        dropped: labels dropped from each database.
    """

    database: Database
    digest: str
    failed: Mapping[str, str] = field(repr=False)
    source: Mapping[str, tuple[Store, Clip]] = field(repr=False)
    dropped: Mapping[str, tuple[str, ...]]

    def main_track(self, clip: Clip) -> Track | None:
        """Track of the clip's main face; None if no face was found."""
        store, original = self.source[clip.name]
        return store.main_track(original)

    def key(self, clip: Clip) -> str:
        """Key of the clip in its own store."""
        store, original = self.source[clip.name]
        return store.key(original)


def join(stores: Sequence[Store], table: str = "basic", tested: str = "") -> Joined:
    """Join several stores into one, under the labels of `fervid.labels.common`.

    A clip is renamed to "database/name" and a subject to "database:subject". Equal names in two
    databases are therefore two subjects, but in two stores of one database they are one.

    Args:
        table: as for `common`.
        tested: as for `common`.

    Raises:
        ProtocolError: there are fewer than two stores.
        LabelError: there is no such table, or too few labels are shared.
    """
    if len(stores) < 2:
        raise ProtocolError("cannot join one store: give a store for each of two or more databases")
    keys = _keys(stores)
    by_key = dict(zip(keys, stores, strict=True))
    own_labels = {key: store.database.labels for key, store in by_key.items()}
    labels, dropped = common(own_labels, table, tested)
    names = label_map(table, own_labels)
    new_label = {name: label for name, label in names.items() if label in labels}
    left_out: Counter[str] = Counter()
    clips: list[Clip] = []
    source: dict[str, tuple[Store, Clip]] = {}
    failed: dict[str, str] = {}
    for key, store in by_key.items():
        for clip in store.database.clips:
            if clip.label not in new_label:
                left_out[f"{key}: {clip.label or UNLABELLED}"] += 1
                continue
            clips.append(_renamed(clip, key, store.database.name, new_label[clip.label]))
            source[clips[-1].name] = (store, clip)
            if clip.name in store.failed:
                failed[clips[-1].name] = store.failed[clip.name]
    digests = [f"{key} {store.digest}" for key, store in by_key.items()]
    digest = sha256("\n".join([table, *labels, *digests]).encode()).hexdigest()
    database = _database(by_key, labels, tuple(clips), left_out)
    return Joined(database, digest, failed, source, dropped)


def _keys(stores: Sequence[Store]) -> list[str]:
    """Names of the databases; further stores of one database get a number ("drawn 2")."""
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
    stores: Mapping[str, Store],
    labels: tuple[str, ...],
    clips: tuple[Clip, ...],
    left_out: Mapping[str, int],
) -> Database:
    databases = [store.database for store in stores.values()]
    courses = {each.course for each in databases}
    origins = {key: store.database.origin for key, store in stores.items()}
    if len(set(origins.values())) == 1:
        origin = databases[0].origin
    else:
        origin = "; ".join(f"{key}: {origin}" for key, origin in origins.items() if origin)
    return Database(
        name=" + ".join(stores),
        labels=labels,
        clips=clips,
        course=courses.pop() if len(courses) == 1 else "unknown",
        origin=origin,
        licence=" ".join(dict.fromkeys(each.licence for each in databases if each.licence)),
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
    """Train on some databases and test on another.

    A label that occurs only in the training databases can still be predicted, which is then an
    error. The report counts dropped clips (`facts["left_out"]`).

    Args:
        train: stores to train on.
        test: store to test on.
        table: which labels are learned, as for `fervid.labels.common`.
        options: options of `evaluate`.

    Raises:
        LeakError: both sides hold the same subjects of one database.
        ProtocolError, LabelError, OutputError: as `join` and `evaluate`.
    """
    return evaluate(system, *across(train, test, table), run_dir, **options)


def across(
    train: Sequence[Store], test: Store, table: str = "basic"
) -> tuple[Joined, Sequence[Fold]]:
    """The joined store of `evaluate_across`, and its one fold.

    Raises:
        LeakError, ProtocolError, LabelError: as `evaluate_across`.
    """
    key = _keys([*train, test])[-1]
    joined = join([*train, test], table, key)
    _check_disjoint(train, test)
    return joined, cross_database(joined.database.clips, key)


def evaluate_each_database(
    system: System,
    stores: Sequence[Store],
    run_dir: Path,
    *,
    table: str = "basic",
    **options: Any,
) -> Report:
    """Test on each database in turn and train on all the others, in one run.

    Each fold of the report is a database; `scores[network].folds` are their accuracies.

    Args:
        table: which labels are learned, as for `fervid.labels.common`.
        options: options of `evaluate`.

    Raises:
        LeakError, ProtocolError, LabelError, OutputError: as `evaluate_across`.
    """
    return evaluate(system, *each_database(stores, table), run_dir, **options)


def each_database(stores: Sequence[Store], table: str = "basic") -> tuple[Joined, Sequence[Fold]]:
    """The joined store of `evaluate_each_database`, and a fold per store.

    Raises:
        LeakError, ProtocolError, LabelError: as `evaluate_across`.
    """
    joined = join(stores, table)
    for number, store in enumerate(stores):
        _check_disjoint([*stores[:number], *stores[number + 1 :]], store)
    folds = leave_one_database_out(joined.database.clips)
    return (_answerable(joined, folds) if table == TRAINED else joined), folds


def _answerable(joined: Joined, folds: Sequence[Fold]) -> Joined:
    """The store with a count of the clips that no fold tests, as their label is not learned."""
    clips = joined.database.clips
    tested = {row for fold in folds for row in fold.test}
    rest = [clip for row, clip in enumerate(clips) if row not in tested]
    left_out = Counter(f"{clip.database}: {clip.label}, not tested" for clip in rest)
    database = replace(joined.database, left_out={**joined.database.left_out, **left_out})
    return replace(joined, database=database)


def split(store: Store, protocol: str, seed: int = 0) -> tuple[Store, list[Fold]]:
    """Return a store with its folds by a protocol for one database (`fervid.folds.make`).

    Clips without a subject are refused, except with the protocol "parts". There each such clip
    gets a subject of its own, which the report's protocol mentions: the parts may then share
    people, and intervals are too narrow if one person has several clips.

    Args:
        seed: seed for shuffling subjects, if the protocol does so.

    Raises:
        ProtocolError, LeakError: the folds cannot be built.
    """
    if protocol == "parts":
        return _each_its_own(store, fixed_parts)
    return store, make(protocol, store.database.clips, seed)


def evaluate_model(system: Pretrained, store: Store, run_dir: Path, **options: Any) -> Report:
    """Evaluate an existing model without training, on the clips of `fervid.folds.unseen`.

    Args:
        options: options of `evaluate`.

    Raises:
        LeakError: the model's card lists these clips among its training data.
        ProtocolError, OutputError: as `unseen` and `evaluate`.
    """
    joined, folds = _each_its_own(store, unseen)
    check_unseen(system.path, store.database, folds)
    return evaluate(system, joined, folds, run_dir, **options)


def _each_its_own(
    store: Store, split: Callable[[tuple[Clip, ...]], list[Fold]]
) -> tuple[Joined, list[Fold]]:
    """Give each clip without a subject a subject of its own; return the store and its folds."""
    database = store.database
    clips = strangers(database.clips)
    unknown = sum(clip.subject is None for clip in database.clips)
    remark = f", {unknown} clips of unknown people taken for one person each" if unknown else ""
    folds = [replace(fold, protocol=fold.protocol + remark) for fold in split(clips)]
    source = {clip.name: (store, clip) for clip in database.clips}
    return Joined(replace(database, clips=clips), store.digest, store.failed, source, {}), folds


def _check_disjoint(train: Sequence[Store], test: Store) -> None:
    """Refuse stores of one database (two illuminations, two drawings) that share subjects."""
    name = test.database.name
    for store in train:
        if store.database.name != name:
            continue
        both = sorted(set(store.database.subjects) & set(test.database.subjects))
        if both:
            raise LeakError(
                f"two stores of {name} share subjects ({', '.join(both[:10])}), so a system "
                "trained on one cannot be tested on the other: give one store per database"
            )


def dropped_text(report: Report) -> str:
    """Describe the clips dropped from a run over several databases; empty if there are none."""
    dropped: Mapping[str, int] = report.facts.get("left_out", {})
    if not dropped:
        return ""
    return "left out: " + ", ".join(f"{count} of {label}" for label, count in dropped.items())
