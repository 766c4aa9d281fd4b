"""Part files that nobody else has, and a folder's lock: both end with their owner."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from fervid.atomic import LOCK, held, sweep, whole, write
from fervid.errors import OutputError

HOLDS = """
import sys, time
from pathlib import Path
from fervid.atomic import held, whole
with held(Path(sys.argv[1]), "fervid test"), whole(Path(sys.argv[1], "x.csv")) as part:
    part.write_text("half")
    print(part, flush=True)
    time.sleep(60)
"""


def parts(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if ".part" in path.name]


@pytest.fixture
def owner(tmp_path):
    """A process that holds `tmp_path` and writes a file in it."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_two_writers_of_one_file(tmp_path):
    with whole(tmp_path / "x.csv") as first, whole(tmp_path / "x.csv") as second:
        first.write_text("first")
        second.write_text("second")
        assert first != second
    assert (tmp_path / "x.csv").read_text() == "first"  # the last one that was renamed
    assert parts(tmp_path) == []


def test_a_failure_leaves_nothing(tmp_path):
    write(tmp_path / "x.csv", "old")
    with pytest.raises(ZeroDivisionError), whole(tmp_path / "x.csv") as part:
        part.write_text("new")
        raise ZeroDivisionError
    assert (tmp_path / "x.csv").read_text() == "old" and parts(tmp_path) == []


@pytest.mark.skipif(os.name == "nt", reason="no file modes")
@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_modes_follow_the_umask(tmp_path, mask):
    before = os.umask(mask)
    try:
        write(tmp_path / "x", "1")
        with whole(tmp_path / "y") as part:  # as safetensors does: another file, the owner's alone
            part.unlink()
            part.write_text("2")
            part.chmod(0o600)
    finally:
        os.umask(before)
    for name in "xy":
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o666 & ~mask


def test_on_disk_before_its_name(tmp_path, monkeypatch):
    done = []
    real = os.fsync, Path.replace

    def fsync(descriptor):
        done.append("fsync folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "fsync")
        real[0](descriptor)

    def replace(self, target):
        done.append("rename")
        return real[1](self, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replace)
    write(tmp_path / "x", "1")
    assert done[:2] == ["fsync", "rename"] and (os.name == "nt" or done[2:] == ["fsync folder"])


def test_long_names(tmp_path):
    name = "ü" * 120 + ".csv"  # 244 bytes; a file system takes 255
    write(tmp_path / name, "1")
    with whole(tmp_path / name) as part:
        part.write_text("2")
        sweep(tmp_path, name)
        assert part.exists()
    assert (tmp_path / name).read_text() == "2"


def test_only_the_dead_are_swept(tmp_path, owner):
    (tmp_path / ".x.host.12.part.csv").write_text("by an earlier version")
    (tmp_path / ".x.part.csv").write_text("not ours")
    (tmp_path / ".y.host.12.0123abcd.part.csv").write_text("of another file")
    (living,) = [name for name in parts(tmp_path) if "host" not in name and name[2:6] != ".par"]
    sweep(tmp_path, "x.csv")
    assert set(parts(tmp_path)) == {living, ".x.part.csv", ".y.host.12.0123abcd.part.csv"}
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    sweep(tmp_path)
    assert parts(tmp_path) == [".x.part.csv"]


def test_names_are_no_patterns(tmp_path):
    (tmp_path / ".abc.host.12.0123abcd.part.csv").write_text("")
    sweep(tmp_path, "[a]*.csv")
    assert len(parts(tmp_path)) == 1


def test_a_folder_is_held(tmp_path, owner):
    with pytest.raises(OutputError) as error, held(tmp_path, "fervid test"):
        pass
    sentence = str(error.value)
    assert sentence.startswith(f"{tmp_path} is in use by fervid test (process {owner.pid} on ")
    assert "since 20" in sentence and "name another folder" in sentence
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    assert (tmp_path / LOCK).exists()
    with held(tmp_path, "fervid test"):
        again = held(tmp_path, "fervid test")
        with pytest.raises(OutputError, match=f"process {os.getpid()}"), again:
            pass
    assert not (tmp_path / LOCK).exists()
    with held(tmp_path, "fervid test"):  # and again
        pass


def test_a_folder_that_cannot_be_held(tmp_path):
    (tmp_path / "file").write_text("")
    folder = held(tmp_path / "file" / "out", "fervid test")
    with pytest.raises(OutputError, match="cannot be written"), folder:
        pass


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_lock_is_no_link(tmp_path):
    (tmp_path / "precious").write_text("mine")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / LOCK).symlink_to(tmp_path / "precious")
    with pytest.raises(OutputError), held(tmp_path / "out", "fervid test"):
        pass
    assert (tmp_path / "precious").read_text() == "mine"


def test_a_file_system_without_locks(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")

    def flock(descriptor, how):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    with held(tmp_path, "fervid test"):
        write(tmp_path / "x", "1")
        with whole(tmp_path / "x") as part:
            sweep(tmp_path)
            assert part.exists()  # nobody can tell whether its writer lives
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
