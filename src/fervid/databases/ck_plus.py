"""CK+, the extended Cohn-Kanade database, in the layout of its two archives [1, Sec. 5.2]."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

from fervid.clip import Clip, Database
from fervid.databases.table import brief, text
from fervid.databases.tree import IMAGES, expect, folders, origin, visible
from fervid.errors import DatabaseError
from fervid.labels import CK_PLUS

# Number in an emotion file -> label; 0 is neutral, which is not one of the seven.
CODES = {
    1: "anger",
    2: "contempt",
    3: "disgust",
    4: "fear",
    5: "happiness",
    6: "sadness",
    7: "surprise",
}
# Clips per label in a complete copy [1, Table 1].
COUNTS = dict(zip(CK_PLUS, (45, 18, 59, 25, 69, 28, 83), strict=True))
SUBJECTS = 118

LICENCE = "CK+ is licensed to individuals for research; its pictures may not be redistributed."


def load(root: Path, *, last: int = 0) -> Database:
    """CK+: cohn-kanade-images/ and Emotion/ (327 labelled sequences, seven emotions).

    A sequence is used if its folder in Emotion/ holds a file with a number from 1 to 7. Sequences
    without a label (most of them) and those labelled neutral are left out and counted.

    Args:
        root: folder with both trees; Landmarks/ and FACS/ are not needed.
        last: number of frames to keep from the end of each sequence; 0 keeps all.

    Raises:
        DatabaseError: a tree is missing, or labelled sequences have no frames.
    """
    if last < 0:
        raise DatabaseError(f"ck_plus: the last {last} frames are none: use 1 or more, 0 for all")
    root = Path(root)
    pictures = expect(root, "cohn-kanade-images", "S005/001/S005_001_00000001.png, ...", "ck_plus")
    emotions = expect(root, "Emotion", "S005/001/S005_001_00000011_emotion.txt, ...", "ck_plus")
    frames = _sequences(pictures)
    labels = {key: _label(folder) for key, folder in _sequences(emotions).items()}
    labelled = sorted(key for key, code in labels.items() if code)
    counts = {key: len(_frames(frames[key])) if key in frames else 0 for key in labelled}
    bare = [key for key, count in counts.items() if not count]
    if bare or not labelled:
        raise DatabaseError(_half(root, pictures, emotions, bare, len(labelled)))
    clips = tuple(
        Clip("_".join(key), frames[key], "ck_plus", CODES[labels[key] or 0], key[0],
             start=max(0, counts[key] - last) if last else 0, apex=counts[key] - 1, view="frontal")
        for key in labelled
    )  # fmt: skip
    out = Counter("labelled neutral" for code in labels.values() if code == 0)
    out["without a label"] = sum(labels.get(key) is None for key in frames)
    # A stand-in in this layout is not the database and has its own licence.
    note = origin(root)
    licence = "" if note else LICENCE
    return Database("ck_plus", CK_PLUS, clips, "onset-apex", note, licence, dict(+out))


def stills(root: Path) -> Database:
    """CK+ as single pictures: the last three frames of each sequence, and the first as neutral.

    All 327 sequences give 1308 pictures with 8 labels [5, Sec. 4.1].

    Raises:
        DatabaseError: as `load`.
    """
    sequences = load(root)
    clips = tuple(
        replace(clip, name=path.stem, path=path, database="ck_plus_stills", label=label, apex=None)
        for clip in sequences.clips
        for path, label in _expressive(_frames(clip.path), clip.label)
    )
    labels = (*CK_PLUS, "neutral")
    return replace(sequences, name="ck_plus_stills", labels=labels, clips=clips, course="still")


def _expressive(frames: list[Path], label: str | None) -> list[tuple[Path, str | None]]:
    """The first frame, and the last three of the remaining ones."""
    return [(frames[0], "neutral"), *((path, label) for path in frames[1:][-3:])]


def _sequences(tree: Path) -> dict[tuple[str, str], Path]:
    """(subject, sequence) -> folder; names are compared ignoring spaces and case."""
    return {
        (subject.name.strip().upper(), sequence.name.strip()): sequence
        for subject in folders(tree)
        for sequence in folders(subject)
    }


def _frames(folder: Path) -> list[Path]:
    return [path for path in visible(folder) if path.suffix.lower() in IMAGES]


def _label(folder: Path) -> int | None:
    """The number in a sequence's emotion file; None without such a file."""
    files = [path for path in visible(folder) if path.name.lower().endswith("_emotion.txt")]
    if not files:
        return None
    content = text(files[0]).strip()
    try:
        code = float(content)
    except ValueError:
        code = -1.0
    if code not in (0, *CODES):
        raise DatabaseError(
            f"ck_plus: {files[0]} says {brief(content)} instead of a number from 0 to 7: "
            "unpack the emotion labels again"
        )
    return int(code)


def _half(
    root: Path, pictures: Path, emotions: Path, bare: list[tuple[str, str]], labelled: int
) -> str:
    if not labelled:
        return (
            f"ck_plus: no *_emotion.txt under {emotions} (expected S###/###/*_emotion.txt, "
            f"found {len(folders(emotions))} subject folders): unpack the emotion labels there"
        )
    first = "/".join(bare[0])
    return (
        f"ck_plus: {root} is half copied: {len(bare)} of {labelled} labelled sequences have no "
        f"frames under {pictures.name}/ (the first is {first}): copy the pictures again"
    )
