"""Prepares a database: writes the faces of every clip to a store, in parallel and resumably.

A clip is finished once its track file exists under its final name; the index is written last, in
one piece. After an interruption, only unfinished clips are done again.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path

import cv2

from fervid.atomic import held, part_held, sweep, turn
from fervid.clip import Clip, Database
from fervid.errors import FacesError, OutputError
from fervid.faces import shards, store
from fervid.faces.detect import finder
from fervid.faces.detections import Finder
from fervid.faces.files import pictures, special
from fervid.faces.landmark_table import from_table
from fervid.faces.settings import FaceSettings
from fervid.faces.trackfile import Summary, read_summary, write_tracks
from fervid.faces.tracking import follow
from fervid.faces.video import frames
from fervid.parallel import elsewhere, spread
from fervid.progress import bar
from fervid.share import Share
from fervid.text import printable

WHAT = "fervid prepare"


@dataclass(frozen=True)
class Prepared:
    """Result of `prepare`.

    Args:
        done: number of clips prepared now.
        skipped: number of clips that were already there.
        failed: the reason why a clip has no track, by name.
        waiting: numbers of the shares without which the index cannot be written.
    """

    done: int
    skipped: int
    failed: Mapping[str, str]
    waiting: tuple[int, ...] = ()


@dataclass(frozen=True)
class _Outcome:
    row: store.Row
    fresh: bool


def prepare(
    database: Database,
    root: Path,
    settings: FaceSettings | None = None,
    jobs: int = 1,
    *,
    share: Share | None = None,
    device: str = "cpu",
) -> Prepared:
    """Find the faces of every clip once; clips that cannot be read are recorded and skipped.

    Args:
        root: folder of the store, new or from an earlier call for the same database.
        settings: by default those of the built-in finder, or of "table" for clips with landmarks.
        jobs: number of processes; the result is the same for any number.
        share: prepare only these clips, beside processes that prepare the others in the same
            folder; the last of them writes the index.
        device: of the landmark network: "cpu", "cuda" or "auto". It is not part of a clip's key.

    Raises:
        FacesError: the finder cannot be started.
        InputError: `root` contains something else, or there is no such device.
        OutputError: `root` cannot be written to; finished clips are kept.
    """
    settings = settings or FaceSettings("table" if _brings_landmarks(database) else "builtin")
    _check_finder(database, settings.finder)
    root = Path(root)
    clips = share.take(database.clips) if share else database.clips
    by_name: dict[str, _Outcome] = {}
    with ExitStack() as stack:
        stack.enter_context(_one_thread(settings))
        face_finder = stack.enter_context(closing(finder(settings, device=device)))
        if share:
            with turn(root, WHAT):
                store.begin(root, database)
                stack.enter_context(part_held(root, f"{WHAT} --shard", f"shard-{share.name}"))
        else:
            stack.enter_context(held(root, WHAT))
            store.begin(root, database)
            for folder in (root, root / "tracks"):
                sweep(folder)
        if elsewhere(jobs, len(clips)):
            face_finder.close()
            start = partial(_start, root, settings, device)
        else:
            start = partial(_Worker, root, settings, face_finder)
        outcomes = spread(start, clips, jobs, _crashed, threads=1)
        for _, outcome in bar(outcomes, f"faces of {database.name}", len(clips)):
            by_name[outcome.row.clip.name] = outcome
        rows = [by_name[clip.name].row for clip in clips]
        waiting: tuple[int, ...] = ()
        index = (root, database, settings, face_finder.version, rows)
        if share:
            with turn(root, WHAT):
                waiting = shards.write_share(*index, share=share)
        else:
            store.write_index(*index)
            shards.forget(root)
    failed = {row.clip.name: row.reason for row in rows if row.reason}
    fresh = sum(o.fresh for o in by_name.values() if not o.row.reason)
    return Prepared(fresh, len(rows) - fresh - len(failed), failed, waiting)


def _check_finder(database: Database, name: str) -> None:
    own = _brings_landmarks(database)
    if own and name != "table":
        raise FacesError(f"{database.name} brings its own landmarks: leave the face finder out")
    if name == "table" and not own:
        raise FacesError(f"{database.name} brings no landmarks: choose a face finder")


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
    """Prepares clips in one process; keeps the finder between clips."""

    def __init__(self, root: Path, settings: FaceSettings, face_finder: Finder) -> None:
        self._root, self._settings, self._finder = root, settings, face_finder

    def __call__(self, clip: Clip) -> _Outcome:
        """Write the tracks of a clip; any problem with the clip becomes the reason in its row."""
        key = ""
        try:
            for source in filter(None, (clip.path, clip.landmarks)):
                if special(source) or not source.exists():
                    next(frames(source))  # raises; hashing a pipe would never end
            key = clip_key(clip, self._settings, self._finder.version)
            path = store.track_path(self._root, key)
            earlier = read_summary(path)
            summary = earlier or self._write(clip, path)
        except (OutputError, FacesError):
            raise
        except Exception as error:  # whatever a decoder raises, one clip must not stop the others
            reason = printable(" ".join(str(error).split())) or type(error).__name__
            return _Outcome(store.Row(clip, key, Summary(), reason), fresh=True)
        reason = "" if summary.faces else f"no face in any of its {summary.frames} frames"
        return _Outcome(store.Row(clip, key, summary, reason), fresh=earlier is None)

    def _write(self, clip: Clip, path: Path) -> Summary:
        set_ = self._settings
        found_by = {"finder": set_.finder, "version": self._finder.version}
        if clip.landmarks:
            pictures = clip.path != clip.landmarks
            seen = from_table(clip.landmarks, clip.path, clip.start, clip.end, set_.rate)
            return write_tracks(path, seen, set_, found_by, pictures)
        images = frames(clip.path, clip.start, clip.end, set_.rate)
        return write_tracks(path, follow(images, set_, self._finder), set_, found_by)


def _start(root: Path, settings: FaceSettings, device: str) -> _Worker:
    return _Worker(root, settings, finder(settings, device=device))


def _crashed(clip: Clip) -> _Outcome:
    """The outcome for a clip on which a decoder crashes."""
    reason = printable(f"{clip.path} crashes the process that reads it: check or convert it")
    return _Outcome(store.Row(clip, "", Summary(), reason), fresh=True)


@contextmanager
def _one_thread(settings: FaceSettings) -> Iterator[None]:
    """Use one thread, which gives the same numbers everywhere; restore the caller's threads.

    OpenCV's threads would only busy-wait, because the work is too small for them.
    """
    opencv_threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        if settings.finder != "mediapipe":
            import torch

            torch_threads = torch.get_num_threads()
            torch.set_num_threads(1)
        yield
    finally:
        cv2.setNumThreads(opencv_threads)
        if settings.finder != "mediapipe":
            torch.set_num_threads(torch_threads)
