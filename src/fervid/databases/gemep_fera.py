"""GEMEP-FERA: the training part of the 2011 challenge [3, Sec. 4.1]."""

from pathlib import Path

from fervid.clip import Clip, Database
from fervid.databases import table
from fervid.databases.tree import VIDEOS, expect, is_copy, natural, origin, walk
from fervid.errors import DatabaseError
from fervid.labels import GEMEP_FERA, canonical

# Clips as the paper counts them [3, Sec. 4.1]. The challenge's emotion part has 155 training videos
# of the same seven actors; its action unit part has these 87.
CLIPS = 87
SUBJECTS = 7

LICENCE = "GEMEP-FERA is available for research under a signed agreement."


def load(root: Path) -> Database:
    """GEMEP-FERA: anger/train_001.avi, ... or train_001.avi, ... with labels.csv (87 videos).

    The files do not name their subjects. Put a `subjects.csv` (clip,subject) beside them, or a
    subject column into `labels.csv` (clip,emotion,subject). Without either, clips have no subject
    and only training and prediction are possible.

    Args:
        root: folder with one subfolder per emotion (at any depth), or with the videos and
            labels.csv.

    Raises:
        DatabaseError: no videos, a video without an emotion, or a table that omits one.
    """
    root = Path(root)
    if not root.is_dir():
        raise DatabaseError(f"gemep_fera: {root} is not a folder: give the folder of the videos")
    found = {name: entry.path for name, entry in walk(root, VIDEOS)}
    copies = [name for name in found if is_copy(name)]
    for name in copies:
        del found[name]
    if not found:
        expect(root, "anger", "train_001.avi, ...", "gemep_fera")
        raise DatabaseError(f"gemep_fera: {root} holds no video: copy the training videos there")
    labels, who = _labels(root, found)
    who = table.subjects(root, found) or who
    clips = [
        Clip(
            table.stem(name), Path(path), "gemep_fera", _label(name, labels), who.get(name) or None
        )
        for name, path in found.items()
    ]
    clips.sort(key=lambda clip: (natural(clip.subject or ""), natural(clip.name)))
    out = {"second copies": len(copies)} if copies else {}
    return Database(
        "gemep_fera", GEMEP_FERA, tuple(clips), "unknown", origin(root), LICENCE, left_out=out
    )


def _labels(root: Path, names: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Emotion and subject of each video from labels.csv; both empty without that file."""
    path = table.beside(root, "labels.csv")
    if path is None:
        return {}, {}
    rows = table.rows(path, ("clip", "emotion"))
    by = {table.stem(row["clip"]): row for row in rows}
    absent = [name for name in names if table.stem(name) not in by]
    if absent:
        raise DatabaseError(
            f"{path} leaves out {len(absent)} videos (the first is {absent[0]}): add them"
        )
    rows_of = {name: by[table.stem(name)] for name in names}
    emotions = {name: row["emotion"] for name, row in rows_of.items()}
    return emotions, {name: row.get("subject") for name, row in rows_of.items()}


def _label(name: str, labels: dict[str, str]) -> str:
    """The emotion from labels.csv, else from the nearest folder named after one."""
    places = [labels[name]] if name in labels else list(reversed(name.split("/")[:-1]))
    for place in places:
        if (label := canonical(place)) in GEMEP_FERA:
            return label
    raise DatabaseError(
        f"gemep_fera: {name} has no emotion (found {', '.join(places) or 'no folder above it'}; "
        f"expected {', '.join(GEMEP_FERA)} or joy): put it into its emotion's folder or name it "
        "in labels.csv (clip,emotion,subject)"
    )
