"""Labels that a person corrected -> the database with them."""

from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from fervid.clip import Clip, Database
from fervid.databases import table
from fervid.errors import DatabaseError, LabelError
from fervid.labels import canonical
from fervid.text import uncell

# In an .eaf, a tier of this kind holds clips' names, and the tier of its name without the ending
# their labels.
NAME_KIND, NAME_ENDING = "clip", " name"


def correct(database: Database, path: Path) -> tuple[Database, int]:
    """The database with corrected labels; clips whose label is empty are left out.

    Args:
        path: a CSV (clip,label) or an .eaf, such as `fervid suggest` writes; clips that it does
            not name keep their label.

    Returns:
        The database, and how many clips changed or went.

    Raises:
        DatabaseError: no such file or columns, an unknown clip, or one that is named twice.
        LabelError: a label that the database does not have.
    """
    clips = {clip.name: clip for clip in database.clips}
    corrected: dict[str, Clip | None] = {}
    for where, name, given in _eaf(path) if path.suffix.lower() == ".eaf" else _csv(path):
        if name not in clips:
            raise DatabaseError(
                f"{where}: no clip {table.brief(name)} in {database.name}: correct its name"
            )
        if name in corrected:
            raise DatabaseError(f"{where}: clip {table.brief(name)} again: remove one line")
        label = canonical(given)
        if label and label not in database.labels:
            raise LabelError(
                f"{where}: unknown label {table.brief(given)}, none of "
                f"{', '.join(database.labels)}: correct it"
            )
        corrected[name] = replace(clips[name], label=label) if label else None
    after = [corrected.get(clip.name, clip) for clip in database.clips]
    changed = sum(one != clip for one, clip in zip(after, database.clips, strict=True))
    return replace(database, clips=tuple(clip for clip in after if clip is not None)), changed


def _csv(path: Path) -> Iterator[tuple[str, str, str]]:
    """Place in the file, clip and label."""
    for row in table.rows(path, ("clip", "label")):
        yield row.where, uncell(row["clip"]), row["label"]


def _eaf(path: Path) -> Iterator[tuple[str, str, str]]:
    """The same; a clip's label is the one in the middle of its name, or none."""
    if find_spec("pympi") is None:
        raise DatabaseError(f"{path} needs the package pympi: pip install 'fervid[annotate]'")
    from pympi.Elan import Eaf

    try:
        document = Eaf(str(path), suppress_version_warning=True)
        tiers = {name: document.get_annotation_data_for_tier(name) for name in document.tiers}
        kinds = {name: document.get_parameters_for_tier(name)["LINGUISTIC_TYPE_REF"]
                 for name in tiers}  # fmt: skip
    except Exception as error:  # pympi raises bare exceptions for files that it cannot parse
        raise DatabaseError(f"{path} cannot be read ({error}): save it again in ELAN") from None
    names = [tier for tier, kind in kinds.items() if kind == NAME_KIND]
    if not names:
        raise DatabaseError(
            f"{path} names no clips: give an .eaf of `fervid suggest RUN --elan`, or take others "
            "in by `fervid annotate import`"
        )
    for tier in names:
        labels = tiers.get(tier.removesuffix(NAME_ENDING), [])
        for start, end, name, *_ in tiers[tier]:
            middle = (start + end) / 2
            given = [text for begin, stop, text, *_ in labels if begin <= middle < stop]
            where = f"{path}, {tier}, {start / 1000:.3f} s"
            yield where, name, given[0].strip() if given else ""
