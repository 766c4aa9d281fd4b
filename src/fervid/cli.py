"""The command: `fervid --help`. Heavy imports stay inside the commands."""

import errno
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

import fervid
from fervid.errors import FervidError, InputError

app = typer.Typer(
    help="Facial expression recognition in video: prepare, evaluate, train, predict.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Faces = Annotated[Literal["builtin", "mediapipe"], typer.Option(help="Who finds faces.")]
StorePath = Annotated[Path, typer.Option("--store", help="Folder made by `fervid prepare`.")]
Jobs = Annotated[int, typer.Option(min=1, help="Processes to work in.")]
Seed = Annotated[int, typer.Option(help="Of everything random.")]
Sets = Annotated[
    list[str] | None, typer.Option("--set", help="A field of the recipe: --set learning_rate=0.02")
]


def main() -> None:
    """Run the command; what a user can mend is one sentence and exit code 2, never a traceback."""
    try:
        app()
    except FervidError as error:
        sys.exit(_say(str(error)))
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EPERM):
            raise
        where = error.filename or "the output folder"
        sys.exit(_say(f"{where}: {error.strerror}; free some space or name another folder"))


def _say(sentence: str) -> int:
    print(f"fervid: {sentence}", file=sys.stderr)
    return 2


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version")] = False) -> None:
    if version:
        print(f"fervid {fervid.__version__}")
        raise typer.Exit


@app.command()
def draw(
    out: Annotated[Path, typer.Argument(help="Folder to draw into.")],
    subjects: Annotated[int, typer.Option(min=2)] = 20,
    clips_per_emotion: Annotated[int, typer.Option(min=1)] = 1,
    course: Annotated[Literal["apex", "full"], typer.Option()] = "apex",
    difficulty: Annotated[Literal["easy", "normal", "hard"], typer.Option()] = "normal",
    form: Annotated[Literal["video", "images"], typer.Option()] = "video",
    size: Annotated[int, typer.Option(min=64, help="Side of a frame in pixels.")] = 256,
    seed: Seed = 0,
    jobs: Jobs = 1,
) -> None:
    """Draw a database of faces: videos or image folders, a manifest, exact landmarks."""
    from fervid.databases.drawn import draw as draw_database

    draw_database(
        out, subjects, clips_per_emotion, course, difficulty, seed, jobs, form=form, size=size
    )
    print(f"drawn into {out}: fervid prepare drawn {out} --store STORE")


@app.command()
def prepare(
    database: Annotated[str, typer.Argument(help="Which database: `fervid databases` lists them.")],
    root: Annotated[Path, typer.Argument(help="Its folder, as delivered.")],
    store: StorePath,
    jobs: Jobs = 1,
    faces: Faces = "builtin",
) -> None:
    """Find the faces of a database once; started again, it goes on where it stopped."""
    from fervid.databases import load
    from fervid.faces import FaceSettings
    from fervid.faces import prepare as prepare_faces

    done = prepare_faces(load(database, root), store, FaceSettings(finder=faces), jobs=jobs)
    for name, reason in done.failed.items():
        print(f"no track: {name}: {reason}")
    print(f"{done.done} clips prepared, {done.skipped} there already, {len(done.failed)} failed")


@app.command()
def evaluate(
    system: Annotated[str, typer.Argument(help="Which system: `fervid systems` lists them.")],
    store: StorePath,
    protocol: Annotated[str, typer.Option(help="A protocol's name or a split file.")] = "paper",
    out: Annotated[Path | None, typer.Option(help="Run folder; default under runs/.")] = None,
    fusion: Annotated[str | None, typer.Option(help="Of dtagn: joint, weighted, ...")] = None,
    sets: Sets = None,
    seed: Seed = 0,
    device: Annotated[str, typer.Option(help="cpu, cuda or auto")] = "auto",
    jobs: Jobs = 1,
) -> None:
    """Train and test on subject-independent folds; ends with a table and a report."""
    from fervid.evaluation import evaluate as evaluate_system
    from fervid.faces import Store
    from fervid.protocols import make

    recipe = _recipe(system, [*(sets or []), *([f"fusion={fusion}"] if fusion else [])])
    opened = Store.open(store)
    folds = make(protocol, opened.database.clips)
    run = out or Path("runs") / f"{opened.database.name}-{recipe.name}-{Path(protocol).stem}-{seed}"
    report = evaluate_system(recipe, opened, folds, run, seed=seed, device=device, jobs=jobs)
    print(report.table())
    print(f"report: {run / 'report.html'}")


@app.command()
def train(
    system: Annotated[str, typer.Argument(help="Which system: `fervid systems` lists them.")],
    stores: Annotated[list[Path], typer.Option("--store", help="A prepared database; repeatable.")],
    out: Annotated[Path, typer.Option(help="The model file to write (.safetensors).")],
    neutral: Annotated[bool, typer.Option(help="Add neutral, from where clips begin.")] = False,
    sets: Sets = None,
    seed: Seed = 0,
    device: Annotated[str, typer.Option(help="cpu, cuda or auto")] = "auto",
) -> None:
    """Train on whole databases, for `fervid predict`; no test number comes from this."""
    from fervid.evaluation.train import train as train_on
    from fervid.faces import Store

    opened = [Store.open(store) for store in stores]
    train_on(_recipe(system, sets or []), opened, out, neutral=neutral, seed=seed, device=device)
    print(f"trained: fervid predict VIDEO --model {out}")


@app.command()
def predict(
    inputs: Annotated[list[str], typer.Argument(help="Files, folders, globs, a webcam's index.")],
    model: Annotated[str, typer.Option(help="A shipped model's name or a file.")] = "dtagn",
    out: Annotated[Path, typer.Option(help="Folder for tables and pictures.")] = Path(
        "predictions"
    ),
    overlay: Annotated[bool, typer.Option(help="Also write the annotated videos.")] = False,
    format: Annotated[Literal["csv", "parquet"], typer.Option()] = "csv",
    faces: Faces = "builtin",
    window: Annotated[float, typer.Option(help="Seconds one answer looks at.")] = 1.0,
    step: Annotated[float, typer.Option(help="Seconds between two answers.")] = 0.25,
    landmarks: Annotated[bool, typer.Option(help="Also write the 68 landmarks.")] = False,
    max_faces: Annotated[int, typer.Option(min=1, help="Faces to follow at once.")] = 8,
    sequence: Annotated[bool, typer.Option(help="A folder is one input of frames.")] = False,
    seconds: Annotated[float | None, typer.Option(help="Stop reading after so many.")] = None,
    jobs: Jobs = 1,
) -> None:
    """Turn videos and pictures into tables, timelines and overlays."""
    from fervid.faces import FaceSettings
    from fervid.predict import predict as predict_files

    summary = predict_files(
        inputs, out, model=model, overlay=overlay, format=format, window=window, step=step,
        settings=FaceSettings(finder=faces), landmarks=landmarks, max_faces=max_faces,
        sequence=sequence, seconds=seconds, jobs=jobs,
    )  # fmt: skip
    print(summary.text())


@app.command()
def compare(
    runs: Annotated[list[str], typer.Argument(help="Run folders; FOLDER:NETWORK picks one of it.")],
    out: Annotated[Path | None, typer.Option(help="Folder for tables and picture.")] = None,
    seed: Seed = 0,
) -> None:
    """Compare runs on the same folds: differences, intervals, paired tests."""
    from fervid.evaluation.compare import compare as compare_runs

    print(compare_runs(runs, out, seed=seed).text())


@app.command()
def reproduce(
    paper: Annotated[str, typer.Argument(help="dtagn, agn3d, ir3d, hybrid or tfe")],
    table: Annotated[
        str | None, typer.Argument(help="As printed, 2 or Fig. 6; default all.")
    ] = None,
    stores: Annotated[list[Path] | None, typer.Option("--store", help="Repeatable.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the tables.")] = Path("results"),
    runs: Annotated[Path, typer.Option(help="Where the runs are kept.")] = Path("runs"),
    seed: Seed = 0,
    device: Annotated[str, typer.Option(help="cpu, cuda or auto")] = "auto",
    jobs: Jobs = 1,
) -> None:
    """A paper's printed tables beside ours, and why a cell could not be run."""
    from fervid.papers.reproduce import open_stores
    from fervid.papers.reproduce import reproduce as run

    opened = open_stores(stores or [])
    for made in run(paper, table, opened, out, runs=runs, seed=seed, device=device, jobs=jobs):
        print(made.text())


@app.command()
def cite(work: Annotated[str, typer.Argument(help="A system's or database's name.")]) -> None:
    """Print BibTeX."""
    from fervid.papers.citations import cite as bibtex

    print(bibtex(work))


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder to work in.")] = Path("runs/demo"),
    subjects: Annotated[int, typer.Option(min=6)] = 20,
    seed: Seed = 0,
    jobs: Jobs = 2,
) -> None:
    """Draw a database, prepare it, evaluate DTAGN on five subject-independent folds."""
    draw(out / "drawn", subjects=subjects, clips_per_emotion=1, seed=seed, jobs=jobs)
    prepare("drawn", out / "drawn", out / "store", jobs=jobs)
    evaluate(
        "dtagn", out / "store", protocol="five-fold", out=out / "run", seed=seed, jobs=jobs
    )  # fmt: skip


@app.command()
def systems() -> None:
    """List the systems and the fields of their recipes."""
    from fervid.systems import SYSTEMS

    for name, recipe in SYSTEMS.items():
        print(f"{name}: {recipe}")


@app.command()
def databases() -> None:
    """List the databases that `prepare` reads."""
    from fervid.databases import DATABASES

    for name, loader in DATABASES.items():
        print(f"{name}: {(loader.__doc__ or '').strip().splitlines()[0]}")


def _recipe(name: str, sets: list[str]) -> Any:
    """A catalogue's system with the fields that --set names replaced."""
    from fervid.systems import SYSTEMS

    if name not in SYSTEMS:
        raise InputError(f"no system {name!r}: choose one of {', '.join(SYSTEMS)}")
    recipe: Any = SYSTEMS[name]
    types = {field.name: type(getattr(recipe, field.name)) for field in fields(recipe)}
    for pair in sets:
        key, _, value = pair.partition("=")
        if key not in types or not value:
            raise InputError(
                f"--set {pair}: {name} has the fields {', '.join(types)}; use NAME=VALUE"
            )
        recipe = replace(recipe, **{key: _value(value, types[key], pair)})
    return recipe


def _value(text: str, kind: type, pair: str) -> Any:
    import ast

    try:
        value = text if kind is str else ast.literal_eval(text)
    except (ValueError, SyntaxError):
        value = None
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, kind):
        raise InputError(f"--set {pair}: a {kind.__name__} is wanted, as in the recipe's default")
    return value
