"""Prepare a database: every clip's faces into a store, in several processes, resumable.

A clip is done when its track file has its name; the index is written last and whole. What is
killed in between is done again, what is finished is not.
"""

import multiprocessing
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import cv2

from fervid.clip import Clip, Database
from fervid.errors import FacesError, OutputError
from fervid.faces import store
from fervid.faces.detect import finder
from fervid.faces.following import follow
from fervid.faces.found import Finder
from fervid.faces.settings import FaceSettings
from fervid.faces.trackfile import Summary, read_summary, write_tracks
from fervid.faces.video import frames, pictures
from fervid.progress import track


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
        settings: by default the built-in finder's.
        jobs: processes; the result is the same for any number.

    Raises:
        FacesError: the finder cannot be started.
        InputError: `root` holds something else.
        OutputError: `root` cannot be written to; finished clips are kept.
    """
    settings = settings or FaceSettings()
    root = Path(root)
    found: dict[str, _Outcome] = {}
    with _one_thread(settings), closing(finder(settings)) as found_by:
        store.begin(root, database)
        if jobs == 1:
            outcomes: Iterator[_Outcome] = map(_Worker(root, settings, found_by), database.clips)
        else:
            found_by.close()
            outcomes = _there(database.clips, root, settings, jobs)
        for outcome in track(outcomes, f"faces of {database.name}", len(database.clips)):
            found[outcome.row.clip.name] = outcome
    rows = [found[clip.name].row for clip in database.clips]
    store.write_index(root, database, settings, found_by.version, rows)
    _sweep(root, {row.key for row in rows})
    failed = {row.clip.name: row.reason for row in rows if row.reason}
    fresh = sum(o.fresh for o in found.values() if not o.row.reason)
    return Prepared(fresh, len(rows) - fresh - len(failed), failed)


def clip_key(clip: Clip, settings: FaceSettings, version: str) -> str:
    """Sha256 over the source's bytes, the span, the settings and the finder's version."""
    parts = (content(clip.path), clip.start, clip.end, settings.digest(version))
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
            if not clip.path.exists():
                next(frames(clip.path))  # says so
            key = clip_key(clip, self._settings, self._finder.version)
            path = store.track_path(self._root, key)
            there = read_summary(path)
            summary = there or self._write(clip, path)
        except (OutputError, FacesError):
            raise
        except Exception as error:  # a clip must not end a night's work, whatever a decoder does
            reason = " ".join(str(error).split()) or type(error).__name__
            return _Outcome(store.Row(clip, key, Summary(), reason), fresh=True)
        reason = "" if summary.faces else f"no face in any of its {summary.frames} frames"
        return _Outcome(store.Row(clip, key, summary, reason), fresh=there is None)

    def _write(self, clip: Clip, path: Path) -> Summary:
        set_ = self._settings
        images = frames(clip.path, clip.start, clip.end, set_.rate)
        found_by = {"finder": set_.finder, "version": self._finder.version}
        return write_tracks(path, follow(images, set_, self._finder), set_, found_by)


_worker: _Worker | None = None  # of a child process


def _start(root: Path, settings: FaceSettings) -> None:
    global _worker
    threading.Thread(target=_end_with_parent, daemon=True).start()
    cv2.setNumThreads(1)  # processes are what is parallel here
    _worker = _Worker(root, settings, finder(settings))


def _end_with_parent() -> None:
    """A killed parent cannot tell its pool to stop; its children would wait for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(clip: Clip) -> _Outcome:
    assert _worker is not None
    return _worker(clip)


def _there(
    clips: Sequence[Clip], root: Path, settings: FaceSettings, jobs: int
) -> Iterator[_Outcome]:
    """Outcomes as they come; a clip that kills its process (a decoder's crash) is recorded."""
    left = {clip.name: clip for clip in clips}
    while left:
        try:
            for outcome in _pool(list(left.values()), root, settings, jobs):
                del left[outcome.row.clip.name]
                yield outcome
        except BrokenProcessPool:  # clips go in order: it was one of the first that are left
            for clip in list(left.values())[: jobs + 2]:
                del left[clip.name]
                yield _alone(clip, root, settings)


def _alone(clip: Clip, root: Path, settings: FaceSettings) -> _Outcome:
    try:
        return next(_pool([clip], root, settings, 1))
    except BrokenProcessPool:
        reason = f"{clip.path} ends the process that reads it: check or convert it"
        return _Outcome(store.Row(clip, "", Summary(), reason), fresh=True)


def _pool(
    clips: Sequence[Clip], root: Path, settings: FaceSettings, jobs: int
) -> Iterator[_Outcome]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, _start, (root, settings)) as pool:
        try:
            running: set[Future[_Outcome]] = {pool.submit(_work, clip) for clip in clips}
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)


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


def _sweep(root: Path, keys: set[str]) -> None:
    """Remove what a killed process had begun."""
    for part in (root / "tracks").glob(".*.part.*"):
        if part.name[1:].split(".")[0] in keys:
            part.unlink(missing_ok=True)
