"""A store without videos and a system without networks, for everything around them."""

import json
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from fervid.clip import Clip, Database
from fervid.faces.track import Track

LABELS = ("anger", "fear", "happiness")


def track(label: int, seed: int, frames: int = 4, noise: float = 0.12) -> Track:
    """A face whose mouth moves by its label, more from frame to frame."""
    rng = np.random.default_rng(seed)
    base = np.random.default_rng(0).uniform(2, 30, (68, 2))
    push = np.zeros((68, 2))
    push[48 + 6 * label : 54 + 6 * label, 1] = 6
    grows = np.linspace(0, 1, frames)[:, None, None]
    points = base + push * grows + rng.normal(0, noise * 20, (frames, 68, 2))
    return Track(
        faces=np.zeros((frames, 8, 8, 3), np.uint8),
        landmarks=points.astype(np.float32),
        times=np.arange(frames) / 25,
        frames=np.arange(frames),
        status=np.zeros(frames, np.uint8),
        score=np.ones(frames, np.float32),
        to_frame=np.tile(np.eye(2, 3, dtype=np.float32), (frames, 1, 1)),
        face=0,
        found_by={"finder": "fake"},
    )


@dataclass(frozen=True)
class FakeStore:
    """Tracks by clip name; those absent have no face."""

    database: Database
    tracks: Mapping[str, Track] = field(repr=False)
    digest: str = "0" * 64
    keys: Mapping[str, str] = field(default_factory=dict)

    @property
    def failed(self) -> dict[str, str]:
        return {"c003": "the video ends in its header"}

    def main_track(self, clip: Clip) -> Track | None:
        return self.tracks.get(clip.name)

    def key(self, clip: Clip) -> str:
        return self.keys.get(clip.name, f"{self.database.name} {clip.name}")


def store(
    subjects: int = 12, each: int = 6, lost: tuple[int, ...] = (), origin: str = ""
) -> FakeStore:
    """`each` clips of each subject, labels in turn; the clips in `lost` have no face."""
    clips = tuple(
        Clip(f"c{number:03d}", Path("x"), "fake", LABELS[number % 3], f"S{number // each + 1}")
        for number in range(subjects * each)
    )
    database = Database("fake", LABELS, clips, "onset-apex", origin)
    tracks = {
        clip.name: track(number % 3, number)
        for number, clip in enumerate(clips)
        if number not in lost
    }
    return FakeStore(database, tracks)


@dataclass(frozen=True)
class FakeRecognizer:
    """The nearest class mean of a sample, as a softmax over distances."""

    system: Any
    labels: tuple[str, ...]
    means: Any
    output: str = "joint"
    remarks: tuple[str, ...] = ("the means are means",)

    def predict(self, arrays: Mapping[str, Any]) -> dict[str, Any]:
        found = {}
        for name, columns in (
            ("dtan", slice(96, 120)),
            ("dtgn", slice(110, 136)),
            ("joint", slice(0, 136)),
        ):
            far = np.abs(arrays["points"][:, None, columns] - self.means[:, columns]).mean(axis=2)
            odds = np.exp(-(far - far.min(axis=1, keepdims=True)))
            found[name] = (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)
        return found


@dataclass(frozen=True)
class FakeSystem:
    """Fits class means; notes every fit in the run's folder, and dies where it is told to."""

    per_frame: ClassVar[bool] = False
    name: str = "fake"
    shrink: float = 0.0
    dies_in: str = ""
    hard: bool = False

    def inputs(self, track: Track) -> dict[str, Any]:
        # Two samples a clip: its last two frames.
        return {"points": track.landmarks[-2:].reshape(-1, 136)}

    def fit(self, train: Any, validation: Any, run: Any) -> FakeRecognizer:
        assert not set(train.subject) & set(validation.subject)
        assert len(train)
        if self.dies_in and self.dies_in in run.name:
            if self.hard:
                os.kill(os.getpid(), signal.SIGKILL)
            raise KeyboardInterrupt
        with (run.folder.parent / "fits.log").open("a") as log:
            log.write(json.dumps([run.folder.name, run.seed, sorted(set(train.subject))]) + "\n")
        (run.folder / "points.csv").write_text(
            "epoch,loss,validation_loss\n"
            + "".join(f"{e},{2 / (e + 1)},{2.2 / (e + 1)}\n" for e in range(9))
        )
        means = [
            train.arrays["points"][train.target == k].mean(axis=0) for k in range(len(train.labels))
        ]
        return FakeRecognizer(self, train.labels, np.array(means) * (1 - self.shrink))


class Mortal:
    """The fake system with a death that is not a field of its recipe."""

    name = "fake"

    def __init__(self, dies_in: str = "", hard: bool = False) -> None:
        self.fake = FakeSystem(dies_in=dies_in, hard=hard)

    def inputs(self, track: Track) -> dict[str, Any]:
        return self.fake.inputs(track)

    def fit(self, train: Any, validation: Any, run: Any) -> FakeRecognizer:
        return self.fake.fit(train, validation, run)


class Pupil(Mortal):
    """The fake system, said to learn from a model's file."""

    def __init__(self, teacher: Path) -> None:
        super().__init__()
        self.learns_from = (teacher,)
