"""Prepare a database: every clip's faces into a store, in several processes, resumable.

A clip is done when its track file has its name; the index is written last and whole. What is
killed in between is done again, what is finished is not.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path

import cv2

from fervid.atomic import held, sweep
from fervid.clip import Clip, Database
from fervid.errors import FacesError, OutputError
from fervid.faces import store
from fervid.faces.detect import finder
from fervid.faces.detections import Finder
from fervid.faces.landmark_table import from_table
from fervid.faces.settings import FaceSettings
from fervid.faces.trackfile import Summary, read_summary, write_tracks
from fervid.faces.tracking import follow
from fervid.faces.video import frames, pictures, special
from fervid.parallel import spread
from fervid.progress import bar
from fervid.text import printable


@dataclass(frozen=True)
class Prepared:
    """What a call did.

    Args:
        done: clips whose faces were found now.
        skipped: clips that were there already.
        failed: why a clip has no track, by name.
    """

    done: int
    skipped: int
    failed: Mapping[str, str]


@dataclass(frozen=True)
class _Outcome:
    row: store.Row
    fresh: bool


def prepare(
    database: Database, root: Path, settings: FaceSettings | None = None, jobs: int = 1
) -> Prepared:
    """Find the faces of every clip, once; a clip that cannot be read is recorded, not fatal.

    Args:
        root: the store's folder, new or of an earlier call for the same database.
        settings: by default the built-in finder's, or for clips with landmarks "table".
        jobs: processes; the result is the same for any number.

    Raises:
        FacesError: the finder cannot be started.
        InputError: `root` holds something else.
        OutputError: `root` cannot be written to; finished clips are kept.
    """
    settings = settings or FaceSettings("table" if _brings_landmarks(database) else "builtin")
    _check_finder(database, settings.finder)
    root = Path(root)
    found: dict[str, _Outcome] = {}
    with _one_thread(settings), closing(finder(settings)) as found_by, ExitStack() as stack:
        stack.enter_context(held(root, "fervid prepare"))
        store.begin(root, database)
        for folder in (root, root / "tracks"):
            sweep(folder)
        if min(jobs, len(database.clips)) > 1:
            found_by.close()
            start = partial(_start, root, settings)
        else:
            start = partial(_Worker, root, settings, found_by)
        outcomes = spread(start, database.clips, jobs, _crashed, threads=1)
        for _, outcome in bar(outcomes, f"faces of {database.name}", len(database.clips)):
            found[outcome.row.clip.name] = outcome
    rows = [found[clip.name].row for clip in database.clips]
    store.write_index(root, database, settings, found_by.version, rows)
    failed = {row.clip.name: row.reason for row in rows if row.reason}
    fresh = sum(o.fresh for o in found.values() if not o.row.reason)
    return Prepared(fresh, len(rows) - fresh - len(failed), failed)


def _check_finder(database: Database, name: str) -> None:
    own = _brings_landmarks(database)
    if own and name != "table":
        raise FacesError(f"{database.name} brings landmarks of its own: leave the face finder out")
    if name == "table" and not own:
        raise FacesError(f"{database.name} brings no landmarks: name a face finder")


def _brings_landmarks(database: Database) -> bool:
    return any(clip.landmarks for clip in database.clips)


def clip_key(clip: Clip, settings: FaceSettings, version: str) -> str:
    """Sha256 over the source's bytes, the span, the settings and the finder's version."""
    parts: tuple[object, ...] = (
        content(clip.path), clip.start, clip.end, settings.digest(version),
    )  # fmt: skip
    if clip.landmarks:
        parts = (*parts, content(clip.landmarks))
    return sha256(repr(parts).encode()).hexdigest()


def content(path: Path) -> str:
    """Sha256 over a file's bytes, or over the names and bytes of a folder's images."""
    digest = sha256()
    for part in pictures(path) if path.is_dir() else [path]:
        digest.update(part.name.encode() if path.is_dir() else part.suffix.lower().encode())
        with part.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


class _Worker:
    """What one process keeps between clips: the finder."""

    def __init__(self, root: Path, settings: FaceSettings, found_by: Finder) -> None:
        self._root, self._settings, self._finder = root, settings, found_by

    def __call__(self, clip: Clip) -> _Outcome:
        """One clip's tracks; whatever is wrong with the clip becomes the reason in its row."""
        key = ""
        try:
            for source in filter(None, (clip.path, clip.landmarks)):
                if special(source) or not source.exists():
                    next(frames(source))  # says so; to read from a pipe would never end
            key = clip_key(clip, self._settings, self._finder.version)
            path = store.track_path(self._root, key)
            there = read_summary(path)
            summary = there or self._write(clip, path)
        except (OutputError, FacesError):
            raise
        except Exception as error:  # a clip must not end a night's work, whatever a decoder does
            reason = printable(" ".join(str(error).split())) or type(error).__name__
            return _Outcome(store.Row(clip, key, Summary(), reason), fresh=True)
        reason = "" if summary.faces else f"no face in any of its {summary.frames} frames"
        return _Outcome(store.Row(clip, key, summary, reason), fresh=there is None)

    def _write(self, clip: Clip, path: Path) -> Summary:
        set_ = self._settings
        found_by = {"finder": set_.finder, "version": self._finder.version}
        if clip.landmarks:
            pictures = clip.path != clip.landmarks
            seen = from_table(clip.landmarks, clip.path, clip.start, clip.end, set_.rate)
            return write_tracks(path, seen, set_, found_by, pictures)
        images = frames(clip.path, clip.start, clip.end, set_.rate)
        return write_tracks(path, follow(images, set_, self._finder), set_, found_by)


def _start(root: Path, settings: FaceSettings) -> _Worker:
    return _Worker(root, settings, finder(settings))


def _crashed(clip: Clip) -> _Outcome:
    """Of a clip on which a decoder crashes."""
    reason = printable(f"{clip.path} ends the process that reads it: check or convert it")
    return _Outcome(store.Row(clip, "", Summary(), reason), fresh=True)


@contextmanager
def _one_thread(settings: FaceSettings) -> Iterator[None]:
    """One thread gives the same numbers everywhere; whoever called us goes on with theirs.

    OpenCV's threads would wait busily for work that is too small for them.
    """
    kept = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        if settings.finder != "mediapipe":
            import torch

            threads = torch.get_num_threads()
            torch.set_num_threads(1)
        yield
    finally:
        cv2.setNumThreads(kept)
        if settings.finder != "mediapipe":
            torch.set_num_threads(threads)
