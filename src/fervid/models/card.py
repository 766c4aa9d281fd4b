"""What a model's card says of the data it learnt, and whether those may then be tested."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from fervid.clip import Clip, Database
from fervid.errors import LeakError
from fervid.folds import Fold
from fervid.learning.weights import load
from fervid.models.shipped import find_model, model_digest
from fervid.systems.interface import System

Told = dict[str, Any]


def trained_on(database: Database, clips: Iterable[Clip]) -> list[Told]:
    """Of some of a database's clips: a row for it, or for each of the databases joined in it.

    Args:
        clips: those of strange databases do not count.
    """
    parts: dict[str, set[str]] = {}
    own = {clip.database for clip in database.clips}
    for clip in clips:
        if clip.database in own:
            parts.setdefault(clip.database, set()).add(clip.groups.get("part", ""))
    about = {"origin": database.origin, "licence": database.licence}
    return [
        # Of one that was joined nothing tells which version it was.
        {"name": name, "digest": database.digest if name == database.name else "", **about,
         "parts": sorted(parts[name])}
        for name in sorted(parts)
    ]  # fmt: skip


def teachers(system: System) -> tuple[Path, ...]:
    """Files of the trained models that a system learns from; most learn from none."""
    return tuple(getattr(system, "learns_from", ()))


def learnt_from(system: System) -> dict[str, Any]:
    """The content of the models that a system learns from, for an identity; most learn from none.

    Raises:
        WeightsError: there is no such file.
    """
    digests = [model_digest(find_model(path)) for path in teachers(system)]
    return {"learns_from": digests} if digests else {}


def with_teachers(own: Sequence[Told], system: System) -> list[Told]:
    """A training's own data, and those that the models it learns from have seen."""
    found = list(own)
    for path in teachers(system):
        found += [data for data in read(path) if data not in found]
    return found


def read(path: Path) -> list[Told]:
    """What a model's card says of all data that it knows; nothing where it says nothing.

    Raises:
        WeightsError: the file is none of ours.
    """
    said = load(path)[1].get("card", {}).get("trained_on", [])
    return [data for data in said if isinstance(data, dict)]


def check_unseen(path: Path, database: Database, folds: Sequence[Fold]) -> None:
    """Refuse a model whose card lists the test data among its training data.

    A card holds names of databases and parts, and a digest of each list of clips, so the same list
    is known under any name. It holds nothing of the clips themselves: hashes of a million pictures
    would outgrow the model, and they change with the face finder. A database that was renamed
    and has other clips, or a copy of some, is not known.

    Args:
        path: of a trained system or an identity network; a file without such a card passes.
        database: whose clips the folds are of; joined ones are told by their names alone.

    Raises:
        LeakError: it does.
        WeightsError: the file is none of ours.
    """
    clips = (fold.clips[row] for fold in folds for row in fold.test)
    tested = {(clip.database, clip.groups.get("part", "")) for clip in clips}
    for data in read(path):
        name, digest = data.get("name", ""), data.get("digest", "")
        if digest == database.digest:  # the very same clips, whatever they are called
            name = database.name
        both = [part for part in data.get("parts", [""]) if (name, part) in tested]
        other = name == database.name and digest not in ("", database.digest)
        if both and (any(both) or not other):
            part = f"the {max(both)} part of {name}" if any(both) else name
            raise LeakError(
                f"{path} was trained on {part}, which is to be tested: take a model that knows "
                "other people, or train anew without it"
            )
