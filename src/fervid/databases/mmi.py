"""MMI: Sessions/<n>/ with a video and XML files [1, Sec. 5.4].

The archive's web site offers one folder per session: the video, `session.xml` and `<video>.xml`. A
Metadatum named "Emotion" marks the sessions that show one of the six emotions.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from fervid.clip import Clip, Database
from fervid.databases.table import data, whole
from fervid.databases.tree import VIDEOS, expect, folders, natural, origin, visible
from fervid.errors import DatabaseError
from fervid.labels import BASIC

# Values of the Metadatum "Emotion"; higher ones (scream, boredom, sleepiness) are left out.
CODES = {1: "anger", 2: "disgust", 3: "fear", 4: "happiness", 5: "sadness", 6: "surprise"}
# [1, Table 1]; the rows of Table 7 need 31 for anger and 32 for disgust, the total is 205 in both.
COUNTS = dict(zip(BASIC, (32, 31, 28, 42, 32, 40), strict=True))
SUBJECTS = 30

LICENCE = "MMI is licensed to individuals for research; its videos may not be redistributed."


@dataclass
class _Notes:
    """Facts read from a session's XML files."""

    subject: dict[str, str] = field(default_factory=dict)
    views: dict[str, str] = field(default_factory=dict)
    data: dict[str, str] = field(default_factory=dict)


def load(root: Path) -> Database:
    """MMI: Sessions/<n>/ with a video and its XML files (205 frontal sequences, six emotions).

    Sessions without one of the six emotions, and those filmed only from the side, are left out and
    counted.

    Args:
        root: folder with Sessions/.

    Raises:
        DatabaseError: no sessions, a session without video or subject, or an XML file that is
            malformed or declares a document type.
    """
    root = Path(root)
    sessions = folders(expect(root, "Sessions", "1/session.xml, 1/S001-001.avi, ...", "mmi"))
    out: Counter[str] = Counter()
    found = [clip for session in sessions if (clip := _clip(session, out)) is not None]
    if not found:
        raise DatabaseError(
            f"mmi: none of the {len(sessions)} sessions in {root} has one of the six emotions "
            "(a Metadatum named Emotion with 1 to 6): copy the XML files beside the videos"
        )
    clips = tuple(sorted(found, key=lambda clip: (natural(clip.subject or ""), natural(clip.name))))
    # A stand-in in this layout is not the database and has its own licence.
    note = origin(root)
    licence = "" if note else LICENCE
    return Database("mmi", BASIC, clips, "onset-apex-offset", note, licence, dict(out))


def _clip(session: Path, out: Counter[str]) -> Clip | None:
    files = visible(session)
    notes = _Notes()
    for path in files:
        if path.suffix.lower() == ".xml":
            _read(path, notes)
    label = CODES.get(whole(notes.data.get("emotion", "")) or 0)
    if label is None:
        out["without one of the six emotions"] += 1
        return None
    videos = [path for path in files if path.suffix.lower() in VIDEOS]
    if not videos:
        raise DatabaseError(
            f"mmi: {session} has an emotion but no video (found "
            f"{', '.join(path.name for path in files)}): copy the session again"
        )
    frontal = [p for p in videos if notes.views.get(p.name.lower(), "frontal") == "frontal"]
    if not frontal:
        out["not seen from the front"] += 1
        return None
    about = notes.subject
    groups = {"sex": about["gender"].lower()} if about.get("gender") else {}
    name = f"{session.name.strip()}/{frontal[0].stem}"
    return Clip(name, frontal[0], "mmi", label, _subject(session, notes), view="frontal",
                apex=whole(notes.data.get("apexframe", "")), groups=groups)  # fmt: skip


def _subject(session: Path, notes: _Notes) -> str:
    """S001 for id 1, so that subjects sort by number."""
    name = (notes.subject.get("id") or notes.data.get("subject") or "").strip()
    if not name:
        raise DatabaseError(
            f"mmi: no XML file in {session} names its subject (<subject id=...>): "
            "copy session.xml again"
        )
    number = whole(name)
    return name if number is None else f"S{number:03d}"


def _read(path: Path, notes: _Notes) -> None:
    """Add the facts in one XML file.

    A document type is refused, because nothing here needs entities and they can exhaust memory.
    """

    def start(tag: str, attributes: dict[str, str]) -> None:
        have = {key.lower(): value for key, value in attributes.items()}
        kind = tag.rpartition(":")[2].lower()
        if kind == "subject":
            notes.subject.update(have)
        elif kind == "track" and have.get("filename"):
            view = have.get("view", "").strip().lower() or "frontal"
            notes.views[Path(have["filename"]).name.lower()] = view
        elif kind == "metadatum" and have.get("name"):
            notes.data[have["name"].strip().lower()] = have.get("value", "")

    def refuse(*_: object) -> None:
        raise DatabaseError(f"mmi: {path} declares a document type: remove the DOCTYPE line")

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(data(path), True)
    except (expat.ExpatError, LookupError, ValueError) as error:  # an unknown or wrong encoding
        raise DatabaseError(
            f"mmi: {path} is no XML file ({error}): copy the session again"
        ) from None
