"""Evaluate a system on prepared clips, fold by fold, and report the results.

Data of test subjects are used only for the fold's single prediction; the epoch is selected on
validation subjects, taken from the training subjects. Every fold is written when it is finished,
so a killed run resumes where it stopped.
"""

import io
import shutil
import sys
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

import fervid
from fervid.atomic import write
from fervid.clip import Clip, Database
from fervid.errors import ProtocolError
from fervid.evaluation import baseline, fold, report
from fervid.evaluation.leak_check import leak_warnings
from fervid.evaluation.page import write_page
from fervid.evaluation.report import Missing, Report
from fervid.evaluation.tables import write_tables
from fervid.evaluation.workers import Points, work_all
from fervid.faces.track import Track
from fervid.folds import Fold, check_share, digest, fewer_people, inner_sides
from fervid.learning.recipes import as_json
from fervid.learning.run import IDENTITY, Run, owned
from fervid.learning.samples import Samples, build, with_votes
from fervid.learning.seeding import derive
from fervid.models.card import check_unseen, learnt_from, teachers, trained_on, with_teachers
from fervid.progress import bar
from fervid.systems.interface import Store, System, check_pictures
from fervid.text import parse_json, printable

POINTS = "landmarks.npz"


def evaluate(
    system: System,
    store: Store,
    folds: Sequence[Fold],
    run_dir: Path,
    *,
    seed: int = 0,
    device: str = "auto",
    precision: str = "32-true",
    jobs: int = 1,
    validation: float | None = None,
    people: int | None = None,
    save: bool = False,
) -> Report:
    """Train and test on every fold; write the report into `run_dir` and return it.

    Args:
        folds: folds from `fervid.folds`; a clip may be tested only once.
        run_dir: folder of the run. An unfinished run of the same recipe, data, folds and seed is
            resumed; any other content is refused.
        seed: seed for every random choice.
        device: "cpu", "cuda" or "auto".
        precision: Fabric's name for the precision ("32-true", "bf16-mixed").
        jobs: number of worker processes, which share the folds and the processor's cores.
        validation: share of a fold's training clips reserved for selecting the epoch; with 0 the
            last epoch is used. None: 0.2, or 0 if the recipe does not validate.
        people: train on so many of each fold's people, drawn by the seed. None: on all of them.
        save: keep each fold's trained system as `fold-NN/model.safetensors`. For a run that was
            finished without it, nothing is trained again.

    Raises:
        ProtocolError: the folds do not fit the database, too few clips have a face, or
            `validation` is out of range.
        LeakError: the system learns from a model trained on the test data, or a test clip is a
            copy of a training clip.
        OutputError: `run_dir` belongs to another run or cannot be written to.
    """
    database, run_dir = store.database, Path(run_dir)
    if validation is None:
        validation = 0.2 if getattr(system, "validates", True) else 0.0
    if people is not None:
        folds = [fewer_people(each, people, seed) for each in folds]
    _check(database, folds)
    check_share(validation)
    for path in teachers(system):
        check_unseen(path, database, folds)
    warnings = leak_warnings(folds, {clip.name: store.key(clip) for clip in database.clips})
    for warning in warnings:
        print(printable(f"warning: {warning}", lines=True), file=sys.stderr)
    identity = _identity(system, store, folds, seed, precision, validation)
    run = Run(run_dir, seed, device, precision)
    with owned(run_dir, "fervid evaluate", identity):
        return _evaluate(
            system, store, folds, run, jobs=jobs, validation=validation, save=save,
            warnings=warnings,
        )  # fmt: skip


def _evaluate(
    system: System,
    store: Store,
    folds: Sequence[Fold],
    run: Run,
    *,
    jobs: int,
    validation: float,
    save: bool,
    warnings: Sequence[str],
) -> Report:
    database, run_dir = store.database, run.folder
    samples, points = _gather(system, store, run_dir)
    usable = {int(clip) for clip in np.unique(samples.clip)} & set(points)
    tasks = [
        _task(number, each, usable, run, validation, len(folds))
        for number, each in enumerate(folds, 1)
    ]
    if save:
        tasks = [replace(task, save=_card(system, database, task.train)) for task in tasks]
    work_all([task for task in tasks if not task.done], system, samples, points, run_dir, jobs)
    missing = [
        _missing(database.clips[row], each.name, row in points, store.failed)
        for each in folds
        for row in each.test
        if row not in usable
    ]
    predictions = [fold.read(task) for task in tasks]
    facts = {**_facts(run_dir), "warnings": warnings}
    result = report.make(database, folds, predictions, missing, facts)
    write_tables(result, run_dir)
    write_page(result, run_dir)
    return result


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


# The run's folder


def _identity(
    system: System,
    store: Store,
    folds: Sequence[Fold],
    seed: int,
    precision: str,
    validation: float,
) -> dict[str, Any]:
    """Everything that determines a run's results; runs that differ in it never share a folder."""
    return {
        "fervid": fervid.__version__,
        "system": system.name,
        "recipe": as_json(system),
        "database": store.database.name,
        "data": store.database.digest,
        "faces": store.digest,
        "protocol": folds[0].protocol,
        "folds": digest(folds),
        "seed": seed,
        "precision": precision,
        "validation": validation,
        **learnt_from(system),
    }


# Inputs of the folds


def _gather(system: System, store: Store, run_dir: Path) -> tuple[Samples, Points]:
    """Read every track once, for the system's samples and the yardsticks' landmarks."""
    database, path = store.database, run_dir / POINTS

    def tracks() -> Iterator[tuple[int, str | None, str, Track]]:
        points = Points()
        for row, clip in enumerate(bar(database.clips, "samples")):
            found = None if clip.label is None else store.main_track(clip)
            seen = None if found is None else baseline.points(found, database.course)
            if found is not None and seen is not None:
                check_pictures(system, found, clip)
                points[row] = seen
                yield row, clip.label, clip.subject or "", found
        # `build` finishes after this, so complete samples always come with points.
        _save_points(path, points)

    if _read_points(path) is None:  # missing or damaged: build both again
        shutil.rmtree(run_dir / "samples", ignore_errors=True)
    samples = build(system.inputs, tracks(), database.labels, run_dir / "samples", store.digest)
    if not len(samples):
        raise ProtocolError(
            "no clip has a face to learn from: check the output of `fervid prepare`"
        )
    points = _read_points(path)
    assert points is not None
    return with_votes(samples, database.clips), points


def _read_points(path: Path) -> Points | None:
    try:
        with np.load(path, allow_pickle=False) as file:
            return dict(zip(file["clip"].tolist(), file["points"], strict=True))
    except (OSError, EOFError, ValueError, KeyError, BadZipFile, zlib.error):
        return None


def _save_points(path: Path, points: Points) -> None:
    shapes = np.stack(list(points.values())) if points else np.zeros((0, 2, 136), np.float32)
    out = io.BytesIO()
    np.savez(out, clip=np.array(list(points), np.int64), points=shapes)
    write(path, out.getvalue())


def _task(
    number: int, each: Fold, usable: set[int], run: Run, validation: float, count: int
) -> fold.Task:
    train = [row for row in each.train if row in usable]
    test = tuple(row for row in each.test if row in usable)
    seed = derive(run.seed, "fold", number) % 2**31
    inner, chosen = inner_sides(each, train, validation, seed)
    folder = run.folder / f"fold-{number:02d}"
    facts = {
        "name": each.name,
        "train": len(inner),
        "validation": len(chosen),
        "test": len(each.test),
        "tested": len(test),
        "subjects": list(each.test_subjects),
        "validation_subjects": sorted({each.clips[row].subject or "" for row in chosen}),
    }
    fold_run = Run(folder, seed, run.device, run.precision, f"fold {number}/{count}")
    return fold.Task(inner, chosen, test, fold_run, facts)


def _card(system: System, database: Database, rows: Sequence[int]) -> dict[str, Any]:
    """Card of a system trained on these clips of the database."""
    own = trained_on(database, (database.clips[row] for row in rows))
    return {
        "trained_on": with_teachers(own, system),
        "licence_of_code": "Apache-2.0",
        "made_by": f"fervid {fervid.__version__}",
    }


def _missing(clip: Clip, name: str, face: bool, failed: Mapping[str, str]) -> Missing:
    reason = failed.get(clip.name, "no face found")
    if face:
        reason = "too few frames with a face for this system"
    return Missing(clip.name, clip.label or "", clip.subject or "", name, reason)


def _facts(run_dir: Path) -> dict[str, Any]:
    identity = parse_json((run_dir / IDENTITY).read_text(encoding="utf-8"))
    return {**identity, "commit": report.commit(), "command": report.command()}
