"""Tasks on a real Ray cluster: the results of one process, whatever is lost on the way."""

import os
import sys
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
