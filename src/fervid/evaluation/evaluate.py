"""Evaluate a system on prepared clips, fold by fold, and report the results.

Data of test subjects are used only for the fold's single prediction; the epoch is selected on
validation subjects, taken from the training subjects. Every fold is written when it is finished,
so a killed run resumes where it stopped.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fervid.clip import Clip
from fervid.evaluation import fold, report
from fervid.evaluation.inputs import Points, gather
from fervid.evaluation.job import Job, checked
from fervid.evaluation.page import write_page
from fervid.evaluation.report import Missing, Report
from fervid.evaluation.tables import write_tables
from fervid.evaluation.workers import work_all
from fervid.folds import Fold
from fervid.learning.loop import leader_first
from fervid.learning.run import IDENTITY, owned
from fervid.learning.samples import Samples
from fervid.ranks import leads
from fervid.systems.interface import Store, System
from fervid.text import parse_json


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
    job = checked(
        system, store, folds, run_dir, seed=seed, device=device, precision=precision,
        validation=validation, people=people, save=save,
    )  # fmt: skip
    job.warn()
    with owned(job.run.folder, "fervid evaluate", job.identity):
        with leader_first(job.run):
            samples, points = gather(system, store, job.run.folder)
        tasks = job.tasks(usable(samples, points))
        todo = [task for task in tasks if not task.done]
        work_all(todo, system, samples, points, job.run.folder, jobs)
        return reported(job, tasks, samples, points)


def usable(samples: Samples, points: Points) -> set[int]:
    """Clips that give a sample and landmarks, as indices into the database's clips."""
    return {int(clip) for clip in np.unique(samples.clip)} & set(points)


def reported(job: Job, tasks: Sequence[fold.Task], samples: Samples, points: Points) -> Report:
    """Write and return the report of finished folds.

    Raises:
        OutputError: a fold's files are damaged, or the report cannot be written.
    """
    database, run_dir, used = job.store.database, job.run.folder, usable(samples, points)
    missing = [
        _missing(database.clips[row], each.name, row in points, job.store.failed)
        for each in job.folds
        for row in each.test
        if row not in used
    ]
    predictions = [fold.read(task) for task in tasks]
    facts = {**_facts(run_dir), "warnings": job.warnings}
    result = report.make(database, job.folds, predictions, missing, facts)
    if leads():
        write_tables(result, run_dir)
        write_page(result, run_dir)
    return result


def _missing(clip: Clip, name: str, face: bool, failed: Mapping[str, str]) -> Missing:
    reason = failed.get(clip.name, "no face found")
    if face:
        reason = "too few frames with a face for this system"
    return Missing(clip.name, clip.label or "", clip.subject or "", name, reason)


def _facts(run_dir: Path) -> dict[str, Any]:
    identity = parse_json((run_dir / IDENTITY).read_text(encoding="utf-8"))
    return {**identity, "commit": report.commit(), "command": report.command()}
