"""Training data listed in a model's card, and the check that none of it is tested."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from fervid.atomic import digest_of
from fervid.clip import Clip, Database
from fervid.errors import LeakError
from fervid.folds import Fold
from fervid.learning.weights import metadata
from fervid.models.shipped import find_model
from fervid.systems.interface import System

Data = dict[str, Any]


def trained_on(database: Database, clips: Iterable[Clip]) -> list[Data]:
    """Card entries for some clips of a database, one per database if several are joined in it.

    Args:
        clips: clips used; those of other databases are ignored.
    """
    parts: dict[str, set[str]] = {}
    own = {clip.database for clip in database.clips}
    for clip in clips:
        if clip.database in own:
            parts.setdefault(clip.database, set()).add(clip.groups.get("part", ""))
    about = {"origin": database.origin, "licence": database.licence}
    return [
        # The version of a joined database is unknown, so its digest stays empty.
        {"name": name, "digest": database.digest if name == database.name else "", **about,
         "parts": sorted(parts[name])}
        for name in sorted(parts)
    ]  # fmt: skip


def teachers(system: System) -> tuple[Path, ...]:
    """Files of the trained models that a system learns from; empty for most systems."""
    return tuple(getattr(system, "learns_from", ()))


def learnt_from(system: System) -> dict[str, Any]:
    """Digests of the models that a system learns from, for a run's identity; empty for most.

    Raises:
        WeightsError: a file does not exist.
    """
    digests = [digest_of(find_model(path)) for path in teachers(system)]
    return {"learns_from": digests} if digests else {}


def with_teachers(own: Sequence[Data], system: System) -> list[Data]:
    """Add the training data of the models that a system learns from to its own."""
    entries = list(own)
    for path in teachers(system):
        entries += [data for data in read(path) if data not in entries]
    return entries


def read(path: Path) -> list[Data]:
    """Entries of a model's card on its training data; empty if the card has none.

    Raises:
        WeightsError: fervid did not write the file.
    """
    entries = metadata(path).get("card", {}).get("trained_on", [])
    return [data for data in entries if isinstance(data, dict)]


def check_unseen(path: Path, database: Database, folds: Sequence[Fold]) -> None:
    """Refuse a model whose card lists the test data among its training data.

    A card holds names of databases and parts, and a digest of each list of clips, so the same list
    is known under any name. It holds nothing of the clips themselves: hashes of a million pictures
    would outgrow the model, and they change with the face finder. A database that was renamed
    and has other clips, or a copy of some, is not known.

    Args:
        path: file of a trained system or identity network; one whose card lists no data passes.
        database: database of the folds' clips; joined databases are recognised by name only.

    Raises:
        LeakError: the card lists the test data.
        WeightsError: fervid did not write the file.
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
                f"{path} was trained on {part}, which is to be tested: use a model trained on "
                "other data, or train one without it"
            )
