"""The command as a user runs it, and databases that are quick to make."""

import csv
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any
from zlib import crc32

import fakes
import numpy as np
import pytest
import scenes
from typer.testing import CliRunner, Result

from fervid.cli import app
from fervid.clip import Clip, Database
from fervid.faces import store
from fervid.faces.settings import FaceSettings
from fervid.faces.trackfile import write_tracks
from fervid.faces.tracking import FrameFaces, Seen
from fervid.faces.video import Frame, write_video

SIZE, LABELS = 64, ("anger", "fear", "happiness")


@pytest.fixture
def run() -> Callable[..., Result]:
    """`run("folds", "show", ...)`; no command may end in a traceback."""

    def call(*words: Any) -> Result:
        done = CliRunner().invoke(app, [str(word) for word in words])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done

    return call


@pytest.fixture
def refused(run) -> Callable[..., str]:
    """A command that must end with exit code 2 and one sentence, which comes back."""

    def call(*words: Any) -> str:
        done = run(*words)
        assert done.exit_code == 2, (done.exit_code, done.output)
        said = [line for line in done.stderr.splitlines() if line.startswith("fervid: ")]
        assert len(said) == 1 and "Traceback" not in done.output
        assert done.stderr.splitlines()[-1] == said[0], done.stderr
        return said[0].removeprefix("fervid: ")

    return call


@pytest.fixture(scope="session")
def scene() -> Callable[[int], np.ndarray]:
    """Six small pictures; others for each number."""
    return partial(scenes.scene, frames=6, size=SIZE)


@pytest.fixture
def folder(tmp_path, scene) -> Path:
    """Eight people, one clip each, by a manifest."""
    root = tmp_path / "my data"
    root.mkdir()
    rows = []
    for number in range(8):
        write_video(root / f"c{number}.mp4", scene(number), 25)
        rows.append((f"c{number}.mp4", LABELS[number % 2], f"S{number}"))
    write_manifest(root, rows)
    return root


def write_manifest(root: Path, rows: list[tuple[str, str, str]]) -> None:
    with (root / "manifest.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("path", "label", "subject"), *rows])


@pytest.fixture
def add(folder) -> Callable[[str, str], None]:
    """Another clip in the manifest, of somebody else."""

    def more(name: str, subject: str) -> None:
        with (folder / "manifest.csv").open("a", newline="") as file:
            csv.writer(file).writerow((name, LABELS[0], subject))

    return more


def prepared(root: Path, name: str, labels: tuple[str, ...] = LABELS, parts: bool = False) -> Path:
    """A store of 36 clips of twelve people whose mouths move by their label."""
    clips = tuple(
        Clip(f"c{n:02d}", Path(f"nowhere/c{n}.mp4"), name, labels[n % 3],
             None if parts else f"S{n // 3:02d}",
             groups={"part": ("train", "train", "validation")[n // 3 % 3]} if parts else {})
        for n in range(36)
    )  # fmt: skip
    database = Database(name, labels, clips, "onset-apex", "drawn for a test")
    store.begin(root, database)
    rows = []
    for number, clip in enumerate(clips):
        path = store.track_path(root, sha256(f"{name} {number}".encode()).hexdigest())
        summary = write_tracks(path, _moving(name, number), FaceSettings(), {"finder": "test"})
        rows.append(store.Row(clip, path.stem, summary))
    store.write_index(root, database, FaceSettings(), "1", rows)
    return root


def _moving(name: str, number: int):
    rng = np.random.default_rng([crc32(name.encode()), number])
    base = np.random.default_rng(0).uniform(15, 45, (68, 2)).astype(np.float32)
    image = np.zeros((SIZE, SIZE, 3), np.uint8)
    for frame in range(3):
        points = base + rng.normal(0, 0.5, base.shape).astype(np.float32)
        points[48 + 6 * (number % 3) : 54 + 6 * (number % 3), 1] += 4 * frame
        yield FrameFaces(Frame(frame, frame / 25, image), (Seen(0, points, 1.0),))


@pytest.fixture(scope="session")
def stores(tmp_path_factory) -> dict[str, Path]:
    """Three prepared databases; gamma has contempt in place of fear, parts comes in parts."""
    home = tmp_path_factory.mktemp("stores")
    made = {name: prepared(home / name, name) for name in ("alpha", "beta")}
    made["gamma"] = prepared(home / "gamma", "gamma", ("anger", "contempt", "happiness"))
    made["parts"] = prepared(home / "parts", "parts", parts=True)
    return made


@pytest.fixture
def quick(monkeypatch) -> None:
    """A system "quick" that learns class means, and no pictures in reports."""
    import importlib

    from fervid.systems import SYSTEMS

    monkeypatch.setitem(SYSTEMS, "quick", fakes.FakeSystem(name="quick"))
    module = importlib.import_module("fervid.evaluation.evaluate")
    monkeypatch.setattr(module, "write_page", lambda *_: None)
