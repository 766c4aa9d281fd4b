"""BAUM-1s: the spontaneous part of BAUM-1, restricted to the six basic emotions [4, Sec. IV-A]."""

from collections import Counter
from pathlib import Path

from fervid.clip import Clip, Database
from fervid.databases import table
from fervid.databases.tree import VIDEOS, folders, is_copy, natural, origin, visible, walk
from fervid.errors import DatabaseError
from fervid.labels import BASIC, canonical

# Emotion codes of the annotation file; six of the thirteen are used.
CODES = {
    "1": "anger", "2": "boredom", "3": "bothered", "4": "concentrating", "5": "contempt",
    "6": "disgust", "7": "fear", "8": "happiness", "9": "neutral", "10": "sadness",
    "11": "surprise", "12": "thinking", "13": "unsure",
}  # fmt: skip
# [4, Sec. IV-A]: 521 clips of the six emotions, out of 1222 of both parts of BAUM-1.
CLIPS = 521
SUBJECTS = 31

LICENCE = "BAUM-1 is available for research under a signed licence."


def load(root: Path) -> Database:
    """BAUM-1s: Annotations_BAUM1s.xlsx and BAUM1s_MP4 - All/s001/S001_001.mp4 (521 clips).

    The annotation file may be saved as CSV; reading .xlsx needs openpyxl. Its columns are Clip
    Name, Emotion, Emotion Code and Gender, in any order. The emotion's name decides; if it is none
    of the thirteen ("happy or neutral"), its code does.

    Args:
        root: folder with the annotations and the videos.

    Raises:
        DatabaseError: no annotations, no videos, or a labelled clip without a video.
    """
    root = Path(root)
    notes, columns = _annotations(root)
    videos = _videos(root)
    out: Counter[str] = Counter()
    clips, bare = {}, []
    for row in notes:
        name = table.stem(row[columns["clip"]]).upper()
        label = _label(row, columns)
        if label not in BASIC:
            out[f"labelled {label}"] += 1
        elif name in clips:
            out["rows about the same clip"] += 1
        elif name not in videos:
            bare.append(name)
        else:
            sex = row.get(columns.get("gender", "")).lower()
            clips[name] = Clip(
                name, videos[name], "baum_1s", label, name.partition("_")[0],
                groups={"sex": sex} if sex else {},
            )  # fmt: skip
    if bare or not clips:
        first = f", the first is {bare[0]}" if bare else ""
        raise DatabaseError(
            f"baum_1s: {root} is half copied: {len(bare)} of {len(bare) + len(clips)} clips of the "
            f"six emotions have no video (found {len(videos)} videos{first}): copy them again"
        )
    ordered = tuple(sorted(clips.values(), key=lambda clip: natural(clip.name)))
    return Database("baum_1s", BASIC, ordered, "unknown", origin(root), LICENCE, left_out=dict(out))


def _annotations(root: Path) -> tuple[list[table.Row], dict[str, str]]:
    """The rows, and the names of the clip, emotion and (if present) code and gender columns."""
    if not root.is_dir():
        raise DatabaseError(f"baum_1s: {root} is not a folder: give the folder of the annotations")
    path = table.beside(root, "annotations_baum1s.csv") or table.beside(
        root, "annotations_baum1s.xls*"
    )
    if path is None:
        shown = ", ".join(path.name for path in visible(root)[:5]) or "nothing"
        raise DatabaseError(
            f"baum_1s: expected Annotations_BAUM1s.xlsx or .csv in {root} and found {shown}: "
            "copy the annotation file there"
        )
    cells = table.grid(path)
    for _, row in cells:
        columns = _columns(row)
        if {"clip", "emotion"} <= set(columns):
            return table.named(cells, tuple(columns.values()), path), columns
    raise DatabaseError(f"{path}: no line names a clip and an emotion column: add it on top")


def _columns(header: list[str]) -> dict[str, str]:
    """Column role -> its name in the file, in lower case."""
    found: dict[str, str] = {}
    for cell in (cell.lower() for cell in header):
        if "code" in cell and ("emotion" in cell or "clip" not in cell):
            found.setdefault("code", cell)
        elif "emotion" in cell:
            found.setdefault("emotion", cell)
        elif "clip" in cell:
            found.setdefault("clip", cell)
        elif cell in ("gender", "sex"):
            found.setdefault("gender", cell)
    return found


def _label(row: table.Row, columns: dict[str, str]) -> str:
    name = canonical(row[columns["emotion"]])
    if name in CODES.values():
        return name
    code = row.get(columns.get("code", "")).removesuffix(".0")
    return CODES.get(code, name or "nothing")


def _videos(root: Path) -> dict[str, Path]:
    """Clip name -> video, from the folders of the spontaneous part."""
    places = [f for f in folders(root) if f.name.strip().lower().startswith("baum1s")]
    if not places:
        shown = ", ".join(path.name for path in visible(root)[:5])
        raise DatabaseError(
            f"baum_1s: expected the folder BAUM1s_MP4 - All/ (s001/S001_001.mp4, ...) in {root} "
            f"and found {shown}: copy the videos there"
        )
    return {
        table.stem(name).upper(): Path(entry.path)
        for place in places
        for name, entry in walk(place, VIDEOS)
        if not is_copy(name)
    }
