"""Turns the user's options into clips and folds."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from fervid.clip import Database
from fervid.errors import InputError
from fervid.share import Share

CROSS, EACH = "cross-database", "leave-one-database-out"
FOLDS = "folds"  # folder of a store with the split files of `fervid folds import`


def loaded(name: str, root: Path, sets: Sequence[str] = ()) -> Database:
    """A database as it was delivered, loaded with the arguments given by --set."""
    from fervid.cli.settings import arguments
    from fervid.databases import DATABASES, load

    options = arguments(name, DATABASES[name], sets) if name in DATABASES else {}
    return load(name, root, **options)


def prepared(
    database: Database,
    store: Path,
    finder: str,
    jobs: int = 1,
    *,
    share: Share | None = None,
    device: str = "cpu",
) -> None:
    """Find the faces of a database and say how many clips have them.

    Args:
        finder: a face finder's name, or "auto".
    """
    from fervid.cli.say import say
    from fervid.faces import FaceSettings, prepare
    from fervid.faces.detect import choose

    settings = FaceSettings(finder=choose(finder))
    say(f"face finder: {settings.finder}")
    done = prepare(database, store, settings, jobs=jobs, share=share, device=device)
    for name, reason in done.failed.items():
        say(f"no track: {name}: {reason}")
    say(f"{done.done} clips prepared, {done.skipped} already there, {len(done.failed)} failed")
    if done.waiting:
        assert share
        others = ", ".join(f"{number}/{share.count}" for number in done.waiting[:10])
        more = ", ..." if len(done.waiting) > 10 else ""
        say(f"the index is written once these shards are done: {others}{more}")


def database(
    stores: Sequence[Path], name: str, root: Path | None, sets: Sequence[str], table: str
) -> Database:
    """Clips of one store, of several joined stores, or of a database that is not prepared.

    Raises:
        InputError: both a store and a database are given, or neither.
    """
    if bool(stores) == bool(name) or bool(name) != bool(root):
        raise InputError("give either --store STORE, or --database NAME with --root FOLDER")
    if name and root:
        return loaded(name, root, sets)
    prepared: Database = joined(opened(stores), table).database
    return prepared


def opened(paths: Sequence[Path]) -> list[Any]:
    """Open each store."""
    from fervid.faces import Store

    return [Store.open(path) for path in paths]


def corrected(stores: Sequence[Any], paths: Sequence[Path] | None) -> list[Any]:
    """Apply files of corrected labels to a store, in order, and print the number of changes.

    Args:
        paths: CSV, .eaf, or folders of .eaf.

    Raises:
        InputError: corrections for several stores, or a folder without an .eaf.
    """
    if not paths:
        return list(stores)
    if len(stores) > 1:
        raise InputError("--corrections apply to the clips of one store: give one --store")
    from fervid.databases.corrections import correct

    database = stores[0].database
    files = []
    for path in paths:
        inside = sorted(path.glob("*.eaf")) if path.is_dir() else [path]
        if not inside:
            raise InputError(f"{path} holds no .eaf: name a folder of `fervid suggest --elan`")
        files += inside
    for path in files:
        clips = len(database.clips)
        database, changed = correct(database, path)
        print(f"corrections: {changed} of {clips} clips ({path})")
    return [replace(stores[0], database=database)]


def joined(stores: Sequence[Any], table: str) -> Any:
    """Join several stores into one; a single store is returned unchanged."""
    from fervid.evaluation.cross_database import join

    return stores[0] if len(stores) == 1 else join(stores, table)


def all_of(split: str, stores: Sequence[Path] | None, test: Path | None) -> list[Path]:
    """All stores, with the one to test on last.

    Raises:
        InputError: there is a store to test on without the cross-database protocol, or vice versa.
    """
    if (split == CROSS) != (test is not None):
        raise InputError(f"{CROSS} and --test STORE go together: give both or neither")
    return [*(stores or []), *([test] if test else [])]


def named(split: str, stores: Sequence[Path]) -> str:
    """A protocol's name or a split file; an imported split file by its path in the store."""
    inside = [store / FOLDS / f"{split}.json" for store in stores]
    return next((str(path) for path in inside if path.is_file()), split)


def sides(split: str, clips: Database) -> list[Any]:
    """Folds of a protocol. Those of a split file, and of `parts`, are not yet checked."""
    from fervid.folds import cross_database, make, splits

    if split == CROSS:  # the store to test on comes last
        return list(cross_database(clips.clips, clips.clips[-1].database))
    if split == "parts":
        return list(splits.parts(clips))
    if Path(split).is_file():
        return list(splits.read(Path(split), clips))
    return list(make(split, clips.clips))
