"""Commands about databases: draw, prepare, list, cite."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from fervid.cli.options import WHO, Finder, Jobs, LoaderSets, Seed, StorePath


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


def prepare(
    database: Annotated[str, typer.Argument(help="Which database: `fervid databases` lists them.")],
    root: Annotated[Path, typer.Argument(help="Its folder, as delivered.")],
    store: StorePath,
    sets: LoaderSets = None,
    jobs: Jobs = 1,
    faces: Annotated[
        Finder | None, typer.Option(help=f"{WHO} Default: auto; of fer_plus cropped.")
    ] = None,
) -> None:
    """Find the faces of a database once; started again, it goes on where it stopped."""
    from fervid.cli.sources import loaded
    from fervid.databases import CROPPED
    from fervid.faces import FaceSettings
    from fervid.faces import prepare as prepare_faces
    from fervid.faces.detect import choose

    found = loaded(database, root, sets or [])
    finder = choose(faces or ("cropped" if database in CROPPED else "auto"))
    print(f"face finder: {finder}")
    settings = FaceSettings(finder=finder)
    done = prepare_faces(found, store, settings, jobs=jobs)
    for name, reason in done.failed.items():
        print(f"no track: {name}: {reason}")
    print(f"{done.done} clips prepared, {done.skipped} there already, {len(done.failed)} failed")


def databases() -> None:
    """List the databases that `prepare` reads."""
    from fervid.databases import DATABASES

    for name, loader in DATABASES.items():
        print(f"{name}: {(loader.__doc__ or '').strip().splitlines()[0]}")


def cite(work: Annotated[str, typer.Argument(help="A system's or database's name.")]) -> None:
    """Print BibTeX."""
    from fervid.papers.citations import cite as bibtex

    print(bibtex(work))
