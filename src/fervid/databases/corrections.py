"""Labels that a person corrected -> the database with them."""

from dataclasses import replace
from pathlib import Path

from fervid.clip import Clip, Database
from fervid.databases import table
from fervid.errors import DatabaseError, LabelError
from fervid.labels import canonical
from fervid.text import uncell


def correct(database: Database, path: Path) -> tuple[Database, int]:
    """The database with the labels of a CSV (clip,label); clips with an empty label are left out.

    Args:
        path: such as `fervid suggest` writes; clips that it does not name keep their label.

    Returns:
        The database, and how many clips changed or went.

    Raises:
        DatabaseError: no such file or columns, an unknown clip, or one that is named twice.
        LabelError: a label that the database does not have.
    """
    clips = {clip.name: clip for clip in database.clips}
    corrected: dict[str, Clip | None] = {}
    for row in table.rows(path, ("clip", "label")):
        name = uncell(row["clip"])
        if name not in clips:
            raise DatabaseError(
                f"{row.where}: no clip {table.brief(name)} in {database.name}: correct its name"
            )
        if name in corrected:
            raise DatabaseError(f"{row.where}: clip {table.brief(name)} again: remove one line")
        label = canonical(row["label"])
        if label and label not in database.labels:
            raise LabelError(
                f"{row.where}: unknown label {table.brief(row['label'])}, none of "
                f"{', '.join(database.labels)}: correct it"
            )
        corrected[name] = replace(clips[name], label=label) if label else None
    after = [corrected.get(clip.name, clip) for clip in database.clips]
    changed = sum(one != clip for one, clip in zip(after, database.clips, strict=True))
    return replace(database, clips=tuple(clip for clip in after if clip is not None)), changed
