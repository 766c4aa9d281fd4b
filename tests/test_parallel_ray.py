"""Tasks on a real Ray cluster: the results of one process, whatever is lost on the way."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import tasks

from fervid.errors import FervidError
from fervid.parallel import elsewhere, on, spread

ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'fervid[ray]'")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::FutureWarning",
                               "ignore::pytest.PytestUnraisableExceptionWarning"),
]  # fmt: skip


def refuse(task: object) -> None:
    raise FervidError(f"{task} crashed")


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """Two cores of this machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("RAY_ADDRESS", raising=False)
        patch.delenv("OMP_NUM_THREADS", raising=False)
        patch.setattr("fervid.parallel.cluster.cores", lambda: 2)
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        with on("ray"):
            assert elsewhere(1, 1) and not elsewhere(1, 0)
            yield
    assert not ray.is_initialized() and not elsewhere(1, 1)


def test_the_same_as_one_process(cluster: None) -> None:
    done = dict(spread(tasks.squares, range(9), 1, refuse, threads=1))
    assert [done[n][0] for n in range(9)] == [n * n for n in range(9)]
    assert {process for _, process, _ in done.values()}.isdisjoint({os.getpid()})
    assert {threads for *_, threads in done.values()} == {"1"}
    assert not list(spread(tasks.squares, [], 2, refuse))
    both = dict(spread(tasks.squares, [4], 1, refuse))
    assert both[0][0] == 16 and both[0][2] == "2"  # the only task gets both cores


def test_a_task_that_kills_its_worker_is_tried_again_then_named(
    cluster: None, tmp_path: Path
) -> None:
    done = list(spread(partial(tasks.deadly, tmp_path), range(6), 2, lambda n: -n))
    assert sorted(done) == [(0, 0), (1, 1), (2, 2), (3, -3), (4, 4), (5, 5)]
    with pytest.raises(FervidError, match="3 crashed"):
        list(spread(partial(tasks.deadly, tmp_path), [2, 3], 2, refuse))


def test_an_error_is_raised_with_where_it_was(cluster: None, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="seven") as caught:
        list(spread(partial(tasks.deadly, tmp_path), [6, 7], 2, refuse, log=tmp_path / "log"))
    assert "in _die" in "".join(caught.value.__notes__)
    assert (tmp_path / "log").is_file()


def test_no_cluster_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ray.is_initialized", lambda: False)
    monkeypatch.setenv("RAY_gcs_rpc_server_reconnect_timeout_s", "1")
    absent = pytest.raises(FervidError, match=r"no Ray cluster answers at 127\.0\.0\.1:1 ")
    with absent, on("127.0.0.1:1"):
        pass


def test_a_lost_machine_s_tasks_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two nodes; the one that does not hold the leader dies in the middle of its task."""
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    try:
        second = nodes.add_node(num_cpus=1, resources={"second": 1})
        leader = subprocess.Popen(
            [sys.executable, "-c", NODES, str(tmp_path)],
            env={**os.environ, "RAY_ADDRESS": nodes.address}, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        end = time.monotonic() + 120
        while len(list(tmp_path.glob("*.began"))) < 2:
            assert time.monotonic() < end and leader.poll() is None
            time.sleep(0.05)
        workers = [path.stem.partition("-")[2] for path in tmp_path.glob("*.began")]
        nodes.remove_node(second, allow_graceful=False)
        while all(Path(f"/proc/{worker}").exists() for worker in workers):  # it dies a bit later
            assert time.monotonic() < end
            time.sleep(0.05)
        (tmp_path / "go").touch()
        said, _ = leader.communicate(timeout=180)
    finally:
        nodes.shutdown()
    assert leader.returncode == 0 and said.split() == ["0", "1", "4", "9", "16", "25"]
    begun = [path.stem for path in tmp_path.glob("*.began")]
    assert len(begun) == 7, begun  # one of the six tasks twice


NODES = """
import sys
from functools import partial
from pathlib import Path
import tasks
from fervid.parallel import on, spread

if __name__ == "__main__":
    with on("ray"):
        done = dict(spread(partial(tasks.patient, Path(sys.argv[1])), range(6), 2, print))
    print(*(done[n] for n in range(6)))
"""
STOPPED = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from fervid.cli import main
main()
"""


def test_a_worker_that_cannot_start(cluster: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("fervid.parallel.cluster.fervid.__version__", "0.0.0")
    with pytest.raises(FervidError, match=r"has fervid .*, not 0\.0\.0: install the same version"):
        list(spread(tasks.squares, [1], 1, fails))


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_command_that_is_stopped_leaves_no_worker(tmp_path: Path, number: int, code: int) -> None:
    place = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    mark = place["FERVID_TEST_MARK"] = f"mark of {tmp_path}"
    place.pop("RAY_ADDRESS", None)
    words = ["draw", str(tmp_path / "drawn"), "--size", "64", "--subjects", "4"]
    subprocess.run([sys.executable, "-c", STOPPED, *words], env=place, check=True, timeout=300)
    words = ["prepare", "drawn", str(tmp_path / "drawn"), "--store", str(tmp_path / "store")]
    command = [sys.executable, "-c", STOPPED, *words, "--on", "ray", "--faces", "builtin"]
    with subprocess.Popen(command, env=place, stderr=subprocess.PIPE, text=True) as run:
        end = time.monotonic() + 120
        while not list(tmp_path.glob("store/tracks/[!.]*")):
            assert time.monotonic() < end and run.poll() is None
            time.sleep(0.05)
        run.send_signal(number)
        _, said = run.communicate(timeout=60)
    assert run.returncode == code, said
    assert "finished clips are kept: run the same command again" in said.splitlines()[-1]
    end = time.monotonic() + 20
    while left := of_the_cluster(mark):
        assert time.monotonic() < end, left
        time.sleep(0.2)


def of_the_cluster(mark: str) -> list[str]:
    """Processes that have this in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text())
        except OSError:
            continue
    return found
