"""DISFA: spontaneous expressions with coded action units, turned into emotions [3, Sec. 4.1].

DISFA has no emotion labels. Paper 3 derives seven by EMFACS but does not print its rules. Ours are
the prototypes and major variants that EMFACS lists for each emotion, restricted to the twelve
action units that DISFA codes (7, 10, 11, 16, 22, 23, 24 and 27 are not among them):

1. A frame without any of the twelve is neutral.
2. A rule fires when each of its units is present within its range; 1 to 5 are the intensities A
   to E. Units that a rule does not name do not matter.
3. Among the rules that fire, the one with the most units wins. A tie between emotions leaves the
   frame unmatched, and so does a frame on which no rule fires.
4. Runs of consecutive frames with one label are cut into sequences of ten; the remainder at the
   end of a run is not used. An uncoded (dropped) frame ends a run.

Unmatched, dropped and leftover frames are counted in `Database.left_out`.
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fervid.clip import Clip, Database
from fervid.databases.table import brief, lines, whole
from fervid.databases.tree import VIDEOS, expect, folders, natural, origin, visible
from fervid.errors import DatabaseError
from fervid.labels import DISFA as LABELS

UNITS = (1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26)
SUBJECTS = 27
FRAMES = 4845  # frames of one video, at 20 per second
LONGEST = 1_000_000  # frames; larger frame numbers are taken for errors
LENGTH = 10  # frames per sequence [3, Sec. 4.1]

ANY, B, CD = (1, 5), (2, 5), (3, 4)
UP_TO_B = (1, 2)
# Emotion -> its rules; each rule maps an action unit to its (lowest, highest) intensity.
EMFACS: dict[str, tuple[dict[int, tuple[int, int]], ...]] = {
    "anger": ({4: ANY, 5: ANY}, {4: ANY, 17: ANY}, {4: ANY, 5: ANY, 25: ANY},
              {4: ANY, 5: ANY, 26: ANY}, {4: ANY, 5: ANY, 17: ANY}),
    "disgust": ({9: ANY}, {9: ANY, 17: ANY}, {9: ANY, 15: ANY, 26: ANY}),
    "fear": ({1: ANY, 2: ANY, 4: ANY, 5: ANY}, {1: ANY, 2: ANY, 4: ANY, 5: ANY, 20: ANY},
             {1: ANY, 2: ANY, 5: (5, 5)}, {5: ANY, 20: ANY}),
    "happiness": ({6: ANY, 12: ANY}, {12: CD}),
    "sadness": ({1: ANY, 4: ANY, 15: ANY}, {6: ANY, 15: ANY}, {1: ANY, 4: ANY, 15: B, 17: ANY}),
    "surprise": ({1: ANY, 2: ANY, 5: UP_TO_B, 26: ANY}, {1: ANY, 2: ANY, 5: UP_TO_B},
                 {1: ANY, 2: ANY, 26: ANY}, {5: UP_TO_B, 26: ANY}),
}  # fmt: skip

LICENCE = "DISFA is licensed to individuals for research by the University of Denver."
UNMATCHED, DROPPED = -1, -2
NOTES = {
    UNMATCHED: "frames that match no emotion",
    DROPPED: "dropped frames",
}


def load(root: Path, *, camera: str = "left") -> Database:
    """DISFA: ActionUnit_Labels/SN001/SN001_au1.txt and Videos_LeftCamera/LeftVideoSN001_comp.avi.

    Each clip is a sequence of ten frames with one of seven labels (27 subjects).

    Args:
        root: folder with both.
        camera: left or right.

    Raises:
        DatabaseError: a folder, a subject's video or a unit's file is missing or unreadable.
    """
    root = Path(root)
    if camera not in ("left", "right"):
        raise DatabaseError(f"disfa: no camera {camera!r}: choose left or right")
    coded = expect(root, "ActionUnit_Labels", "SN001/SN001_au1.txt, ...", "disfa")
    videos = _videos(root, camera)
    out: Counter[str] = Counter()
    clips: list[Clip] = []
    for folder in folders(coded):
        who = folder.name.strip().upper()
        if who not in videos:
            raise DatabaseError(
                f"disfa: {who} has coded units but no video of the {camera} camera (found "
                f"{len(videos)} videos): copy {camera.title()}Video{who}_comp.avi"
            )
        codes = labels(intensities(folder))
        out.update({note: int((codes == code).sum()) for code, note in NOTES.items()})
        for code, start in _sequences(codes, out):
            name = f"{who}_{start:05d}"
            clips.append(Clip(name, videos[who], "disfa", LABELS[code], who, start, start + LENGTH))
    if not clips:
        raise DatabaseError(f"disfa: no sequence under {coded}: copy the coded units again")
    return Database(
        "disfa", LABELS, tuple(clips), "unknown", origin(root), LICENCE, left_out=dict(+out)
    )


def intensities(folder: Path) -> NDArray[np.int8]:
    """(T, 12) intensity 0..5 of each unit in `UNITS` on each frame; -1 where not coded.

    Args:
        folder: one subject's folder, with a file per unit; its lines are "frame,intensity",
            with frames counted from 1.

    Raises:
        DatabaseError: a unit's file is missing or malformed.
    """
    files = {path.name.lower(): path for path in visible(folder)}
    columns = []
    for unit in UNITS:
        name = f"{folder.name.strip().lower()}_au{unit}.txt"
        if name not in files:
            raise DatabaseError(
                f"disfa: no {name} in {folder} (found {len(files)} files): copy the units again"
            )
        columns.append(_pairs(files[name]))
    coded = np.full((max(int(pairs[:, 0].max()) for pairs in columns), len(UNITS)), -1, np.int8)
    for number, pairs in enumerate(columns):
        coded[pairs[:, 0] - 1, number] = pairs[:, 1]
    return coded


def labels(coded: NDArray[np.int8]) -> NDArray[np.intp]:
    """(T, 12) intensities -> (T,) index into LABELS, UNMATCHED or DROPPED."""
    size = np.zeros(len(coded), np.intp)  # number of units in the best rule so far
    best = np.full(len(coded), UNMATCHED)
    for label, rules in EMFACS.items():
        code = LABELS.index(label)
        for rule in rules:
            fires = np.ones(len(coded), bool)
            for unit, (least, most) in rule.items():
                column = coded[:, UNITS.index(unit)]
                fires &= (column >= least) & (column <= most)
            best[fires & (len(rule) == size) & (best != code)] = UNMATCHED
            best[fires & (len(rule) > size)] = code
            size[fires] = np.maximum(size[fires], len(rule))
    best[(coded == 0).all(axis=1)] = LABELS.index("neutral")
    best[(coded < 0).any(axis=1)] = DROPPED
    return best


def _sequences(codes: NDArray[np.intp], out: Counter[str]) -> Iterator[tuple[int, int]]:
    """(label, first frame) of every sequence; leftover frames are counted in `out`."""
    ends = np.flatnonzero(np.diff(codes)) + 1
    for start, end in zip((0, *ends), (*ends, len(codes)), strict=True):
        if codes[start] < 0:
            continue
        out["frames left over at the end of a run"] += int(end - start) % LENGTH
        for first in range(int(start), int(end) - LENGTH + 1, LENGTH):
            yield int(codes[start]), first


def _pairs(path: Path) -> NDArray[np.int64]:
    """(N, 2) frame and intensity."""
    pairs = []
    for where, line in lines(path):
        numbers = [whole(cell) for cell in line.replace(",", " ").split()]
        if len(numbers) != 2 or not 1 <= (numbers[0] or 0) <= LONGEST or numbers[1] not in range(6):
            raise DatabaseError(
                f"disfa: {where}: {brief(line)} is no 'frame,intensity' (frames from 1, "
                "intensities 0 to 5): copy the file again"
            )
        pairs.append(numbers)
    if not pairs:
        raise DatabaseError(f"disfa: {path} is empty: copy it again")
    return np.array(pairs, np.int64)


def _videos(root: Path, camera: str) -> dict[str, Path]:
    """Subject -> video; copies spell folders and files in several ways."""
    place = re.compile(rf"videos?_{camera}_?camera", re.IGNORECASE)
    found = [folder for folder in folders(root) if place.fullmatch(folder.name.strip())]
    if not found:
        name = f"Videos_{camera.title()}Camera"
        expect(root, name, f"{camera.title()}VideoSN001_comp.avi, ...", "disfa")
    videos = {}
    for path in visible(found[0]):
        who = re.match(rf"{camera}video(sn\d+)", path.name, re.IGNORECASE)
        if who and path.suffix.lower() in VIDEOS:
            videos[who[1].upper()] = path
    return dict(sorted(videos.items(), key=lambda pair: natural(pair[0])))
