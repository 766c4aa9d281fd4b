"""fervid from Python: the commands `prepare`, `evaluate`, `train` and `predict` as functions.

They take names and paths, do what the command of the same name does, and resume in the same way.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from fervid.errors import InputError
from fervid.evaluation import evaluate as evaluate_folds
from fervid.evaluation import read as read_report
from fervid.evaluation.cross_database import split
from fervid.evaluation.report import Report
from fervid.faces.detect import choose
from fervid.faces.settings import FaceSettings
from fervid.faces.store import Store
from fervid.folds import usual
from fervid.learning.recipes import changed, flat
from fervid.models.train import Trained
from fervid.models.train import train as train_model
from fervid.prediction.batch import predict as predict_files
from fervid.prediction.ownership import done, name_of
from fervid.prediction.settings import MANY_FACES
from fervid.prediction.writers import read_table
from fervid.prediction.writers.table import ENDINGS
from fervid.systems import SYSTEMS
from fervid.systems.interface import System
from fervid.text import printable

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["evaluate", "predict", "prepare", "read_report", "train"]


def predict(
    inputs: str | Path | Sequence[str | Path],
    *,
    model: str | Path = "tfe-plus",
    faces: str = "auto",
    out: str | Path | None = None,
    **options: Any,
) -> "pd.DataFrame":
    """Expressions of every face in videos and pictures, as a table.

    Args:
        inputs: a file, a folder or a glob, or several of them.
        model: a shipped model's name, or a file written by `train`.
        faces: face finder: "auto", "yunet", "builtin", "mediapipe" or "cropped".
        out: folder for the files that the command writes, which are then not computed again; None
            keeps nothing.
        options: further options of `fervid.prediction.predict`, such as `neutral="auto"`.

    Returns:
        One row for each frame and face with the columns of docs/predict.md: input, frame,
        timestamp (seconds), face_id, box, label, and p_LABEL (0..1) for each label. Inputs that
        failed are missing; a warning names them.

    Raises:
        InputError: no input could be read.
        OutputError: `out` cannot be written to, or holds results of another model.
        WeightsError, FacesError: the model or the face finder cannot be used.
    """
    import pandas as pd

    many = [inputs] if isinstance(inputs, str | Path) else inputs
    with TemporaryDirectory(prefix="fervid-") as scratch:
        folder = Path(out or scratch)
        settings = replace(MANY_FACES, finder=choose(faces))
        options = {"timeline": out is not None, "settings": settings, **options}
        summary = predict_files(many, folder, model=model, **options)
        for name, reason in summary.failed.items():
            warnings.warn(printable(f"{name} was left out: {reason}"), stacklevel=2)
        order = list(dict.fromkeys(row["input"] for row in summary.rows))
        tables = {}
        for marker in done(folder):
            of_input = (f"{name_of(marker)}{ending}" for ending in ENDINGS)
            table = next(name for name in of_input if name in marker["outputs"])
            tables[marker["summary"][0]["input"]] = read_table(folder / table).rows
    return pd.concat([tables[name] for name in order if name in tables], ignore_index=True)


def prepare(
    database: str,
    root: str | Path,
    store: str | Path,
    *,
    faces: str = "",
    jobs: int = 1,
    **arguments: Any,
) -> Store:
    """Find and align the faces of a database, once.

    Args:
        database: a key of `fervid.DATABASES`.
        root: folder of the database as delivered.
        store: folder to write; an unfinished one is resumed.
        faces: face finder, as for `predict`; empty for what the database needs.
        jobs: number of worker processes.
        arguments: of the database's loader, such as `light="dark"`.

    Raises:
        DatabaseError: the folder is not such a database.
        FacesError: the face finder cannot be used.
    """
    from fervid.databases import load
    from fervid.faces.preparing import prepare as prepare_faces

    settings = FaceSettings(finder=choose(faces)) if faces else None
    prepare_faces(load(database, Path(root), **arguments), Path(store), settings, jobs)
    return Store.open(Path(store))


def evaluate(
    system: str | System,
    store: str | Path | Store,
    *,
    protocol: str = "",
    out: str | Path | None = None,
    seed: int = 0,
    fields: Mapping[str, Any] | None = None,
    **options: Any,
) -> Report:
    """Train and test on separate subjects, fold by fold.

    Args:
        system: a key of `fervid.SYSTEMS`, or a system.
        store: written by `prepare`.
        protocol: a protocol's name or the path of a split file; by default the database's fixed
            parts, or "paper" if it has none.
        out: folder of the run; an unfinished one is resumed. None: below runs/.
        fields: fields of the recipe and their values, such as `{"joint.plan.epochs": 60}`.
        options: further options of `fervid.evaluation.evaluate`, such as `jobs=2`.

    Raises:
        InputError: there is no such system, store or field.
        ProtocolError, LeakError, OutputError: as `fervid.evaluation.evaluate`.
    """
    recipe, opened = _system(system, fields), _store(store)
    protocol = protocol or usual(opened.database.clips)
    name = f"{opened.database.name}-{recipe.name}-{Path(protocol).stem}-{seed}"
    run = Path(out or Path("runs") / name)
    return evaluate_folds(recipe, *split(opened, protocol), run, seed=seed, **options)


def train(
    system: str | System,
    stores: str | Path | Store | Sequence[str | Path | Store],
    out: str | Path,
    *,
    fields: Mapping[str, Any] | None = None,
    **options: Any,
) -> Trained:
    """Train one model on all clips of one or several stores, for `predict`.

    Args:
        out: model file to write, with the suffix .safetensors.
        fields: as for `evaluate`.
        options: further options of `fervid.models.train.train`, such as `neutral=True`.

    Raises:
        InputError: there is no such system, store or field, or nothing to train on.
        ProtocolError, OutputError: as `fervid.models.train.train`.
    """
    some: Any = [stores] if isinstance(stores, str | Path | Store) else stores
    return train_model(_system(system, fields), [_store(s) for s in some], Path(out), **options)


def _system(system: str | System, fields: Mapping[str, Any] | None) -> Any:
    if isinstance(system, str) and system not in SYSTEMS:
        raise InputError(f"no system {system!r}: choose one of {', '.join(SYSTEMS)}")
    recipe: Any = SYSTEMS[system] if isinstance(system, str) else system
    for name in fields or {}:
        if name not in flat(recipe):
            raise InputError(f"{recipe.name} has no field {name!r}: see `fervid systems NAME`")
    return changed(recipe, fields or {})


def _store(store: str | Path | Store) -> Any:
    return Store.open(Path(store)) if isinstance(store, str | Path) else store
