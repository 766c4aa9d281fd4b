"""Jobs on a real Ray cluster end in the files of one process, bit for bit."""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import scenes
import torch

from fervid.clip import Clip, Database
from fervid.evaluation import evaluate
from fervid.faces import FaceSettings, Store, prepare
from fervid.faces.video import write_video
from fervid.folds import hold_out
from fervid.parallel import on
from fervid.prediction import predict
from fervid.systems import SYSTEMS

pytest.importorskip("ray", reason="Ray is not installed: pip install 'fervid[ray]'")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::FutureWarning",
                               "ignore::pytest.PytestUnraisableExceptionWarning"),
]  # fmt: skip
FINDER = FaceSettings("cropped")


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """Two workers on this machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("RAY_ADDRESS", raising=False)
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        patch.setattr("fervid.parallel.cluster.cores", lambda: 2)
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # other numbers of threads round sums differently
        with on("ray"):
            yield
        torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Database:
    root = tmp_path_factory.mktemp("videos")
    clips = []
    for n in range(12):
        write_video(root / f"{n}.mp4", scenes.scene(n, frames=5, size=64), 25)
        clips.append(Clip(f"c{n}", root / f"{n}.mp4", "folder", ("anger", "fear")[n % 2], f"S{n}"))
    (root / "bad.mp4").write_text("no video")
    clips.append(Clip("bad", root / "bad.mp4", "folder", "fear", "S0"))
    return Database("folder", ("anger", "fear"), tuple(clips))


def files(root: Path, *without: str) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name not in without
    }


def test_jobs_on_a_cluster(cluster: None, database: Database, tmp_path: Path) -> None:
    """Prepared, evaluated and predicted here, outside of `on`, and there."""
    from fervid.parallel.spread import _clusters

    system = SYSTEMS["dtgn"]
    plan = replace(system.geometry.plan, epochs=2)
    system = replace(system, geometry=replace(system.geometry, plan=plan))
    there = list(_clusters)
    for place in ("here", "there"):
        _clusters[:] = there if place == "there" else []
        root = tmp_path / place
        done = prepare(database, root / "store", FINDER)
        assert done.done == 12 and list(done.failed) == ["bad"]
        store = Store.open(root / "store")
        folds = hold_out(store.database.clips, 0.3)
        evaluate(system, store, folds, root / "run", device="cpu", precision="32-true")
        videos = [clip.path for clip in database.clips[:3]]
        predict(videos, root / "tables", settings=FINDER, timeline=False)
    _clusters[:] = there
    here, there_ = tmp_path / "here", tmp_path / "there"
    assert files(here / "store") == files(there_ / "store")
    assert files(here / "tables") == files(there_ / "tables")
    changing = ("report.json", "report.html", "fold.json", "folds.csv", "workers.log")
    assert files(here / "run", *changing) == files(there_ / "run", *changing)
    scores = [json.loads((r / "run/report.json").read_text())["scores"] for r in (here, there_)]
    assert scores[0] == scores[1]
