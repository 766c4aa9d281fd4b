"""Preparing a database: the same bytes however it went, and no clip that ends it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from fervid.atomic import held, part_held
from fervid.clip import Clip, Database
from fervid.errors import FacesError, InputError, OutputError
from fervid.faces import preparing, trackfile
from fervid.faces.preparing import Prepared, clip_key, prepare
from fervid.faces.settings import FaceSettings
from fervid.faces.store import Store
from fervid.faces.video import write_video
from fervid.share import Share

# A puppet need not convince the landmark network, only the cascade: what is tested is the rest.
SETTINGS = FaceSettings(min_score=0.0)


def puppet(x: float, y: float, s: float, height: int = 120, width: int = 160) -> NDArray[np.uint8]:
    """A face that the Haar cascade takes for one: what is dark and what is bright, no more."""
    image = np.full((height, width), 90, np.float32)

    def blob(cx: float, cy: float, a: float, b: float, grey: float) -> None:
        middle, axes = (int(x + cx * s), int(y + cy * s)), (max(1, int(a * s)), max(1, int(b * s)))
        cv2.ellipse(image, middle, axes, 0, 0, 360, grey, -1)

    blob(0, 0.1, 0.8, 1.05, 190)
    for side in (-1, 1):
        blob(0.35 * side, -0.42, 0.24, 0.06, 60)
        blob(0.35 * side, -0.2, 0.2, 0.1, 110)
        blob(0.35 * side, -0.2, 0.09, 0.09, 30)
    blob(0, 0.15, 0.1, 0.3, 230)
    blob(0, 0.65, 0.34, 0.08, 90)
    soft = np.clip(cv2.GaussianBlur(image, (0, 0), s * 0.04), 0, 255).astype(np.uint8)
    return np.repeat(soft[..., None], 3, axis=2)


def moving(count: int, seed: int) -> Iterator[NDArray[np.uint8]]:
    for i in range(count):
        yield puppet(70 + seed % 20 + i / 2, 60, 30 + seed % 5)


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Database:
    """Eight sound clips: seven videos, one folder of images."""
    root = tmp_path_factory.mktemp("puppets")
    clips = []
    for i in range(7):
        write_video(root / f"{i}.mp4", moving(8 + i, i), 25)
        clips.append(Clip(f"clip{i}", root / f"{i}.mp4", "folder", "fear", f"s{i % 3}"))
    (root / "images").mkdir()
    for i, image in enumerate(moving(6, 9)):
        cv2.imwrite(str(root / "images" / f"{i}.png"), image)
    clips.append(Clip("images", root / "images", "folder", "fear", "s3"))
    return Database("folder", ("anger", "fear"), tuple(clips))


@pytest.fixture(scope="session")
def whole(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("whole") / "s"
    done = prepare(database, root, SETTINGS)
    assert done == Prepared(8, 0, {}), done
    return root


def files(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def test_every_clip_has_its_track(database: Database, whole: Path) -> None:
    opened = Store.open(whole)
    assert opened.database == database and not opened.failed
    for i, clip in enumerate(database.clips[:7]):
        track = opened.main_track(clip)
        assert track is not None and len(track) == 8 + i and track.seen.mean() > 0.8
        assert track.faces.shape[1:] == (320, 320, 3)
        assert track.found_by["finder"] == "builtin" and track.found_by["version"] == opened.finder
    assert len(files(whole)) == 10  # tracks, index, marker


def test_again_does_nothing_and_changes_nothing(database: Database, whole: Path) -> None:
    before = files(whole)
    stamps = {path: path.stat().st_mtime_ns for path in (whole / "tracks").iterdir()}
    assert prepare(database, whole, SETTINGS) == Prepared(0, 8, {})
    assert files(whole) == before
    assert stamps == {path: path.stat().st_mtime_ns for path in (whole / "tracks").iterdir()}


def test_two_processes_write_the_same_bytes(
    database: Database, whole: Path, tmp_path: Path
) -> None:
    assert prepare(database, tmp_path / "s", SETTINGS, jobs=2) == Prepared(8, 0, {})
    assert files(tmp_path / "s") == files(whole)


RUN = """
import pickle, sys
from pathlib import Path
from fervid.faces.preparing import prepare
from fervid.clip import Clip, Database
from fervid.faces.settings import FaceSettings
from fervid.share import Share

if __name__ == "__main__":
    store, jobs, *paths = sys.argv[1:]
    jobs, _, share = jobs.partition(":")
    names = [Path(p).stem if not Path(p).is_dir() else "images" for p in paths]
    clips = tuple(
        Clip(f"clip{n}" if n.isdigit() else n, Path(p), "folder", "fear",
             f"s{int(n) % 3}" if n.isdigit() else "s3")
        for n, p in zip(names, paths)
    )
    database = Database("folder", ("anger", "fear"), clips)
    done = prepare(
        database, Path(store), FaceSettings(min_score=0.0), int(jobs),
        share=Share.of(share) if share else None,
    )
    print(done.done, done.skipped, len(done.failed))
"""


@pytest.mark.parametrize("jobs", [1, 2])
def test_killed_and_run_again_it_ends_as_if_nothing_had_been(
    database: Database, whole: Path, tmp_path: Path, jobs: int
) -> None:
    script, root = tmp_path / "run.py", tmp_path / "s"
    script.write_text(RUN)
    paths = [str(clip.path) for clip in database.clips]
    command = [sys.executable, str(script), str(root), str(jobs), *paths]
    kills = 0
    for wanted in (1, 4)[jobs - 1 :]:
        with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.PIPE) as run:
            end = time.monotonic() + 60
            while len(list(root.glob("tracks/[!.]*.safetensors"))) < wanted and run.poll() is None:
                assert time.monotonic() < end
                time.sleep(0.002)
            children = started_by(run.pid)
            kills += run.poll() is None
            run.send_signal(signal.SIGKILL)
        wait_for_the_end_of(children)
        with pytest.raises(InputError, match="not finished"):
            Store.open(root)
    assert kills
    there = len(list(root.glob("tracks/[!.]*.safetensors")))
    # What a kill in the middle of writing leaves behind.
    part = next((whole / "tracks").iterdir())
    left = root / "tracks" / f".{part.stem}.host.1.part.safetensors"
    left.write_bytes(part.read_bytes()[:999])
    last = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)
    done, skipped, failed = map(int, last.stdout.split())
    assert skipped >= there >= 4 and (done + skipped, failed) == (8, 0)
    assert files(root) == files(whole)


def test_shares_at_the_same_time_end_as_one_run(
    database: Database, whole: Path, tmp_path: Path
) -> None:
    script, root = tmp_path / "run.py", tmp_path / "s"
    script.write_text(RUN)
    paths = [str(clip.path) for clip in database.clips]
    runs = [
        subprocess.Popen([sys.executable, str(script), str(root), f"1:{n}/3", *paths])
        for n in (1, 2, 3)
    ]
    assert [run.wait(timeout=120) for run in runs] == [0, 0, 0]
    assert files(root) == files(whole)


def test_the_last_share_writes_the_index(damaged: Database, tmp_path: Path) -> None:
    expected = prepare(damaged, tmp_path / "one", SETTINGS)
    root, first, second = tmp_path / "s", Share(1, 2), Share(2, 2)
    one = prepare(damaged, root, SETTINGS, share=first)
    assert one.waiting == (2,) and set(one.failed) <= set(expected.failed)
    with pytest.raises(InputError, match="not finished"):
        Store.open(root)
    two = prepare(damaged, root, SETTINGS, share=second)
    assert two.waiting == () and {**one.failed, **two.failed} == expected.failed
    assert files(root) == files(tmp_path / "one")
    # A share that runs again takes the others from the index, but not under other settings.
    assert prepare(damaged, root, SETTINGS, share=first).waiting == ()
    assert files(root) == files(tmp_path / "one")
    assert prepare(damaged, root, replace(SETTINGS, rate=5.0), share=first).waiting == (2,)
    assert prepare(damaged, root, SETTINGS).failed == expected.failed  # the rest alone, or all
    assert not (root / "shards").exists()
    many = Share(99, 99)
    assert prepare(damaged, root, SETTINGS, share=many) == Prepared(0, 0, {}, ())


def test_a_share_has_one_process(database: Database, tmp_path: Path) -> None:
    with part_held(tmp_path, "fervid prepare --shard", "shard-2-of-2"):
        for share in (Share(2, 2), None):
            with pytest.raises(OutputError, match="in use by fervid prepare --shard"):
                prepare(database, tmp_path, SETTINGS, share=share)


def started_by(pid: int) -> list[int]:
    """Children, where /proc tells them."""
    try:
        return [int(c) for c in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def wait_for_the_end_of(children: list[int]) -> None:
    end = time.monotonic() + 20
    while any(alive(child) for child in children):
        assert time.monotonic() < end, "a worker outlived its killed parent"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False


@pytest.fixture
def damaged(database: Database, tmp_path: Path) -> Database:
    """Two sound clips among five that are not."""
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "text.mp4").write_text("hello\n" * 999)
    (tmp_path / "bare").mkdir()
    write_video(
        tmp_path / "nobody.mp4", (np.full((90, 120, 3), 90 + i, np.uint8) for i in range(9)), 25
    )
    names = ("empty.mp4", "text.mp4", "missing.mp4", "bare", "nobody.mp4")
    clips = [Clip(name.split(".")[0], tmp_path / name, "folder", "fear", "s") for name in names]
    late = replace(database.clips[0], name="late", start=500)
    return replace(database, clips=(*clips, late, *database.clips[:2]))


def test_a_bad_clip_is_recorded_with_its_reason(damaged: Database, tmp_path: Path) -> None:
    done = prepare(damaged, tmp_path / "s", SETTINGS)
    words = {
        "empty": "0 bytes", "text": "not a video", "missing": "does not exist",
        "bare": "contains no image", "nobody": "no face in any of its 9 frames",
        "late": "no readable frame from frame 500",
    }  # fmt: skip
    assert done.done == 2 and set(done.failed) == set(words)
    for name, word in words.items():
        assert word in done.failed[name] and "\n" not in done.failed[name]
    opened = Store.open(tmp_path / "s")
    assert opened.failed == done.failed and opened.database == damaged
    again = prepare(damaged, tmp_path / "s", SETTINGS)
    assert (again.done, again.skipped, again.failed) == (0, 2, done.failed)


def test_a_clip_mended_is_prepared_the_next_time(damaged: Database, tmp_path: Path) -> None:
    prepare(damaged, tmp_path / "s", SETTINGS)
    write_video(tmp_path / "missing.mp4", moving(8, 3), 25)
    done = prepare(damaged, tmp_path / "s", SETTINGS)
    assert (done.done, done.skipped) == (1, 2) and "missing" not in done.failed


@pytest.mark.slow
def test_a_decoder_that_crashes_costs_its_clip_only(database: Database, tmp_path: Path) -> None:
    """A path whose mere look-up kills the process, as a crash in native code would."""
    bomb = replace(database.clips[0], name="bomb", path=Bomb(tmp_path / "bomb.mp4"))
    data = replace(database, clips=(database.clips[0], bomb, *database.clips[1:4]))
    done = prepare(data, tmp_path / "s", SETTINGS, jobs=2)
    assert done.done == 4 and list(done.failed) == ["bomb"]
    assert "ends the process" in done.failed["bomb"]


class Bomb(type(Path())):  # type: ignore[misc]
    """Goes off when another process unpickles it."""

    def __reduce__(self) -> tuple[object, ...]:
        code = f"__import__('os').getpid() == {os.getpid()} or __import__('os')._exit(9)"
        return eval, (code,)


def test_the_key_is_the_content_the_span_and_the_settings(
    database: Database, tmp_path: Path
) -> None:
    clip = database.clips[0]
    key = clip_key(clip, SETTINGS, "1")
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(clip.path.read_bytes())
    assert clip_key(replace(clip, path=copy, name="other", label="anger"), SETTINGS, "1") == key
    copy.write_bytes(clip.path.read_bytes() + b"\0")
    others = [
        clip_key(replace(clip, path=copy), SETTINGS, "1"),
        clip_key(replace(clip, start=1), SETTINGS, "1"),
        clip_key(replace(clip, end=5), SETTINGS, "1"),
        clip_key(clip, replace(SETTINGS, size=256), "1"),
        clip_key(clip, SETTINGS, "2"),
    ]
    assert len({key, *others}) == 6


def test_other_settings_are_other_tracks_in_one_store(database: Database, tmp_path: Path) -> None:
    two = replace(database, clips=database.clips[:2])
    prepare(two, tmp_path / "s", SETTINGS)
    small = replace(SETTINGS, size=64)
    assert prepare(two, tmp_path / "s", small).done == 2
    opened = Store.open(tmp_path / "s")
    track = opened.main_track(two.clips[0])
    assert track is not None and track.faces.shape[1] == 64 and opened.settings == small
    assert prepare(two, tmp_path / "s", SETTINGS) == Prepared(0, 2, {})


def test_a_store_opens_without_the_database(database: Database, tmp_path: Path) -> None:
    sources = tmp_path / "sources"
    sources.mkdir()
    clips = []
    for clip in database.clips[:2]:
        moved = sources / clip.path.name
        moved.write_bytes(clip.path.read_bytes())
        clips.append(replace(clip, path=moved))
    prepare(replace(database, clips=tuple(clips)), tmp_path / "s", SETTINGS)
    for path in sources.iterdir():
        path.unlink()
    opened = Store.open(tmp_path / "s")
    assert all(opened.main_track(clip) for clip in opened.database.clips)


def test_broken_track_files_are_made_again(database: Database, whole: Path, tmp_path: Path) -> None:
    two = replace(database, clips=database.clips[:3])
    prepare(two, tmp_path / "s", SETTINGS)
    before = files(tmp_path / "s")
    empty, changed, _ = sorted((tmp_path / "s" / "tracks").iterdir())
    empty.write_bytes(b"")
    content = bytearray(changed.read_bytes())
    content[-5] ^= 1
    changed.write_bytes(content)
    (tmp_path / "s" / "index.parquet").write_bytes(b"PAR1")
    assert prepare(two, tmp_path / "s", SETTINGS) == Prepared(2, 1, {})
    assert files(tmp_path / "s") == before


def test_a_store_is_prepared_by_one_at_a_time(database: Database, tmp_path: Path) -> None:
    with (
        held(tmp_path / "s", "fervid prepare"),
        pytest.raises(OutputError, match=f"in use by fervid prepare .process {os.getpid()}"),
    ):
        prepare(database, tmp_path / "s", SETTINGS)


def test_a_full_disk_keeps_what_is_done(
    database: Database, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, written = trackfile._write_safetensors, []

    def full(path: Path, *rest: object) -> None:
        if len(written) == 3:
            raise OSError(28, "No space left on device")
        written.append(path)
        real(path, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(trackfile, "_write_safetensors", full)
    with pytest.raises(OutputError, match="No space left"):
        prepare(database, tmp_path / "s", SETTINGS)
    monkeypatch.undo()
    assert prepare(database, tmp_path / "s", SETTINGS) == Prepared(5, 3, {})
    assert files(tmp_path / "s") == files(whole)


def test_a_target_that_cannot_be_written_to(database: Database, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="another folder"):
        prepare(database, tmp_path / "file" / "s", SETTINGS)


def test_a_finder_that_cannot_start_writes_nothing(database: Database, tmp_path: Path) -> None:
    with pytest.raises(FacesError):
        prepare(database, tmp_path / "s", replace(SETTINGS, model=tmp_path / "none"))
    assert not (tmp_path / "s").exists()


def test_torch_keeps_its_threads(whole: Path, database: Database) -> None:
    before = torch.get_num_threads()
    prepare(database, whole, SETTINGS)
    assert torch.get_num_threads() == before


def test_unexpected_trouble_is_recorded_too(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = preparing.frames

    def odd(path: Path, *rest: object) -> object:
        if path.name == "0.mp4":
            raise ValueError("a bug\nof two lines")
        return real(path, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(preparing, "frames", odd)
    done = prepare(replace(database, clips=database.clips[:2]), tmp_path / "s", SETTINGS)
    assert done.failed == {"clip0": "a bug of two lines"} and done.done == 1


MEASURE = """
import resource, sys
from pathlib import Path
from fervid.clip import Clip, Database
from fervid.faces.preparing import prepare
from fervid.faces.settings import FaceSettings

clip = Clip("long", Path(sys.argv[1]), "folder")
done = prepare(Database("folder", (), (clip,)), Path(sys.argv[2]), FaceSettings(min_score=0.0))
assert done.done == 1, done
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_a_videos_length(tmp_path: Path) -> None:
    peaks = []
    for count in (300, 3000):
        path = tmp_path / f"{count}.mp4"
        write_video(path, (puppet(70 + i % 20, 60, 32) for i in range(count)), 25)
        command = [sys.executable, "-c", MEASURE, str(path), str(tmp_path / f"s{count}")]
        run = subprocess.run(command, capture_output=True, text=True, check=True)
        peaks.append(int(run.stdout))
    assert peaks[1] - peaks[0] < 60, peaks  # MB; 3000 crops are 900 MB, as JPEG 40 MB
