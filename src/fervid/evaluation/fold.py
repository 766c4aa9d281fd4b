"""Fit, predict and write one fold, in any process."""

import csv
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fervid.atomic import write
from fervid.errors import OutputError
from fervid.evaluation import baseline
from fervid.learning.run import Run
from fervid.learning.samples import Samples
from fervid.systems.interface import System
from fervid.text import Rows, csv_text, parse_json

PREDICTIONS, DONE, MODEL = "predictions.csv", "fold.json", "model.safetensors"


@dataclass(frozen=True)
class Task:
    """A fold, ready to be run by any process. All its clips have a face.

    Args:
        train: clips to fit on, as indices into the database's clips.
        validation: clips that select the epoch, from the fold's training subjects.
        test: clips to predict.
        run: folder of the fold, seed and device of the fit.
        facts: facts to repeat in the report.
        save: card of the trained system's file (MODEL); None to write no such file.
    """

    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]
    run: Run
    facts: Mapping[str, Any]
    save: Mapping[str, Any] | None = None

    @property
    def done(self) -> bool:
        """Whether an earlier run finished this fold; its facts are written last."""
        files = (DONE,) if self.save is None else (DONE, MODEL)
        return all((self.run.folder / name).is_file() for name in files)


@dataclass(frozen=True)
class Predictions:
    """Predictions in a fold.

    Args:
        clip: (N,) indices into the database's clips, ascending.
        probabilities: (N, K) by network, the yardsticks last.
        facts: name of the output network, sizes, seconds and device.
    """

    clip: NDArray[np.int64]
    probabilities: Mapping[str, NDArray[np.float32]]
    facts: Mapping[str, Any]


def work(
    task: Task,
    system: System,
    samples: Samples,
    points: Mapping[int, NDArray[np.float32]],
    target: Mapping[int, int],
) -> None:
    """Fit on a fold's training clips, predict its test clips, and write predictions and facts.

    Args:
        points: clip -> inputs of the yardsticks (`baseline.points`).
        target: clip -> index of its label.
    """
    started = time.monotonic()
    task.run.folder.mkdir(parents=True, exist_ok=True)
    test = np.array(sorted(task.test), np.int64)
    predictions: dict[str, NDArray[np.float32]] = {}
    output, remarks = "", ()
    if len(test):
        fit, validation, tested = (
            _rows_of(samples, side) for side in (task.train, task.validation, test)
        )
        recognizer = system.fit(samples.take(fit), samples.take(validation), task.run)
        test_samples = samples.take(tested)
        per_sample = recognizer.predict(test_samples.arrays)
        predictions = {name: per_clip(test_samples.clip, p, test) for name, p in per_sample.items()}
        output, remarks = recognizer.output, getattr(recognizer, "remarks", ())
        if task.train:
            fitted = np.array([clip for clip in task.train if clip in points], np.int64)
            predictions |= baseline.predictions(points, target, fitted, test, len(samples.labels))
        if task.save:
            card = {"evaluated": {key: task.facts[key] for key in ("name", "train", "validation")}}
            recognizer.save(task.run.folder / MODEL, {**task.save, **card})
    seconds = round(time.monotonic() - started, 1)
    facts = {**task.facts, "output": output, "remarks": list(remarks), "seconds": seconds}
    write(task.run.folder / PREDICTIONS, _table(test, predictions, samples.labels))
    write(task.run.folder / DONE, json.dumps({**facts, "device": _device(task.run)}, indent=1))


def _rows_of(samples: Samples, clips: Any) -> NDArray[np.int64]:
    return np.flatnonzero(np.isin(samples.clip, np.asarray(clips, np.int64)))


def per_clip(
    clip: NDArray[np.int64], probabilities: NDArray[Any], clips: NDArray[np.int64]
) -> NDArray[np.float32]:
    """(N, K) mean over each clip's samples, in the order of `clips` (ascending)."""
    total = np.zeros((len(clips), probabilities.shape[1]), np.float64)
    place = np.searchsorted(clips, clip)
    np.add.at(total, place, probabilities)
    return (total / np.bincount(place, minlength=len(clips))[:, None]).astype(np.float32)


def _device(run: Run) -> str:
    if run.device != "auto":
        return run.device
    torch = sys.modules.get("torch")
    return "cuda" if torch is not None and torch.cuda.is_available() else "cpu"


def _table(
    clips: NDArray[np.int64],
    predictions: Mapping[str, NDArray[np.float32]],
    labels: tuple[str, ...],
) -> str:
    """CSV text with the shortest decimal of each float32 that reads back as the same number."""
    rows: Rows = [["clip", "network", *labels]]
    for network, values in predictions.items():
        for clip, line in zip(clips, values, strict=True):
            rows.append([int(clip), network, *(str(value) for value in line)])
    return csv_text(rows)


def read(task: Task) -> Predictions:
    """Read what `work` wrote.

    Raises:
        OutputError: the files are missing or damaged.
    """
    folder = task.run.folder
    try:
        facts = parse_json((folder / DONE).read_text(encoding="utf-8"))
        with (folder / PREDICTIONS).open(encoding="utf-8", newline="") as file:
            _, *rows = csv.reader(file)
        clips = np.array(sorted({int(row[0]) for row in rows}), np.int64)
        networks = list(dict.fromkeys(row[1] for row in rows))
        values = np.array([[float(cell) for cell in row[2:]] for row in rows], np.float32)
        shaped = values.reshape(len(networks), len(clips), -1) if rows else values
    except (OSError, ValueError, IndexError, KeyError) as error:
        raise OutputError(
            f"{folder} holds a damaged fold ({error}): delete that folder and run again"
        ) from None
    return Predictions(clips, dict(zip(networks, shaped, strict=True)), facts)
