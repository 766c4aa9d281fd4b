"""Commands that end with a number: evaluate, compare, reproduce, demo."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from fervid.cli import names
from fervid.cli.data import draw, prepare
from fervid.cli.options import (
    Corrections,
    Device,
    Jobs,
    On,
    Precision,
    Seed,
    Sets,
    SomeStores,
    Stores,
    System,
    Table,
    Validation,
)
from fervid.cli.say import say
from fervid.cli.settings import everywhere, recipe
from fervid.cli.sources import CROSS, EACH, all_of, corrected, joined, named, opened
from fervid.errors import InputError
from fervid.parallel import on as cluster


def evaluate(
    system: System,
    stores: Stores,
    *,
    protocol: Annotated[
        str,
        typer.Option(
            help=f"{', '.join(names.PROTOCOLS)} (`fervid protocols` describes them), or a split "
            "file.",
            autocompletion=names.complete(names.PROTOCOLS),
        ),
    ] = "",
    test: Annotated[
        Path | None, typer.Option(help="Store to test on; trains on all `--store`.")
    ] = None,
    repeats: Annotated[
        int, typer.Option(min=1, help="Repeat the whole evaluation with this many seeds.")
    ] = 1,
    table: Table = "basic",
    weights: Annotated[
        str,
        typer.Option(help="Evaluate a trained model (`shipped` or a file) instead of training."),
    ] = "",
    save_models: Annotated[
        bool, typer.Option("--save-models", help="Save the model of every fold.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Run folder. Default: under runs/.")] = None,
    fusion: Annotated[
        str | None,
        typer.Option(
            help="Network whose output is the prediction, e.g. `joint` (same as `--set output=`)."
        ),
    ] = None,
    sets: Sets = None,
    corrections: Corrections = None,
    validation: Validation = None,
    people: Annotated[
        str,
        typer.Option(
            help="Train on this many of each fold's people; several (10,20,40) draw a learning "
            "curve."
        ),
    ] = "",
    seed: Seed = 0,
    device: Device = "auto",
    precision: Precision = "32-true",
    jobs: Jobs = 1,
    fold: Annotated[
        list[str] | None,
        typer.Option(
            help="Work on this fold only (a number, or a range such as 1-3; repeatable), beside "
            "other processes in the same run folder."
        ),
    ] = None,
    collect: Annotated[
        bool,
        typer.Option("--collect", help="Report the folds that processes with --fold finished."),
    ] = False,
    on: On = "",
) -> None:
    """Train and test on separate subjects, and write a report.

    With one store, cross-validate by `--protocol` (default: paper). With several, test on each in
    turn and train on the others. With `--test`, train on all stores and test on that one.
    """
    chosen_system = recipe(system, [*(sets or []), *([f"output={fusion}"] if fusion else [])])
    options: dict[str, Any] = {
        "seed": seed,
        "device": device,
        "precision": precision,
        "jobs": jobs,
    }
    if fold and collect:
        raise InputError("--fold works on folds and --collect reports them: give one of the two")
    if weights:
        others = (protocol, test, repeats > 1, sets, fusion, corrections, people, len(stores) > 1)
        if any((*others, fold, collect)):
            raise InputError(
                "--weights evaluates a trained model on one --store: leave out --protocol, --test, "
                "--repeats, --set, --fusion, --corrections, --people, --fold and --collect"
            )
        with cluster(on):
            say(_evaluate_model(system, weights, stores[0], out, options))
        return
    options |= {"save": save_models, "validation": validation}
    data = corrected(opened([*stores, *([test] if test else [])]), corrections)
    protocol = _protocol(protocol, stores, data, test, repeats)
    counts = _people(people)
    if len(counts) > 1 and (repeats > 1 or protocol in (CROSS, EACH)):
        raise InputError(
            "a learning curve follows one protocol's folds, once: name one number of --people"
        )
    names = "+".join(each.database.name for each in data)
    few = "".join(f"-{count}" for count in counts) + "-people" * bool(counts)
    run = out or Path("runs") / f"{names}-{chosen_system.name}-{Path(protocol).stem}{few}-{seed}"
    if len(counts) > 1:
        if fold or collect:
            raise InputError("--fold and --collect need one number of --people: name one")
        with cluster(on):
            say(_learning_curve(chosen_system, joined(data, table), protocol, counts, run, options))
        return
    options |= {"people": counts[0] if counts else None}
    arguments: dict[str, Any] = {"table": table, "repeats": repeats, "run": run, "options": options}
    with cluster(on):
        if fold or collect:
            text = _evaluate_part(chosen_system, data, protocol, fold=fold or [], **arguments)
            if text:
                say(text)
                return
        say(_evaluate(chosen_system, data, protocol, **arguments))


def _evaluate_model(
    system: str, weights: str, path: Path, out: Path | None, options: dict[str, Any]
) -> str:
    """Evaluate a trained model; returns the text to print."""
    from fervid.evaluation.cross_database import evaluate_model
    from fervid.models.pretrained import Pretrained
    from fervid.models.shipped import shipped_of

    model = Pretrained.of(shipped_of(system) if weights == "shipped" else weights, system)
    store = opened([path])[0]
    run = out or Path("runs") / f"{store.database.name}-{model.name}-{model.model[:8]}"
    report = evaluate_model(model, store, run, **options)
    return f"{report.table()}\nreport: {run / 'report.html'}"


def _protocol(
    protocol: str, stores: Sequence[Path], data: Sequence[Any], test: Path | None, repeats: int
) -> str:
    """The protocol that was chosen, or the default for these stores.

    Raises:
        InputError: the options contradict each other.
    """
    from fervid.folds import usual

    default = CROSS if test else EACH if len(stores) > 1 else usual(data[0].database.clips)
    default = "five-fold" if repeats > 1 and default == "paper" else default
    chosen = protocol or default
    if chosen == EACH and len(stores) < 2:
        raise InputError(f"--protocol {EACH} needs several databases: give a --store for each")
    if repeats > 1 and chosen in (CROSS, EACH):
        raise InputError(f"--repeats does not work with {chosen}: leave it out")
    all_of(chosen, stores, test)  # rejects --test if the protocol does not use it
    return named(chosen, stores)


def _people(text: str) -> list[int]:
    """Numbers of training people; empty for everybody.

    Raises:
        InputError: the text is not a list of whole numbers of 1 or more.
    """
    counts = [part.strip() for part in text.split(",")] if text else []
    if not all(re.fullmatch(r"0*[1-9]\d{0,8}", part, re.ASCII) for part in counts):
        raise InputError(f"--people {text}: write whole numbers, e.g. --people 10,20,40")
    return [int(part) for part in counts]


def _learning_curve(
    system: Any, store: Any, protocol: str, people: list[int], run: Path, options: dict[str, Any]
) -> str:
    """Evaluate with each number of people; returns the text to print."""
    from fervid.evaluation.learning_curve import learning_curve

    curve = learning_curve(system, store, run, protocol, people, **options)
    return f"{curve.text()}\npicture: {run / 'learning-curve.png'}"


def _evaluate(
    system: Any,
    data: list[Any],
    protocol: str,
    *,
    table: str,
    repeats: int,
    run: Path,
    options: Any,
) -> str:
    """Evaluate by a protocol; returns the text to print."""
    from fervid.evaluation import evaluate as evaluate_folds
    from fervid.evaluation.cross_database import dropped_text
    from fervid.evaluation.repeated import evaluate_repeated

    if repeats > 1:
        repeated = evaluate_repeated(
            system, joined(data, table), run, protocol, repeats=repeats, **options
        )
        return f"{repeated.text()}\nreports: {run}/repeat-*/report.html"
    report = evaluate_folds(system, *_folds(data, protocol, table), run, **options)
    dropped = dropped_text(report) if len(data) > 1 else ""
    page = f"report: {run / 'report.html'}"
    return "\n".join(filter(None, (report.table(), dropped, page)))


def _evaluate_part(
    system: Any,
    data: list[Any],
    protocol: str,
    *,
    fold: list[str],
    table: str,
    repeats: int,
    run: Path,
    options: dict[str, Any],
) -> str:
    """Work on some folds; returns the text to print. Without `fold`, check that all are there."""
    from fervid.evaluation import parts
    from fervid.evaluation.job import checked
    from fervid.evaluation.repeated import repeated_jobs

    numbers = parts.numbers(fold) if fold else ()
    others = {name: value for name, value in options.items() if name != "jobs"}
    if repeats > 1:
        jobs = repeated_jobs(system, joined(data, table), run, protocol, repeats=repeats, **others)
    else:
        jobs = [checked(system, *_folds(data, protocol, table), run, **others)]
    if not numbers:
        parts.check_complete(jobs)
        return ""
    absent = parts.evaluate_part(jobs, numbers, options["jobs"])
    rest = f"missing: {parts.ranges(absent)}" if absent else "all folds are there"
    after = "then" if absent else "next"
    return (
        f"--fold {parts.ranges(numbers)} is done in {run}; {rest}; {after}: the same command with "
        "--collect in place of --fold"
    )


def _folds(data: list[Any], protocol: str, table: str) -> tuple[Any, Any]:
    """Store and folds of a protocol."""
    from fervid.evaluation import cross_database

    if protocol == CROSS:
        return cross_database.across(data[:-1], data[-1], table)
    if protocol == EACH:
        return cross_database.each_database(data, table)
    return cross_database.split(joined(data, table), protocol)


def compare(
    runs: Annotated[
        list[str], typer.Argument(help="Run folders; FOLDER:NETWORK chooses a network of a run.")
    ],
    out: Annotated[Path | None, typer.Option(help="Folder for the tables and the picture.")] = None,
    store: Annotated[
        Path | None,
        typer.Option(help="Store, to show the faces that the second run corrects or gets wrong."),
    ] = None,
    seed: Seed = 0,
) -> None:
    """Compare runs on the same folds: differences, intervals and paired tests."""
    from fervid.evaluation.compare import compare as compare_runs

    faces = opened([store])[0] if store else None
    say(compare_runs(runs, out, seed=seed, store=faces).text())
    if out:
        say(f"written: {out / 'compare.png'} and tables")


def paper(
    run: Annotated[Path, typer.Argument(help="Run folder of `fervid evaluate`.")],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for methods.txt, methods.tex, table.tex and references.bib."),
    ] = None,
) -> None:
    """Describe a run for a publication: methods paragraph, LaTeX table and BibTeX."""
    from fervid.evaluation.tables import read
    from fervid.papers.methods import methods

    described = methods(read(run))
    say(f"{described.text}\n\n{described.table}\n{described.bibtex}")
    if out:
        described.write(out)
        say(f"written: {out / 'methods.txt'}, methods.tex, table.tex and references.bib")


def reproduce(
    paper: Annotated[str, typer.Argument(help="Paper: dtagn, agn3d, ir3d, hybrid or tfe.")],
    table: Annotated[
        str | None, typer.Argument(help="Table as printed, e.g. `2` or `Fig. 6`. Default: all.")
    ] = None,
    stores: SomeStores = None,
    *,
    contradictions: Annotated[
        bool, typer.Option("--contradictions", help="Only list the paper's own contradictions.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Folder for the tables.")] = Path("results"),
    runs: Annotated[Path, typer.Option(help="Folder for the runs.")] = Path("runs"),
    sets: Sets = None,
    seed: Seed = 0,
    device: Device = "auto",
    precision: Precision = "32-true",
    jobs: Jobs = 1,
    on: On = "",
) -> None:
    """Show a paper's printed tables beside our results, with the reason for every empty cell."""
    from fervid.papers.published.contradictions import markdown
    from fervid.papers.reproduce import open_stores
    from fervid.papers.reproduce import reproduce as run

    if contradictions:
        print(markdown(paper), end="")
        return
    data = open_stores(stores or [])
    options: dict[str, Any] = {
        "runs": runs,
        "systems": everywhere(sets or []),
        "seed": seed,
        "device": device,
        "precision": precision,
        "jobs": jobs,
    }
    with cluster(on):
        for comparison in run(paper, table, data, out, **options):
            say(comparison.text())


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the database, store and run.")] = Path(
        "runs/demo"
    ),
    subjects: Annotated[int, typer.Option(min=6, help="Number of people to draw.")] = 20,
    seed: Seed = 0,
    jobs: Jobs = 2,
) -> None:
    """Draw a database, prepare it, and evaluate DTAGN on five subject-independent folds.

    Uses its laptop recipe with fewer epochs for the appearance network.
    """
    draw(out / "drawn", subjects=subjects, clips_per_emotion=1, seed=seed, jobs=jobs)
    prepare("drawn", out / "drawn", out / "store", jobs=jobs)
    evaluate(
        "dtagn-laptop", [out / "store"], protocol="five-fold", out=out / "run", seed=seed,
        jobs=jobs, sets=["appearance.plan.epochs=20", "appearance.plan.least_steps=0"],
    )  # fmt: skip
