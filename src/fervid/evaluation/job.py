"""An evaluation, checked and ready to run: what determines its results, and a task per fold."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import fervid
from fervid.clip import Database
from fervid.errors import ProtocolError
from fervid.evaluation import fold
from fervid.evaluation.leak_check import leak_warnings
from fervid.folds import Fold, check_share, digest, fewer_people, inner_sides
from fervid.learning.recipes import as_json
from fervid.learning.run import Run
from fervid.learning.seeding import derive
from fervid.models.card import check_unseen, learnt_from, teachers, trained_on, with_teachers
from fervid.ranks import leads
from fervid.systems.interface import Store, System
from fervid.text import printable


@dataclass(frozen=True)
class Job:
    """An evaluation.

    Args:
        validation: share of a fold's training clips that select the epoch.
        save: whether each fold keeps its trained system.
        warnings: suspected leaks, for the report.
    """

    system: System
    store: Store
    folds: Sequence[Fold]
    run: Run
    validation: float
    save: bool
    warnings: Sequence[str]

    @property
    def identity(self) -> dict[str, Any]:
        """All that determines the results; runs that differ in it never share a folder."""
        return {
            "fervid": fervid.__version__,
            "system": self.system.name,
            "recipe": as_json(self.system),
            "database": self.store.database.name,
            "data": self.store.database.digest,
            "faces": self.store.digest,
            "protocol": self.folds[0].protocol,
            "folds": digest(self.folds),
            "seed": self.run.seed,
            "precision": self.run.precision,
            "validation": self.validation,
            **learnt_from(self.system),
        }

    def warn(self) -> None:
        """Print the suspected leaks."""
        for warning in self.warnings if leads() else ():
            print(printable(f"warning: {warning}", lines=True), file=sys.stderr)

    def tasks(self, usable: set[int]) -> list[fold.Task]:
        """A task per fold.

        Args:
            usable: clips with a face, as indices into the database's clips.
        """
        tasks = [self._task(number, each, usable) for number, each in enumerate(self.folds, 1)]
        if not self.save:
            return tasks
        database = self.store.database
        return [replace(task, save=_card(self.system, database, task.train)) for task in tasks]

    def _task(self, number: int, each: Fold, usable: set[int]) -> fold.Task:
        train = [row for row in each.train if row in usable]
        test = tuple(row for row in each.test if row in usable)
        seed = derive(self.run.seed, "fold", number) % 2**31
        inner, chosen = inner_sides(each, train, self.validation, seed)
        facts = {
            "name": each.name,
            "train": len(inner),
            "validation": len(chosen),
            "test": len(each.test),
            "tested": len(test),
            "subjects": list(each.test_subjects),
            "validation_subjects": sorted({each.clips[row].subject or "" for row in chosen}),
        }
        run = replace(
            self.run,
            folder=self.run.folder / folder_of(number),
            seed=seed,
            name=f"fold {number}/{len(self.folds)}",
        )
        return fold.Task(inner, chosen, test, run, facts)


def folder_of(number: int) -> str:
    """Name of a fold's folder in the run's."""
    return f"fold-{number:02d}"


def checked(
    system: System,
    store: Store,
    folds: Sequence[Fold],
    run_dir: Path,
    *,
    seed: int = 0,
    device: str = "auto",
    precision: str = "32-true",
    validation: float | None = None,
    people: int | None = None,
    save: bool = False,
) -> Job:
    """The evaluation that the arguments of `evaluate` describe.

    Raises:
        ProtocolError, LeakError: as `evaluate`.
    """
    database = store.database
    if validation is None:
        validation = 0.2 if getattr(system, "validates", True) else 0.0
    if people is not None:
        folds = [fewer_people(each, people, seed) for each in folds]
    _check(database, folds)
    check_share(validation)
    for path in teachers(system):
        check_unseen(path, database, folds)
    warnings = leak_warnings(folds, {clip.name: store.key(clip) for clip in database.clips})
    run = Run(Path(run_dir), seed, device, precision)
    return Job(system, store, folds, run, validation, save, warnings)


def _check(database: Database, folds: Sequence[Fold]) -> None:
    if not folds:
        raise ProtocolError("there is no fold to evaluate: choose another protocol")
    names = [clip.name for clip in database.clips]
    tested: set[int] = set()
    for each in folds:
        compared = each.clips is folds[0].clips and each is not folds[0]
        if not compared and [clip.name for clip in each.clips] != names:
            raise ProtocolError(
                f"fold {each.name} was made from other clips than the store's: make the folds "
                "from the store's database"
            )
        repeated = tested & set(each.test)
        if repeated:
            raise ProtocolError(
                f"clip {names[min(repeated)]} is tested in two folds: evaluate repeated splits one "
                "by one"
            )
        tested |= set(each.test)
    used = tested.union(*(each.train for each in folds))
    bare = [names[row] for row in sorted(used) if database.clips[row].label is None]
    if bare:
        raise ProtocolError(
            f"{len(bare)} clips have no label (the first is {bare[0]}): label or remove them"
        )


def _card(system: System, database: Database, rows: Sequence[int]) -> dict[str, Any]:
    """Card of a system trained on these clips of the database."""
    own = trained_on(database, (database.clips[row] for row in rows))
    return {
        "trained_on": with_teachers(own, system),
        "licence_of_code": "Apache-2.0",
        "made_by": f"fervid {fervid.__version__}",
    }
