"""RML: eight speakers of six languages acting six emotions [4, Sec. IV-A]."""

import re
from collections import Counter
from pathlib import Path

from fervid.clip import Clip, Database
from fervid.databases.tree import VIDEOS, is_copy, natural, origin, visible, walk
from fervid.errors import DatabaseError
from fervid.labels import BASIC, SPELLINGS

# File names begin with the emotion: an1.avi, di12.avi, ...
CODES = {code: SPELLINGS[code] for code in ("an", "di", "fe", "ha", "sa", "su")}
# [4, Sec. IV-A].
CLIPS = 720
SUBJECTS = 8

LICENCE = "RML is available for research from Ryerson University (now TMU)."
NAME = re.compile(r"(an|di|fe|ha|sa|su)[ _-]?\d+", re.IGNORECASE)
PERSON = re.compile(r"(?:s|subject)[ _-]?(\d+)", re.IGNORECASE)


def load(root: Path) -> Database:
    """RML: s1/an1.avi, ... (720 clips, eight subjects); deeper folders become part of the name.

    Args:
        root: folder with the subjects' folders.

    Raises:
        DatabaseError: no videos with such names, or one outside a subject's folder.
    """
    root = Path(root)
    if not root.is_dir():
        raise DatabaseError(f"rml: {root} is not a folder: give the folder that holds s1/ to s8/")
    out: Counter[str] = Counter()
    clips = []
    for name, entry in walk(root, VIDEOS):
        stem = name.rpartition("/")[2].rpartition(".")[0].strip()
        if is_copy(name):
            out["second copies"] += 1
        elif NAME.fullmatch(stem):
            who = _subject(root, name)
            clips.append(Clip(name, Path(entry.path), "rml", CODES[stem[:2].lower()], who))
        else:
            out["videos without an emotion in their name"] += 1
    if not clips:
        shown = ", ".join(path.name for path in visible(root)[:5]) or "nothing"
        raise DatabaseError(
            f"rml: expected s1/an1.avi, ... in {root} and found {shown}: copy the videos there"
        )
    clips.sort(key=lambda clip: (natural(clip.subject or ""), natural(clip.name)))
    return Database("rml", BASIC, tuple(clips), "unknown", origin(root), LICENCE, left_out=out)


def _subject(root: Path, name: str) -> str:
    for folder in name.split("/")[:-1]:
        if found := PERSON.fullmatch(folder.strip()):
            return f"s{int(found[1])}"
    raise DatabaseError(
        f"rml: {root / name} lies in no subject's folder: expected s1/ to s8/ above the videos"
    )
